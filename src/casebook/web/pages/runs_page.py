"""The list of runs, for those who look after them; and everything of a company as one file."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from casebook.domain.intake import ANONYMOUS, StoredSubmission, confirmation_code
from casebook.domain.run import RunStatus
from casebook.errors import CasebookError
from casebook.web.answers import RunState, files_of
from casebook.web.guard import LOCAL, Caller
from casebook.web.pages.archive import zipped
from casebook.web.pages.desk import Desk, PageRoute, see_other

_ON_A_PAGE: Final = 25
_SEARCHED: Final = 2_000  # latest submissions that are searched
_LOOKED_AT: Final = 400  # runs whose state is asked for, to find those of one state
_MAX_SEARCH: Final = 200  # characters
_SIZES_SECONDS: Final = 60.0  # for which a company's size is good enough


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A run in the list."""

    run_id: str
    code: str
    files: int
    state: RunState
    seconds: float
    company_bytes: int
    cost_usd: float | None


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for."""

    text: str
    status: str
    page: int

    @classmethod
    def of(cls, request: Request) -> Sought:
        """Read it from the address; what makes no sense is left out."""
        asked = request.query_params
        page = asked.get("page", "1")
        return cls(
            text=asked.get("q", "")[:_MAX_SEARCH].strip(),
            status=asked.get("status", "") if asked.get("status") in set(RunStatus) else "",
            page=max(int(page), 1) if page.isascii() and page.isdigit() and len(page) < 6 else 1,  # noqa: PLR2004
        )

    def names(self, stored: StoredSubmission) -> bool:
        """Tell whether a submission has the words in its name, run or confirmation code."""
        wanted = self.text.casefold()
        said = (stored.submission.company_name, stored.company_slug, stored.run_id, confirmation_code(stored.run_id))
        return any(wanted in text.casefold() for text in said)


@dataclass(slots=True)
class RunsPages:
    """What operators see."""

    desk: Desk
    _sizes: dict[str, tuple[float, int]] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [PageRoute("/runs", self.show), Route("/runs/{run_id}/everything.zip", self.everything)]

    async def show(self, request: Request) -> Response:
        """GET /runs: the runs that the caller may see; ?q= and ?status= look for some, ?page= goes back in time."""
        guard = self.desk.parts.guard
        caller = guard.caller(request)
        if caller.principal == ANONYMOUS:
            return see_other("/sign-in")
        sought = Sought.of(request)
        rows, more = await asyncio.to_thread(self._rows, caller, sought)
        shown = {
            "rows": rows,
            "more": more,
            "sought": sought,
            "statuses": list(RunStatus),
            "waiting": await asyncio.to_thread(self._waiting),
            "free": self.desk.parts.received.free_bytes(),
            "session": guard.signed_in(request),
        }
        return self.desk.renderer.page("runs.html", request, shown)

    async def everything(self, request: Request) -> Response:
        """GET /runs/{id}/everything.zip: all that is kept for the run's company."""
        stored = await self.desk.parts.submission(request)
        slug, storage = stored.company_slug, self.desk.parts.storage
        files = await asyncio.to_thread(
            lambda: [(f"{slug}/{file.path}", kept) for file, kept in files_of(storage, slug)]
        )
        headers = {"Content-Disposition": f'attachment; filename="{slug}.zip"'}
        return StreamingResponse(zipped(storage, files), media_type="application/zip", headers=headers)

    def _rows(self, caller: Caller, sought: Sought) -> tuple[Sequence[Row], bool]:
        parts = self.desk.parts
        principal = None if caller.principal == LOCAL else caller.principal
        found = [row for row in parts.store.latest(_SEARCHED, principal=principal) if sought.names(row)]
        first = (sought.page - 1) * _ON_A_PAGE
        if not sought.status:
            page = found[first : first + _ON_A_PAGE]
            return [self._row(stored, parts.state(stored)) for stored in page], len(found) > first + _ON_A_PAGE
        fitting = list(self._of_status(found[:_LOOKED_AT], sought.status, first + _ON_A_PAGE + 1))
        page_of_them = fitting[first : first + _ON_A_PAGE]
        return [self._row(*pair) for pair in page_of_them], len(fitting) > first + _ON_A_PAGE

    def _of_status(
        self, found: Sequence[StoredSubmission], status: str, most: int
    ) -> Iterator[tuple[StoredSubmission, RunState]]:
        for stored in found:
            state = self.desk.parts.state(stored)
            if state.status == status:
                yield stored, state
                most -= 1
                if not most:
                    return

    def _row(self, stored: StoredSubmission, state: RunState) -> Row:
        return Row(
            run_id=stored.run_id,
            code=confirmation_code(stored.run_id),
            files=len(stored.files),
            state=state,
            seconds=sum(job.seconds for job in state.jobs),
            company_bytes=self._size(stored.company_slug),
            cost_usd=self.desk.spent(stored.company_slug, stored.run_id),
        )

    def _size(self, slug: str) -> int:
        measured, size = self._sizes.get(slug, (float("-inf"), 0))
        if time.monotonic() - measured > _SIZES_SECONDS:
            size = sum(kept.size for kept in self.desk.parts.storage.entries(slug))
            if len(self._sizes) > _SEARCHED:
                self._sizes.clear()
            self._sizes[slug] = time.monotonic(), size
        return size

    def _waiting(self) -> int | None:
        try:
            return self.desk.parts.work.depth()
        except CasebookError:
            return None
