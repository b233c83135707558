"""Language models of many providers through one client; every request is sent once, here nobody tries again."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from pydantic_ai import exceptions as failures
from pydantic_ai.direct import model_request
from pydantic_ai.messages import ModelRequest, ModelResponse, UserPromptPart
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.settings import ModelSettings

from casebook.domain.prompt import Completion, Finish, Prompt
from casebook.errors import CasebookError, PermanentError, PromptTooLong, TransientError

Price = Callable[[int, int, int], float | None]  # tokens in, cached among them, out -> USD

_FINISHES: Final[Mapping[str | None, Finish]] = {"length": Finish.CUT_OFF, "content_filter": Finish.FILTERED}
_TRANSIENT: Final = (
    failures.ModelRateLimitError,
    failures.ModelUnavailableError,
    failures.ModelServerError,
    failures.ModelConnectionError,
    failures.ModelRequestTimeout,
)


_UNREAD: Final = {failures.ModelAPIError}  # itself: what came is not JSON
_TOO_LONG: Final = re.compile(r"(?i)exceeds? the (?:available |model's |maximum )?context")  # of servers without codes


class ChatModel:
    """A `LanguageModel` over a model of pydantic-ai, which it opens when it is first asked."""

    def __init__(  # noqa: PLR0913 - what tells one deployment's model from another's
        self,
        name: str,
        open_model: Callable[[], Model],
        *,
        price: Price,
        server: str = "",
        flex: bool = False,
        timeout: float = 120.0,
    ) -> None:
        """Ask the model called `name`; `server` tells it from one of the same name elsewhere. `timeout` in seconds.

        `flex` asks for the provider's slower and cheaper service.
        `open_model` is called once, in the thread from which all requests are sent.
        """
        self._name = name
        self._open_model = open_model
        self._price = price
        self._server = server
        self._flex = flex
        self._timeout = timeout
        self._loop: asyncio.AbstractEventLoop | None = None
        self._model: Model | None = None
        self._starting = threading.Lock()

    @property
    def name(self) -> str:
        """What the model is called."""
        return self._name

    @property
    def identity(self) -> str:
        """Name and server; how soon an answer comes, and at which price, does not change it."""
        return f"{self._name} {self._server}".strip()

    def price(self, input_tokens: int, output_tokens: int) -> float | None:
        """Tell what a request of this size costs, with nothing cached."""
        return self._price(input_tokens, 0, output_tokens)

    def complete(self, prompt: Prompt) -> Completion:
        """Send one request, once."""
        future = asyncio.run_coroutine_threadsafe(self._request(prompt), self._running_loop())
        try:
            response = future.result()
        except failures.ContentFilterError:
            return Completion(text="", finish=Finish.FILTERED, input_tokens=prompt.tokens, output_tokens=0)
        except (failures.AgentRunError, failures.UserError, ValueError, OSError) as error:
            raise _as_ours(error, self._name) from error
        except BaseException:
            future.cancel()
            raise
        return self._completion(response)

    def close(self) -> None:
        """Close the connections; a model that is asked again opens anew."""
        with self._starting:
            loop, model, self._loop, self._model = self._loop, self._model, None, None
        if loop is None:
            return
        if isinstance(model, OpenAIChatModel):
            asyncio.run_coroutine_threadsafe(model.client.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        self._thread.join()
        loop.close()

    async def _request(self, prompt: Prompt) -> ModelResponse:
        if self._model is None:
            self._model = self._open_model()
        settings = ModelSettings(max_tokens=prompt.max_tokens, timeout=self._timeout)
        if self._flex:
            settings["service_tier"] = "flex"
        return await model_request(
            self._model,
            [ModelRequest(parts=[UserPromptPart(prompt.text)], instructions=prompt.instructions)],
            model_settings=settings,
            model_request_parameters=ModelRequestParameters(
                output_mode="native",
                output_object=OutputObjectDefinition(
                    json_schema=msgspec.json.decode(prompt.schema), name=prompt.name, strict=True
                ),
            ),
        )

    def _completion(self, response: ModelResponse) -> Completion:
        usage = response.usage
        return Completion(
            text=response.text or "",
            finish=_FINISHES.get(response.finish_reason, Finish.DONE),
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cached_tokens=usage.cache_read_tokens,
            cost_usd=self._price(usage.input_tokens, usage.cache_read_tokens, usage.output_tokens),
        )

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        """Clients keep connections that belong to one event loop: all requests go through this one."""
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="language model", daemon=True)
                self._thread.start()
            return self._loop


def _as_ours(error: Exception, name: str) -> CasebookError:  # noqa: PLR0911 - one for each kind of failure
    """Say of a failure whether the same request may succeed later."""
    if isinstance(error, failures.ModelContextWindowExceededError) or _TOO_LONG.search(_said(error)):
        return PromptTooLong()
    if isinstance(error, failures.ModelQuotaExceededError):
        return PermanentError(f"the account's quota for {name} is used up: {_said(error)}")
    if isinstance(error, failures.ModelAuthenticationError):
        return PermanentError(f"{name} refuses the key: check it and what it may use ({_said(error)})")
    if isinstance(error, failures.ModelNotFoundError):
        return PermanentError(f"there is no model {name} for this key: check the name in CASEBOOK_MODEL")
    if isinstance(error, _TRANSIENT):
        return TransientError(f"{name} does not answer: {_said(error)}", retry_after=error.retry_after)
    if isinstance(error, failures.UnexpectedModelBehavior | ValueError | OSError) or type(error) in _UNREAD:
        return TransientError(f"{name} answered something that cannot be read: {_said(error)}")
    return PermanentError(f"{name} refuses the request: {_said(error)}")


def _said(error: Exception) -> str:
    """Return what the other side said, in one short line."""
    body = getattr(error, "body", None)
    words = body.get("message") if isinstance(body, dict) else None
    return " ".join(str(words or error).split())[:300]
