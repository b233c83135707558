"""The page of a run: live while it goes on, and the way to its report afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from casebook.domain.intake import confirmation_code, opens
from casebook.domain.run import Stage
from casebook.web.pages.desk import Desk, PageRoute, see_other, small_form
from casebook.web.pages.run_view import FORMATS, RunViews
from casebook.web.problems import Problem, not_found
from casebook.web.runs import ask
from casebook.web.sessions import give_access

_TYPES: Final = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html",
    "md": "text/markdown",
    "json": "application/json",
}
Endpoint = Callable[[Request], Awaitable[Response]]


def run_route(desk: Desk, path: str, endpoint: Endpoint) -> PageRoute:
    """Return the route of a page below a run; a private link's token becomes a cookie and leaves the address."""

    async def enter(request: Request) -> Response:
        return await (_admit(desk, request) if "token" in request.query_params else endpoint(request))

    return PageRoute(f"/runs/{{run_id}}{path}", enter)


async def _admit(desk: Desk, request: Request) -> Response:
    parts = desk.parts
    run_id, token = request.path_params["run_id"], request.query_params["token"]
    stored = await asyncio.to_thread(parts.store.find, run_id)
    if not opens(token, parts.master, stored.company_id if stored else "") or stored is None:
        raise not_found()
    response = see_other(str(request.url.remove_query_params("token").replace(scheme="", netloc="")))
    give_access(response, request, run_id, token)
    return response


class RunPages:
    """What people see of one run."""

    def __init__(self, desk: Desk, views: RunViews) -> None:
        """Use the desk's parts."""
        self._desk = desk
        self._views = views

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            run_route(self._desk, "", self.show),
            PageRoute("/runs/{run_id}/cancel", self.cancel, methods=["POST"]),
            PageRoute("/runs/{run_id}/rerun", self.rerun, methods=["POST"]),
            Route("/runs/{run_id}/report/{kind}", self.download),
        ]

    async def show(self, request: Request) -> Response:
        """GET /runs/{id}: the run; with ?part=live what changes of it, for the page's script."""
        stored = await self._desk.parts.submission(request)
        view = await asyncio.to_thread(self._views.of, stored)
        live = request.query_params.get("part") == "live"
        shown = {
            "view": view,
            "submission": stored.submission,
            "address": f"/runs/{stored.run_id}",
            "code": confirmation_code(stored.run_id),
            "stages": list(Stage),
            "session": self._desk.parts.guard.signed_in(request),
        }
        return self._desk.renderer.page("run_live.html" if live else "run.html", request, shown)

    async def cancel(self, request: Request) -> Response:
        """POST /runs/{id}/cancel: end the run at its next step."""
        stored = await self._desk.parts.submission(request)
        await ask(self._desk.parts.work.cancel, stored.run_id)
        return see_other(f"/runs/{stored.run_id}")

    async def rerun(self, request: Request) -> Response:
        """POST /runs/{id}/rerun: run again from the failed step, or from the one that was chosen."""
        stored = await self._desk.parts.submission(request)
        wanted = (await small_form(request, self._desk.parts)).get("from")
        if wanted and wanted not in set(Stage):
            raise Problem(422, "invalid-fields", f"`from` is one of {', '.join(Stage)}.")
        await ask(self._desk.parts.work.rerun, stored.run_id, Stage(wanted) if wanted else None)
        return see_other(f"/runs/{stored.run_id}")

    async def download(self, request: Request) -> Response:
        """GET /runs/{id}/report/{kind}: the report as a file."""
        stored = await self._desk.parts.submission(request)
        kind = request.path_params["kind"]
        run = await asyncio.to_thread(self._desk.parts.find_run, stored.company_slug, stored.run_id)
        files = await asyncio.to_thread(self._views.report_files, run)
        key = files.get(kind) if files and kind in FORMATS else None
        if not key:
            raise not_found()
        if not await asyncio.to_thread(self._desk.parts.storage.exists, key):
            raise not_found()
        name = key.rpartition("/")[2]
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(self._desk.parts.storage.stream(key), media_type=_TYPES[kind], headers=headers)
