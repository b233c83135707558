"""The front door: all routes, inside the shell."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp

from casebook.web.about import About
from casebook.web.parts import Backlog, Parts
from casebook.web.runs import RunRoutes
from casebook.web.shell import Shell
from casebook.web.storing import Storing
from casebook.web.submitting import Submitting
from casebook.web.uploads import Uploads


def application(parts: Parts) -> ASGIApp:
    """Return the ASGI application that answers requests with `parts`."""
    backlog = Backlog(parts.work)

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        yield
        parts.draining.set()  # open event streams end

    uploads = Uploads(parts)
    routes: list[BaseRoute] = [
        *(parts.pages.routes() if parts.pages else ()),  # first: of two answers a browser gets the page
        *Submitting(parts, backlog, uploads).routes(),
        *uploads.routes(),
        *About(parts, backlog).routes(),
        *parts.routing.routes(),
        *Storing(parts).routes(),
        *RunRoutes(parts).routes(),
    ]
    return Shell(Router(routes, redirect_slashes=False, lifespan=lifespan), parts)
