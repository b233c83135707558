"""The seams on one page: what the workflow needs of the outside, as Protocols.

A backend implements one of these, inherits from nothing, and takes plain constructor arguments. `bootstrap.py` is
the only place that knows which backend stands behind which port.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

import msgspec

from casebook.domain.analysis import Analysis, AnalystFacts, Portfolio
from casebook.domain.document import Document, Segment, Source, Table
from casebook.domain.evidence import EvidenceBase
from casebook.domain.intake import NewSubmission, Receipt, Refused, StoredCompany, StoredSubmission
from casebook.domain.launch import JobName, LaunchState
from casebook.domain.notice import Notice
from casebook.domain.passage import Hit, Passage
from casebook.domain.prompt import Completion, JournalEntry, Prompt, Spending
from casebook.domain.run import RunStatus, Stage
from casebook.domain.submission import Submission

P = ParamSpec("P")
T = TypeVar("T")


class Step(Protocol):
    """Run one step of the workflow, once: a saved result is returned instead of doing the work again.

    `function` must return data that can be saved as JSON and be safe to repeat: a crash between act and save
    repeats it.
    """

    def __call__(self, stage: Stage, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `function` returns, now or from an earlier run of the same step."""
        ...


class Clock(Protocol):
    """The time; steps never ask for it themselves."""

    def __call__(self) -> datetime:
        """Return the time now, in UTC."""
        ...


class Tracer(Protocol):
    """Measures blocks of work as spans, for whoever watches a deployment; no text of a document in it."""

    def __call__(self, name: str, attributes: Mapping[str, str]) -> AbstractContextManager[None]:
        """Measure the block that the returned context surrounds."""
        ...


class Progress(Protocol):
    """Hears how far long work has come."""

    def __call__(self, stage: Stage, done: int, total: int, detail: str = "") -> None:
        """Take note that `done` of `total` parts of a step are finished. Must be quick and never raise."""
        ...


class Kept(msgspec.Struct, frozen=True):
    """What is known of something in a storage without reading it."""

    key: str
    size: int  # bytes
    written_at: datetime  # UTC


class Storage(Protocol):
    """Keeps files under keys: POSIX paths relative to the outputs root, such as ``acme/final/report.md``."""

    def write(self, key: str, data: bytes, *, durable: bool = False) -> None:
        """Keep `data`, wholly or not at all; `durable` data outlives a power cut. Raises StorageFailed.

        Flushing to disk costs milliseconds a file: what can be made again from other files is not worth it, provided
        that its reader checks a digest.
        """
        ...

    def read(self, key: str) -> bytes:
        """Return what is kept. Raises StorageFailed when there is nothing."""
        ...

    def stream(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield what is kept, from byte `start` up to byte `end` (not included), piece by piece.

        Raises StorageFailed when there is nothing.
        """
        ...

    def look(self, key: str) -> Kept | None:
        """Tell size and time of what is kept, None when there is nothing."""
        ...

    def exists(self, key: str) -> bool:
        """Tell whether something is kept under `key`."""
        ...

    def entries(self, prefix: str) -> Iterator[Kept]:
        """Yield all that is kept below the folder `prefix`, in any order; ``""`` is the root."""
        ...

    def keys(self, prefix: str) -> Sequence[str]:
        """Return all keys below the folder `prefix`, sorted."""
        ...

    def remove(self, key: str) -> None:
        """Forget what is kept; nothing happens when there is nothing."""
        ...

    def remove_all(self, prefix: str) -> None:
        """Forget everything below the folder `prefix`; nothing happens when there is nothing."""
        ...

    def move(self, key: str, to: str) -> None:
        """Keep what is under `key` under `to` instead. Raises StorageFailed when there is nothing."""
        ...

    def locate(self, key: str) -> str:
        """Say where a person finds what is kept: a path or a URL."""
        ...

    def adopt(self, path: Path, key: str) -> None:
        """Keep the local file at `path` under `key` and take it away from `path`. Raises StorageFailed."""
        ...

    def local_copy(self, key: str) -> AbstractContextManager[Path]:
        """Lend what is kept as a local file, for readers that need one."""
        ...


class IncomingFile(msgspec.Struct, frozen=True):
    """A file as it was handed in. `reason` says why it cannot be taken, when it cannot."""

    name: str  # with its sub-folders, POSIX
    size: int  # bytes
    reason: str | None = None
    version: str | None = None  # of a file from afar: another one when its content is another


class Inbox(Protocol):
    """The files that came with a submission, before they are kept."""

    def files(self) -> Sequence[IncomingFile]:
        """Return all files, sorted by name; none is left out silently."""
        ...

    def fetch(self, name: str, target: Path) -> None:
        """Copy one file to `target`. Raises TransientError or PermanentError with the reason."""
        ...

    def signature(self) -> str:
        """Return a digest that changes when a file is added, removed or changed; cheap, reads no file."""
        ...


class SharedFiles(Protocol):
    """Files that companies share by a link, such as a folder of Google Drive."""

    def open(self, link: str) -> Inbox:
        """Return the files behind `link`, which are listed when they are first asked for.

        Raises InvalidSubmission when the link is none; listing raises PermanentError when it cannot be opened,
        TransientError when the other side does not answer now.
        """
        ...


class SubmissionStore(Protocol):
    """Keeps submissions for good. Its rows are the truth: files beside them are made again from them.

    Every method may be called from any thread and raises TransientError (DiskFull when it is that) when the
    database does not answer.
    """

    def save(self, new: NewSubmission) -> Future[Receipt]:
        """Keep a submission; the future is done when a power cut can no longer take it.

        The same key of the same principal with the same body, or the same body within SOFT_DUPLICATE_WINDOW without
        a key, gets the first receipt, marked as replayed. Its error is KeyReused when the body is another.
        """
        ...

    def earlier(self, new: NewSubmission) -> Receipt | None:
        """Return the receipt that `new` would get because it came before, None when it did not. Raises KeyReused."""
        ...

    def find(self, run_id: str) -> StoredSubmission | None:
        """Find a submission by its run."""
        ...

    def find_company(self, slug: str) -> StoredCompany | None:
        """Find a company by its folder."""
        ...

    def latest(
        self, limit: int, *, company_id: str | None = None, principal: str | None = None
    ) -> Sequence[StoredSubmission]:
        """Return the submissions that came last, newest first; of one company or principal, if asked so."""
        ...

    def after(self, sequence: int, limit: int) -> Sequence[StoredSubmission]:
        """Return the submissions that came after number `sequence`, oldest first."""
        ...

    def waiting(self, limit: int) -> Sequence[str]:
        """Return the runs that were not yet handed to the queue, oldest first."""
        ...

    def mark_started(self, run_id: str) -> None:
        """Note that the queue has the run; written some time later, so that a crash repeats the handing over."""
        ...

    def delete(self, company_id: str) -> None:
        """Forget a company and its submissions; its folder's name is not given to another."""
        ...

    def forget(self, run_ids: Sequence[str]) -> None:
        """Forget the submissions of these runs, and as `delete` does the companies that have no others."""
        ...

    def set_aside(self, refused: Refused) -> Future[None]:
        """Keep what was refused; the oldest make room, and so does what is older than REFUSED_KEPT before it."""
        ...

    def refused(self, limit: int) -> Sequence[Refused]:
        """Return what was refused, newest first."""
        ...


class Order(msgspec.Struct, frozen=True):
    """A run for the queue. Lower priorities come first, and of the same priority whoever came first."""

    run_id: str
    company_slug: str
    priority: int = 0


class WorkQueue(Protocol):
    """Runs what was submitted, now or later, here or on another machine."""

    def enqueue(self, run_id: str, company_slug: str, priority: int = 0) -> None:
        """Take a run; a run that was taken before is not taken twice. Lower priorities first.

        Raises QueueFull when the backlog is full, TransientError when the queue cannot be reached.
        """
        ...

    def enqueue_all(self, orders: Sequence[Order]) -> None:
        """Take several runs at once, all or none: much cheaper than one by one. Raises as `enqueue`."""
        ...

    def state(self, run_id: str) -> RunStatus | None:
        """Tell where a run stands; None when the queue does not know it."""
        ...

    def forget(self, run_ids: Sequence[str]) -> None:
        """Forget runs that have ended, and what is known of their steps. Raises TransientError."""
        ...

    def cancel(self, run_id: str) -> None:
        """End a run at its next step; nothing happens when it has ended or is not known."""
        ...

    def rerun(self, run_id: str, from_stage: Stage | None = None) -> None:
        """Run again from the failed step, or from the step asked for. Raises PermanentError while it is running."""
        ...

    def depth(self) -> int:
        """Return how many runs wait."""
        ...


class ReadRequest(msgspec.Struct, frozen=True):
    """A file to be read: where it lies, what it is called, what it seems to be."""

    source_id: str
    name: str
    path: Path
    media_type: str


class NotRead(msgspec.Struct, frozen=True):
    """Why a file was not read; `skipped` when it was not tried."""

    reason: str
    skipped: bool = False


class DocumentReader(Protocol):
    """Turns files into documents, whatever they contain."""

    def detect(self, name: str, head: bytes) -> str:
        """Tell the media type from the name and the first bytes."""
        ...

    def read_all(self, requests: Sequence[ReadRequest]) -> Iterator[tuple[ReadRequest, Document | NotRead]]:
        """Read all files, in any order; a bad file is an outcome, never an error."""
        ...


class Library(Protocol):
    """The documents of one company as `setup` kept them."""

    def sources(self) -> Sequence[Source]:
        """Return all sources, in order of their ids."""
        ...

    def text(self, source_id: str) -> str:
        """Return the canonical text; empty when the source was not read."""
        ...

    def segments(self, source_id: str) -> Sequence[Segment]:
        """Return the segments of the canonical text."""
        ...

    def tables(self, source_id: str) -> Sequence[Table]:
        """Return the source's tables."""
        ...

    def passages(self) -> Sequence[Passage]:
        """Return the passages of all sources, in order."""
        ...


class VectorStore(Protocol):
    """Finds passages for a query."""

    def build(self, company_slug: str, passages: Sequence[Passage], names: Mapping[str, str]) -> str:
        """Make passages searchable and return the store's id; known content is not built again.

        `names` gives the name of each source: it helps finding. Raises StorageFailed.
        """
        ...

    def search(self, store_id: str, query: str, limit: int) -> Sequence[Hit]:
        """Return at most `limit` passages, best first."""
        ...

    def keep_only(self, company_slug: str, store_ids: Sequence[str]) -> None:
        """Forget all stores of a company but these. Raises TransientError or PermanentError."""
        ...


Search = Callable[[str, int], Sequence[Hit]]


class Analyst(Protocol):
    """Thinks: the built-in analyst works without a model, others use one. All return the same types."""

    def for_run(self, run_id: str) -> Analyst:
        """Return the analyst of one run. Runs at the same time have one each: they may be of different companies."""
        ...

    def facts(self) -> AnalystFacts:
        """Say who is thinking."""
        ...

    def analyze(self, submission: Submission, library: Library, search: Search) -> Analysis:
        """Part A: profile, readiness, inventory."""
        ...

    def extract(self, submission: Submission, library: Library, search: Search, analysis: Analysis) -> EvidenceBase:
        """Quotes: what the documents say of pains, goals, volumes, constraints, data and systems."""
        ...

    def propose(
        self,
        submission: Submission,
        library: Library,
        search: Search,
        analysis: Analysis,
        evidence: EvidenceBase,
    ) -> Portfolio:
        """Part B: the use cases, at most as many as asked for."""
        ...


class LanguageModel(Protocol):
    """Answers prompts with JSON of the form asked for."""

    @property
    def name(self) -> str:
        """What the model is called, for the report, such as ``openai:gpt-5-mini``."""
        ...

    @property
    def identity(self) -> str:
        """Everything beside the prompt that its answers depend on: name, server, settings."""
        ...

    def complete(self, prompt: Prompt) -> Completion:
        """Send one request, once. May be called from many threads at a time.

        Raises TransientError when the same request may succeed later, PromptTooLong when it is longer than the model
        takes, PermanentError when it would fail again.
        """
        ...

    def price(self, input_tokens: int, output_tokens: int) -> float | None:
        """Tell what a request of this size costs at most, in USD; None when the price is not known."""
        ...


class Journal(Protocol):
    """Keeps every answer of a language model for good, so that none is paid for twice. For many threads at a time."""

    def find(self, digest: str) -> Completion | None:
        """Return the first answer kept for this request. Raises TransientError, StorageFailed."""
        ...

    def keep(self, entry: JournalEntry) -> None:
        """Keep an answer; when this returns, a power cut cannot take it. Raises TransientError, StorageFailed."""
        ...

    def spent_by(self, run_id: str) -> Mapping[str, Spending]:
        """Return what was paid for a run, by the name of the step."""
        ...

    def spent_since(self, moment: datetime) -> Spending:
        """Return what was paid for all runs since `moment`, in UTC."""
        ...

    def forget(self, company_slug: str, run_ids: Sequence[str] | None = None) -> None:
        """Forget what was answered about a company, in these runs if they are named; what it cost stays known."""
        ...


class Drive(Protocol):
    """A place outside where reports are delivered."""

    def reserve(self, count: int) -> Sequence[str]:
        """Reserve ids for `count` files. Raises TransientError or PermanentError."""
        ...

    def put(self, file_id: str, name: str, data: bytes, *, media_type: str, folder: str) -> str:
        """Create a file under its reserved id and return its address; safe to repeat, it is there once.

        Raises TransientError or PermanentError with what to do.
        """
        ...


class Launcher(Protocol):
    """Another machine that works on runs when it is asked to."""

    @property
    def name(self) -> str:
        """A word for records and messages."""
        ...

    def find(self, job: JobName) -> str | None:
        """Return the handle of what was started for `job`, None when nothing was. Raises TransientError."""
        ...

    def start(self, job: JobName) -> str:
        """Start a job and return its handle; never starts two for one `job`.

        Raises TransientError when it surely did not start and may later, PermanentError otherwise.
        """
        ...

    def state(self, handle: str) -> LaunchState:
        """Tell how far a job is. Raises TransientError."""
        ...

    def cancel(self, handle: str) -> None:
        """End a job; nothing happens when it has ended."""
        ...


class Notifier(Protocol):
    """Tells people that a run is done or has failed; never blocks or fails a run."""

    def notify(self, notice: Notice) -> None:
        """See to it that the notice is sent; returns at once and raises nothing."""
        ...


class Messenger(Protocol):
    """One way of sending a notice."""

    @property
    def name(self) -> str:
        """A word for logs and file names."""
        ...

    def send(self, notice: Notice) -> None:
        """Send it. Raises TransientError when it may go through later, PermanentError when it will not."""
        ...
