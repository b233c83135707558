"""The client of a front door: sends a folder until it is kept, follows its run, fetches its report."""

from __future__ import annotations

import hashlib
import http.client
import random
import secrets
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import msgspec

from casebook.errors import CasebookError, PermanentError, TransientError

TRIES = 8
_FIRST_WAIT = 1.0  # seconds, doubled with each try, unless the server says how long
_LONGEST_WAIT = 120.0
_TIMEOUT = 60.0  # seconds without a byte
_LOOK_SECONDS = 1.0  # between two looks at a run
FINAL = {"done", "failed", "interrupted", "cancelled"}
_PIECE = 256 * 1024
_MOST_HOPS = 3  # from region to region
_TRY_AGAIN = {408, 409, 425, 429, 500, 502, 503, 504, 507}

Progress = Callable[[int, int], None]  # bytes sent, bytes in all


class Outgoing(msgspec.Struct, frozen=True):
    """A file that is sent: its name there, where it lies here."""

    name: str
    path: Path


class _Body(msgspec.Struct, frozen=True):
    """A form, made anew for each try."""

    boundary: str
    parts: Sequence[tuple[bytes, Path | bytes]]
    length: int

    def pieces(self, progress: Progress) -> Iterator[bytes]:
        sent = 0
        for head, content in self.parts:
            for piece in (head, *((content,) if isinstance(content, bytes) else _pieces(content)), b"\r\n"):
                yield piece
                sent += len(piece)
                progress(sent, self.length)
        yield f"--{self.boundary}--\r\n".encode()
        progress(self.length, self.length)


def send(  # noqa: PLR0913 - what is sent, where to, and how
    url: str,
    fields: Mapping[str, object],
    files: Sequence[Outgoing],
    *,
    key: str | None = None,
    region: str = "",
    country: str = "",
    progress: Progress = lambda _, __: None,
    say: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Send a submission and return the server's answer, with the `server` that gave it.

    A submission that names a `region` or a `country` is followed, with its key, to where the server sends it on.
    However often it is sent, it is kept once: the idempotency key is made of what is sent. Raises PermanentError
    when the server refuses it, TransientError when it is not kept after all tries.
    """
    idempotency_key = _content_key(fields, files)
    body = _form(fields, files)
    headers = {
        "Content-Type": f"multipart/form-data; boundary={body.boundary}",
        "Content-Length": str(body.length),
        "Idempotency-Key": idempotency_key,
        "User-Agent": "casebook",
        **({"Authorization": f"Bearer {key}"} if key else {}),
    }
    route = _Route(url, region, country, say)
    for attempt in range(1, TRIES + 1):
        try:
            return route.follow(lambda address: _try(address, headers, body, progress))
        except TransientError as error:
            if attempt == TRIES:
                raise
            backoff = _FIRST_WAIT * 2 ** (attempt - 1) * (1 + random.random() / 4)  # noqa: S311 - spreads clients
            wait = min(error.retry_after if error.retry_after is not None else backoff, _LONGEST_WAIT)
            say(f"{error} Trying again in {wait:.0f} s.")
            sleep(wait)
    raise TransientError  # not reached: the last try raises


def follow(
    answer: Mapping[str, Any],
    *,
    heard: Callable[[Mapping[str, Any]], None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Wait for the end of the run that `send` began and return its state; `heard` hears of each change.

    Raises PermanentError when the server does not know it, TransientError when it does not answer for long.
    """
    last: dict[str, Any] = {}
    address = urljoin(answer["server"], answer["status_url"])
    failures = 0
    while last.get("status") not in FINAL:
        try:
            state = _object(_get(address, answer["access_token"]))
        except TransientError as error:
            failures += 1
            if failures == TRIES:
                raise
            say(f"{error} Asking again.")
            sleep(min(_FIRST_WAIT * 2**failures, _LONGEST_WAIT))
            continue
        failures = 0
        if state != last:
            heard(state)
        last = state
        if last.get("status") not in FINAL:
            sleep(_LOOK_SECONDS)
    return last


def fetch_report(answer: Mapping[str, Any], into: Path) -> list[Path]:
    """Fetch the company's newest report in all its formats into the folder `into`; return the files.

    Raises PermanentError when there is none, TransientError when the server does not answer.
    """
    server, token = answer["server"], answer["access_token"]
    listing = _object(_get(urljoin(server, f"/storage/{answer['company_slug']}"), token))
    reports = {file["path"].rpartition("/")[2]: file["url"] for file in listing["final_reports"]}
    newest = max((_stem(name) for name in reports), default=None)
    if newest is None:
        message = "the server has no report of this company"
        raise PermanentError(message)
    into.mkdir(parents=True, exist_ok=True)
    fetched = []
    for name, url in reports.items():
        if _stem(name) == newest and Path(name).name == name:  # a name, whatever the server says
            part = into / f".{name}.part"
            part.write_bytes(_get(urljoin(server, url), token))
            fetched.append(part.replace(into / name))
    return fetched


def _stem(name: str) -> str:
    return name.partition(".")[0]


def _get(url: str, token: str) -> bytes:
    connection, path = _connect(url)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}", "User-Agent": "casebook"})
        response = connection.getresponse()
        data = response.read()
    except (OSError, http.client.HTTPException) as error:
        message = f"The server cannot be reached: {getattr(error, 'strerror', None) or type(error).__name__}."
        raise TransientError(message) from error
    finally:
        connection.close()
    if response.status == http.HTTPStatus.OK:
        return data
    raise _refusal(response.status, data, response.headers.get("Retry-After"))


class _Route:
    """The way to the region that takes a submission."""

    def __init__(self, url: str, region: str, country: str, say: Callable[[str], None]) -> None:
        named = {name: value for name, value in (("region", region), ("country", country)) if value}
        self._url = f"{url if '://' in url else f'http://{url}'}{'?' if named else ''}{urlencode(named)}"
        self._may_leave = bool(named)
        self._hops = 0
        self._say = say

    def follow(self, attempt: Callable[[str], dict[str, Any] | str]) -> dict[str, Any]:
        """Try where the way leads; a further attempt goes on where this one came to."""
        while isinstance(answer := attempt(self._url), str):
            self._go(urljoin(self._url, answer))
        here = urlsplit(self._url)
        return {**answer, "server": f"{here.scheme}://{here.netloc}"}

    def _go(self, to: str) -> None:
        """Take a step that a server asks for. Raises PermanentError."""
        before, after = urlsplit(self._url), urlsplit(to)
        self._hops += 1
        message = ""
        if after.scheme not in {"http", "https"} or not after.hostname:
            message = "The server sends this on to what is not an address."
        elif before.scheme == "https" and after.scheme == "http":
            message = f"The server sends this on to {after.netloc} without encryption: it is not sent there."
        elif not self._may_leave and before.netloc != after.netloc:
            message = f"The server sends this on to {after.netloc}: give that as --to, or name the --region."
        elif self._hops > _MOST_HOPS:
            message = "The servers send this on to each other: their operator should check their regions."
        if message:
            raise PermanentError(message)
        self._say(f"Sent on to {after.netloc}.")
        self._url = to


def _try(url: str, headers: Mapping[str, str], body: _Body, progress: Progress) -> dict[str, Any] | str:
    """Send once; return the answer, or where to send it instead."""
    connection, path = _connect(url)
    try:
        with suppress(BrokenPipeError, ConnectionResetError):  # it may have answered before it took everything
            connection.request("POST", path, body.pieces(progress), dict(headers))
        response = connection.getresponse()
        data = response.read()
    except (OSError, http.client.HTTPException) as error:
        message = f"The server cannot be reached: {getattr(error, 'strerror', None) or type(error).__name__}."
        raise TransientError(message) from error
    finally:
        connection.close()
    if response.status in {200, 202}:
        return _object(data)
    if response.status in {307, 308}:
        return response.headers.get("Location", "")
    raise _refusal(response.status, data, response.headers.get("Retry-After"))


def _refusal(status: int, data: bytes, retry_after: str | None) -> CasebookError:
    try:
        problem = _object(data)
    except TransientError:
        problem = {}
    wrong = "; ".join(f"{error['pointer']}: {error['detail']}" for error in problem.get("errors", ()))
    message = f"The server says {status}: {problem.get('detail', 'no reason')}{f' ({wrong})' if wrong else ''}"
    if status in _TRY_AGAIN:
        wait = float(retry_after) if retry_after and retry_after.isdigit() else None
        return TransientError(message, retry_after=wait)
    return PermanentError(message)


def _object(data: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.DecodeError as error:
        message = "The server's answer is not that of Casebook."
        raise TransientError(message) from error


def _connect(url: str) -> tuple[http.client.HTTPConnection, str]:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        message = f"{url} is not an address: give http://HOST:PORT or https://HOST"
        raise PermanentError(message)
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=_TIMEOUT, context=context), path
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=_TIMEOUT), path


def _form(fields: Mapping[str, object], files: Sequence[Outgoing]) -> _Body:
    boundary = secrets.token_hex(16)
    start = f"--{boundary}\r\nContent-Disposition: form-data; name="
    parts: list[tuple[bytes, Path | bytes]] = [(f'{start}"json_data"\r\n\r\n'.encode(), msgspec.json.encode(fields))]
    for file in files:
        name = file.name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        head = f'{start}"files"; filename="{name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        parts.append((head.encode("utf-8", "replace"), file.path))
    length = sum(len(head) + _size(content) + 2 for head, content in parts) + len(boundary) + 6
    return _Body(boundary, parts, length)


def _size(content: Path | bytes) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _content_key(fields: Mapping[str, object], files: Sequence[Outgoing]) -> str:
    digest = hashlib.sha256(msgspec.json.encode(fields, order="sorted"))
    for file in files:
        with file.path.open("rb") as content:
            digest.update(f"\0{file.name}\0".encode("utf-8", "surrogateescape"))
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return f"casebook-{digest.hexdigest()}"
