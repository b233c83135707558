"""What is answered: the types behind the JSON and behind openapi.json."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec
from msgspec.structs import replace

from casebook.domain.intake import StoredCompany, StoredSubmission
from casebook.domain.job import STAGES_OF_JOB, Failure, Job, failure_of, job_status
from casebook.domain.run import Folder, Run, RunStatus, Stage
from casebook.ports import Kept, Storage


class SubmissionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A submission is kept for good. `confirmation_code` is for people, `access_token` opens the company's files."""

    status: Literal["success"]
    message: str
    confirmation_code: str
    company_name: str
    company_slug: str
    run_id: str
    status_url: str
    access_token: str
    files_saved: int
    workflow_triggered: bool
    timestamp: str


class UploadAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A single file is on disk for good; `upload` is what the form brings back in its field `uploads`."""

    upload: str
    name: str
    size: int
    sha256: str


class StepState(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a job; `queued` before it begins."""

    name: Stage
    status: RunStatus
    seconds: float = 0.0
    attempts: int = 0
    error: str | None = None


class JobState(msgspec.Struct, frozen=True, kw_only=True):
    """One of the four jobs of a run, with its steps."""

    name: Job
    status: RunStatus
    seconds: float
    steps: Sequence[StepState]


class FailureState(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no report: in which step, what happened, what to do."""

    step: Stage | None
    cause: str
    advice: str


class RunState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run stands: the whole of it, in each answer and each event."""

    run_id: str
    company_name: str
    company_slug: str
    status: RunStatus
    received_at: str
    started_at: str | None
    finished_at: str | None
    jobs: Sequence[JobState]
    failure: FailureState | None


class Runs(msgspec.Struct, frozen=True, kw_only=True):
    """The runs that the asker may see, newest first."""

    runs: Sequence[RunState]


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a company."""

    id: str
    path: str
    size_bytes: int
    url: str


class StorageListing(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is kept for a company."""

    company: str
    company_slug: str
    total_size_bytes: int
    data_files: Sequence[StoredFile]
    part_a_drafts: Sequence[StoredFile]
    part_b_reports: Sequence[StoredFile]
    final_reports: Sequence[StoredFile]
    other_files: Sequence[StoredFile]


class RegionEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A region: its address, and the countries whose submissions are its own."""

    name: str
    url: str
    countries: Sequence[str]


class RegionList(msgspec.Struct, frozen=True, kw_only=True):
    """All regions, and the one that this server is; none when there are no regions."""

    own: str | None
    regions: Sequence[RegionEntry]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether submissions can be taken."""

    status: Literal["ok", "failing"]
    version: str
    store: bool
    outbox: bool
    backlog: int
    free_disk_bytes: int


def run_state(stored: StoredSubmission, queued: RunStatus | None, run: Run | None) -> RunState:
    """Put together what the queue and the run's record know."""
    status = queued or (run.status if run else RunStatus.QUEUED)
    failure = failure_of(replace(run, status=status)) if run else None
    return RunState(
        run_id=stored.run_id,
        company_name=stored.submission.company_name,
        company_slug=stored.company_slug,
        status=status,
        received_at=stored.received_at,
        started_at=run.started_at if run else None,
        finished_at=run.finished_at if run else None,
        jobs=[_job_state(job, run) for job in Job],
        failure=_failure_state(status, failure) if failure else None,
    )


def _job_state(job: Job, run: Run | None) -> JobState:
    steps = [_step_state(stage, run) for stage in STAGES_OF_JOB[job]]
    seconds = round(sum(step.seconds for step in steps), 3)
    return JobState(name=job, status=job_status(job, run), seconds=seconds, steps=steps)


def _step_state(stage: Stage, run: Run | None) -> StepState:
    record = run.step(stage) if run else None
    if record is None:
        return StepState(name=stage, status=RunStatus.QUEUED)
    return StepState(
        name=stage, status=record.status, seconds=record.seconds, attempts=record.attempts, error=record.error
    )


def _failure_state(status: RunStatus, failure: Failure) -> FailureState:
    return FailureState(step=failure.step, cause=failure.cause, advice=_advice(status, failure))


def _advice(status: RunStatus, failure: Failure) -> str:
    if status is RunStatus.INTERRUPTED:
        return "It goes on by itself as soon as a worker takes it."
    if status is RunStatus.CANCELLED:
        return "To go on with it after all, ask for a rerun."
    if failure.attempts > 1:
        return f"It was tried {failure.attempts} times. Ask for a rerun when what it needs is back: it goes on there."
    return "Put right what the cause names, then ask for a rerun: it goes on with the step that failed."


def files_of(storage: Storage, slug: str) -> Iterator[tuple[StoredFile, Kept]]:
    """Yield a company's files, sorted; hidden files are not shown."""
    for kept in sorted(storage.entries(slug), key=lambda kept: kept.key):
        inside = kept.key.removeprefix(f"{slug}/")
        if inside.rpartition("/")[2].startswith("."):
            continue
        file_id = hashlib.sha256(inside.encode("utf-8", "surrogateescape")).hexdigest()[:24]
        shown = os.fsencode(inside).decode("utf-8", "replace")
        yield StoredFile(id=file_id, path=shown, size_bytes=kept.size, url=f"/storage/{slug}/files/{file_id}"), kept


def listing(company: StoredCompany, storage: Storage) -> StorageListing:
    """Sort a company's files by the folder they lie in."""
    shelves: dict[str, list[StoredFile]] = {"data/": [], "part_a/": [], "part_b/": [], "final/": [], "": []}
    for file, _ in files_of(storage, company.slug):
        shelves[next(shelf for shelf in shelves if file.path.startswith(shelf))].append(file)
    return StorageListing(
        company=company.name,
        company_slug=company.slug,
        total_size_bytes=sum(file.size_bytes for shelf in shelves.values() for file in shelf),
        data_files=shelves[f"{Folder.DATA}/"],
        part_a_drafts=shelves[f"{Folder.PART_A}/"],
        part_b_reports=shelves[f"{Folder.PART_B}/"],
        final_reports=shelves[f"{Folder.FINAL}/"],
        other_files=shelves[""],
    )
