"""What all pages share: the front door's parts, the templates, and which requests ask for a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from casebook.documents.pages import PageReader
from casebook.web.intake import body_of
from casebook.web.pages.rendering import Renderer
from casebook.web.parts import Parts, wants_page
from casebook.web.problems import Problem

_SMALL_FORM_BYTES = 16 * 1024


def nothing_spent(company_slug: str, run_id: str) -> None:
    """Tell that a run cost nothing."""


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What pages are made with."""

    parts: Parts
    renderer: Renderer
    reader: PageReader
    embedders: Sequence[str] = ()  # origins that may show the form in a frame
    spent: Callable[[str, str], float | None]  # on language models, by company's slug and run


class PageRoute(Route):
    """A route for browsers alone: programs that ask for the same address get the next route's answer."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match when a page is wanted, and the method is ours."""
        match, child = super().matches(scope)
        if match is not Match.FULL or not wants_page(Request(scope)):
            return Match.NONE, {}
        return match, child


async def small_form(request: Request, parts: Parts) -> dict[str, str]:
    """Read a small form's fields. Raises Problem: 408, 413, 415."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
        raise Problem(415, "unsupported-type", "Send a form.")
    data = bytearray()
    async for piece in body_of(request, parts.limits, _SMALL_FORM_BYTES):
        data += piece
    fields = parse_qs(data.decode("ascii", "replace"), keep_blank_values=True, errors="replace")
    return {name: values[0] for name, values in fields.items()}


def see_other(address: str) -> Response:
    """Send the browser on to another page."""
    return Response(status_code=303, headers={"Location": address})
