"""Front doors as processes of their own, with a counter of flushes, and clients for them."""

from __future__ import annotations

import http.client
import json
import mmap
import multiprocessing
import os
import queue
import resource
import secrets
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any, Generic, Protocol, TypeVar

HERE = Path(__file__).resolve().parent
BOUNDARY = "casebookboundary"
_TICKS = os.sysconf("SC_CLK_TCK")
_READ_BEFORE = ["casebook.serving", "casebook.commands.serving", "casebook.backends.engines.durable.queue"]


def build_counter(folder: Path) -> Path:
    """Compile what counts flushes. Raises SystemExit with advice when there is no C compiler."""
    library = folder / "flushes.so"
    try:
        subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", library, HERE / "flushes.c", "-ldl"], check=True)  # noqa: S607
    except (OSError, subprocess.CalledProcessError) as error:
        message = f"flushes cannot be counted without gcc: install it ({error})"
        raise SystemExit(message) from error
    return library


class Flushes:
    """The number of flushes of a process."""

    def __init__(self, library: Path, path: Path) -> None:
        """Count in the file at `path`; making flushes fail is asked for with a file beside it."""
        path.write_bytes(bytes(8))
        self.fail = path.with_suffix(".fail")
        self.environment = {"LD_PRELOAD": str(library), "FLUSHES_COUNTED": str(path), "FLUSHES_FAIL": str(self.fail)}
        with path.open("r+b") as file:
            self._place = mmap.mmap(file.fileno(), 8)

    @property
    def count(self) -> int:
        """How many there were."""
        (number,) = struct.unpack("l", self._place[:8])
        return int(number)


class Child(Protocol):
    """A process that was started here."""

    @property
    def pid(self) -> int:
        """Its number."""
        ...

    def terminate(self) -> None:
        """Ask it to end."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; return its exit code."""
        ...


C = TypeVar("C", bound=Child)


@dataclass
class Process(Generic[C]):
    """A process that is measured."""

    popen: C

    @property
    def pid(self) -> int:
        """Its number."""
        return self.popen.pid

    def cpu(self) -> float:
        """Return the processor seconds it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def status(self, name: str) -> int:
        """Return a size in bytes from its status, such as VmRSS or VmHWM."""
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))

    def written(self) -> int:
        """Return the bytes it has caused to be written to disk."""
        lines = Path(f"/proc/{self.pid}/io").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes:"))

    def kill(self) -> None:
        """End it as a power cut would."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.popen.wait()

    def stop(self) -> int:
        """End it as asked for; return its exit code."""
        self.popen.terminate()
        return self.popen.wait(timeout=60)


@dataclass
class Door(Process[Child]):
    """A `casebook serve`, and where it listens."""

    port: int
    errors: list[str] = field(default_factory=list)


def start_door(
    outputs: Path,
    *options: str,
    settings: dict[str, str] | None = None,
    port: int = 0,
    program: Sequence[str] | None = None,
) -> Door:
    """Start a front door and wait until it listens. Raises RuntimeError with what it said when it ends instead."""
    command = [
        *(program or (sys.executable, "-m", "casebook")),
        "serve",
        "--port",
        str(port),
        "--outputs",
        str(outputs),
    ]
    environment = {**os.environ, **(settings or {})}
    popen = subprocess.Popen(
        [*command, *options], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, encoding="utf-8", env=environment
    )
    assert popen.stderr is not None  # noqa: S101 - it was asked for
    return _when_it_listens(popen, popen.stderr)


def _when_it_listens(child: Child, stderr: IO[str]) -> Door:
    errors: list[str] = []
    for line in stderr:
        errors.append(line)
        if "takes submissions at" in line:
            threading.Thread(target=_read_to_the_end, args=(stderr, errors), daemon=True).start()
            return Door(child, int(line.rpartition(":")[2].split("/")[0]), errors)
    message = f"the server ended with {child.wait()}: {''.join(errors)}"
    raise RuntimeError(message)


@dataclass
class _Forked:
    """A `Child` that is a fork of a process that had read all modules."""

    process: multiprocessing.process.BaseProcess

    @property
    def pid(self) -> int:
        return self.process.pid or 0

    def terminate(self) -> None:
        self.process.terminate()

    def wait(self, timeout: float | None = None) -> int:
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise TimeoutError
        return self.process.exitcode


def fork_door(outputs: Path, *options: str, settings: dict[str, str] | None = None, port: int = 0) -> Door:
    """Start a front door like `start_door`, without the seconds that it takes to read the modules.

    It is a fork of a process that has read them and done nothing else.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_READ_BEFORE)
    reader, writer = context.Pipe(duplex=False)
    arguments = ["serve", "--port", str(port), "--outputs", str(outputs), *options]
    process = context.Process(target=_serve, args=(arguments, settings or {}, writer))
    process.start()
    writer.close()
    return _when_it_listens(_Forked(process), os.fdopen(os.dup(reader.fileno()), encoding="utf-8"))


def _serve(arguments: Sequence[str], settings: dict[str, str], stderr: Connection) -> None:
    """Be a front door."""
    from casebook import cli  # noqa: PLC0415 - in the process that is a front door alone

    os.environ.update(settings)
    os.dup2(stderr.fileno(), 2)
    stderr.close()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.argv = ["casebook", *arguments]
    cli.main()


def _read_to_the_end(stream: IO[str], lines: list[str]) -> None:
    with stream:
        lines.extend(stream)


class Client:
    """One connection, kept open."""

    def __init__(self, port: int, timeout: float = 60) -> None:
        """Connect when first needed."""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def post(self, body: bytes, kind: str, key: str | None = None) -> tuple[int, dict[str, Any]]:
        """Send a submission; return the status and the answer."""
        headers = {"Content-Type": kind, **({"Idempotency-Key": key} if key else {})}
        self._connection.request("POST", "/", body, headers)
        return self._answer()

    def upload(self, data: bytes) -> tuple[int, dict[str, Any]]:
        """Send a file ahead of its form; return the status and the answer."""
        self._connection.request("POST", "/uploads", data, {"X-File-Name": "a.txt"})
        return self._answer()

    def post_pieces(self, pieces: Sequence[bytes], kind: str) -> tuple[int, dict[str, Any]]:
        """Send a very large submission; return the status and the answer."""
        headers = {"Content-Type": kind, "Content-Length": str(sum(map(len, pieces)))}
        self._connection.request("POST", "/", iter(pieces), headers)
        return self._answer()

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        """Ask for something."""
        self._connection.request("GET", path)
        return self._answer()

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _answer(self) -> tuple[int, dict[str, Any]]:
        response = self._connection.getresponse()
        data = response.read()
        return response.status, json.loads(data) if data else {}


def json_body(number: int, **more: str) -> bytes:
    """Return a submission of some 1.4 kB, different for each number, with `more` fields."""
    fields = {
        "company_name": f"Company {number % 500}",
        "company_description": f"It makes things, number {number}. " + "Words about what it does. " * 45,
        "use_cases_count": 7,
        **more,
    }
    return json.dumps(fields).encode()


def form_body(number: int, files: Sequence[bytes]) -> bytes:
    """Return a form with files."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="company_name"\r\n\r\nCompany {number % 500}\r\n'
    body = head.encode()
    for index, data in enumerate(files):
        start = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="f"; filename="{number}-{index}.txt"\r\n\r\n'
        body += start.encode() + data + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


FORM = f"multipart/form-data; boundary={BOUNDARY}"
JSON = "application/json"


def in_parallel(clients: int, work: Callable[[int], object], numbers: Sequence[int]) -> float:
    """Let some threads do work for all numbers; return the seconds it took."""
    left: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in numbers:
        left.put(number)
    failed: list[BaseException] = []

    def go() -> None:
        try:
            while not failed:
                work(left.get_nowait())
        except queue.Empty:
            return
        except BaseException as error:  # noqa: BLE001 - raised below
            failed.append(error)

    threads = [threading.Thread(target=go) for _ in range(clients)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return time.monotonic() - begun


@contextmanager
def clients(port: int, number: int) -> Iterator[Callable[[bytes, str], None]]:
    """Lend a function that posts over one of `number` connections and insists on a yes."""
    free: queue.SimpleQueue[Client] = queue.SimpleQueue()
    opened = [Client(port) for _ in range(number)]
    for client in opened:
        free.put(client)

    def post(body: bytes, kind: str) -> None:
        client = free.get()
        status, answer = client.post(body, kind, f"key-{secrets.token_hex(12)}")
        free.put(client)
        if status != 202:  # noqa: PLR2004 - accepted
            message = f"{status} {answer}"
            raise RuntimeError(message)

    yield post
    for client in opened:
        client.close()


def allow_many_sockets(number: int) -> None:
    """Raise this process's limit of open files."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(number, 1024), most), most))


def open_sockets(port: int, number: int) -> list[socket.socket]:
    """Open connections that send nothing yet."""
    return [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(number)]
