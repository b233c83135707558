"""The front door: which request does what."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from casebook.domain.intake import (
    ANONYMOUS,
    NewSubmission,
    Receipt,
    StoredSubmission,
    access_token,
    confirmation_code,
    submission_digest,
)
from casebook.domain.run import Run, RunStatus, Stage
from casebook.domain.submission import Submission
from casebook.errors import CasebookError, DiskFull, KeyReused, PermanentError, QueueFull, StorageFailed, TransientError
from casebook.observability.logs import Log
from casebook.ports import Clock, SubmissionStore, WorkQueue
from casebook.web import metrics as figures
from casebook.web.answers import FINAL, Health, Runs, RunState, SubmissionAnswer, files_of, listing, run_state
from casebook.web.guard import LOCAL, Caller, Guard, Signature, address
from casebook.web.intake import Received, ReceivedFolder, body_of, check_head, parse_fields, read_form, read_json
from casebook.web.limits import Limits
from casebook.web.openapi import describe
from casebook.web.problems import Problem, not_found
from casebook.web.shell import Shell
from casebook.web.sweeper import Outbox, Sweeper

_START_SECONDS = 2.0  # for which an answer waits to say whether its run was handed over
_LOOK_SECONDS = 0.5  # between two looks at a run that is watched
_BEAT_SECONDS = 15.0  # between two signs of life on an event stream
_MOST_LISTED = 100
_MOST_ERROR_FILES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the front door is made of; `bootstrap.build_server` puts it together."""

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
    outputs: Path
    master: bytes
    version: str
    success_status: int = 202
    store_alive: Callable[[], bool] = lambda: True
    stop: Callable[[], None] = lambda: None  # called when the disk can no longer be trusted
    metrics: figures.Metrics = field(default_factory=figures.Metrics)


@dataclass(slots=True)
class _Arrival:
    """A submission on its way in."""

    run_id: str
    caller: Caller
    key: str | None
    origin: str
    received_at: str
    received: Received = field(default_factory=Received)


class FrontDoor:
    """Answers requests with `parts`."""

    def __init__(self, parts: Parts) -> None:
        """Open for requests."""
        self._parts = parts
        self._under_way: set[tuple[str, str]] = set()  # keys whose submission is being received
        self._uploads = 0
        self._streams = 0
        self._backlog = (0.0, 0)  # when it was looked at, how many
        self.draining = False

    def application(self) -> ASGIApp:
        """Return the ASGI application."""
        routes = [
            Route("/", self.submit, methods=["POST"]),
            Route("/health", self.health),
            Route("/health/live", self.live),
            Route("/test", self.describe_itself),
            Route("/metrics", self.metrics),
            Route("/openapi.json", self.openapi),
            Route("/storage/{slug}", self.storage, methods=["GET"]),
            Route("/storage/{slug}", self.delete, methods=["DELETE"]),
            Route("/storage/{slug}/files/{file_id}", self.file),
            Route("/runs", self.runs),
            Route("/runs/{run_id}", self.run),
            Route("/runs/{run_id}/events", self.events),
            Route("/runs/{run_id}/cancel", self.cancel, methods=["POST"]),
            Route("/runs/{run_id}/rerun", self.rerun, methods=["POST"]),
        ]
        parts = self._parts
        inner = Router(routes, redirect_slashes=False, lifespan=self._lifespan)
        return Shell(inner, guard=parts.guard, limits=parts.limits, metrics=parts.metrics, log=parts.log)

    @asynccontextmanager
    async def _lifespan(self, _: object) -> AsyncIterator[None]:
        yield
        self.draining = True  # open event streams end

    async def submit(self, request: Request) -> Response:
        """POST /: take a submission, keep it for good, start its run, answer."""
        parts = self._parts
        await self._check_room()
        kind, boundary, most = check_head(request, parts.limits)
        caller, signature = parts.guard.sender(request)
        arrival = self._arrival(request, caller, parts.guard.key(request, caller, signature))
        with self._alone(arrival):
            try:
                await self._receive(request, arrival, signature, kind, boundary, most)
                submission = parse_fields(arrival.received.fields)
                receipt = await self._keep(arrival, submission)
            except CasebookError as error:
                raise await asyncio.to_thread(self._not_kept, arrival, error) from error
            except BaseException as error:
                self._forget_files(arrival)
                if isinstance(error, Problem):
                    parts.metrics.submission("refused")
                raise
        if receipt.replayed:
            self._forget_files(arrival)
        return await self._answer(arrival, submission, receipt)

    async def health(self, _: Request) -> Response:
        """GET /health: whether submissions can be taken."""
        parts = self._parts
        health = Health(
            status="ok" if parts.store_alive() and parts.outbox.alive and not self.draining else "failing",
            version=parts.version,
            store=parts.store_alive(),
            outbox=parts.outbox.alive,
            backlog=self._backlog[1],
            free_disk_bytes=parts.received.free_bytes(),
        )
        return _json(health, 200 if health.status == "ok" else 503)

    async def live(self, _: Request) -> Response:
        """GET /health/live: whether the process answers at all."""
        return _json({"status": "ok"})

    async def describe_itself(self, _: Request) -> Response:
        """GET /test: what this server is, takes and allows; no secrets, no effects."""
        parts = self._parts
        return _json(
            {
                "service": "casebook",
                "version": parts.version,
                "server_time": parts.clock().isoformat(timespec="seconds"),
                "authentication": parts.guard.modes(),
                "limits": msgspec.to_builtins(parts.limits),
                "endpoints": sorted(describe(parts.version)["paths"]),
            }
        )

    async def metrics(self, request: Request) -> Response:
        """GET /metrics: figures for Prometheus, not for strangers."""
        parts = self._parts
        if parts.guard.caller(request).principal == ANONYMOUS:
            raise not_found()
        await self._look_at_backlog()
        text = parts.metrics.text(backlog=self._backlog[1], free_bytes=parts.received.free_bytes())
        return Response(text, media_type=figures.MEDIA_TYPE)

    async def openapi(self, _: Request) -> Response:
        """GET /openapi.json: this interface, for programs."""
        return _json(describe(self._parts.version))

    async def storage(self, request: Request) -> Response:
        """GET /storage/{slug}: what is kept for a company."""
        parts = self._parts
        company = await asyncio.to_thread(parts.store.find_company, request.path_params["slug"])
        company = parts.guard.may_see(parts.guard.caller(request), company)
        data = msgspec.json.encode(await asyncio.to_thread(listing, company, parts.outputs))
        etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers={"ETag": etag})
        return Response(data, media_type="application/json", headers={"ETag": etag})

    async def file(self, request: Request) -> Response:
        """GET /storage/{slug}/files/{id}: one file, as an attachment."""
        parts = self._parts
        company = await asyncio.to_thread(parts.store.find_company, request.path_params["slug"])
        slug = parts.guard.may_see(parts.guard.caller(request), company).slug

        def find() -> Path | None:
            wanted = request.path_params["file_id"]
            return next((path for file, path in files_of(parts.outputs, slug) if file.id == wanted), None)

        path = await asyncio.to_thread(find)
        if path is None:
            raise not_found()
        name = os.fsencode(path.name).decode("utf-8", "replace")
        return FileResponse(path, media_type="application/octet-stream", filename=name)

    async def delete(self, request: Request) -> Response:
        """DELETE /storage/{slug}: forget a company, its submissions, files and index."""
        parts = self._parts
        company = await asyncio.to_thread(parts.store.find_company, request.path_params["slug"])
        company = parts.guard.may_see(parts.guard.caller(request), company)

        def forget() -> bool:
            stored = parts.store.latest(10_000, company_id=company.id)
            for row in stored:
                parts.work.cancel(row.run_id)
            if any(parts.work.state(row.run_id) is RunStatus.RUNNING for row in stored):
                return False
            parts.store.delete(company.id)
            shutil.rmtree(parts.outputs / company.slug, ignore_errors=True)
            return True

        if not await asyncio.to_thread(forget):
            raise Problem(409, "running", "A run of this company is under way and ends now: ask again.", retry_after=5)
        parts.log.info("company deleted", company=company.slug)
        return Response(status_code=204)

    async def runs(self, request: Request) -> Response:
        """GET /runs: the runs that the caller may see; with an access token, those of ?company_slug=."""
        parts = self._parts
        caller = parts.guard.caller(request)
        slug = request.query_params.get("company_slug")
        if slug is not None:
            company = await asyncio.to_thread(parts.store.find_company, slug)
            company_id = parts.guard.may_see(caller, company).id
            found = await asyncio.to_thread(parts.store.latest, _MOST_LISTED, company_id=company_id)
        elif caller.principal == ANONYMOUS:
            found = []
        else:
            principal = None if caller.principal == LOCAL else caller.principal
            found = await asyncio.to_thread(parts.store.latest, _MOST_LISTED, principal=principal)
        states = await asyncio.to_thread(lambda: [self._state(stored) for stored in found])
        return _json(Runs(runs=states))

    async def run(self, request: Request) -> Response:
        """GET /runs/{id}: where a run stands."""
        stored = await self._seen_run(request)
        return _json(await asyncio.to_thread(self._state, stored))

    async def events(self, request: Request) -> Response:
        """GET /runs/{id}/events: the whole state of a run each time it changes, until it ends."""
        stored = await self._seen_run(request)
        if self._streams >= self._parts.limits.streams:
            raise Problem(503, "too-many-streams", "Too many event streams are open.", retry_after=30)
        headers = {"X-Accel-Buffering": "no"}
        return StreamingResponse(self._watch(stored), media_type="text/event-stream", headers=headers)

    async def cancel(self, request: Request) -> Response:
        """POST /runs/{id}/cancel: end a run at its next step."""
        stored = await self._seen_run(request)
        await self._ask(self._parts.work.cancel, stored.run_id)
        return _json(await asyncio.to_thread(self._state, stored), 202)

    async def rerun(self, request: Request) -> Response:
        """POST /runs/{id}/rerun: run again from the failed step, or from ?from=."""
        stored = await self._seen_run(request)
        wanted = request.query_params.get("from")
        if wanted is not None and wanted not in set(Stage):
            raise Problem(422, "invalid-fields", f"`from` is one of {', '.join(Stage)}.")
        await self._ask(self._parts.work.rerun, stored.run_id, Stage(wanted) if wanted else None)
        return _json(await asyncio.to_thread(self._state, stored), 202)

    async def _ask(self, act: Callable[..., None], *arguments: object) -> None:
        try:
            await asyncio.to_thread(act, *arguments)
        except TransientError as error:
            raise Problem(503, "queue", "The queue does not answer now.", retry_after=error.retry_after or 5) from error
        except PermanentError as error:
            raise Problem(409, "not-now", str(error)) from error

    async def _seen_run(self, request: Request) -> StoredSubmission:
        parts = self._parts

        def find() -> tuple[StoredSubmission | None, str]:
            stored = parts.store.find(request.path_params["run_id"])
            return stored, stored.company_slug if stored else ""

        stored, slug = await asyncio.to_thread(find)
        company = await asyncio.to_thread(parts.store.find_company, slug)
        parts.guard.may_see(parts.guard.caller(request), company)
        if stored is None:
            raise not_found()
        return stored

    def _state(self, stored: StoredSubmission) -> RunState:
        parts = self._parts
        return run_state(stored, parts.work.state(stored.run_id), parts.find_run(stored.company_slug, stored.run_id))

    async def _watch(self, stored: StoredSubmission) -> AsyncIterator[bytes]:
        self._streams += 1
        try:
            said, number, beat = b"", 0, time.monotonic()
            while not self.draining:
                state = await asyncio.to_thread(self._state, stored)
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
        finally:
            self._streams -= 1

    async def _check_room(self) -> None:
        """Refuse before anything is read when nothing could be kept or started. Raises Problem: 503."""
        parts = self._parts
        if self.draining or not parts.store_alive():
            raise Problem(503, "closing", "This server is closing: send the same again.", retry_after=10)
        await self._look_at_backlog()
        if self._backlog[1] >= parts.limits.backlog:
            raise Problem(503, "backlog", "Too many runs wait: send the same again later.", retry_after=60)

    async def _look_at_backlog(self) -> None:
        looked, _ = self._backlog
        if time.monotonic() - looked > 1:
            self._backlog = (time.monotonic(), self._backlog[1])  # others do not look meanwhile
            with suppress(CasebookError):
                self._backlog = (time.monotonic(), await asyncio.to_thread(self._parts.work.depth))

    def _arrival(self, request: Request, caller: Caller, key: str | None) -> _Arrival:
        now = self._parts.clock()
        origin = hashlib.sha256(address(request).encode()).hexdigest()[:32] if caller.principal == ANONYMOUS else ""
        return _Arrival(
            run_id=f"{now:%Y%m%d_%H%M%S}-{secrets.token_hex(8)}",
            caller=caller,
            key=key,
            origin=origin,
            received_at=now.isoformat(timespec="seconds"),
        )

    def _alone(self, arrival: _Arrival) -> _Alone:
        return _Alone(self._under_way, (arrival.caller.principal, arrival.key) if arrival.key else None)

    async def _receive(  # noqa: PLR0913, PLR0917 - what the head said
        self, request: Request, arrival: _Arrival, signature: Signature | None, kind: str, boundary: str, most: int
    ) -> None:
        parts = self._parts
        body = body_of(request, parts.limits, most)
        if signature is not None:
            body = _signed(body, signature)
        if kind == "application/json":
            await read_json(body, arrival.received)
        else:
            self._check_disk()
            self._uploads += 1
            try:
                await read_form(
                    body,
                    boundary,
                    arrival.received,
                    run_id=arrival.run_id,
                    folder=parts.received,
                    limits=parts.limits,
                )
            finally:
                self._uploads -= 1
        if signature is not None:
            signature.check()

    def _check_disk(self) -> None:
        limits = self._parts.limits
        if self._uploads >= limits.uploads:
            raise Problem(503, "uploads", "Too many uploads at once: send the same again.", retry_after=5)
        if self._parts.received.free_bytes() < limits.free_bytes:
            raise _disk_full(60)

    async def _keep(self, arrival: _Arrival, submission: Submission) -> Receipt:
        files = tuple(arrival.received.files)
        new = NewSubmission(
            run_id=arrival.run_id,
            principal=arrival.caller.principal,
            body_sha256=submission_digest(submission, files),
            submission=submission,
            files=files,
            key=arrival.key,
            origin=arrival.origin,
            received_at=arrival.received_at,
        )
        try:
            return await asyncio.shield(asyncio.wrap_future(self._parts.store.save(new)))
        except KeyReused as error:
            raise Problem(422, "key-reused", "This idempotency key came before with another submission.") from error

    def _not_kept(self, arrival: _Arrival, error: CasebookError) -> Problem:
        """Write down what came in, as far as it came, and say that it is to be sent again."""
        parts = self._parts
        parts.metrics.submission("failed")
        parts.log.error("submission not kept", run_id=arrival.run_id, error=str(error))
        with suppress(OSError, ValueError):
            self._write_error_file(arrival, error)
        self._forget_files(arrival)  # those that could not be put beside the error file
        if isinstance(error, DiskFull):
            return _disk_full(error.retry_after or 60)
        if isinstance(error, StorageFailed):
            parts.stop()  # a disk that lost a write may claim success next time: never go on
        wait = getattr(error, "retry_after", None) or 5
        return Problem(503, "not-kept", "The submission could not be kept: send the same again.", retry_after=wait)

    def _write_error_file(self, arrival: _Arrival, error: CasebookError) -> None:
        parts, outputs = self._parts, self._parts.outputs
        if sum(1 for _ in outputs.glob("error_*.json")) >= _MOST_ERROR_FILES:
            return
        shown = {
            "run_id": arrival.run_id,
            "received_at": arrival.received_at,
            "reason": type(error).__name__,
            "fields": arrival.received.fields,
            "files": [msgspec.to_builtins(file) for file in arrival.received.files],
        }
        path = outputs / f"error_{arrival.run_id}.json"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            json.dump(shown, file, indent=1)
        if arrival.received.files and not isinstance(error, DiskFull):  # a full disk needs the space
            folder = path.with_suffix("")
            folder.mkdir(mode=0o700)
            for kept in arrival.received.files:
                (parts.received.path / f"{arrival.run_id}.{kept.path}").rename(folder / kept.path)

    def _forget_files(self, arrival: _Arrival) -> None:
        for file in arrival.received.files:
            self._parts.received.remove(f"{arrival.run_id}.{file.path}")

    async def _answer(self, arrival: _Arrival, submission: Submission, receipt: Receipt) -> Response:
        parts = self._parts
        started = receipt.replayed or await self._start(receipt)
        parts.metrics.submission("replayed" if receipt.replayed else "kept", arrival.received.size)
        answer = SubmissionAnswer(
            status="success",
            message="The submission is kept and its run starts." if started else "Kept; its run starts soon.",
            confirmation_code=confirmation_code(receipt.run_id),
            company_name=submission.company_name,
            company_slug=receipt.company_slug,
            run_id=receipt.run_id,
            status_url=f"/runs/{receipt.run_id}",
            access_token=access_token(parts.master, receipt.company_id),
            files_saved=len(arrival.received.files),
            workflow_triggered=started,
            timestamp=receipt.received_at,
        )
        headers = {"Location": answer.status_url}
        if receipt.replayed:
            headers["Idempotency-Replayed"] = "true"
        return _json(answer, parts.success_status, headers)

    async def _start(self, receipt: Receipt) -> bool:
        """Hand the run over. Raises Problem: 500, when that failed; it is tried again without anyone's doing."""
        parts = self._parts
        parts.sweeper.project(receipt.run_id)
        handed_over = asyncio.wrap_future(parts.outbox.start(receipt.run_id, receipt.company_slug))
        try:
            await asyncio.wait_for(asyncio.shield(handed_over), _START_SECONDS)
        except TimeoutError:
            handed_over.add_done_callback(lambda done: done.exception())  # it is logged where it happens
            return False
        except QueueFull:
            return False  # kept all the same, and started when there is room
        except Exception as error:
            raise Problem(
                500,
                "not-started",
                "The submission is kept for good; its run could not be started now and will be, by itself.",
                confirmation_code=confirmation_code(receipt.run_id),
                headers={"Location": f"/runs/{receipt.run_id}"},
            ) from error
        return True


class _Alone:
    """One submission of a key at a time: a second one while the first is under way gets 409."""

    def __init__(self, under_way: set[tuple[str, str]], key: tuple[str, str] | None) -> None:
        self._under_way = under_way
        self._key = key

    def __enter__(self) -> None:
        if self._key in self._under_way:
            raise Problem(409, "under-way", "The same key is being received: send again later.", retry_after=5)
        if self._key:
            self._under_way.add(self._key)

    def __exit__(self, *_: object) -> None:
        if self._key:
            self._under_way.discard(self._key)


async def _signed(body: AsyncIterator[bytes], signature: Signature) -> AsyncIterator[bytes]:
    async for piece in body:
        signature.update(piece)
        yield piece


def _disk_full(wait: float) -> Problem:
    return Problem(507, "disk-full", "There is no space for it now: send the same again later.", retry_after=wait)


def _json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(value), status, headers, "application/json")
