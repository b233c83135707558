"""One process that takes submissions and, unless workers run elsewhere, works on them: what `casebook serve` starts."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from casebook import __version__
from casebook.bootstrap import catalogue, now, only_server, open_log, open_queue, open_records, open_store, start_worker
from casebook.domain.intake import StoredSubmission
from casebook.domain.run import Stage
from casebook.errors import CasebookError, PermanentError, StorageFailed
from casebook.outputs import kept_once
from casebook.settings import Settings
from casebook.web.app import application
from casebook.web.guard import Guard, parse_webhook_secrets
from casebook.web.intake import ReceivedFolder
from casebook.web.limits import Limits
from casebook.web.pages.site import Site
from casebook.web.parts import Parts
from casebook.web.server import listen, make_server
from casebook.web.sweeper import Outbox, Sweeper

DEFAULT_PORT = 8000
_MIB = 1024 * 1024
_RESERVED = {"local", "anonymous", "webhook", "failed"}  # principals that are not keys
_KEY_NAME = re.compile(r"[a-z0-9-]{1,40}")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_KEY_DIGEST = re.compile(r"[0-9a-f]{64}")
_MIN_MASTER_CHARACTERS = 32
_STOP_SECONDS = 20.0  # for a worker to come to the end of a step


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSettings:
    """What the front door of a deployment may choose."""

    host: str = "127.0.0.1"  # CASEBOOK_HOST
    port: int = DEFAULT_PORT  # CASEBOOK_PORT
    strangers: bool = False  # CASEBOOK_ALLOW_ANONYMOUS: anyone who reaches the address may send
    keys: Mapping[str, str]  # CASEBOOK_API_KEYS: name:sha256, separated by commas
    webhook_secrets: tuple[bytes, ...] = ()  # OPENAI_WEBHOOK_SECRET: one, or the old and the new one
    master_key: str = ""  # CASEBOOK_MASTER_KEY: access tokens are made of it; else a file in the outputs folder
    embedders: tuple[str, ...] = ()  # CASEBOOK_EMBED_ORIGINS: sites that may show the form at /embed in a frame
    origins: tuple[str, ...] = ()  # CASEBOOK_CORS_ORIGINS: web pages that may use this server
    hosts: tuple[str, ...] = ()  # CASEBOOK_ALLOWED_HOSTS: names that this server answers for
    proxies: tuple[str, ...] = ()  # CASEBOOK_TRUSTED_PROXIES: addresses whose X-Forwarded-For is believed
    rate: str = "60/minute"  # CASEBOOK_RATE_LIMIT: of submissions of a principal, or of a stranger's address
    rate_storage: str = "memory://"  # CASEBOOK_RATE_STORAGE: redis://… when there are several servers
    success_status: int = 202  # CASEBOOK_SUCCESS_STATUS: 200 for senders that test for it
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> DoorSettings:
        """Read the settings. Raises PermanentError, naming the variable and what it takes, never its value."""
        success_status = environment.get("CASEBOOK_SUCCESS_STATUS") or "202"
        if success_status not in {"200", "202"}:
            message = "CASEBOOK_SUCCESS_STATUS is 200 or 202"
            raise PermanentError(message)
        strangers = environment.get("CASEBOOK_ALLOW_ANONYMOUS") or "0"
        if strangers not in {"0", "1"}:
            message = "CASEBOOK_ALLOW_ANONYMOUS is 0 or 1"
            raise PermanentError(message)
        master_key = environment.get("CASEBOOK_MASTER_KEY") or ""
        if master_key and len(master_key) < _MIN_MASTER_CHARACTERS:
            message = f"CASEBOOK_MASTER_KEY has {_MIN_MASTER_CHARACTERS} characters or more"
            raise PermanentError(message)
        secret = environment.get("OPENAI_WEBHOOK_SECRET") or ""
        return cls(
            host=environment.get("CASEBOOK_HOST") or "127.0.0.1",
            port=_number(environment, "CASEBOOK_PORT", DEFAULT_PORT, most=65535),
            strangers=strangers == "1",
            keys=_keys(environment.get("CASEBOOK_API_KEYS") or ""),
            webhook_secrets=_webhook_secrets(secret) if secret else (),
            master_key=master_key,
            embedders=_origins(environment, "CASEBOOK_EMBED_ORIGINS"),
            origins=_list(environment, "CASEBOOK_CORS_ORIGINS"),
            hosts=_list(environment, "CASEBOOK_ALLOWED_HOSTS"),
            proxies=_list(environment, "CASEBOOK_TRUSTED_PROXIES"),
            rate=environment.get("CASEBOOK_RATE_LIMIT") or "60/minute",
            rate_storage=environment.get("CASEBOOK_RATE_STORAGE") or "memory://",
            success_status=int(success_status),
            limits=_limits(environment),
        )

    def check_bind(self) -> None:
        """Refuse to listen to a network without knowing who sends. Raises PermanentError."""
        if not (is_loopback(self.host) or self.keys or self.webhook_secrets or self.strangers):
            message = (
                f"{self.host} can be reached from other machines: set CASEBOOK_API_KEYS or OPENAI_WEBHOOK_SECRET, "
                "or allow everyone with --allow-anonymous"
            )
            raise PermanentError(message)


@contextmanager
def open_server(
    settings: Settings, door: DoorSettings, *, workers_elsewhere: bool = False
) -> Iterator[tuple[str, Callable[[], bool]]]:
    """Lend the address and what to call to serve there until a signal comes; False when the disk has failed.

    Raises PermanentError, StorageFailed or TransientError when it cannot start, with the reason.
    """
    door.check_bind()
    catalogue(settings)  # a bad one is told now, not by the first run
    with ExitStack() as stack:
        stack.enter_context(only_server(settings))
        listening = stack.enter_context(_listen(door))
        address = _address(listening, door.host)
        log = open_log(settings, "serve")
        store = open_store(settings)
        stack.callback(store.close)
        work = open_queue(settings)
        stack.callback(work.close)
        own_folder = settings.outputs.absolute()
        received = ReceivedFolder(own_folder)
        stack.callback(received.close)
        if not workers_elsewhere:
            worker = start_worker(settings, store, progress=_no_progress)
            stack.callback(worker.stop, within=_STOP_SECONDS)
        outbox = Outbox(store, work, log)
        stack.callback(outbox.close)
        records = open_records(settings)

        def is_known(stored: StoredSubmission) -> bool:
            if records.find_in(stored.company_slug, stored.run_id) or work.state(stored.run_id):
                return True
            # The queue may have forgotten a run that was cancelled before it began, but not earlier than it is told to.
            age = now() - datetime.fromisoformat(stored.received_at)
            return 0 < settings.keep_queue_days <= age.days

        remote = bool(settings.outputs_url)
        sweeper = Sweeper(store, records.storage, received, log, outbox=outbox, is_known=is_known, remote=remote)
        stack.callback(sweeper.close)
        master = _master(door.master_key, settings)
        broken: list[bool] = []

        def stop() -> None:
            broken.append(True)
            server.should_exit = True

        parts = Parts(
            store=store,
            work=work,
            find_run=records.find_in,
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
            ),
            limits=door.limits,
            log=log,
            clock=now,
            storage=records.storage,
            own_folder=own_folder,
            remote=remote,
            master=master,
            version=__version__,
            success_status=door.success_status,
            store_alive=lambda: store.alive,
            stop=stop,
        )
        site = Site(parts, storage=records.storage, embedders=door.embedders)
        stack.callback(site.close)
        server = make_server(application(replace(parts, pages=site)), door.limits, trusted_proxies=door.proxies)

        def serve() -> bool:
            log.info("serving", address=address)
            with suppress(KeyboardInterrupt):  # the signal that ended it, told once more by the server
                server.run(sockets=[listening])
            return not broken

        yield address, serve


def new_key(name: str) -> tuple[str, str]:
    """Return a new key, and what CASEBOOK_API_KEYS keeps of it. Raises PermanentError for a bad name."""
    if not _KEY_NAME.fullmatch(name) or name in _RESERVED:
        message = "a key's name is 1 to 40 of a-z, 0-9 and '-', and not a reserved one"
        raise PermanentError(message)
    key = f"cbk_{secrets.token_urlsafe(32)}"
    return key, f"{name}:{hashlib.sha256(key.encode()).hexdigest()}"


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches `host`."""
    if host == "localhost":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


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


def _keys(text: str) -> Mapping[str, str]:
    """Read ``name:sha256`` pairs into digest -> name."""
    keys: dict[str, str] = {}
    for entry in filter(None, re.split(r"[\s,]+", text)):
        name, _, digest = entry.partition(":")
        if not _KEY_NAME.fullmatch(name) or not _KEY_DIGEST.fullmatch(digest):
            message = "CASEBOOK_API_KEYS is a list of name:sha256, separated by commas: make one with casebook key NAME"
            raise PermanentError(message)
        if name in _RESERVED:
            message = "CASEBOOK_API_KEYS holds a reserved name"
            raise PermanentError(message)
        keys[digest] = name
    return keys


def _webhook_secrets(text: str) -> tuple[bytes, ...]:
    try:
        return parse_webhook_secrets(text)
    except CasebookError as error:
        message = f"OPENAI_WEBHOOK_SECRET: {error}"
        raise PermanentError(message) from error


def _limits(environment: Mapping[str, str]) -> Limits:
    plain = Limits()
    return Limits(
        request_bytes=_number(environment, "CASEBOOK_MAX_REQUEST_MB", plain.request_bytes // _MIB) * _MIB,
        file_bytes=_number(environment, "CASEBOOK_MAX_FILE_MB", plain.file_bytes // _MIB) * _MIB,
        files=_number(environment, "CASEBOOK_MAX_FILES", plain.files),
        free_bytes=_number(environment, "CASEBOOK_MIN_FREE_MB", plain.free_bytes // _MIB) * _MIB,
        backlog=_number(environment, "CASEBOOK_MAX_WAITING", plain.backlog),
    )


def _number(environment: Mapping[str, str], name: str, default: int, *, most: int = 1_000_000) -> int:
    value = environment.get(name) or str(default)
    if not (value.isascii() and value.isdigit()) or int(value) > most:
        message = f"{name} is a whole number up to {most}"
        raise PermanentError(message)
    return int(value)


def _origins(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Read origins strictly: they become part of a header."""
    found = _list(environment, name)
    if not all(_ORIGIN.fullmatch(origin) for origin in found):
        message = f"{name} is a list of origins such as https://www.example.org, separated by commas"
        raise PermanentError(message)
    return found


def _list(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(filter(None, re.split(r"[\s,]+", environment.get(name) or "")))
