"""Settings -> backends -> Casebook. The only file that names backends."""

from __future__ import annotations

import base64
import os
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from casebook import __version__, launching
from casebook.analysts.catalogue import Catalogue, built_in_catalogue, load_catalogue
from casebook.analysts.extractive.analyst import ExtractiveAnalyst
from casebook.answering import CompanyEvidence, open_evidence
from casebook.backends.engines.plain import PlainEngine
from casebook.backends.locks import server_lock
from casebook.backends.notifiers.outbox import NoticeOutbox
from casebook.configuration.kinds import settings_of
from casebook.connections import (
    link_to_run,
    open_drive,
    open_launcher,
    open_notifier,
    open_tracer,
    open_vector_store,
)
from casebook.documents.library import StoredLibrary
from casebook.documents.reader import SandboxedReader
from casebook.domain.answer import QuotedAnswer
from casebook.domain.company import slugify
from casebook.domain.intake import StoredSubmission
from casebook.domain.prompt import Spending
from casebook.domain.run import Run, RunStatus, Stage
from casebook.domain.submission import Submission
from casebook.errors import PermanentError, RunCancelled, StorageFailed, TransientError
from casebook.extras import missing_of
from casebook.forgetting import Forgetting, FrontDoor
from casebook.observability.logs import DailyFile, Log, Meter
from casebook.observability.queued import QueuedLines
from casebook.observability.redaction import Redactor, secrets_in
from casebook.outputs import open_storage, place_of_command, place_of_worker
from casebook.ports import Analyst, DocumentReader, Library, Progress, Step, Storage, WorkQueue
from casebook.report.extra import ExtraFormat
from casebook.report.pdf import PdfFormat
from casebook.run_records import RunRecords
from casebook.service import Casebook, Finished
from casebook.settings import Settings
from casebook.workflow import Tools

_STDOUT = 1

if TYPE_CHECKING:  # the `serve` and `model` extras: not there for those who only run
    from casebook.backends.engines.durable.queue import DurableQueue
    from casebook.backends.engines.durable.step import Execution, Lease
    from casebook.backends.engines.durable.worker import DurableWorker
    from casebook.backends.journals.rows import RowJournal
    from casebook.backends.submission_stores.rows import RowStore
    from casebook.domain.estimate import Estimate

NOTICE_SECONDS = 20.0  # for which a command that ends waits for its notices to be sent


def build(  # noqa: PLR0913 - what a command brings along
    settings: Settings,
    *,
    progress: Progress,
    tell: tuple[str, ...] = (),
    log: Log | None = None,
    say: Callable[[str], None] | None = None,
    reader: DocumentReader | None = None,
) -> Casebook:
    """Wire Casebook as the settings say; `tell` are further addresses for notices, `reader` one that is ready.

    `say` tells people what they should know beside the progress.

    Raises StorageFailed when the outputs folder cannot be written, InvalidCatalogue for a bad catalogue,
    PermanentError when something that a setting asks for is missing.
    """
    place = place_of_command(settings)
    storage = place.storage
    records = RunRecords(storage)
    log = log or open_log(settings, "casebook")
    access = open_drive(settings)
    tools = Tools(
        storage=storage,
        reader=reader or SandboxedReader(workers=settings.workers or None),
        open_library=StoredLibrary,
        vector_store=open_vector_store(settings, storage, log),
        analyst=analyst(settings, progress=progress, say=say or log.info),
        drive=access.drive,
        shared_files=access.shared_files,
        delivery_folder=access.report_folder,
        clock=now,
        progress=progress,
        formats=report_formats(settings),
    )

    def engine(run: Run) -> Step:
        return PlainEngine(run, records=records, storage=storage, clock=now, progress=progress, log=log)

    return Casebook(
        tools=tools,
        records=records,
        log=log,
        engine=engine,
        lock=place.lock,
        version=__version__,
        notifier=open_notifier(settings, open_storage(settings), clock=now, log=log, always=tell),
        link=partial(link_to_run, settings),
        trace=open_tracer(log),
    )


def open_log(settings: Settings, service: str) -> Log:
    """Open a service's log of today. Raises StorageFailed."""
    return Log(_log_file(settings, service), redactor=_redactor(settings), service=service)


@contextmanager
def service_log(settings: Settings, service: str, *, meter: Meter | None = None) -> Iterator[Log]:
    """Lend the log of a process that serves: to its file and to stdout, neither of which can hold it up.

    Raises StorageFailed.
    """

    def dropped(number: int) -> str:
        lines: list[str] = []
        Log(lines.append, service=service).warning("log lines dropped: nobody took them", number=number)
        return lines[0]

    file = QueuedLines(_log_file(settings, service), told=dropped, name="log-file")
    stdout = QueuedLines(_to_stdout, told=dropped, name="log-stdout")

    def write(line: str) -> None:
        file(line)
        stdout(line)

    log = Log(write, redactor=_redactor(settings), meter=meter, service=service)
    for sentence in Settings.misnamed(os.environ):
        log.warning("a variable is no setting", detail=sentence)
    try:
        yield log
    finally:
        file.close()
        stdout.close(within=0.5)  # who does not read its output does not get the end of it


def _log_file(settings: Settings, service: str) -> DailyFile:
    folder = settings.outputs.absolute() / "logs"
    try:
        return DailyFile(folder, service, keep_days=settings.log.keep_days, now=now)
    except OSError as error:
        message = f"cannot write to {folder}: {error.strerror}: choose another folder with --outputs"
        raise StorageFailed(message) from error


def _to_stdout(line: str) -> None:
    """Write past Python's lock on stdout: with the pipe full, it would keep the process from ending."""
    data = memoryview(line.encode("utf-8", "backslashreplace"))
    while data:
        data = data[os.write(_STDOUT, data) :]


def _redactor(settings: Settings) -> Redactor:
    """Know the secrets that this process was given."""
    found: list[str] = []
    for setting in settings_of(Settings):
        if setting.secret:
            value = getattr(getattr(settings, setting.table) if setting.table else settings, setting.field)
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, bytes):
                    found.append(base64.b64encode(one).decode())
                elif isinstance(one, str) and value != setting.default:
                    found += [one, *secrets_in(one)]
    return Redactor(found)


def only_server(settings: Settings) -> AbstractContextManager[None]:
    """Hold the files against a second server; on PostgreSQL there may be many. Raises PermanentError."""
    return server_lock(settings.outputs.absolute()) if _is_sqlite(settings) else nullcontext()


def catalogue(settings: Settings) -> Catalogue:
    """Return the catalogue that the settings ask for."""
    if settings.catalogue is None:
        return built_in_catalogue()
    return load_catalogue(settings.catalogue, with_built_in=settings.catalogue_mode == "add")


def report_formats(settings: Settings) -> dict[str, ExtraFormat]:
    """Return the report formats asked for. Raises PermanentError when a package is missing for one."""
    if settings.fonts and not settings.fonts.is_dir():
        message = f"CASEBOOK_FONTS names a folder that is not there: {settings.fonts}"
        raise PermanentError(message)
    formats: dict[str, ExtraFormat] = {}
    for name in settings.formats:
        if missing_of(name):
            message = (
                f"the report format {name} needs the extra {name}: uv sync --extra {name}, or "
                f"pip install 'casebook[{name}]'"
            )
            raise PermanentError(message)
        if name == "pdf":
            formats[name] = PdfFormat(settings.fonts)
        else:
            from casebook.report.word import WordFormat  # noqa: PLC0415 - the `docx` extra

            formats[name] = WordFormat(settings.fonts)
    return formats


def analyst(settings: Settings, *, progress: Progress, say: Callable[[str], None]) -> Analyst:
    """Return the analyst: with a language model when the settings name one. Raises PermanentError."""
    patterns = catalogue(settings)
    for remark in patterns.remarks:
        say(remark)
    if not settings.model.model:
        return ExtractiveAnalyst(patterns, processes=settings.workers or None)
    from casebook.thinking import analyst_with_model  # noqa: PLC0415 - nothing of it without a model

    return analyst_with_model(settings, patterns, clock=now, progress=progress, say=say)


def estimate_model(settings: Settings, submission: Submission, library: Library) -> Estimate | None:
    """Say what the model will be asked and what that costs; None when no model is named. Raises PermanentError."""
    if not settings.model.model:
        return None
    from casebook.thinking import analyst_with_model  # noqa: PLC0415 - nothing of it without a model

    thinking = analyst_with_model(
        settings, catalogue(settings), clock=now, progress=lambda *_: None, say=lambda _: None
    )
    return thinking.estimate(submission, library)


def costs(settings: Settings, run_id: str) -> Mapping[str, Spending]:
    """Return what a run paid for a language model, by step; nothing when none was ever used here."""
    journal = kept_journal(settings)
    return journal.spent_by(run_id) if journal else {}


def open_forgetting(settings: Settings, log: Log, *, door: FrontDoor | None) -> Forgetting:
    """Return what deletes runs and companies. Raises PermanentError when a hosted vector store cannot be opened."""
    storage = open_storage(settings)
    return Forgetting(
        storage=storage,
        vectors=open_vector_store(settings, storage, log),
        forget_answers=partial(forget_answers, settings),
        hold=lambda slug: place_of_command(settings).lock(slug),  # one for each: a lease is of one company at a time
        door=door,
        clock=now,
        log=log,
    )


@contextmanager
def front_door(settings: Settings) -> Iterator[FrontDoor | None]:
    """Lend what is known of submitted runs; None where nothing was ever submitted. Raises as `open_store`."""
    if _is_sqlite(settings) and not (settings.outputs / "casebook.sqlite3").exists():
        yield None
        return
    with closing(open_store(settings)) as store, closing(open_queue(settings)) as work:
        yield FrontDoor(store=store, work=work, is_known=partial(is_known, settings, work, open_records(settings)))


def is_known(settings: Settings, work: WorkQueue, records: RunRecords, stored: StoredSubmission) -> bool:
    """Tell whether the queue has a run, or had it as long as it was told to; one that it lost is started again."""
    if work.state(stored.run_id):
        return True
    run = records.find_in(stored.company_slug, stored.run_id)
    if run and run.status in {RunStatus.DONE, RunStatus.FAILED, RunStatus.CANCELLED}:
        return True
    # The queue may have forgotten a run that was cancelled before it began, but not earlier than it is told to.
    age = now() - datetime.fromisoformat(stored.received_at)
    return 0 < settings.engine.keep_queue_days <= age.days


def forget_answers(settings: Settings, company_slug: str, run_ids: Sequence[str] | None = None) -> None:
    """Forget what a language model answered about a company, in these runs if they are named; not what it cost.

    The answers to questions go with those of any run: they may quote what goes with it.
    """
    journal = kept_journal(settings)
    if journal:
        with closing(journal):
            journal.forget(company_slug, [*run_ids, f"ask {company_slug}"] if run_ids is not None else None)


def kept_journal(settings: Settings) -> RowJournal | None:
    """Open the journal of a language model's answers; None when none was ever used here.

    In PostgreSQL it is shared: another process may use a model although this one does not.
    """
    if _is_sqlite(settings) and not (settings.outputs / "journal.sqlite3").exists():
        return None
    from casebook.thinking import open_journal  # noqa: PLC0415 - nothing of it without a model

    return open_journal(settings)


def answer(settings: Settings, company: str, question: str, *, most: int) -> QuotedAnswer:
    """Answer a question with a company's documents: written by the model that the settings name, or quotes alone.

    Raises PermanentError when the company has no run or the model cannot be asked.
    """
    slug = slug_of(settings, company)
    evidence = _evidence_of(settings, slug)
    if not settings.model.model:
        return evidence.ask(question, most)
    from casebook.thinking import write_answer  # noqa: PLC0415 - nothing of it without a model

    return write_answer(
        question, evidence, company=company, slug=slug, settings=settings, catalogue=catalogue(settings), clock=now
    )


def slug_of(settings: Settings, company: str) -> str:
    """Return a company's folder, by its name or by the folder's own."""
    return company if open_records(settings).of_company(company) else slugify(company)


def company_evidence(settings: Settings, company: str) -> CompanyEvidence:
    """Open the documents of a company, by its name or its folder's. Raises PermanentError when it has no run."""
    return _evidence_of(settings, slug_of(settings, company))


def _evidence_of(settings: Settings, slug: str) -> CompanyEvidence:
    storage = open_storage(settings)
    records = RunRecords(storage)
    store = open_vector_store(settings, storage, open_log(settings, "casebook"))
    return open_evidence(slug, storage, records, store=store, library=StoredLibrary)


def open_records(settings: Settings) -> RunRecords:
    """Return the run records, for commands that only look."""
    return RunRecords(open_storage(settings))


def open_store(settings: Settings, *, under_way: Callable[[], int] = lambda: 0) -> RowStore:
    """Open the store of submissions, made when it is not there. Raises StorageFailed or TransientError.

    `under_way` tells how many quick requests are being answered.
    """
    from casebook.backends.submission_stores.postgres import PostgresDatabase  # noqa: PLC0415 - the `serve` extra
    from casebook.backends.submission_stores.rows import SCHEMA, RowStore  # noqa: PLC0415
    from casebook.backends.submission_stores.sqlite import SqliteDatabase  # noqa: PLC0415

    database = (
        SqliteDatabase(settings.outputs.absolute() / "casebook.sqlite3", SCHEMA)
        if _is_sqlite(settings)
        else PostgresDatabase(settings.engine.database, SCHEMA)
    )
    return RowStore(database, taken=partial(_is_taken, open_storage(settings)), under_way=under_way)


def open_queue(settings: Settings) -> DurableQueue:
    """Open the queue, made when it is not there. Raises StorageFailed or TransientError."""
    from casebook.backends.engines.durable.database import prepare  # noqa: PLC0415
    from casebook.backends.engines.durable.queue import DurableQueue  # noqa: PLC0415

    url = _queue_url(settings)
    prepare(url, _lease(settings))
    records = open_records(settings)
    return DurableQueue(url, max_waiting=settings.engine.max_waiting, forget=partial(_forget, records))


def start_worker(settings: Settings, store: RowStore, *, progress: Progress, log: Log | None = None) -> DurableWorker:
    """Start taking runs from the queue in this process.

    Raises PermanentError when another worker has the SQLite files, TransientError when there is no database.
    """
    from casebook.backends.engines.durable.database import prepare  # noqa: PLC0415
    from casebook.backends.engines.durable.worker import DurableWorker, Limits  # noqa: PLC0415
    from casebook.backends.inboxes.uploads import UploadsInbox  # noqa: PLC0415

    casebook = build(settings, progress=progress, log=log)
    storage, log = open_storage(settings), casebook.log

    launcher = open_launcher(settings)
    queue = open_queue(settings) if launcher else None

    def execute(execution: Execution) -> None:
        stored = _stored(store, execution.run_id)
        if launcher is not None:
            launching.carry_out(
                stored.run_id,
                stored.company_slug,
                launching.Watch(
                    launcher=launcher,
                    storage=storage,
                    find_run=partial(RunRecords(storage).find_in, stored.company_slug, stored.run_id),
                    is_cancelled=lambda: _is_cancelled(queue, execution),
                    wait=execution.wait,
                ),
            )
            return
        place = place_of_worker(settings, execution.check)
        fenced = place.storage
        records = RunRecords(fenced)

        def engine(run: Run) -> Step:
            kept = PlainEngine(
                run, records=records, storage=fenced, clock=now, progress=progress, log=log, sleep=execution.wait
            )
            return execution.durable(kept)

        replace(
            casebook,
            tools=replace(casebook.tools, storage=fenced, vector_store=open_vector_store(settings, fenced, log)),
            records=records,
            engine=engine,
            lock=place.lock,
        ).run_stored(
            stored.run_id,
            replace(stored.submission, folder=stored.company_slug),
            UploadsInbox(storage, stored),
            received_at=stored.received_at,
        )

    url, lease = _queue_url(settings), _lease(settings)
    prepare(url, lease)
    worker = DurableWorker(
        url,
        execute=execute,
        settle=partial(_settle, RunRecords(storage)),
        lease=lease,
        limits=Limits(
            at_once=settings.engine.runs_at_once,
            per_hour=settings.engine.runs_per_hour,
            keep_days=settings.engine.keep_queue_days,
        ),
        log=log,
    )
    if isinstance(casebook.notifier, NoticeOutbox):
        casebook.notifier.pick_up()  # what a process that died left
    worker.start()
    return worker


def run_job(settings: Settings, run_id: str, *, progress: Progress) -> Finished:
    """Work on one submitted run in this process, as a launched job does: it goes on where an earlier try stopped.

    Raises PermanentError when there is no such run, and what a run raises.
    """
    from casebook.backends.inboxes.uploads import UploadsInbox  # noqa: PLC0415 - the `serve` extra

    store = open_store(settings)
    try:
        stored = _stored(store, run_id)
    finally:
        store.close()
    casebook = build(settings, progress=progress)
    submission = replace(stored.submission, folder=stored.company_slug)
    inbox = UploadsInbox(open_storage(settings), stored)
    try:
        return casebook.run_stored(run_id, submission, inbox, received_at=stored.received_at)
    finally:
        close_notifier(casebook)


def close_notifier(casebook: Casebook) -> None:
    """Let what is to be told be sent before this process ends; the next one sends what is left."""
    if isinstance(casebook.notifier, NoticeOutbox):
        casebook.notifier.close(NOTICE_SECONDS)


def _is_cancelled(queue: DurableQueue | None, execution: Execution) -> bool:
    """Ask the queue, from outside the workflow: what a workflow asks becomes a step of it."""
    execution.before_step()
    execution.check()
    return queue is not None and queue.state(execution.run_id) is RunStatus.CANCELLED


def _stored(store: RowStore, run_id: str) -> StoredSubmission:
    stored = store.find(run_id)
    if stored is None:
        message = "the submission of this run was deleted, or never was there"
        raise PermanentError(message)
    return stored


def _is_sqlite(settings: Settings) -> bool:
    return settings.engine.database == "sqlite"


def _is_taken(storage: Storage, slug: str) -> bool:
    """Tell whether there is a folder of that name. Raises TransientError."""
    try:
        return next(storage.entries(slug), None) is not None
    except StorageFailed as error:  # of a look, which no disk can have lost
        raise TransientError(str(error), retry_after=5) from error


def _queue_url(settings: Settings) -> str:
    from casebook.backends.engines.durable.database import sqlite_url  # noqa: PLC0415

    # A file of its own: whoever submits must not wait for a worker's notes.
    return sqlite_url(settings.outputs / "queue.sqlite3") if _is_sqlite(settings) else settings.engine.database


def _lease(settings: Settings) -> Lease:
    from casebook.backends.leases import FileLease, PostgresLease  # noqa: PLC0415

    if _is_sqlite(settings):
        return FileLease(settings.outputs.absolute() / "worker.lock")
    owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    return PostgresLease(settings.engine.database, owner, seconds=settings.engine.lease_seconds)


def _forget(records: RunRecords, company_slug: str, run_id: str, stage: Stage) -> None:
    """Forget what a run's steps returned from `stage` on."""
    run = records.find_in(company_slug, run_id)
    if run is not None:
        later = list(Stage)[list(Stage).index(stage) :]
        records.write(replace(run, steps=tuple(step for step in run.steps if step.stage not in later)))


def _settle(records: RunRecords, company_slug: str, run_id: str, status: RunStatus) -> None:
    """Write down the end of a run whose worker could not."""
    run = records.find_in(company_slug, run_id)
    if run is None or run.status in {RunStatus.DONE, RunStatus.FAILED, status}:
        return
    error = str(RunCancelled())
    if status is RunStatus.FAILED:
        error = "every worker that took the run died of it: take out the files one by one to find which one does it"
    records.write(replace(run, status=status, error=error, finished_at=now().isoformat(timespec="seconds")))


def now() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)
