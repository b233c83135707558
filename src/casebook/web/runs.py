"""Runs: listed, watched, cancelled, run again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from casebook.domain.intake import ANONYMOUS, StoredSubmission
from casebook.domain.run import FINAL, Stage
from casebook.errors import PermanentError, TransientError
from casebook.web.answers import Runs
from casebook.web.guard import LOCAL
from casebook.web.parts import Parts, as_json
from casebook.web.problems import Problem

_LOOK_SECONDS = 0.5  # between two looks at a run that is watched
_BEAT_SECONDS = 15.0  # between two signs of life on an event stream
_MOST_LISTED = 100


class RunRoutes:
    """The routes about runs."""

    def __init__(self, parts: Parts) -> None:
        """Look into `parts`."""
        self._parts = parts
        self._streams = 0

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/runs", self.runs),
            Route("/runs/{run_id}", self.run),
            Route("/runs/{run_id}/events", self.events),
            Route("/runs/{run_id}/cancel", self.cancel, methods=["POST"]),
            Route("/runs/{run_id}/rerun", self.rerun, methods=["POST"]),
        ]

    async def runs(self, request: Request) -> Response:
        """GET /runs: the runs that the caller may see; with an access token, those of ?company_slug=."""
        parts = self._parts
        caller = parts.guard.caller(request)
        slug = request.query_params.get("company_slug")
        if slug is not None:
            company_id = (await parts.company_called(request, slug)).id
            found = await asyncio.to_thread(parts.store.latest, _MOST_LISTED, company_id=company_id)
        elif caller.principal == ANONYMOUS:
            found = []
        else:
            principal = None if caller.principal == LOCAL else caller.principal
            found = await asyncio.to_thread(parts.store.latest, _MOST_LISTED, principal=principal)
        states = await asyncio.to_thread(lambda: [parts.state(stored) for stored in found])
        return as_json(Runs(runs=states))

    async def run(self, request: Request) -> Response:
        """GET /runs/{id}: where a run stands."""
        return await self._answer(await self._parts.submission(request))

    async def events(self, request: Request) -> Response:
        """GET /runs/{id}/events: the whole state of a run each time it changes, until it ends."""
        stored = await self._parts.submission(request)
        if self._streams >= self._parts.limits.streams:
            raise Problem(503, "too-many-streams", "Too many event streams are open.", retry_after=30)
        self._streams += 1
        return _EventStream(self._watch(stored), self._stream_ended)

    def _stream_ended(self) -> None:
        self._streams -= 1

    async def cancel(self, request: Request) -> Response:
        """POST /runs/{id}/cancel: end a run at its next step."""
        stored = await self._parts.submission(request)
        await ask(self._parts.work.cancel, stored.run_id)
        return await self._answer(stored, 202)

    async def rerun(self, request: Request) -> Response:
        """POST /runs/{id}/rerun: run again from the failed step, or from ?from=."""
        stored = await self._parts.submission(request)
        wanted = request.query_params.get("from")
        if wanted is not None and wanted not in set(Stage):
            raise Problem(422, "invalid-fields", f"`from` is one of {', '.join(Stage)}.")
        await ask(self._parts.work.rerun, stored.run_id, Stage(wanted) if wanted else None)
        return await self._answer(stored, 202)

    async def _answer(self, stored: StoredSubmission, status: int = 200) -> Response:
        return as_json(await asyncio.to_thread(self._parts.state, stored), status)

    async def _watch(self, stored: StoredSubmission) -> AsyncIterator[bytes]:
        said, number, beat = b"", 0, time.monotonic()
        while not self._parts.draining.is_set():
            state = await asyncio.to_thread(self._parts.state, stored)
            data = msgspec.json.encode(state)
            if data != said:
                said, number, beat = data, number + 1, time.monotonic()
                yield b"id: %d\nevent: state\ndata: %b\n\n" % (number, data)
            elif time.monotonic() - beat > _BEAT_SECONDS:
                beat = time.monotonic()
                yield b": still here\n\n"
            if state.status in FINAL:
                return
            await asyncio.sleep(_LOOK_SECONDS)


class _EventStream(StreamingResponse):
    """A stream that says when it has ended, also when it ended before its first event."""

    def __init__(self, events: AsyncIterator[bytes], ended: Callable[[], None]) -> None:
        super().__init__(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._ended()


async def ask(act: Callable[..., None], *arguments: object) -> None:
    """Ask the queue for something. Raises Problem: 409, 503."""
    try:
        await asyncio.to_thread(act, *arguments)
    except TransientError as error:
        raise Problem(503, "queue", "The queue does not answer now.", retry_after=error.retry_after or 5) from error
    except PermanentError as error:
        raise Problem(409, "not-now", str(error)) from error
