"""POST /: take a submission, keep it for good, start its run, answer."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from casebook.domain.intake import (
    ANONYMOUS,
    NewSubmission,
    Receipt,
    Refused,
    access_token,
    confirmation_code,
    received_key,
    submission_digest,
)
from casebook.domain.submission import Submission
from casebook.errors import CasebookError, DiskFull, KeyReused, QueueFull, StorageFailed, TransientError
from casebook.web.answers import SubmissionAnswer
from casebook.web.guard import Caller, Signature, address
from casebook.web.intake import Received, body_of, check_head, parse_fields, read_form, read_json
from casebook.web.parts import Backlog, Parts, as_json, wants_page
from casebook.web.problems import Problem, disk_full
from casebook.web.regions import Elsewhere
from casebook.web.uploads import Uploads

JSON = "application/json"
_START_SECONDS = 2.0  # for which an answer waits to say whether its run was handed over
_MOST_ERROR_FILES = 1000

Look = Callable[[Mapping[str, Any]], None]  # at a form's fields, to see whether it belongs elsewhere


@dataclass(slots=True)
class _Arrival:
    """A submission on its way in."""

    run_id: str
    caller: Caller
    key: str | None
    origin: str
    received_at: str
    received: Received = field(default_factory=Received)
    is_asked_for: bool = False  # the store was asked to keep it: it may have, even if it could not say so
    is_proven: bool = False  # a signature is checked when all is read; before, anyone may have claimed it


class Submitting:
    """The route that takes submissions."""

    def __init__(self, parts: Parts, backlog: Backlog, uploads: Uploads) -> None:
        """Keep what comes in with `parts`."""
        self._parts = parts
        self._staged = uploads
        self._backlog = backlog
        self._under_way: set[tuple[str, str]] = set()  # keys whose submission is being received
        self._uploads = 0

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route("/", self.submit, methods=["POST"])]

    async def submit(self, request: Request) -> Response:
        """POST /: take a submission, keep it for good, start its run, answer; or send it on to its region."""
        parts = self._parts
        try:
            look = parts.routing.check_head(request)  # before all else: another region has keys of its own
            return await self._take(request, look)
        except Elsewhere as elsewhere:
            return await parts.routing.send_on(elsewhere.region, request)

    async def _take(self, request: Request, look: Look) -> Response:
        """Take a submission that may still turn out to belong elsewhere. Raises Problem, Elsewhere."""
        parts = self._parts
        await self._check_room()
        kind, boundary, most = check_head(request, parts.limits)
        caller, signature = await parts.guard.sender(request)
        arrival = self._arrival(request, caller, parts.guard.key(request, caller, signature))
        request.state.fields = arrival.received.fields  # a page about what is wrong shows what was typed
        with self._alone(arrival), parts.under_way.one_more(quick=kind == JSON):
            try:
                await self._receive(request, arrival, signature, look, (kind, boundary, most))
                submission = parse_fields(arrival.received.fields)
                receipt = await self._keep(arrival, submission)
            except CasebookError as error:
                raise await asyncio.to_thread(self._not_kept, arrival, error) from error
            except BaseException as error:
                if not arrival.is_asked_for:
                    self._forget_files(arrival)
                if isinstance(error, Elsewhere):
                    self._staged.drop(arrival.received, caller.principal)
                if isinstance(error, Problem):
                    parts.metrics.submission("refused")
                    self._set_aside(arrival, error)
                raise
            if receipt.replayed:
                self._forget_files(arrival)
            return await self._answer(request, arrival, submission, receipt)

    def _set_aside(self, arrival: _Arrival, problem: Problem) -> None:
        """Keep for a while what a known sender sent with fields that cannot be accepted."""
        is_known = arrival.is_proven and arrival.caller.principal != ANONYMOUS
        if problem.kind != "invalid-fields" or not is_known:
            return
        refused = Refused(
            received_at=arrival.received_at,
            principal=arrival.caller.principal,
            reason="; ".join(f"{error.pointer} {error.detail}" for error in problem.errors),
            fields=arrival.received.as_json,
        )
        self._parts.store.set_aside(refused).add_done_callback(self._log_when_failed)

    def _log_when_failed(self, kept: Future[None]) -> None:
        if error := kept.exception():
            self._parts.log.warning("a refused submission was not set aside", error=str(error))

    async def _check_room(self) -> None:
        """Refuse before anything is read when nothing could be kept or started. Raises Problem: 503."""
        parts = self._parts
        if parts.draining.is_set() or not parts.store_alive():
            raise Problem(503, "closing", "This server is closing: send the same again.", retry_after=10)
        if await self._backlog.look() >= parts.limits.backlog:
            raise Problem(503, "backlog", "Too many runs wait: send the same again later.", retry_after=60)

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

    async def _receive(
        self,
        request: Request,
        arrival: _Arrival,
        signature: Signature | None,
        look: Look,
        head: tuple[str, str, int],
    ) -> None:
        parts, (kind, boundary, most) = self._parts, head
        body = body_of(request, parts.limits, most)
        arrival.is_proven = signature is None
        if signature is not None:
            body = _signed(body, signature)
        if kind == JSON:
            await read_json(body, arrival.received, parts.limits)
            look(arrival.received.fields)
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
                    look=look,
                )
            finally:
                self._uploads -= 1
        if signature is not None:
            signature.check()
            arrival.is_proven = True
            parts.log.metric("webhook_skew", round(signature.skew), "s")  # at five minutes nothing is taken any more

    def _check_disk(self) -> None:
        limits = self._parts.limits
        if self._uploads >= limits.uploads:
            raise Problem(503, "uploads", "Too many uploads at once: send the same again.", retry_after=5)
        if self._parts.received.free_bytes() < limits.free_bytes:
            raise disk_full()

    def _hand_over(self, arrival: _Arrival) -> None:
        """Put the files where all machines find them, before the submission is kept. Raises TransientError.

        What was handed over and is not kept after all is cleared by the sweeper, like what a crash leaves.
        """
        parts = self._parts
        try:
            for file in arrival.received.files:
                path = parts.received.path / f"{arrival.run_id}.{file.path}"
                parts.storage.adopt(path, received_key(arrival.run_id, file))
        except StorageFailed as error:  # of a store that does not answer, not of a disk that lost something
            raise TransientError(str(error), retry_after=30) from error

    async def _keep(self, arrival: _Arrival, submission: Submission) -> Receipt:
        staged = self._staged.open(arrival.received, arrival.caller.principal)
        new = self._new(arrival, submission)
        try:
            receipt = await asyncio.to_thread(self._parts.store.earlier, new) if staged else None
            if receipt is None:  # else its files were taken over the first time
                await self._staged.take_over(staged, arrival.run_id)
                receipt = await self._save(arrival, new)
        except KeyReused as error:
            arrival.is_asked_for = False
            raise Problem(422, "key-reused", "This idempotency key came before with another submission.") from error
        self._staged.forget(staged)
        return receipt

    async def _save(self, arrival: _Arrival, new: NewSubmission) -> Receipt:
        arrival.received.let_go_of_fields()  # many wait for the disk at once
        if self._parts.remote and new.files:
            await asyncio.to_thread(self._hand_over, arrival)
        arrival.is_asked_for = True
        return await asyncio.shield(asyncio.wrap_future(self._parts.store.save(new)))

    @staticmethod
    def _new(arrival: _Arrival, submission: Submission) -> NewSubmission:
        files = tuple(arrival.received.files)
        return NewSubmission(
            run_id=arrival.run_id,
            principal=arrival.caller.principal,
            body_sha256=submission_digest(submission, files),
            submission=submission,
            files=files,
            key=arrival.key,
            origin=arrival.origin,
            received_at=arrival.received_at,
        )

    def _not_kept(self, arrival: _Arrival, error: CasebookError) -> Problem:
        """Write down what came in, as far as it came, and say that it is to be sent again."""
        parts = self._parts
        parts.metrics.submission("failed")
        parts.log.error("submission not kept", run_id=arrival.run_id, error=str(error))
        with suppress(OSError, ValueError):
            self._write_error_file(arrival, error)
        if isinstance(error, DiskFull) or not arrival.is_asked_for:  # else the sweeper does it, when there is no row
            self._forget_files(arrival)
        return parts.not_kept(error)

    def _write_error_file(self, arrival: _Arrival, error: CasebookError) -> None:
        parts, own_folder = self._parts, self._parts.own_folder
        if sum(1 for _ in own_folder.glob("error_*.json")) >= _MOST_ERROR_FILES:
            return
        shown = {
            "run_id": arrival.run_id,
            "received_at": arrival.received_at,
            "reason": type(error).__name__,
            "fields": json.loads(arrival.received.as_json),
            "files": [msgspec.to_builtins(file) for file in arrival.received.files],
        }
        path = own_folder / f"error_{arrival.run_id}.json"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            json.dump(shown, file, indent=1)
        if arrival.received.files and not isinstance(error, DiskFull):  # a full disk needs the space
            folder = path.with_suffix("")
            folder.mkdir(mode=0o700)
            for kept in arrival.received.files:
                with suppress(FileNotFoundError):  # it was handed over before the rest failed
                    (folder / kept.path).hardlink_to(parts.received.path / f"{arrival.run_id}.{kept.path}")

    def _forget_files(self, arrival: _Arrival) -> None:
        for file in arrival.received.files:
            self._parts.received.remove(f"{arrival.run_id}.{file.path}")

    async def _answer(self, request: Request, arrival: _Arrival, submission: Submission, receipt: Receipt) -> Response:
        parts = self._parts
        started = receipt.replayed or await self._start(receipt, arrival.caller.principal)
        parts.metrics.submission("replayed" if receipt.replayed else "kept", arrival.received.size)
        if not receipt.replayed:
            size = round(arrival.received.size / 1024, 1)
            parts.log.metric("upload_size", size, "KB", company=receipt.company_slug, run_id=receipt.run_id)
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
        if parts.pages is not None and wants_page(request):
            return parts.pages.confirm(request, answer)
        headers = {"Location": answer.status_url}
        if receipt.replayed:
            headers["Idempotency-Replayed"] = "true"
        return as_json(answer, parts.success_status, headers)

    async def _start(self, receipt: Receipt, principal: str) -> bool:
        """Hand the run over. Raises Problem: 500, when that failed; it is tried again without anyone's doing."""
        parts = self._parts
        parts.sweeper.project(receipt.run_id)
        handed_over = asyncio.wrap_future(parts.outbox.start(receipt.run_id, receipt.company_slug, principal))
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
