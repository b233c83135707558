"""Signing in: a key once, a session afterwards."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from casebook.web.pages.desk import Desk, PageRoute, see_other, small_form
from casebook.web.sessions import give_session


class SignInPages:
    """The door for operators."""

    def __init__(self, desk: Desk) -> None:
        """Use the desk's parts."""
        self._desk = desk

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            PageRoute("/sign-in", self.show),
            PageRoute("/sign-in", self.sign_in, methods=["POST"]),
            PageRoute("/sign-out", self.sign_out, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """GET /sign-in: ask for a key."""
        return self._page(request)

    async def sign_in(self, request: Request) -> Response:
        """POST /sign-in: begin a session. Raises Problem: 429."""
        parts = self._desk.parts
        fields = await small_form(request, parts)
        note = await parts.guard.sign_in(request, fields.get("key", "").strip())
        if note is None:
            return self._page(request, wrong=True)
        response = see_other("/runs")
        give_session(response, request, note)
        return response

    async def sign_out(self, request: Request) -> Response:
        """POST /sign-out: end the session."""
        response = see_other("/sign-in")
        give_session(response, request, "")
        return response

    def _page(self, request: Request, *, wrong: bool = False) -> Response:
        guard = self._desk.parts.guard
        shown = {"wrong": wrong, "has_keys": guard.has_keys, "session": guard.signed_in(request)}
        return self._desk.renderer.page("sign_in.html", request, shown, status=401 if wrong else 200)
