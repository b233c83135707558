"""The report on the screen, and its sources: where each quote stands."""

from __future__ import annotations

import asyncio
import hashlib
import re
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from casebook.domain.intake import StoredSubmission
from casebook.domain.report import Report
from casebook.web.pages.desk import Desk, see_other
from casebook.web.pages.drawing import DrawingThreads
from casebook.web.pages.report_view import Wanted
from casebook.web.pages.reports import Reports
from casebook.web.pages.run_page import run_route
from casebook.web.pages.source_view import PICTURE_WIDTH, SourceViews
from casebook.web.problems import not_found

_MAX_SEARCH: Final = 200  # characters
_PAGE: Final = re.compile("[1-9][0-9]{0,4}")  # no number that it takes long to read


class ReportPages:
    """What people read."""

    def __init__(self, desk: Desk, reports: Reports, sources: SourceViews) -> None:
        """Use the desk's parts."""
        self._desk = desk
        self._reports = reports
        self._sources = sources
        self._drawing = DrawingThreads()

    def close(self) -> None:
        """Draw nothing more."""
        self._drawing.close()

    def routes(self) -> list[Route]:
        """Return the routes."""
        page = partial(run_route, self._desk)
        return [
            page("/report", self.show),
            page("/sources/{source_id}", self.source),
            Route("/runs/{run_id}/sources/{source_id}/file", self.file),
            Route("/runs/{run_id}/sources/{source_id}/pages/{number}.png", self.picture),
        ]

    async def show(self, request: Request) -> Response:
        """GET /runs/{id}/report: the report; with ?q=, ?function=, ?horizon= the use cases that fit."""
        stored = await self._desk.parts.submission(request)
        found = await asyncio.to_thread(self._reports.of, stored)
        if found is None:
            return see_other(f"/runs/{stored.run_id}")
        address = f"/runs/{stored.run_id}"
        asked = request.query_params
        wanted = Wanted(
            text=asked.get("q", "")[:_MAX_SEARCH].strip(),
            function=asked.get("function", ""),
            horizon=asked.get("horizon", ""),
        )
        shown = {
            "view": found.view,
            "report": found.report,
            "changes": found.changes,
            "wanted": wanted,
            "cards": [card for card in found.view.cards if wanted.admits(card)],
            "address": address,
            "formats": await asyncio.to_thread(self._formats, stored),
            "session": self._desk.parts.guard.signed_in(request),
        }
        return self._desk.renderer.page("report.html", request, shown)

    async def source(self, request: Request) -> Response:
        """GET /runs/{id}/sources/{source}: a source, with ?q= at a quote; with ?part=pane for the report's script."""
        stored, report = await self._report(request)
        quote_id = request.query_params.get("q", "")
        source_id = request.path_params["source_id"]
        view = await self._drawing.do(partial(self._sources.of, stored, report, source_id, quote_id))
        if view is None:
            raise not_found()
        pane = request.query_params.get("part") == "pane"
        shown = {
            "view": view,
            "report": report,
            "address": f"/runs/{stored.run_id}",
            "pane": pane,
            "session": self._desk.parts.guard.signed_in(request),
        }
        return self._desk.renderer.page("source_pane.html" if pane else "source.html", request, shown)

    async def picture(self, request: Request) -> Response:
        """GET /runs/{id}/sources/{source}/pages/{number}.png: a page of a PDF, drawn."""
        stored = await self._desk.parts.submission(request)
        source = await asyncio.to_thread(self._sources.source, stored, request.path_params["source_id"])
        number = _page_number(request.path_params["number"])
        if source is None or number is None:
            raise not_found()
        etag = f'"{hashlib.sha256(f"{source.sha256} {number} {PICTURE_WIDTH}".encode()).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Cache-Control": "private, max-age=3600"}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        picture = await self._drawing.do(partial(self._sources.picture, stored, source, number))
        if not picture:
            raise not_found()
        return Response(picture, media_type="image/png", headers=headers)

    async def file(self, request: Request) -> Response:
        """GET /runs/{id}/sources/{source}/file: the file as it was handed in, as an attachment."""
        stored = await self._desk.parts.submission(request)
        source = await asyncio.to_thread(self._sources.source, stored, request.path_params["source_id"])
        key = f"{stored.company_slug}/{source.path}" if source and source.path else ""
        if not key or not await asyncio.to_thread(self._desk.parts.storage.exists, key):
            raise not_found()
        name = key.rpartition("/")[2]
        return StreamingResponse(
            self._desk.parts.storage.stream(key),
            media_type="application/octet-stream",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    async def _report(self, request: Request) -> tuple[StoredSubmission, Report]:
        stored = await self._desk.parts.submission(request)
        found = await asyncio.to_thread(self._reports.of, stored)
        if found is None:
            raise not_found()
        return stored, found.report

    def _formats(self, stored: StoredSubmission) -> list[str]:
        run = self._desk.parts.find_run(stored.company_slug, stored.run_id)
        return self._reports.views.formats(run)


def _page_number(text: str) -> int | None:
    return int(text) if _PAGE.fullmatch(text) else None
