"""What surrounds every request: an id, checks of host and origin, headers, figures, and errors as problem+json."""

from __future__ import annotations

import asyncio
import secrets
import time

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from casebook.web.parts import Parts, wants_page
from casebook.web.problems import Problem

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Shell:
    """The outermost ASGI application."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        """Put `app` inside."""
        self._app = app
        self._guard = parts.guard
        self._limits = parts.limits
        self._metrics = parts.metrics
        self._log = parts.log
        self._pages = parts.pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["app"] = self._app  # so that routes raise what is not found, as they do in a Starlette application
        begun = time.monotonic()
        request = Request(scope, receive)
        request_id = scope["request_id"] = secrets.token_hex(8)
        status = 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(MutableHeaders(scope=message), request)
            async with asyncio.timeout(self._limits.send_seconds):
                await send(message)

        try:
            await self._answer(request, receive, send_on)
        except (ClientDisconnect, TimeoutError):
            status = status or 499  # nobody is left to be answered
        except Exception as error:  # noqa: BLE001 - a stranger never gets a traceback, nor does a full pipe stop us
            if status == 0:
                answer = self._explained(request, self._as_problem(error, request_id), request_id)
                await answer(scope, receive, send_on)
        self._metrics.request(request.method, status, time.monotonic() - begun)

    async def _answer(self, request: Request, receive: Receive, send: Send) -> None:
        self._guard.check_host(request)
        if request.method == "OPTIONS" and "access-control-request-method" in request.headers:
            self._guard.check_origin(request)
            await self._preflight()(request.scope, receive, send)
            return
        self._guard.check_origin(request)
        await self._app(request.scope, receive, send)

    @staticmethod
    def _preflight() -> Response:
        return Response(
            status_code=204,
            headers={
                "Access-Control-Allow-Methods": "GET, POST, DELETE",
                "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
                "Access-Control-Max-Age": "600",
            },
        )

    def _add_headers(self, headers: MutableHeaders, request: Request) -> None:
        framed = "frame-ancestors http" in headers.get("Content-Security-Policy", "")
        for name, value in SECURITY_HEADERS.items():
            if not (framed and name == "X-Frame-Options"):  # which knows no list of sites
                headers.setdefault(name, value)
        headers["X-Request-Id"] = request.scope["request_id"]
        origin = request.headers.get("origin")
        if self._guard.origins:
            headers.add_vary_header("Origin")
        if origin in self._guard.origins:
            headers["Access-Control-Allow-Origin"] = str(origin)
            headers["Access-Control-Expose-Headers"] = "Location, Retry-After, Idempotency-Replayed"

    def _explained(self, request: Request, problem: Problem, request_id: str) -> Response:
        if self._pages is not None and wants_page(request):
            return self._pages.explain(request, problem, request_id)
        return problem.answer(request_id)

    def _as_problem(self, error: Exception, request_id: str) -> Problem:
        if isinstance(error, Problem):
            return error
        if isinstance(error, HTTPException):  # of the routes: no such path, no such method
            kind = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "refused")
            return Problem(error.status_code, kind, "There is nothing here.", headers=error.headers)
        self._log.error("request failed", request_id=request_id, error=type(error).__name__, at=_place(error))
        return Problem(500, "internal", "Something went wrong here. Nothing is lost: send the same again.")


def _place(error: Exception) -> str:
    """Say where an error arose, without any value."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace else ""
