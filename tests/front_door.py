"""A real front door in a thread, on loopback, and the smallest client for it."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from casebook.backends.storages.local import LocalStorage
from casebook.backends.submission_stores.rows import SCHEMA, RowStore
from casebook.backends.submission_stores.sqlite import SqliteDatabase
from casebook.backends.vector_stores.embedded import EmbeddedVectorStore
from casebook.bootstrap import now
from casebook.domain.intake import StoredSubmission
from casebook.forgetting import Forgetting, FrontDoor
from casebook.observability.logs import Log
from casebook.ports import SubmissionStore, WorkQueue
from casebook.run_records import RunRecords
from casebook.web.app import application
from casebook.web.guard import Guard
from casebook.web.intake import ReceivedFolder
from casebook.web.limits import Limits
from casebook.web.pages.site import Site
from casebook.web.parts import Pages, Parts
from casebook.web.regions import Routing
from casebook.web.server import listen, make_server
from casebook.web.sweeper import Outbox, Sweeper
from tests.fakes import FakeWorkQueue

MASTER = b"m" * 32


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Door:
    """The door under test: its address, its parts, and what it logged."""

    port: int
    outputs: Path
    store: SubmissionStore
    work: FakeWorkQueue
    sweeper: Sweeper
    logged: list[str] = field(default_factory=list)
    stopped: list[bool] = field(default_factory=list)

    def ask(self, method: str, path: str, body: bytes | Iterator[bytes] | None = None, /, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named, encode_chunked=not isinstance(body, bytes | None))
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def post(self, fields: object, /, **headers: str) -> Answer:
        return self.ask("POST", "/", json.dumps(fields).encode(), **{"Content_Type": "application/json", **headers})

    def post_form(self, *parts: bytes, **headers: str) -> Answer:
        return self.ask("POST", "/", form(*parts), **{"Content_Type": FORM, **headers})

    def raw(self, data: bytes, *, shut: bool = False) -> bytes:
        """Send bytes as they are, return all that comes back until the connection is closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(data)
            if shut:
                connection.shutdown(socket.SHUT_WR)
            received = b""
            while piece := connection.recv(65536):
                received += piece
            return received

    def rows(self) -> list[str]:
        return [stored.run_id for stored in self.store.after(0, 1000)]

    def received(self) -> list[str]:
        return sorted(path.name for path in (self.outputs / "_received").iterdir())


def trickled(connection: socket.socket, piece: bytes, *, every: float, times: int) -> bytes:
    """Send a piece again and again until something comes back; return what came, nothing when nothing did."""
    connection.settimeout(every)
    for _ in range(times):
        connection.sendall(piece)
        try:
            return connection.recv(1000)
        except TimeoutError:
            continue
    return b""


FORM = "multipart/form-data; boundary=XX"


def form(*parts: bytes) -> bytes:
    return b"".join(b"--XX\r\n" + part + b"\r\n" for part in parts) + b"--XX--\r\n"


def text_part(name: str, value: str) -> bytes:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()


def file_part(filename: str, data: bytes, name: str = "files") -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
    return head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + data


@contextmanager
def open_door(  # noqa: PLR0913 - what a test may choose
    outputs: Path,
    *,
    guard: Guard | None = None,
    limits: Limits | None = None,
    work: FakeWorkQueue | None = None,
    wrap_store: Callable[[SubmissionStore], SubmissionStore] = lambda store: store,
    success_status: int = 202,
    routing: Routing | None = None,
    pages: Pages | None = None,
    embedders: Sequence[str] | None = None,
    priorities: Mapping[str, int] | None = None,
    forget_answers: Callable[[str, Sequence[str] | None], None] = lambda *_: None,
    hold: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext(),
    proxies: Sequence[str] = (),
) -> Iterator[Door]:
    limits = limits or Limits(free_bytes=0)
    kept = RowStore(SqliteDatabase(outputs / "casebook.sqlite3", SCHEMA), taken=lambda slug: (outputs / slug).exists())
    store = wrap_store(kept)
    storage = LocalStorage(outputs)
    logged: list[str] = []
    stopped: list[bool] = []
    log = Log(logged.append, service="serve")
    queue: WorkQueue = work or FakeWorkQueue()
    received = ReceivedFolder(outputs)

    def is_known(stored: StoredSubmission) -> bool:
        return queue.state(stored.run_id) is not None

    outbox = Outbox(store, queue, log, priorities=priorities, again_after=0.2)
    sweeper = Sweeper(
        store,
        storage,
        received,
        log,
        outbox=outbox,
        is_known=is_known,
    )
    parts = Parts(
        store=store,
        work=queue,
        find_run=RunRecords(storage).find_in,
        received=received,
        outbox=outbox,
        sweeper=sweeper,
        guard=guard or Guard(master=MASTER),
        limits=limits,
        log=log,
        clock=now,
        storage=storage,
        own_folder=outputs,
        master=MASTER,
        version="0",
        success_status=success_status,
        stop=lambda: stopped.append(True),
        forget=Forgetting(
            storage=storage,
            vectors=EmbeddedVectorStore(storage),
            forget_answers=forget_answers,
            hold=hold,
            door=FrontDoor(store=store, work=queue, is_known=is_known),
            clock=now,
            log=log,
        ).company,
        pages=pages,
        routing=routing or Routing(),
    )
    site = Site(parts, embedders=embedders or ())
    if embedders is not None:  # the pages themselves, not a test's own
        parts = replace(parts, pages=site)
    server = make_server(application(parts), limits, trusted_proxies=proxies)
    listening = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        fake = queue if isinstance(queue, FakeWorkQueue) else FakeWorkQueue()
        yield Door(listening.getsockname()[1], outputs, store, fake, sweeper, logged, stopped)
    finally:
        parts.draining.set()
        server.should_exit = True
        thread.join(timeout=30)
        listening.close()
        site.close()
        outbox.close()
        sweeper.close()
        received.close()
        kept.close()
