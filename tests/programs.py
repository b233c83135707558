"""Programs that some tests need: where one is not installed they are skipped, and the summary says so."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest


def needed(name: str, *, how_to_get: str) -> str:
    """Return the path of a program; skip the test when it is not there."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"need {name}: {how_to_get}")
    return program


@dataclass
class RedisServer:
    """A real Redis that keeps nothing on disk; it can be ended, started again on its port, and made to hang."""

    program: str
    folder: str
    port: int
    arguments: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        fixed = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", self.folder)
        self.process = subprocess.Popen(
            [self.program, "--port", str(self.port), *fixed, *self.arguments], stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 30
        while not self._answers():
            assert self.process.poll() is None, "redis-server did not start"
            assert time.monotonic() < deadline, "redis-server did not answer in time"
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        except OSError:
            return False
        return True

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def hang(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)


@contextmanager
def run_redis(program: str, *arguments: str) -> Iterator[RedisServer]:
    """Lend a Redis on a free port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        server = RedisServer(program, folder, port, arguments)
        server.start()
        try:
            yield server
        finally:
            server.end()
