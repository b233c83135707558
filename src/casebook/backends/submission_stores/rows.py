"""Submissions as rows of a database: one committer thread writes, whoever waits meanwhile shares its next commit."""

from __future__ import annotations

import queue
import secrets
import string
import threading
import time
import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

import msgspec

from casebook.domain.intake import (
    ANONYMOUS,
    MOST_REFUSED,
    MOST_REFUSED_CHARACTERS,
    REFUSED_KEPT,
    SOFT_DUPLICATE_WINDOW,
    NewSubmission,
    Receipt,
    Refused,
    StoredCompany,
    StoredSubmission,
    UploadedFile,
    WorkState,
)
from casebook.domain.submission import Submission
from casebook.errors import CasebookError, KeyReused, TransientError

Execute = Callable[[str, Sequence[object]], list[tuple[Any, ...]]]

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS companies (
        id TEXT PRIMARY KEY,
        slug TEXT NOT NULL UNIQUE,
        principal TEXT NOT NULL,
        name TEXT NOT NULL,
        folded_name TEXT NOT NULL,
        deleted INTEGER NOT NULL DEFAULT 0)""",
    "CREATE INDEX IF NOT EXISTS companies_by_name ON companies (principal, folded_name)",
    """CREATE TABLE IF NOT EXISTS submissions (
        sequence {serial},
        run_id TEXT NOT NULL UNIQUE,
        principal TEXT NOT NULL,
        idempotency_key TEXT,
        origin TEXT NOT NULL,
        company_id TEXT NOT NULL REFERENCES companies (id),
        body_sha256 TEXT NOT NULL,
        submission TEXT NOT NULL,
        files TEXT NOT NULL,
        received_at TEXT NOT NULL,
        started INTEGER NOT NULL DEFAULT 0,
        UNIQUE (principal, idempotency_key))""",
    "CREATE INDEX IF NOT EXISTS submissions_by_body ON submissions (principal, origin, body_sha256)",
    "CREATE INDEX IF NOT EXISTS submissions_by_company ON submissions (company_id)",
    """CREATE TABLE IF NOT EXISTS refused (
        sequence {serial},
        received_at TEXT NOT NULL,
        principal TEXT NOT NULL,
        reason TEXT NOT NULL,
        fields TEXT NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS submissions_waiting ON submissions (sequence) WHERE started = 0",
)

_MOST_AT_ONCE = 256  # submissions in one transaction
_COMPANY_WAIT = 0.016  # seconds for which a commit waits for others
_RETURN_WAIT = 0.010  # seconds of it for those who were answered together, and may be about to send again
_MARKS_WAIT = 1.0  # seconds for which a mark may wait for a commit that is made anyway
_RESERVED = {"logs"}  # folders beside those of the companies
_SUFFIX_LETTERS = 6

_STORED = """SELECT s.run_id, s.sequence, s.principal, s.company_id, c.slug, s.body_sha256, s.submission, s.files,
    s.received_at, s.started FROM submissions s JOIN companies c ON c.id = s.company_id"""
_RECEIPT = """SELECT s.run_id, s.company_id, c.slug, s.received_at, s.body_sha256
    FROM submissions s JOIN companies c ON c.id = s.company_id"""


class Database(Protocol):
    """What the store needs of a database. Statements mark their values with ``?``."""

    def write(self) -> AbstractContextManager[Execute]:
        """Lend the only writing transaction; when it is left without an error, it outlives a power cut."""
        ...

    def read(self) -> AbstractContextManager[Execute]:
        """Lend a connection for reading, to one thread at a time."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


class _Job:
    """A piece of work for the committer. It raises CasebookError before it writes, or not at all."""

    def __init__(self, work: Callable[[Execute], Any]) -> None:
        self.work = work
        self.future: Future[Any] = Future()


class RowStore:
    """A `SubmissionStore` in `database`."""

    def __init__(
        self,
        database: Database,
        *,
        taken: Callable[[str], bool] = lambda _: False,
        under_way: Callable[[], int] = lambda: 0,
    ) -> None:
        """Keep submissions in `database`.

        `taken` tells of folders that others than this store have made. `under_way` tells how many quick requests are
        being answered: while there are more than wait for a commit, it waits a few milliseconds for those who come
        next, for each commit costs a flush of the disk.
        """
        self._database = database
        self._taken = taken
        self._under_way = under_way
        self._jobs: queue.SimpleQueue[_Job | str | None] = queue.SimpleQueue()
        self._marked: set[str] = set()  # handed to the queue, not yet written down
        self._last_together = 1  # how many were committed at once the last time
        self._closed = False
        self._thread = threading.Thread(target=self._commit_all, name="committer", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Tell whether submissions can be kept at all."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Write what waits, and end."""
        self._closed = True
        self._jobs.put(None)
        self._thread.join()
        self._database.close()

    def save(self, new: NewSubmission) -> Future[Receipt]:
        """Keep a submission in the next commit."""
        return self._enter(lambda execute: self._save(execute, new))

    def mark_started(self, run_id: str) -> None:
        """Note that the queue has the run, with the next commit or a second later."""
        self._marked.add(run_id)
        self._jobs.put(run_id)

    def delete(self, company_id: str) -> None:
        """Forget a company and its submissions; a bare row keeps its folder's name from being given again."""

        def forget(execute: Execute) -> None:
            execute("DELETE FROM submissions WHERE company_id = ?", (company_id,))
            execute("UPDATE companies SET deleted = 1, name = '', folded_name = '' WHERE id = ?", (company_id,))

        self._enter(forget).result()

    def forget(self, run_ids: Sequence[str]) -> None:
        """Forget the submissions of these runs, and the companies that have no others."""

        def forget(execute: Execute) -> None:
            for run_id in run_ids:
                execute("DELETE FROM submissions WHERE run_id = ?", (run_id,))
            execute(
                """UPDATE companies SET deleted = 1, name = '', folded_name = ''
                    WHERE deleted = 0 AND id NOT IN (SELECT company_id FROM submissions)""",
                (),
            )

        self._enter(forget).result()

    def set_aside(self, refused: Refused) -> Future[None]:
        """Keep what was refused, within its limits."""
        return self._enter(lambda execute: _set_aside(execute, refused))

    def refused(self, limit: int) -> Sequence[Refused]:
        """Return what was refused, newest first."""
        with self._database.read() as execute:
            rows = execute(
                "SELECT received_at, principal, reason, fields FROM refused ORDER BY sequence DESC LIMIT ?", (limit,)
            )
        return [Refused(received_at=row[0], principal=row[1], reason=row[2], fields=row[3]) for row in rows]

    def earlier(self, new: NewSubmission) -> Receipt | None:
        """Return the receipt of the same submission, when it came before. Raises KeyReused."""
        with self._database.read() as execute:
            return _earlier(execute, new)

    def find(self, run_id: str) -> StoredSubmission | None:
        """Find a submission by its run."""
        return next(iter(self._stored("WHERE s.run_id = ?", (run_id,))), None)

    def find_company(self, slug: str) -> StoredCompany | None:
        """Find a company by its folder."""
        with self._database.read() as execute:
            rows = execute("SELECT id, slug, name, principal FROM companies WHERE slug = ? AND deleted = 0", (slug,))
        return next((StoredCompany(id=row[0], slug=row[1], name=row[2], principal=row[3]) for row in rows), None)

    def latest(
        self, limit: int, *, company_id: str | None = None, principal: str | None = None
    ) -> Sequence[StoredSubmission]:
        """Return the submissions that came last, newest first."""
        conditions, values = [], []
        for column, value in (("company_id", company_id), ("principal", principal)):
            if value is not None:
                conditions.append(f"s.{column} = ?")
                values.append(value)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        return self._stored(f"{where} ORDER BY s.sequence DESC LIMIT ?", (*values, limit))

    def after(self, sequence: int, limit: int) -> Sequence[StoredSubmission]:
        """Return the submissions that came after number `sequence`, oldest first."""
        return self._stored("WHERE s.sequence > ? ORDER BY s.sequence LIMIT ?", (sequence, limit))

    def waiting(self, limit: int) -> Sequence[str]:
        """Return the runs that were not yet handed to the queue, oldest first."""
        marked = set(self._marked)
        with self._database.read() as execute:
            rows = execute(
                "SELECT run_id FROM submissions WHERE started = 0 ORDER BY sequence LIMIT ?", (limit + len(marked),)
            )
        return [row[0] for row in rows if row[0] not in marked][:limit]

    def _stored(self, conditions: str, values: Sequence[object]) -> Sequence[StoredSubmission]:
        with self._database.read() as execute:
            rows = execute(f"{_STORED} {conditions}", values)
        return [_as_stored(row) for row in rows]

    def _enter(self, work: Callable[[Execute], Any]) -> Future[Any]:
        job = _Job(work)
        if self._closed or not self.alive:
            message = "the store is closed: send the same again"
            job.future.set_exception(TransientError(message, retry_after=5))
        else:
            self._jobs.put(job)
        return job.future

    def _commit_all(self) -> None:
        """Take whatever waits, commit it together, tell everyone; until told to end."""
        going = True
        while going:
            jobs, going = self._next_jobs()
            self._commit(jobs)

    def _next_jobs(self) -> tuple[list[_Job], bool]:
        """Wait for work; marks alone wait a little longer for company."""
        until: float | None = None
        while True:
            try:
                item = self._jobs.get(timeout=None if until is None else max(until - time.monotonic(), 0))
            except queue.Empty:
                return [], True
            if item is None:
                return [], False
            if isinstance(item, _Job):
                return self._with_those_behind(item)
            if until is None:
                until = time.monotonic() + _MARKS_WAIT

    def _with_those_behind(self, first: _Job) -> tuple[list[_Job], bool]:
        """Take what else waits or is about to come, so that one flush is enough."""
        jobs, begun = [first], time.monotonic()
        while len(jobs) < _MOST_AT_ONCE:
            try:
                item = self._jobs.get_nowait()
            except queue.Empty:
                waited = time.monotonic() - begun
                expected = self._under_way() if waited > _RETURN_WAIT else max(self._under_way(), self._last_together)
                if expected <= len(jobs) or waited > _COMPANY_WAIT:
                    break
                time.sleep(_COMPANY_WAIT / 10)
                continue
            if item is None:
                return jobs, False
            if isinstance(item, _Job):
                jobs.append(item)
        self._last_together = len(jobs)
        return jobs, True

    def _commit(self, jobs: Sequence[_Job]) -> None:
        marks = sorted(self._marked.copy())
        outcomes: list[tuple[_Job, Any, CasebookError | None]] = []
        try:
            with self._database.write() as execute:
                for job in jobs:
                    try:
                        outcomes.append((job, job.work(execute), None))
                    except KeyReused as error:  # of this one alone; nothing was written
                        outcomes.append((job, None, error))
                for run_id in marks:
                    execute("UPDATE submissions SET started = 1 WHERE run_id = ?", (run_id,))
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            for job in jobs:
                job.future.set_exception(error)
            return
        self._marked.difference_update(marks)
        for job, result, refused in outcomes:
            if refused is None:
                job.future.set_result(result)
            else:
                job.future.set_exception(refused)

    def _save(self, execute: Execute, new: NewSubmission) -> Receipt:
        earlier = _earlier(execute, new)
        if earlier is not None:
            return earlier
        company_id, slug = self._company(execute, new)
        execute(
            """INSERT INTO submissions (run_id, principal, idempotency_key, origin, company_id, body_sha256,
                submission, files, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                new.run_id,
                new.principal,
                new.key,
                new.origin,
                company_id,
                new.body_sha256,
                msgspec.json.encode(new.submission).decode(),
                msgspec.json.encode(new.files).decode(),
                new.received_at,
            ),
        )
        return Receipt(run_id=new.run_id, company_id=company_id, company_slug=slug, received_at=new.received_at)

    def _company(self, execute: Execute, new: NewSubmission) -> tuple[str, str]:
        """Find the sender's company of this name, or make it; a stranger's is always new."""
        found: list[tuple[Any, ...]] = []
        folded = unicodedata.normalize("NFC", new.submission.company_name).casefold()
        if new.principal != ANONYMOUS:
            found = execute(
                "SELECT id, slug FROM companies WHERE principal = ? AND folded_name = ? AND deleted = 0",
                (new.principal, folded),
            )
        if found:
            return found[0][0], found[0][1]
        company_id, slug = secrets.token_hex(16), self._free_slug(execute, new.submission.company_slug)
        execute(
            "INSERT INTO companies (id, slug, principal, name, folded_name) VALUES (?, ?, ?, ?, ?)",
            (company_id, slug, new.principal, new.submission.company_name, folded),
        )
        return company_id, slug

    def _free_slug(self, execute: Execute, label: str) -> str:
        slug = label
        while slug in _RESERVED or execute("SELECT 1 FROM companies WHERE slug = ?", (slug,)) or self._taken(slug):
            slug = f"{label}_{''.join(secrets.choice(string.ascii_lowercase) for _ in range(_SUFFIX_LETTERS))}"
        return slug


def _earlier(execute: Execute, new: NewSubmission) -> Receipt | None:
    """Find the first answer to the same submission. Raises KeyReused."""
    if new.key is not None:
        rows = execute(f"{_RECEIPT} WHERE s.principal = ? AND s.idempotency_key = ?", (new.principal, new.key))
    else:
        received = datetime.fromisoformat(new.received_at)
        # In both directions: while a clock was ahead, rows came in that would be new for as long when it is set back.
        within = (received - SOFT_DUPLICATE_WINDOW, received + SOFT_DUPLICATE_WINDOW)
        rows = execute(
            f"""{_RECEIPT} WHERE s.principal = ? AND s.origin = ? AND s.body_sha256 = ?
                AND s.received_at BETWEEN ? AND ? ORDER BY s.sequence LIMIT 1""",
            (new.principal, new.origin, new.body_sha256, *(time.isoformat(timespec="seconds") for time in within)),
        )
    if not rows:
        return None
    run_id, company_id, slug, received_at, body_sha256 = rows[0]
    if body_sha256 != new.body_sha256:
        raise KeyReused
    return Receipt(run_id=run_id, company_id=company_id, company_slug=slug, received_at=received_at, replayed=True)


def _set_aside(execute: Execute, refused: Refused) -> None:
    execute(
        "INSERT INTO refused (received_at, principal, reason, fields) VALUES (?, ?, ?, ?)",
        (refused.received_at, refused.principal, refused.reason, refused.fields),
    )
    oldest = datetime.fromisoformat(refused.received_at) - REFUSED_KEPT
    execute("DELETE FROM refused WHERE received_at < ?", (oldest.isoformat(timespec="seconds"),))
    execute(
        """DELETE FROM refused WHERE sequence IN (SELECT sequence FROM (
            SELECT sequence, ROW_NUMBER() OVER newest AS number, SUM(LENGTH(fields)) OVER newest AS characters
            FROM refused WINDOW newest AS (ORDER BY sequence DESC)) AS counted WHERE number > ? OR characters > ?)""",
        (MOST_REFUSED, MOST_REFUSED_CHARACTERS),
    )


def _as_stored(row: tuple[Any, ...]) -> StoredSubmission:
    return StoredSubmission(
        run_id=row[0],
        sequence=row[1],
        principal=row[2],
        company_id=row[3],
        company_slug=row[4],
        body_sha256=row[5],
        submission=msgspec.json.decode(row[6], type=Submission),
        files=msgspec.json.decode(row[7], type=tuple[UploadedFile, ...]),
        received_at=row[8],
        state=WorkState.STARTED if row[9] else WorkState.WAITING,
    )
