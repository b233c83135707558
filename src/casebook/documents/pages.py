"""Pages of PDFs as pictures, drawn in a worker process: the documents are not ours to trust."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Final, cast

import msgspec
from msgspec.structs import replace

from casebook.documents.limits import Limits
from casebook.documents.page_worker import PageAnswer, PageRequest
from casebook.documents.sandbox import environment
from casebook.documents.worker import LENGTH_BYTES

PAGE_LIMITS: Final = Limits(seconds=15.0, memory_bytes=1 << 30)
_READ_BYTES: Final = 1 << 20
_MAX_FRAME_BYTES: Final = 32 << 20
_PAGES_PER_WORKER: Final = 2_000


class PageReader:
    """Draws pages, one after the other, from any thread; the worker stays warm and is replaced when it dies."""

    def __init__(self, limits: Limits = PAGE_LIMITS) -> None:
        """Plan for a worker; none is started yet."""
        self._limits = limits
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._done = 0

    def draw(self, path: Path, page: int, width: int) -> PageAnswer:
        """Draw a page, `width` pixels wide."""
        return self._ask(PageRequest(path=str(path), page=page, width=width, limits=self._limits))

    def find(self, path: Path, page: int, text: str, span: tuple[int, int]) -> PageAnswer:
        """Find where the characters `span` of the page's `text` stand on it."""
        start, end = span
        return self._ask(PageRequest(path=str(path), page=page, text=text, start=start, end=end, limits=self._limits))

    def close(self) -> None:
        """End the worker."""
        with self._lock:
            self._end()

    def _ask(self, request: PageRequest) -> PageAnswer:
        frame = msgspec.msgpack.encode(replace(request, path=os.path.abspath(request.path)))  # noqa: PTH100 - as it is
        with self._lock:
            if self._done >= _PAGES_PER_WORKER:
                self._end()
            process = self._process or self._start()
            try:
                stdin = cast("IO[bytes]", process.stdin)
                stdin.write(len(frame).to_bytes(LENGTH_BYTES) + frame)
                stdin.flush()
                answer = msgspec.msgpack.decode(self._receive(process), type=PageAnswer)
            except (OSError, EOFError, TimeoutError, ValueError, msgspec.DecodeError):
                self._end()
                return PageAnswer(reason="the page cannot be drawn")
            self._done += 1
            return answer

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-B", "-P", "-m", "casebook.documents.page_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
            start_new_session=True,
        )
        os.set_blocking(cast("IO[bytes]", process.stdout).fileno(), False)
        self._process, self._done = process, 0
        return process

    def _receive(self, process: subprocess.Popen[bytes]) -> bytes:
        """Read one frame. Raises EOFError, TimeoutError, ValueError."""
        output = cast("IO[bytes]", process.stdout).fileno()
        deadline = time.monotonic() + self._limits.seconds
        received = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while True:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                data = os.read(output, _READ_BYTES)
                if not data:
                    raise EOFError
                received += data
                if len(received) < LENGTH_BYTES:
                    continue
                end = LENGTH_BYTES + int.from_bytes(received[:LENGTH_BYTES])
                if end > _MAX_FRAME_BYTES:
                    message = "frame too long"
                    raise ValueError(message)
                if len(received) >= end:
                    return bytes(received[LENGTH_BYTES:end])

    def _end(self) -> None:
        process, self._process, self._done = self._process, None, 0
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
