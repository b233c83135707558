"""Submissions as the front door keeps them, for workers to find."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from casebook.bootstrap import open_queue, open_store
from casebook.domain.intake import NewSubmission, UploadedFile, received_key, submission_digest
from casebook.domain.run import RunStatus
from casebook.domain.submission import Submission
from casebook.ports import WorkQueue
from casebook.settings import Settings


def submit(settings: Settings, folder: Path, run_ids: Sequence[str], company: str = "Brook Parts Ltd") -> list[str]:
    """Keep a submission of `folder` for each run, unless it is kept, and return the companies' folders."""
    submission = Submission.parse(company_name=company)
    store = open_store(settings)
    slugs = []
    for run_id in run_ids:
        files = tuple(_receive(settings.outputs, folder, run_id))
        new = NewSubmission(
            run_id=run_id,
            principal="local",
            body_sha256=submission_digest(submission, files),
            submission=submission,
            files=files,
            key=run_id,
            received_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        slugs.append(store.save(new).result(timeout=30).company_slug)
    store.close()
    return slugs


def _receive(outputs: Path, folder: Path, run_id: str) -> Iterator[UploadedFile]:
    for number, path in enumerate(sorted(path for path in folder.rglob("*") if path.is_file()), start=1):
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        file = UploadedFile(
            id=f"{number:03d}",
            name=path.relative_to(folder).as_posix(),
            path=f"{number:03d}-{digest[:12]}{path.suffix}",
            size=len(data),
            sha256=digest,
        )
        target = outputs / received_key(run_id, file)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        yield file


@contextmanager
def queue_of(settings: Settings) -> Iterator[WorkQueue]:
    """Lend the queue, as another process sees it."""
    queue = open_queue(settings)
    yield queue
    queue.close()


def has_ended(status: RunStatus | None) -> bool:
    """Tell whether a run has come to an end of any kind."""
    return status not in {None, RunStatus.QUEUED, RunStatus.RUNNING}
