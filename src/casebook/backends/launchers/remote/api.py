"""A JSON interface over HTTP with a bearer token: one call, one answer, failures told apart; no redirects."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec

from casebook.errors import PermanentError, TransientError, Unanswered

_TIMEOUT_SECONDS: Final = 30.0
_PASSING: Final = {408, 425, 429, 500, 502, 503, 504}
_SUCCESS: Final = range(200, 300)
_LOOPBACK: Final = {"127.0.0.1", "::1", "localhost"}


class Answer(msgspec.Struct, frozen=True):
    """The status and the decoded body; an empty object when there is none."""

    status: int
    body: Any


class JsonApi:
    """Calls one host. `token` is asked for at every call, for it may be rotated."""

    def __init__(self, url: str, token: Callable[[], str], *, who: str, context: ssl.SSLContext | None = None) -> None:
        """Call `url`, called `who` in messages. Raises PermanentError for anything but https (loopback may be http)."""
        parts = urlsplit(url)
        plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if not parts.hostname or parts.username or not (parts.scheme == "https" or plain):
            message = f"the address of {who} is https://HOST"
            raise PermanentError(message)
        self._parts = parts
        self._token = token
        self._who = who
        self._context = context

    def call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, str] | None = None,
        allowed: frozenset[int] = frozenset(),
    ) -> Answer:
        """Make one call; statuses in `allowed` are answers too.

        Raises PermanentError when it is refused, TransientError when it was surely not carried out and may be
        later, Unanswered when nobody can tell.
        """
        data = b"" if body is None else msgspec.json.encode(body)
        full = f"{self._parts.path.rstrip('/')}{path}{f'?{urlencode(query)}' if query else ''}"
        headers = {
            "Authorization": f"Bearer {self._token()}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": "casebook",
        }
        connection = self._connection()
        try:
            self._connect(connection)
            try:
                connection.request(method, full, data, headers)
                response = connection.getresponse()
                content = response.read()
            except (OSError, http.client.HTTPException) as error:
                message = f"{self._who} did not answer: {type(error).__name__}"
                raise Unanswered(message) from error
        finally:
            connection.close()
        if response.status in _SUCCESS or response.status in allowed:
            return Answer(response.status, self._decoded(content))
        raise self._refusal(response.status, response.headers.get("Retry-After", ""))

    def _connect(self, connection: http.client.HTTPConnection) -> None:
        try:
            connection.connect()
        except OSError as error:
            message = f"{self._who} cannot be reached: {type(error).__name__}"
            raise TransientError(message) from error

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
        context = self._context or ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_SECONDS, context=context)

    def _decoded(self, content: bytes) -> Any:  # noqa: ANN401 - it is what the other side says
        try:
            return msgspec.json.decode(content or b"{}")
        except msgspec.DecodeError as error:
            message = f"{self._who} answered with something that is not JSON"
            raise Unanswered(message) from error

    def _refusal(self, status: int, retry_after: str) -> PermanentError | TransientError:
        message = f"{self._who} answers {status}"
        wait = float(retry_after) if retry_after.isascii() and retry_after.isdigit() else None
        if status == 429 or (status == 503 and wait is not None):  # noqa: PLR2004 - surely not carried out
            return TransientError(message, retry_after=wait)
        if status in _PASSING:
            return Unanswered(message, retry_after=wait)
        hint = {401: ": check the key", 403: ": the key may not do this", 404: ": no such thing there"}.get(status, "")
        return PermanentError(f"{message}{hint}")
