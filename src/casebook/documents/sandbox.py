"""A pool of worker processes that read files no one vouches for.

A file that crashes its reader, eats memory or never ends costs that one file; the run goes on. Small text files,
which need no parser that could be attacked, are read in this process, unless there are many.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Self, cast

import msgspec

from casebook.documents.reading import HEAD_BYTES, TEXT_TYPES, Limits, ReadError, detect, read_bytes, read_file
from casebook.documents.worker import LENGTH_BYTES, TOO_MUCH_MEMORY, Request, Response
from casebook.domain.document import Document

_SMALL_BYTES: Final = 1 << 20  # text files up to this size are read in this process
_FEW_FILES: Final = 40
_FILES_PER_WORKER: Final = 200
_MAX_FRAME_BYTES: Final = 1 << 30
_READ_BYTES: Final = 1 << 20
_PASSED_ON: Final = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TESSDATA_PREFIX", "HOME", "TMPDIR")

_CRASHED: Final = "reading it crashed the reader: it is damaged or made to do harm; save it anew"
_TOO_SLOW: Final = "reading it took longer than {seconds:.0f} s: split it or save it anew"


class ReadJob(msgspec.Struct, frozen=True):
    """A file to read: where its bytes are and what the company calls it."""

    path: Path
    name: str


class ReadFailure(msgspec.Struct, frozen=True):
    """Why there is no document, in one line for the person who gave the file."""

    reason: str
    skipped: bool  # of a kind Casebook does not read, rather than unreadable


@dataclass(slots=True, eq=False)
class _Pending:
    job: ReadJob
    size: int  # bytes
    media_type: str
    tries: int = 0


@dataclass(slots=True, eq=False)
class _Worker:
    process: subprocess.Popen[bytes]
    incoming: bytearray = field(default_factory=bytearray)
    task: _Pending | None = None
    deadline: float = 0.0  # on the monotonic clock
    done: int = 0

    def send(self, task: _Pending, limits: Limits) -> None:
        request = Request(os.path.abspath(task.job.path), task.job.name, task.media_type, limits)  # noqa: PTH100  resolve() would follow links
        frame = msgspec.msgpack.encode(request)
        self.task, self.deadline = task, time.monotonic() + limits.seconds
        task.tries += 1
        self.incoming.clear()
        stdin = cast("IO[bytes]", self.process.stdin)
        with contextlib.suppress(BrokenPipeError):  # it died while idle: its closed output tells
            stdin.write(len(frame).to_bytes(LENGTH_BYTES) + frame)
            stdin.flush()

    @property
    def output(self) -> IO[bytes]:
        return cast("IO[bytes]", self.process.stdout)

    def frame(self) -> bytes | None:
        """Return the answer once it is there in full."""
        if len(self.incoming) < LENGTH_BYTES:
            return None
        length = int.from_bytes(self.incoming[:LENGTH_BYTES])
        if length > _MAX_FRAME_BYTES:
            message = "frame too long"
            raise ValueError(message)
        end = LENGTH_BYTES + length
        return bytes(self.incoming[LENGTH_BYTES:end]) if len(self.incoming) >= end else None

    def kill(self) -> int:
        """End the process and whatever it started; return its exit status."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        status = self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        return status


class Sandbox:
    """Reads files in worker processes. One thread at a time; the workers stay warm until `close`."""

    def __init__(self, *, workers: int | None = None, limits: Limits | None = None) -> None:
        """Plan for at most `workers` processes (the number of processors if None); none is started yet."""
        self.limits = limits or Limits()
        self._size = max(1, min(workers or os.cpu_count() or 1, os.cpu_count() or 1))
        self._idle: list[_Worker] = []
        self._busy: list[_Worker] = []
        self._selector = selectors.DefaultSelector()
        self._decoder = msgspec.msgpack.Decoder(Response)

    def __enter__(self) -> Self:
        """Return the sandbox itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all workers."""
        self.close()

    def close(self) -> None:
        """End all workers at once; what they were reading is lost."""
        for worker in (*self._busy, *self._idle):
            self._end(worker)
        self._selector.close()
        self._busy, self._idle = [], []

    def start(self, workers: int) -> None:
        """Start some workers ahead of the files, no more than are planned for."""
        while len(self._idle) < min(workers, self._size):
            self._idle.append(self._start())

    def read_all(self, jobs: Iterable[ReadJob]) -> Iterator[tuple[ReadJob, Document | ReadFailure]]:
        """Read files, largest first, and yield each outcome as soon as it is there; no file raises.

        What is still being read when the caller stops asking is given up.
        """
        pending: list[_Pending] = []
        for job in jobs:
            looked = self._look(job)
            if isinstance(looked, ReadFailure):
                yield job, looked
            else:
                pending.append(looked)
        pending.sort(key=lambda task: -task.size)
        few = len(pending) <= _FEW_FILES
        here = [task for task in pending if few and task.media_type in TEXT_TYPES and task.size <= _SMALL_BYTES]
        elsewhere = deque(task for task in pending if task not in here)
        try:
            self._hand_out(elsewhere)  # the workers start while this process reads
            for task in here:
                yield task.job, self._read_here(task)
            while self._busy or elsewhere:
                self._hand_out(elsewhere)
                yield from self._wait(elsewhere)
        finally:
            for worker in tuple(self._busy):
                self._end(worker)

    def _look(self, job: ReadJob) -> _Pending | ReadFailure:
        """Find a file's size and kind from its first bytes."""
        try:
            head = read_file(job.path, HEAD_BYTES, head_only=True)
            size = job.path.stat(follow_symlinks=False).st_size
        except ReadError as error:
            return ReadFailure(str(error), error.skipped)
        except OSError:
            return ReadFailure("it cannot be opened: check that it is still there", skipped=False)
        return _Pending(job, size, detect(job.name, head))

    def _read_here(self, task: _Pending) -> Document | ReadFailure:
        try:
            data = read_file(task.job.path, self.limits.file_bytes)
            return read_bytes(task.job.name, data, self.limits, media_type=task.media_type)
        except ReadError as error:
            return ReadFailure(str(error), error.skipped)

    def _hand_out(self, tasks: deque[_Pending]) -> None:
        while tasks and len(self._busy) < self._size:
            worker = self._idle.pop() if self._idle else self._start()
            self._busy.append(worker)
            worker.send(tasks.popleft(), self.limits)

    def _start(self) -> _Worker:
        worker = _Worker(
            subprocess.Popen(
                [sys.executable, "-B", "-P", "-m", "casebook.documents.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment(),
                start_new_session=True,
            )
        )
        os.set_blocking(worker.output.fileno(), False)
        self._selector.register(worker.output, selectors.EVENT_READ, worker)
        return worker

    def _wait(self, tasks: deque[_Pending]) -> Iterator[tuple[ReadJob, Document | ReadFailure]]:
        """Wait for the next answer, end or deadline of a worker."""
        if not self._busy:
            return
        first = min(worker.deadline for worker in self._busy)
        for key, _ in self._selector.select(max(0.0, first - time.monotonic())):
            yield from self._receive(cast("_Worker", key.data), tasks)
        now = time.monotonic()
        for worker in [worker for worker in self._busy if worker.deadline <= now]:
            task = cast("_Pending", worker.task)
            self._end(worker)
            yield task.job, ReadFailure(_TOO_SLOW.format(seconds=self.limits.seconds), skipped=False)

    def _receive(self, worker: _Worker, tasks: deque[_Pending]) -> Iterator[tuple[ReadJob, Document | ReadFailure]]:
        data = os.read(worker.output.fileno(), _READ_BYTES)
        worker.incoming += data
        task = worker.task
        if not data:
            fresh = worker.done == 0
            status = self._end(worker)
            if task is None:
                return
            if fresh or task.tries > 1:
                yield task.job, ReadFailure(_end_reason(status), skipped=False)
            else:  # perhaps what the worker read before wore it out: a fresh one decides
                tasks.appendleft(task)
            return
        try:
            frame = worker.frame()
            response = self._decoder.decode(frame) if frame is not None else None
        except (ValueError, msgspec.DecodeError):
            self._end(worker)
            response = Response(reason=_CRASHED)
        if response is None or task is None:
            return
        worker.done += 1
        worker.task = None
        if response.worn or worker.done >= _FILES_PER_WORKER or worker.process.poll() is not None:
            self._end(worker)
        elif worker in self._busy:
            self._busy.remove(worker)
            self._idle.append(worker)
        yield task.job, response.document or ReadFailure(response.reason, response.skipped)

    def _end(self, worker: _Worker) -> int:
        for group in (self._busy, self._idle):
            if worker in group:
                group.remove(worker)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(worker.output)
        return worker.kill()


def environment() -> dict[str, str]:
    """Return a worker's environment: without the secrets of this process's own."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return kept | {"OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8"}


def _end_reason(status: int) -> str:
    if status == -signal.SIGKILL:  # not by us: the system ran out of memory
        return TOO_MUCH_MEMORY
    if status == -signal.SIGXCPU:
        return "needs more processor time than is allowed for one file: split it or save it anew"
    return _CRASHED
