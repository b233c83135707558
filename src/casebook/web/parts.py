"""What the front door is made of, and what all its routes share."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from casebook.domain.intake import StoredCompany, StoredSubmission
from casebook.domain.run import Run
from casebook.errors import CasebookError, DiskFull, StorageFailed
from casebook.observability.logs import Log
from casebook.ports import Clock, Storage, SubmissionStore, WorkQueue
from casebook.web import metrics as figures
from casebook.web.answers import RunState, SubmissionAnswer, run_state
from casebook.web.guard import Guard
from casebook.web.intake import ReceivedFolder
from casebook.web.limits import Limits
from casebook.web.problems import Problem, disk_full, not_found
from casebook.web.regions import Routing
from casebook.web.sweeper import Outbox, Sweeper

_BACKLOG_SECONDS = 1.0  # for which a count of what waits is good


class UnderWay:
    """How many submissions without files are being answered."""

    def __init__(self) -> None:
        """Begin with none."""
        self.count = 0

    @contextmanager
    def one_more(self, *, quick: bool) -> Iterator[None]:
        """Count one while the block lasts, if it is `quick`: nobody waits for a long upload."""
        self.count += quick
        try:
            yield
        finally:
            self.count -= quick

    def __call__(self) -> int:
        """Return the count."""
        return self.count


class Pages(Protocol):
    """Pages for people, when the front door has some."""

    def routes(self) -> Sequence[BaseRoute]:
        """Return the pages' own routes."""
        ...

    def confirm(self, request: Request, answer: SubmissionAnswer) -> Response:
        """Answer a browser's form that was kept: as a rule a redirect (303) to a page that says so."""
        ...

    def explain(self, request: Request, problem: Problem, request_id: str) -> Response:
        """Answer a browser whose request failed, with the problem's status and headers."""
        ...


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What the front door is made of; `serving.open_server` puts it together."""

    store: SubmissionStore
    work: WorkQueue
    find_run: Callable[[str, str], Run | None]  # company's slug, run's id
    received: ReceivedFolder
    outbox: Outbox
    sweeper: Sweeper
    guard: Guard
    limits: Limits
    log: Log
    clock: Clock
    storage: Storage
    own_folder: Path  # what this machine keeps for itself
    master: bytes
    version: str
    remote: bool = False  # the storage is not on this machine: uploads are handed to it before they are acknowledged
    success_status: int = 202
    store_alive: Callable[[], bool] = lambda: True
    stop: Callable[[], None] = lambda: None  # called when the disk can no longer be trusted
    metrics: figures.Metrics = msgspec.field(default_factory=figures.Metrics)
    draining: threading.Event = msgspec.field(default_factory=threading.Event)  # set when the server is closing
    forget: Callable[[StoredCompany, Sequence[str]], None]  # a company, whose runs are these
    pages: Pages | None = None
    under_way: UnderWay = msgspec.field(default_factory=UnderWay)
    routing: Routing = msgspec.field(default_factory=Routing)

    async def company(self, request: Request) -> StoredCompany:
        """Return the company in the address. Raises Problem: 404 when it is missing or not the caller's."""
        return await self.company_called(request, request.path_params["slug"])

    async def company_called(self, request: Request, slug: str) -> StoredCompany:
        """Return the company with this folder. Raises Problem: 404."""
        company = await asyncio.to_thread(self.store.find_company, slug)
        return self.guard.may_see(self.guard.caller(request), company)

    async def submission(self, request: Request) -> StoredSubmission:
        """Return the submission whose run is in the address. Raises Problem: 404."""
        stored = await asyncio.to_thread(self.store.find, request.path_params["run_id"])
        await self.company_called(request, stored.company_slug if stored else "")
        if stored is None:
            raise not_found()
        return stored

    def state(self, stored: StoredSubmission) -> RunState:
        """Tell where a run stands. Asks the queue and the disk: not for the event loop."""
        return run_state(stored, self.work.state(stored.run_id), self.find_run(stored.company_slug, stored.run_id))

    def not_kept(self, error: CasebookError) -> Problem:
        """Return the answer to what could not be kept; when the disk has lost a write, the server ends."""
        if isinstance(error, DiskFull):
            return disk_full(error.retry_after or 60)
        if isinstance(error, StorageFailed):
            self.stop()  # a disk that lost a write may claim success next time: never go on
        wait = getattr(error, "retry_after", None) or 5
        return Problem(503, "not-kept", "It could not be kept: send the same again.", retry_after=wait)


class Backlog:
    """How many runs wait, as counted a moment ago."""

    def __init__(self, work: WorkQueue) -> None:
        """Count nothing yet."""
        self._work = work
        self._looked = float("-inf")
        self.count = 0

    async def look(self) -> int:
        """Count again if the last count is old, and return it."""
        if time.monotonic() - self._looked > _BACKLOG_SECONDS:
            self._looked = time.monotonic()  # others do not look meanwhile
            with suppress(CasebookError):
                self.count = await asyncio.to_thread(self._work.depth)
        return self.count


def as_json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON."""
    return Response(msgspec.json.encode(value), status, headers, "application/json")


def wants_page(request: Request) -> bool:
    """Tell whether a browser asks, for itself and not for a program on a page."""
    return "text/html" in request.headers.get("accept", "")
