"""Small fakes of the ports. The suites under tests/contract hold them to what the backends do."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import ParamSpec, TypeVar

from msgspec.structs import replace

from casebook.documents.passages import cut_passages
from casebook.domain.analysis import Analysis, AnalystFacts, Portfolio
from casebook.domain.document import Document, Manifest, Segment, Source, Table
from casebook.domain.evidence import EvidenceBase
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
    WorkState,
)
from casebook.domain.launch import JobName, LaunchState
from casebook.domain.notice import Notice
from casebook.domain.passage import Hit, Passage
from casebook.domain.prompt import Completion, JournalEntry, Spending
from casebook.domain.quote import Quote
from casebook.domain.run import RunStatus, Stage
from casebook.domain.submission import Submission
from casebook.errors import CasebookError, KeyReused, PermanentError, QueueFull, StorageFailed
from casebook.ports import IncomingFile, Kept, Library, NotRead, Order, ReadRequest, Search
from tests import samples

P = ParamSpec("P")
T = TypeVar("T")


class FakeStorage:
    """A `Storage` in memory; `full` makes every further write fail."""

    def __init__(self, kept: Mapping[str, bytes] | None = None) -> None:
        self.kept = dict(kept or {})
        self.full = False

    def write(self, key: str, data: bytes, *, durable: bool = False) -> None:  # noqa: ARG002 - memory is what it is
        _check(key)
        if self.full:
            message = "the disk is full"
            raise StorageFailed(message)
        self.kept[key] = data

    def read(self, key: str) -> bytes:
        _check(key)
        try:
            return self.kept[key]
        except KeyError as error:
            raise StorageFailed from error

    def stream(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        yield self.read(key)[start:end]

    def look(self, key: str) -> Kept | None:
        _check(key)
        return Kept(key, len(self.kept[key]), samples.NOW) if key in self.kept else None

    def exists(self, key: str) -> bool:
        return key in self.kept

    def entries(self, prefix: str) -> Iterator[Kept]:
        return (Kept(key, len(self.kept[key]), samples.NOW) for key in self.keys(prefix))

    def keys(self, prefix: str) -> Sequence[str]:
        return sorted(key for key in self.kept if not prefix or key.startswith(f"{prefix}/"))

    def remove(self, key: str) -> None:
        self.kept.pop(key, None)

    def remove_all(self, prefix: str) -> None:
        _check(prefix)
        for key in self.keys(prefix):
            self.remove(key)

    def move(self, key: str, to: str) -> None:
        self.write(to, self.read(key))
        self.remove(key)

    def locate(self, key: str) -> str:
        return f"memory/{os.getpid()}/{key}"  # tests of other processes have scratch folders of their own

    def adopt(self, path: Path, key: str) -> None:
        self.write(key, path.read_bytes())
        path.unlink()

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, key.rpartition("/")[2])
            path.write_bytes(self.read(key))
            yield path


def _check(key: str) -> None:
    if any(part in {"", ".", ".."} for part in key.split("/")) or "\0" in key:
        raise StorageFailed


class FakeClock:
    """A `Clock` that moves a second each time it is asked."""

    def __init__(self, start: datetime = samples.NOW) -> None:
        self._next = start

    def __call__(self) -> datetime:
        now, self._next = self._next, self._next + timedelta(seconds=1)
        return now


class FakeInbox:
    """An `Inbox` of named contents; `reasons` refuses files, `troubles` are raised one a fetch."""

    def __init__(
        self,
        contents: Mapping[str, bytes],
        *,
        reasons: Mapping[str, str] | None = None,
        troubles: Mapping[str, list[Exception]] | None = None,
        versions: Mapping[str, str] | None = None,
    ) -> None:
        self._contents = contents
        self._reasons = reasons or {}
        self._troubles = troubles or {}
        self._versions = versions or {}
        self.fetched: list[str] = []

    def files(self) -> Sequence[IncomingFile]:
        return [
            IncomingFile(name, len(data), self._reasons.get(name), self._versions.get(name))
            for name, data in sorted(self._contents.items())
        ]

    def fetch(self, name: str, target: Path) -> None:
        self.fetched.append(name)
        if self._troubles.get(name):
            raise self._troubles[name].pop(0)
        target.write_bytes(self._contents[name])

    def signature(self) -> str:
        return repr(sorted(self._contents.items()))


class FakeReader:
    """A `DocumentReader` that knows by a file's name what is in it; counts what it was asked for."""

    def __init__(self, documents: Mapping[str, Document | NotRead]) -> None:
        self._documents = documents
        self.asked: list[str] = []

    def detect(self, name: str, head: bytes) -> str:  # noqa: ARG002 - the name is enough
        return f"text/{name.rsplit('.', 1)[-1]}"

    def read_all(self, requests: Sequence[ReadRequest]) -> Iterator[tuple[ReadRequest, Document | NotRead]]:
        for request in reversed(requests):
            self.asked.append(request.name)
            yield request, self._documents[request.name]


class FakeLibrary:
    """A `Library` over texts by name."""

    def __init__(self, texts: Mapping[str, str] = samples.TEXTS, manifest: Manifest | None = None) -> None:
        manifest = manifest or samples.manifest(texts)
        self._sources = manifest.sources
        self._documents = {
            source.id: samples.document(texts[source.name]) for source in manifest.sources if source.text_path
        }

    def sources(self) -> Sequence[Source]:
        return self._sources

    def text(self, source_id: str) -> str:
        return self._documents[source_id].text if source_id in self._documents else ""

    def segments(self, source_id: str) -> Sequence[Segment]:
        return self._documents[source_id].segments if source_id in self._documents else ()

    def tables(self, source_id: str) -> Sequence[Table]:  # noqa: ARG002 - there are none
        return ()

    def passages(self) -> Sequence[Passage]:
        return [
            passage
            for source_id, document in self._documents.items()
            for passage in cut_passages(source_id, document.text, document.segments)
        ]


class FakeVectorStore:
    """A `VectorStore` that counts the words that a passage has in common with a query."""

    def __init__(self) -> None:
        self.built = 0
        self._stores: dict[str, Sequence[Passage]] = {}

    def build(self, company_slug: str, passages: Sequence[Passage], names: Mapping[str, str]) -> str:
        store_id = f"fake:{company_slug}:{hash((tuple(passages), tuple(names.items()))):x}"
        if store_id not in self._stores:
            self.built += 1
            self._stores[store_id] = passages
        return store_id

    def search(self, store_id: str, query: str, limit: int) -> Sequence[Hit]:
        if store_id not in self._stores:
            raise StorageFailed
        wanted = set(query.lower().split())
        hits = [Hit(found.id, float(len(wanted & _words(found.text)))) for found in self._stores[store_id]]
        return sorted((hit for hit in hits if hit.score), key=lambda hit: -hit.score)[:limit]

    def keep_only(self, company_slug: str, store_ids: Sequence[str]) -> None:
        others = (key for key in self._stores if key.startswith(f"fake:{company_slug}:") and key not in store_ids)
        for store_id in list(others):
            del self._stores[store_id]


def _words(text: str) -> set[str]:
    return {word.strip(".,:;") for word in text.lower().split()}


class FakeAnalyst:
    """An `Analyst` that quotes the first passage it finds, and nothing else."""

    def for_run(self, run_id: str) -> FakeAnalyst:  # noqa: ARG002 - it remembers nothing
        return self

    def facts(self) -> AnalystFacts:
        return samples.FACTS

    def analyze(self, submission: Submission, library: Library, search: Search) -> Analysis:  # noqa: ARG002
        return samples.analysis(_first_quote(library))

    def extract(
        self,
        submission: Submission,  # noqa: ARG002
        library: Library,
        search: Search,  # noqa: ARG002
        analysis: Analysis,  # noqa: ARG002
    ) -> EvidenceBase:
        return samples.evidence(_first_quote(library))

    def propose(
        self,
        submission: Submission,  # noqa: ARG002
        library: Library,
        search: Search,  # noqa: ARG002
        analysis: Analysis,  # noqa: ARG002
        evidence: EvidenceBase,  # noqa: ARG002
    ) -> Portfolio:
        return samples.portfolio(_first_quote(library))


def _first_quote(library: Library) -> Quote:
    passage = library.passages()[0]
    start, end = (place - passage.start for place in passage.sentences[0])
    return Quote.cut(passage.text[start:end], passage, id=passage.id, theme="finance")


class FakeDrive:
    """A `Drive` that keeps what was put there, once for each id; `troubles` are raised one a put, after it is kept."""

    def __init__(self, troubles: Sequence[Exception] = ()) -> None:
        self.reserved = 0
        self.files: dict[str, tuple[str, bytes]] = {}  # folder/name and content by id
        self._troubles = list(troubles)

    def reserve(self, count: int) -> Sequence[str]:
        self.reserved += count
        return [f"id-{self.reserved - count + number}" for number in range(count)]

    def put(self, file_id: str, name: str, data: bytes, *, media_type: str, folder: str) -> str:
        assert "/" in media_type
        self.files.setdefault(file_id, (f"{folder}/{name}", data))
        if self._troubles:
            raise self._troubles.pop(0)
        return f"drive:{file_id}"


class FakeSharedFiles:
    """`SharedFiles` with an inbox for each link it knows; another error is raised for what is none."""

    def __init__(self, inboxes: Mapping[str, FakeInbox | Exception]) -> None:
        self._inboxes = inboxes
        self.opened: list[str] = []

    def open(self, link: str) -> FakeInbox:
        self.opened.append(link)
        found = self._inboxes.get(link, PermanentError("google_drive_link is not a link"))
        if isinstance(found, Exception):
            raise found
        return found


class FakeLauncher:
    """A `Launcher` whose jobs go through `states`, then succeed; `trouble` is raised by a start, after it started."""

    name = "fake"

    def __init__(self, states: Sequence[LaunchState | BaseException] = (), trouble: Exception | None = None) -> None:
        self.states = list(states)
        self.started: list[JobName] = []
        self.cancelled: list[str] = []
        self._trouble = trouble

    def find(self, job: JobName) -> str | None:
        return job.text if job in self.started else None

    def start(self, job: JobName) -> str:
        self.started.append(job)
        if self._trouble:
            raise self._trouble
        return job.text

    def state(self, handle: str) -> LaunchState:
        assert handle in {job.text for job in self.started}
        state = self.states.pop(0) if self.states else LaunchState.SUCCEEDED
        if isinstance(state, BaseException):
            raise state
        return state

    def cancel(self, handle: str) -> None:
        self.cancelled.append(handle)


class FakeNotifier:
    """A `Notifier` that remembers what it was to tell."""

    def __init__(self) -> None:
        self.told: list[Notice] = []

    def notify(self, notice: Notice) -> None:
        self.told.append(notice)


class FakeProgress:
    """A `Progress` that remembers what it heard."""

    def __init__(self) -> None:
        self.heard: list[tuple[Stage, int, int]] = []

    def __call__(self, stage: Stage, done: int, total: int, detail: str = "") -> None:  # noqa: ARG002
        self.heard.append((stage, done, total))


def immediate(stage: Stage, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:  # noqa: ARG001
    """Be a `Step` that saves nothing."""
    return function(*args, **kwargs)


class FakeWorkQueue:
    """A `WorkQueue` in memory; `work` does what waits, `broken` is what every further enqueue ends with.

    A run that is `busy` goes on although it was cancelled.
    """

    def __init__(self, *, max_waiting: int = 100) -> None:
        self.broken: Exception | None = None
        self.taken: dict[str, RunStatus] = {}
        self.busy = False
        self.max_waiting = max_waiting
        self.priorities: dict[str, int] = {}

    def enqueue(self, run_id: str, company_slug: str, priority: int = 0) -> None:  # noqa: ARG002 - all in a row
        if self.broken:
            raise self.broken
        if run_id in self.taken:
            return
        if self.depth() >= self.max_waiting:
            raise QueueFull(retry_after=1.0)
        self.taken[run_id] = RunStatus.QUEUED
        self.priorities[run_id] = priority

    def enqueue_all(self, orders: Sequence[Order]) -> None:
        new = [order for order in orders if order.run_id not in self.taken]
        if new and self.depth() + len(new) > self.max_waiting:
            raise QueueFull(retry_after=1.0)
        for order in orders:
            self.enqueue(order.run_id, order.company_slug, order.priority)

    def state(self, run_id: str) -> RunStatus | None:
        return self.taken.get(run_id)

    def cancel(self, run_id: str) -> None:
        if not self.busy and self.taken.get(run_id) in {RunStatus.QUEUED, RunStatus.RUNNING}:
            self.taken[run_id] = RunStatus.CANCELLED

    def forget(self, run_ids: Sequence[str]) -> None:
        for run_id in run_ids:
            self.taken.pop(run_id, None)

    def rerun(self, run_id: str, from_stage: Stage | None = None) -> None:  # noqa: ARG002 - there is one step
        if self.taken.get(run_id) in {None, RunStatus.QUEUED, RunStatus.RUNNING}:
            message = "the run has not ended"
            raise PermanentError(message)
        self.taken[run_id] = RunStatus.QUEUED

    def depth(self) -> int:
        return sum(status is RunStatus.QUEUED for status in self.taken.values())

    def work(self, execute: Callable[[str], object]) -> None:
        """Do what waits, lower priorities first."""
        for run_id in sorted(self.taken, key=self.priorities.__getitem__):
            if self.taken[run_id] is RunStatus.QUEUED:
                try:
                    execute(run_id)
                except CasebookError:
                    self.taken[run_id] = RunStatus.FAILED
                else:
                    self.taken[run_id] = RunStatus.DONE


class FakeSubmissionStore:
    """A `SubmissionStore` in memory; `broken` is what every further save ends with."""

    def __init__(self, *, taken: Callable[[str], bool] = lambda _: False) -> None:
        self.broken: Exception | None = None
        self._taken = taken
        self._rows: list[tuple[NewSubmission, StoredSubmission]] = []
        self._refused: list[Refused] = []
        self._companies: dict[str, StoredCompany] = {}
        self._slugs = {"logs"}
        self._lock = threading.Lock()

    def save(self, new: NewSubmission) -> Future[Receipt]:
        future: Future[Receipt] = Future()
        try:
            with self._lock:
                future.set_result(self._save(new))
        except Exception as error:  # noqa: BLE001 - a future carries whatever happened
            future.set_exception(error)
        return future

    def _save(self, new: NewSubmission) -> Receipt:
        if self.broken:
            raise self.broken
        earlier = self.earlier(new)
        if earlier:
            return earlier
        company = self._company(new)
        row = StoredSubmission(
            run_id=new.run_id,
            sequence=len(self._rows) + 1,
            principal=new.principal,
            company_id=company.id,
            company_slug=company.slug,
            body_sha256=new.body_sha256,
            submission=new.submission,
            files=new.files,
            received_at=new.received_at,
            state=WorkState.WAITING,
        )
        self._rows.append((new, row))
        return _receipt(row, replayed=False)

    def earlier(self, new: NewSubmission) -> Receipt | None:
        for earlier, row in list(self._rows):
            if _is_same(earlier, new):
                if earlier.body_sha256 != new.body_sha256:
                    raise KeyReused
                return _receipt(row, replayed=True)
        return None

    def _company(self, new: NewSubmission) -> StoredCompany:
        name, slug = new.submission.company_name, new.submission.company_slug
        for company in self._companies.values():
            mine = new.principal != ANONYMOUS and company.principal == new.principal
            if mine and company.name.casefold() == name.casefold():
                return company
        if slug in self._slugs or self._taken(slug):
            slug += f"_{len(self._slugs):06d}"
        self._slugs.add(slug)
        company = StoredCompany(id=f"C{len(self._slugs)}", slug=slug, name=name, principal=new.principal)
        self._companies[company.id] = company
        return company

    def find(self, run_id: str) -> StoredSubmission | None:
        return next((row for row in self._all() if row.run_id == run_id), None)

    def find_company(self, slug: str) -> StoredCompany | None:
        return next((company for company in self._companies.values() if company.slug == slug), None)

    def latest(
        self, limit: int, *, company_id: str | None = None, principal: str | None = None
    ) -> Sequence[StoredSubmission]:
        return [
            row
            for row in reversed(self._all())
            if company_id in {None, row.company_id} and principal in {None, row.principal}
        ][:limit]

    def after(self, sequence: int, limit: int) -> Sequence[StoredSubmission]:
        return [row for row in self._all() if row.sequence > sequence][:limit]

    def waiting(self, limit: int) -> Sequence[str]:
        return [row.run_id for row in self._all() if row.state is WorkState.WAITING][:limit]

    def mark_started(self, run_id: str) -> None:
        self._rows = [
            (new, replace(row, state=WorkState.STARTED) if row.run_id == run_id else row) for new, row in self._rows
        ]

    def set_aside(self, refused: Refused) -> Future[None]:
        oldest = datetime.fromisoformat(refused.received_at) - REFUSED_KEPT
        kept = [one for one in self._refused if datetime.fromisoformat(one.received_at) >= oldest]
        self._refused = [refused, *kept][:MOST_REFUSED]
        while sum(len(one.fields) for one in self._refused) > MOST_REFUSED_CHARACTERS:
            self._refused.pop()
        future: Future[None] = Future()
        future.set_result(None)
        return future

    def refused(self, limit: int) -> Sequence[Refused]:
        return self._refused[:limit]

    def delete(self, company_id: str) -> None:
        self._companies.pop(company_id, None)
        self._rows = [(new, row) for new, row in self._rows if row.company_id != company_id]

    def forget(self, run_ids: Sequence[str]) -> None:
        self._rows = [(new, row) for new, row in self._rows if row.run_id not in run_ids]
        having = {row.company_id for row in self._all()}
        self._companies = {key: company for key, company in self._companies.items() if key in having}

    def _all(self) -> list[StoredSubmission]:
        return [row for _, row in self._rows]


def _is_same(earlier: NewSubmission, new: NewSubmission) -> bool:
    if earlier.principal != new.principal:
        return False
    if new.key is not None:
        return earlier.key == new.key
    age = datetime.fromisoformat(new.received_at) - datetime.fromisoformat(earlier.received_at)
    return (earlier.origin, earlier.body_sha256) == (new.origin, new.body_sha256) and abs(age) <= SOFT_DUPLICATE_WINDOW


def _receipt(row: StoredSubmission, *, replayed: bool) -> Receipt:
    return Receipt(
        run_id=row.run_id,
        company_id=row.company_id,
        company_slug=row.company_slug,
        received_at=row.received_at,
        replayed=replayed,
    )


class FakeJournal:
    """A `Journal` in memory."""

    def __init__(self) -> None:
        self.entries: list[JournalEntry] = []
        self._lock = threading.Lock()

    def find(self, digest: str) -> Completion | None:
        with self._lock:
            found = (entry for entry in self.entries if entry.digest == digest)
            return next((entry.completion for entry in found), None)

    def keep(self, entry: JournalEntry) -> None:
        with self._lock:
            self.entries.append(entry)

    def spent_by(self, run_id: str) -> Mapping[str, Spending]:
        sums: dict[str, Spending] = {}
        for entry in self.entries:
            if entry.run_id == run_id:
                sums[entry.stage] = sums.get(entry.stage, Spending()) + _spending(entry)
        return sums

    def spent_since(self, moment: datetime) -> Spending:
        late = (entry for entry in self.entries if datetime.fromisoformat(entry.at) >= moment)
        return sum(map(_spending, late), Spending())

    def forget(self, company_slug: str, run_ids: Sequence[str] | None = None) -> None:
        with self._lock:
            self.entries = [
                replace(entry, digest="")
                if entry.company_slug == company_slug and (run_ids is None or entry.run_id in run_ids)
                else entry
                for entry in self.entries
            ]


def _spending(entry: JournalEntry) -> Spending:
    completion = entry.completion
    return Spending(
        calls=1,
        input_tokens=completion.input_tokens,
        output_tokens=completion.output_tokens,
        cost_usd=completion.cost_usd or 0.0,
        unpriced=completion.cost_usd is None,
    )
