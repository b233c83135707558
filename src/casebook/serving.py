"""One process that takes submissions and, unless workers run elsewhere, works on them: what `casebook serve` starts."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

from msgspec.structs import replace

from casebook import __version__
from casebook.bootstrap import (
    catalogue,
    is_known,
    kept_journal,
    now,
    only_server,
    open_forgetting,
    open_queue,
    open_records,
    open_store,
    service_log,
    start_worker,
)
from casebook.connections import check_bind
from casebook.domain.api_key import check_key_name
from casebook.domain.network import is_loopback
from casebook.domain.prompt import Spending
from casebook.domain.region import parse_regions
from casebook.domain.run import Stage
from casebook.errors import CasebookError, PermanentError, StorageFailed
from casebook.forgetting import Forgetting, FrontDoor, Rule
from casebook.observability.logs import Log, forward
from casebook.outputs import kept_once
from casebook.ports import Journal
from casebook.settings import DoorSettings, Settings
from casebook.web.app import application
from casebook.web.guard import Guard
from casebook.web.intake import ReceivedFolder
from casebook.web.limits import Limits
from casebook.web.metrics import Metrics
from casebook.web.pages.site import Site
from casebook.web.parts import Parts, UnderWay
from casebook.web.regions import Routing
from casebook.web.remembering import RememberedRuns
from casebook.web.server import listen, make_server
from casebook.web.sweeper import Outbox, Sweeper

_MIB = 1024 * 1024
_STOP_SECONDS = 20.0  # for a worker to come to the end of a step, and for a company to be forgotten
_EXPIRE_SECONDS = 3600.0


@contextmanager
def open_server(settings: Settings, *, workers_elsewhere: bool = False) -> Iterator[tuple[str, Callable[[], bool]]]:
    """Lend the address and what to call to serve there until a signal comes; False when the disk has failed.

    Raises PermanentError, StorageFailed or TransientError when it cannot start, with the reason.
    """
    door = settings.door
    check_bind(door)
    catalogue(settings)  # a bad one is told now, not by the first run
    routing = _routing(door)
    with ExitStack() as stack:
        stack.enter_context(only_server(settings))
        listening = stack.enter_context(_listen(door))
        address = _address(listening, door.host)
        figures = Metrics()
        log = stack.enter_context(service_log(settings, "serve", meter=figures.measure))
        forward("uvicorn", log)
        under_way = UnderWay()
        store = open_store(settings, under_way=under_way)
        stack.callback(store.close)
        work = open_queue(settings)
        stack.callback(work.close)
        own_folder = settings.outputs.absolute()
        received = ReceivedFolder(own_folder)
        stack.callback(received.close)
        if not workers_elsewhere:
            worker = start_worker(settings, store, progress=_no_progress, log=log)
            stack.callback(worker.stop, within=_STOP_SECONDS)
        outbox = Outbox(store, work, log, priorities=door.priorities)
        stack.callback(outbox.close)
        records = open_records(settings)

        known = partial(is_known, settings, work, records)
        remote = bool(settings.outputs_url)
        sweeper = Sweeper(store, records.storage, received, log, outbox=outbox, is_known=known, remote=remote)
        stack.callback(sweeper.close)
        forgetting = open_forgetting(settings, log, door=FrontDoor(store=store, work=work, is_known=known))
        if settings.keep.runs_days:
            stack.enter_context(_expiring(forgetting, Rule(settings.keep.runs_days, settings.keep.latest_run), log))
        master = _master(door.master_key, settings)
        limits = _limits(settings)
        broken: list[bool] = []

        def stop() -> None:
            broken.append(True)
            server.should_exit = True

        parts = Parts(
            store=store,
            work=work,
            find_run=RememberedRuns(records.find_in) if remote else records.find_in,
            received=received,
            outbox=outbox,
            sweeper=sweeper,
            guard=Guard(
                master=master,
                keys=door.keys,
                webhook_secrets=door.webhook_secrets,
                strangers=door.strangers,
                hosts=_hosts(door),
                origins=door.origins,
                rate=door.rate,
                rate_storage=door.rate_storage,
                log=log,
            ),
            limits=limits,
            metrics=figures,
            log=log,
            clock=now,
            storage=records.storage,
            own_folder=own_folder,
            remote=remote,
            master=master,
            version=__version__,
            success_status=door.success_status,
            forget=forgetting.company,
            store_alive=lambda: store.alive,
            stop=stop,
            under_way=under_way,
            routing=routing,
        )
        site = Site(parts, embedders=door.embedders, spent=_Spent(settings))
        stack.callback(site.close)
        server = make_server(application(replace(parts, pages=site)), limits, trusted_proxies=door.proxies)

        def serve() -> bool:
            log.info("serving", address=address)
            with suppress(KeyboardInterrupt):  # the signal that ended it, told once more by the server
                server.run(sockets=[listening])
            return not broken

        yield address, serve


def new_key(name: str) -> tuple[str, str]:
    """Return a new key, and what CASEBOOK_API_KEYS keeps of it. Raises PermanentError for a bad name."""
    check_key_name(name)
    key = f"cbk_{secrets.token_urlsafe(32)}"
    return key, f"{name}:{hashlib.sha256(key.encode()).hexdigest()}"


@contextmanager
def _expiring(forgetting: Forgetting, rule: Rule, log: Log) -> Iterator[None]:
    """Delete what goes by the rule now and each hour, in a thread of its own."""
    ending = threading.Event()

    def expire() -> None:
        while not ending.is_set():
            try:
                for _ in forgetting.expire(rule):
                    if ending.is_set():
                        return
            except CasebookError as error:
                log.warning("runs not forgotten, trying again", error=str(error))
            ending.wait(_EXPIRE_SECONDS)

    thread = threading.Thread(target=expire, name="forgetting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join(_STOP_SECONDS)


class _Spent:
    """What language models cost a run so far; the journal is opened once there is one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._journal: Journal | None = None

    def __call__(self, company_slug: str, run_id: str) -> float | None:  # noqa: ARG002 - runs have names of their own
        with suppress(CasebookError):  # a page without its cost is better than no page
            self._journal = self._journal or kept_journal(self._settings)
            spent = sum(self._journal.spent_by(run_id).values(), Spending()) if self._journal else Spending()
            return spent.cost if spent.calls else None
        return None


def _no_progress(stage: Stage, done: int, total: int, detail: str = "") -> None:
    """Show nothing: a run's record tells how far it is."""


@contextmanager
def _listen(door: DoorSettings) -> Iterator[socket.socket]:
    try:
        listening = listen(door.host, door.port)
    except OSError as error:
        message = f"cannot listen on {door.host} port {door.port}: {error.strerror}: choose another --port"
        raise PermanentError(message) from error
    with listening:
        yield listening


def _address(listening: socket.socket, host: str) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listening.getsockname()[1]}"


def _hosts(door: DoorSettings) -> tuple[str, ...]:
    """Return the names to answer for; on loopback a web page could otherwise point its own name here."""
    if door.hosts or not is_loopback(door.host):
        return door.hosts
    return ("localhost", "127.0.0.1", "[::1]", door.host)


def _master(given: str, settings: Settings) -> bytes:
    """Return the key of which access tokens are made, new and kept at the first start. Raises StorageFailed."""
    if given:
        return given.encode()
    if settings.outputs_url:  # all servers on one bucket give the same tokens
        return kept_once(settings, ".master_key", secrets.token_hex(32).encode())
    outputs = settings.outputs.absolute()
    path = outputs / ".master_key"
    try:
        with suppress(FileExistsError):
            temporary = outputs / f".master_key-{secrets.token_hex(4)}"
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(temporary, path)  # unlike a rename it leaves the key of a server that was faster
            finally:
                temporary.unlink()
        return path.read_text("ascii").encode()
    except OSError as error:
        message = f"cannot keep a key in {path}: {error.strerror}"
        raise StorageFailed(message) from error


def _routing(door: DoorSettings) -> Routing:
    """Read the regions. Raises PermanentError when they cannot be followed."""
    if door.regions is None:
        if door.region:
            message = (
                "CASEBOOK_REGION says which region this is: CASEBOOK_REGIONS names the file that says where all are"
            )
            raise PermanentError(message)
        return Routing()
    try:
        text = door.regions.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"CASEBOOK_REGIONS: {door.regions} cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}"
        raise PermanentError(message) from error
    return Routing(parse_regions(text, door.region), check_seconds=door.region_check_seconds)


def _limits(settings: Settings) -> Limits:
    door = settings.door
    return Limits(
        request_bytes=door.max_request_mb * _MIB,
        file_bytes=door.max_file_mb * _MIB,
        files=door.max_files,
        free_bytes=door.min_free_mb * _MIB,
        backlog=settings.engine.max_waiting,
    )
