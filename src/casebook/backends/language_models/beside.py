"""A language model whose client is imported beside other work: files are read meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable

from casebook.domain.prompt import Completion, Prompt
from casebook.ports import LanguageModel


class OpenedBeside:
    """A `LanguageModel` that begins to open at once, in a thread, and is waited for when it is first asked."""

    def __init__(
        self,
        name: str,
        open_model: Callable[[], LanguageModel],
        *,
        price: Callable[[int, int], float | None],
        server: str = "",
    ) -> None:
        """Open the model called `name`; name, server and price are known before it is open."""
        self._name = name
        self._server = server
        self._price = price
        self._open_model = open_model
        self._model: LanguageModel | None = None
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._open, name="opening the language model", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """What the model is called."""
        return self._name

    @property
    def identity(self) -> str:
        """Name and server."""
        return f"{self._name} {self._server}".strip()

    def price(self, input_tokens: int, output_tokens: int) -> float | None:
        """Tell what a request of this size costs."""
        return self._price(input_tokens, output_tokens)

    def complete(self, prompt: Prompt) -> Completion:
        """Send one request, once the model is open."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self._model is not None  # noqa: S101 - it is open, or there is an error
        return self._model.complete(prompt)

    def _open(self) -> None:
        try:
            self._model = self._open_model()
        except Exception as error:  # noqa: BLE001 - raised again for whoever asks
            self._error = error
