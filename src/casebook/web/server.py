"""The HTTP server, guarded against clients that are slow on purpose."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import time
from collections.abc import Sequence
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from casebook.web.limits import Limits

_MOST_WAITING = 1024  # connections
_TAKEN_AT_ONCE = 32  # of them; so often asyncio tries in vain, and sets a timer, when there are no file descriptors
_NO_DESCRIPTORS = {errno.EMFILE, errno.ENFILE}
_TELL_SECONDS = 60.0  # between two lines about it
_DISCARD_SECONDS = 3.0  # for which the rest of a body that was refused is read away, so that the answer arrives
_MOST_AHEAD = 16  # requests that a client may send before the first one is answered
_HEAD_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n"


def make_server(app: ASGIApp, limits: Limits, *, trusted_proxies: Sequence[str] = ()) -> uvicorn.Server:
    """Return a server for `app`; run it with `run(sockets=[…])`."""

    class Protocol(GuardedProtocol):
        limits_ = limits

    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=limits.connections,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        timeout_graceful_shutdown=30,
        backlog=_TAKEN_AT_ONCE,
    )
    return _Server(config)


class _Server(uvicorn.Server):
    """uvicorn's server, quiet about connections that cannot be taken."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        asyncio.get_running_loop().set_exception_handler(_Unaccepted())
        await super().startup(sockets)
        for listening in sockets or []:
            listening.listen(_MOST_WAITING)  # asyncio has set it to what it takes at a time


class _Unaccepted:
    """Tells once in a while that there are no file descriptors for new connections.

    asyncio tells it with a traceback for each connection that it would take at a time, and tries again by itself.
    """

    def __init__(self) -> None:
        self._told = float("-inf")

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in _NO_DESCRIPTORS:
            loop.default_exception_handler(context)
        elif time.monotonic() - self._told > _TELL_SECONDS:
            self._told = time.monotonic()
            logging.getLogger("uvicorn.error").warning("new connections wait: %s", error.strerror)


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket; port 0 is any free one. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=_MOST_WAITING)


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a deadline and sizes for what surrounds a body: it has none by itself."""

    limits_: Limits

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - whatever uvicorn passes
        """Start the deadline of the first head with the connection."""
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._discarding: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None
        self._looking: asyncio.TimerHandle | None = None
        self._was_closing = False
        self.idle_since = self.loop.time()  # for a head
        self._head_bytes = 0
        self._bytes_without_body = 0  # since the last piece of a body: names of chunks, and trailers
        self._in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._arm()
        self._look_later()
        self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._disarm()
        self._stop_discarding()
        for clock in (self._taking, self._looking):
            if clock is not None:
                clock.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes in before a head is complete, and beside a body."""
        if self._in_head:
            self._head_bytes += len(data)
            self._arm()
        else:
            self._bytes_without_body += len(data)
        super().data_received(data)
        beside = self._head_bytes if self._in_head else self._bytes_without_body
        if beside > self.limits_.head_bytes and not self.transport.is_closing():
            self._refuse()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, but none that follows the body: what stands before it has seen none of those.

        Raises OverflowError, which ends the connection.
        """
        if not self._in_head:
            return
        if len(self.headers) >= self.limits_.headers:
            self._refuse()
            raise OverflowError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Stop waiting for the head. Raises OverflowError, which ends the connection."""
        self._disarm()
        self._in_head = False
        self._bytes_without_body = 0
        if len(self.pipeline) >= _MOST_AHEAD:
            self.transport.close()  # first: what the parser's error would be answered with goes nowhere
            raise OverflowError
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._bytes_without_body = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for the next head."""
        self._in_head = True
        self.idle_since = self.loop.time()
        self._head_bytes = 0
        self._stop_discarding()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Read the rest of a refused body away, but not for long."""
        super().on_response_complete()
        if not self._in_head and self._discarding is None:
            self._discarding = self.loop.call_later(_DISCARD_SECONDS, self._close)

    def pause_writing(self) -> None:
        """Wait for the client to take what was written, but not for long."""
        super().pause_writing()
        self._taking = self.loop.call_later(self.limits_.send_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _make_room(self) -> None:
        """When there are as many connections as are allowed, end the one that has asked for nothing for longest."""
        if len(self.connections) < self.limits_.connections:
            return
        found = [one for one in self.connections if isinstance(one, GuardedProtocol) and not one.transport.is_closing()]
        idle = [one for one in found if one is not self and one.is_idle]
        if len(found) >= self.limits_.connections and idle:
            min(idle, key=lambda one: one.idle_since).transport.abort()

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is asked here."""
        latest: RequestResponseCycle | None = self.cycle  # there is none at first
        return self._in_head and (latest is None or latest.response_complete)

    def _look_later(self) -> None:
        self._looking = self.loop.call_later(self.limits_.send_seconds, self._look)

    def _look(self) -> None:
        """End a connection that was closed a while ago: it stays open as long as the client takes nothing."""
        if self._was_closing:
            self.transport.abort()
            return
        self._was_closing = self.transport.is_closing()
        self._look_later()

    def _refuse(self) -> None:
        """Say that there is too much beside the body, where that would not end up within another answer."""
        if self._is_answerable():
            self.transport.write(_HEAD_TOO_LARGE)
        self.transport.close()

    def _is_answerable(self) -> bool:
        """Tell whether an answer to what is coming in would not end up within another one."""
        latest: RequestResponseCycle | None = self.cycle  # of this connection; there is none at first
        if self._in_head:
            return latest is None or latest.response_complete
        return latest is not None and not latest.response_started

    def _arm(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.limits_.head_seconds, self._close)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _stop_discarding(self) -> None:
        if self._discarding is not None:
            self._discarding.cancel()
            self._discarding = None

    def _close(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
