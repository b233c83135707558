"""What the front door costs beside its store: ``uv run python -m benchmarks.intake``.

Starts real servers on loopback and, side by side, the same store, queue and files without HTTP. Prints flushes for each
submission, processor time, throughput of uploads, memory and disk writes of a very large upload, waiting times at half
the greatest rate, and what becomes of clients that are slow on purpose. Needs gcc (to count flushes) and Linux.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks.doors import (
    BOUNDARY,
    FORM,
    JSON,
    Client,
    Door,
    Flushes,
    Process,
    allow_many_sockets,
    build_counter,
    clients,
    form_body,
    in_parallel,
    json_body,
    open_sockets,
    start_door,
)
from casebook.bootstrap import now, open_log, open_queue, open_records, open_store
from casebook.domain.intake import NewSubmission, submission_digest
from casebook.settings import EngineSettings, Settings
from casebook.web.intake import Received, ReceivedFolder, parse_fields, parse_json, read_form
from casebook.web.limits import Limits
from casebook.web.sweeper import Outbox, Sweeper

MIB = 1024 * 1024
ROUNDS = 5
FLUSH_GOALS = {1: 1.2, 8: 0.45, 32: 0.2}
RATE_LIMIT = {"CASEBOOK_RATE_LIMIT": "1000000/second", "CASEBOOK_MAX_WAITING": "1000000"}


class StoreAlone:
    """Everything behind the front door, without HTTP."""

    def __init__(self, outputs: Path) -> None:
        """Open the store, the queue and what follows a submission, as the server does."""
        outputs.mkdir(parents=True, exist_ok=True)
        settings = Settings(outputs=outputs, engine=EngineSettings(max_waiting=1_000_000))
        log = open_log(settings, "store")
        self._stack = ExitStack()
        self._store = open_store(settings)
        self._stack.callback(self._store.close)
        work = open_queue(settings)
        self._stack.callback(work.close)
        self._received = ReceivedFolder(outputs)
        self._outbox = Outbox(self._store, work, log)
        self._stack.callback(self._outbox.close)
        storage = open_records(settings).storage
        self._sweeper = Sweeper(self._store, storage, self._received, log, outbox=self._outbox, is_known=lambda _: True)
        self._stack.callback(self._sweeper.close)

    def keep(self, body: bytes, kind: str) -> None:
        """Keep a submission and hand it over."""
        run_id = f"{now():%Y%m%d_%H%M%S}-{secrets.token_hex(8)}"
        received = Received()
        if kind == JSON:
            received.fields.update(parse_json(body))
        else:
            form = read_form(
                _whole(body), BOUNDARY, received, run_id=run_id, folder=self._received, limits=Limits(free_bytes=0)
            )
            asyncio.run(form)
        submission = parse_fields(received.fields)
        files = tuple(received.files)
        new = NewSubmission(
            run_id=run_id,
            principal="local",
            body_sha256=submission_digest(submission, files),
            submission=submission,
            files=files,
            key=f"key-{secrets.token_hex(12)}",
            received_at=now().isoformat(timespec="seconds"),
        )
        receipt = self._store.save(new).result()
        self._sweeper.project(receipt.run_id)
        self._outbox.start(receipt.run_id, receipt.company_slug, "local").result()

    def close(self) -> None:
        """End after what was ordered."""
        self._stack.close()


async def _whole(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 256 * 1024):
        yield body[start : start + 256 * 1024]


def serve_store(outputs: Path) -> None:
    """Be the store as a process: take orders from stdin, one JSON array a line, and answer with seconds."""
    store = StoreAlone(outputs)
    print("ready", flush=True)
    for line in sys.stdin:
        kind, number_of_clients, number, size = json.loads(line)
        data = os.urandom(size)

        def work(index: int, kind: str = kind, data: bytes = data) -> None:
            store.keep(json_body(index) if kind == JSON else form_body(index, [data]), kind)

        print(in_parallel(number_of_clients, work, range(number)), flush=True)
    store.close()


class StoreProcess(Process[subprocess.Popen[str]]):
    """`StoreAlone` in a process of its own."""

    def __init__(self, outputs: Path) -> None:
        """Start it."""
        command = [sys.executable, "-m", "benchmarks.intake", "--store", str(outputs)]
        super().__init__(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"))
        self._answer()

    def work(self, kind: str, number_of_clients: int, number: int, size: int = 0) -> float:
        """Let it keep `number` submissions; return the seconds."""
        assert self.popen.stdin is not None  # noqa: S101 - it was asked for
        self.popen.stdin.write(json.dumps([kind, number_of_clients, number, size]) + "\n")
        self.popen.stdin.flush()
        return float(self._answer())

    def _answer(self) -> str:
        assert self.popen.stdout is not None  # noqa: S101 - it was asked for
        return self.popen.stdout.readline()


def post_many(door: Door, kind: str, number_of_clients: int, number: int, size: int = 0) -> float:
    """Send `number` submissions over HTTP; return the seconds."""
    data = os.urandom(size)
    with clients(door.port, number_of_clients) as post:

        def work(index: int) -> None:
            post(json_body(index) if kind == JSON else form_body(index, [data]), kind)

        return in_parallel(number_of_clients, work, range(number))


def flushes(root: Path) -> None:
    """Count flushes for each submission."""
    library = build_counter(root)
    for number_of_clients, goal in FLUSH_GOALS.items():
        counter = Flushes(library, root / f"flushes{number_of_clients}")
        door = start_door(
            root / f"f{number_of_clients}", "--workers-elsewhere", settings={**RATE_LIMIT, **counter.environment}
        )
        post_many(door, JSON, number_of_clients, 20)
        number = 100 * min(number_of_clients, 10)
        before = counter.count
        post_many(door, JSON, number_of_clients, number)
        time.sleep(1.5)  # marks are written a second later, if nothing else is
        print(
            f"flushes a submission, {number_of_clients} clients: {(counter.count - before) / number:.2f} (goal {goal})",
            flush=True,
        )
        door.stop()
    counter = Flushes(library, root / "flushes_form")
    door = start_door(root / "ff", "--workers-elsewhere", settings={**RATE_LIMIT, **counter.environment})
    post_many(door, FORM, 8, 16, 1000)
    before = counter.count
    post_many(door, FORM, 8, 200, 1000)
    print(f"flushes a form with one file, 8 clients: {(counter.count - before) / 200:.2f}", flush=True)
    door.stop()


def beside_the_store(root: Path) -> float:
    """Compare processor time of JSON and throughput of uploads with those of the store; return JSON a second."""
    door = start_door(root / "door", "--workers-elsewhere", settings=RATE_LIMIT)
    store = StoreProcess(root / "store")
    rates, cpu = [], []
    for measured in range(ROUNDS + 1):  # the first one warms up
        before = door.cpu(), store.cpu()
        took = post_many(door, JSON, 32, 500)
        store.work(JSON, 32, 500)
        if measured:
            rates.append(500 / took)
            cpu.append((door.cpu() - before[0], store.cpu() - before[1]))
    here, there = statistics.median(a for a, _ in cpu), statistics.median(b for _, b in cpu)
    ratio = statistics.median(a / b for a, b in cpu)
    print(
        f"JSON, 32 clients: {here * 2:.2f} ms of a processor, the store alone {there * 2:.2f}: {ratio:.2f} (goal 2.2)"
    )
    print(f"JSON, 32 clients: {statistics.median(rates):.0f} a second", flush=True)
    shares = []
    for measured in range(ROUNDS + 1):
        through_http = post_many(door, FORM, 8, 64, MIB)
        alone = store.work(FORM, 8, 64, MIB)
        if measured:
            shares.append(alone / through_http)
    print(
        f"1 MiB forms, 8 clients: {statistics.median(shares):.2f} of the store's throughput (goal 0.75), "
        f"between {min(shares):.2f} and {max(shares):.2f}",
        flush=True,
    )
    door.stop()
    store.kill()
    return statistics.median(rates)


def large_upload(root: Path, mebibytes: int) -> None:
    """Send one very large file; print the memory and the disk writes it took."""
    settings = {**RATE_LIMIT, "CASEBOOK_MAX_FILE_MB": str(mebibytes), "CASEBOOK_MAX_REQUEST_MB": str(mebibytes + 1)}
    door = start_door(root / "large", "--workers-elsewhere", settings=settings)
    post_many(door, FORM, 1, 5, MIB)
    time.sleep(1)
    Path(f"/proc/{door.pid}/clear_refs").write_text("5", encoding="ascii")  # forget the peak
    memory, written = door.status("VmRSS"), door.written()
    block = os.urandom(MIB)
    head, tail = form_body(0, [b""]).split(b"\r\n\r\n\r\n", 1)
    pieces = [head + b"\r\n\r\n", *[block] * mebibytes, b"\r\n" + tail]
    client = Client(door.port, timeout=600)
    status, answer = client.post_pieces(pieces, FORM)
    if status != 202:  # noqa: PLR2004 - accepted
        raise SystemExit(str(answer))
    extra, writes = door.status("VmHWM") - memory, door.written() - written
    print(
        f"{mebibytes} MiB in one upload: {extra / MIB:.1f} MiB of memory (goal 16), "
        f"{writes / mebibytes / MIB:.3f} times as much written (goal 1.02)",
        flush=True,
    )
    door.stop()


def waiting_times(root: Path, rate: float, seconds: float) -> None:
    """Send at a steady rate, whether answers have come or not; print how long answers took."""
    door = start_door(root / "steady", "--workers-elsewhere", settings=RATE_LIMIT)
    post_many(door, JSON, 32, 100)
    number = int(rate * seconds)
    times: list[float] = []
    begun = time.monotonic() + 0.1
    with clients(door.port, 32) as post:

        def work(index: int) -> None:
            due = begun + index / rate
            time.sleep(max(due - time.monotonic(), 0))
            post(json_body(index), JSON)
            times.append(time.monotonic() - due)  # waiting for a free connection counts too

        in_parallel(32, work, range(number))
    times.sort()
    print(
        f"at {rate:.0f} JSON a second: half are answered within {times[number // 2] * 1000:.0f} ms, "
        f"99 % within {times[number * 99 // 100] * 1000:.0f} ms (goal 1000)",
        flush=True,
    )
    door.stop()


def slow_clients(root: Path, number: int) -> None:
    """Open sockets that trickle; print how long they live and what /health does meanwhile."""
    allow_many_sockets(2 * number + 100)
    door = start_door(root / "slow", "--workers-elsewhere", settings=RATE_LIMIT)
    starts = [b"GET /health HTT", b"", b"POST / HTTP/1.1\r\nHost: x\r\n", _body_start(JSON), _body_start(FORM)]
    sockets = open_sockets(door.port, number)
    begun, answers = time.monotonic(), []
    for index, connection in enumerate(sockets):
        connection.settimeout(0.01)
        connection.sendall(starts[index % len(starts)])
    alive, ended = list(sockets), threading.Event()

    def ask() -> None:
        while not ended.wait(0.1):
            asked = time.monotonic()
            client = Client(door.port)
            status, _ = client.get("/health")
            client.close()
            answers.append((status, time.monotonic() - asked))

    asking = threading.Thread(target=ask)
    asking.start()
    while alive and time.monotonic() - begun < 60:  # noqa: PLR2004 - seconds
        alive = [connection for connection in alive if _trickle(connection)]
        time.sleep(1)
    took = time.monotonic() - begun
    ended.set()
    asking.join()
    print(
        f"{number} slow sockets: {len(alive)} left after {took:.1f} s (goal 0 after 20), /health answered "
        f"{sum(status == 200 for status, _ in answers)} of {len(answers)} times, at the latest after "  # noqa: PLR2004
        f"{max(seconds for _, seconds in answers) * 1000:.0f} ms",
        flush=True,
    )
    door.stop()


def _body_start(kind: str) -> bytes:
    return f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: 9999\r\n\r\n".encode()


def _trickle(connection: socket.socket) -> bool:
    """Send one more byte; tell whether the connection is still there."""
    try:
        connection.sendall(b"x")
        while connection.recv(4096):
            pass
    except TimeoutError:
        return True
    except OSError:
        pass
    connection.close()
    return False


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", type=int, default=1024, help="MiB of the very large upload")
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.store:
        serve_store(options.store)
        return
    with tempfile.TemporaryDirectory(prefix="casebook-benchmark-") as name:
        root = Path(name)
        flushes(root)
        rate = beside_the_store(root)
        waiting_times(root, rate / 2, 10)
        large_upload(root, options.large)
        slow_clients(root, 300)


if __name__ == "__main__":
    main()
