"""Copies of this process that do a part of its work: they know all it knows, and nothing has to be sent to them.

Only a process of one thread may be copied, for a copy has no other threads, but all the locks that they hold: a run on
Linux that was started by hand is one, a server is not. There only a process that is started anew is safe.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeVar

import msgspec

Part = TypeVar("Part")
Done = TypeVar("Done")

_DESCRIPTORS = Path("/proc/self/fd")
_THREADS = Path("/proc/self/task")  # those of libraries too, of which Python does not know


def may_fork() -> bool:
    """Tell whether this process can be copied safely."""
    return hasattr(os, "fork") and _THREADS.is_dir() and len(list(_THREADS.iterdir())) == 1


class Fork:
    """A copy of this process that works out some bytes."""

    def __init__(self, work: Callable[[], bytes]) -> None:
        """Start the copy. Raises OSError when the system has no room for it."""
        reading, writing = os.pipe()
        try:
            self._pid = os.fork()
        except OSError:
            os.close(reading)
            os.close(writing)
            raise
        if not self._pid:
            _answer(work, writing)
        os.close(writing)
        self._answer = os.fdopen(reading, "rb")
        self._status: int | None = None

    def answer(self) -> bytes | None:
        """Wait for what was worked out; None when the copy failed or was ended."""
        with self._answer:
            answer = self._answer.read()
        return None if self._end() else answer

    def kill(self) -> None:
        """End the copy, if it has not ended by itself."""
        if self._status is None:
            os.kill(self._pid, signal.SIGKILL)
            self._answer.close()
            self._end()

    def _end(self) -> int:
        self._status = os.waitpid(self._pid, 0)[1]
        return self._status


def map_in_forks(work: Callable[[Part], Done], parts: Sequence[Part], kind: type[Done]) -> list[Done]:
    """Do each part of some work: the first here, each other one in a copy of this process.

    What is done must be of `kind`, which msgspec can encode. What a copy does not answer, because the system had no
    room for it or ended it, is done here.
    """
    first, *others = parts
    with ExitStack() as ended:
        forks = [_fork(partial(_encoded, work, part), ended) for part in others]
        done = [work(first)]
        for fork, part in zip(forks, others, strict=True):
            answer = fork.answer() if fork else None
            done.append(work(part) if answer is None else msgspec.msgpack.decode(answer, type=kind))
    return done


def _encoded(work: Callable[[Part], Done], part: Part) -> bytes:
    return msgspec.msgpack.encode(work(part))


def _fork(work: Callable[[], bytes], ended: ExitStack) -> Fork | None:
    """Start a copy that is gone when `ended`; none where the system has no room for it."""
    try:
        fork = Fork(work)
    except OSError:
        return None
    ended.callback(fork.kill)
    return fork


def _answer(work: Callable[[], bytes], writing: int) -> NoReturn:
    """Work, and end without anything that this process does at its end: it is still running.

    Should it be killed, the copy holds nothing of it: no lock of a company, no pipe that somebody reads to its end.
    """
    failed = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the process that was started by hand
        for name in [entry.name for entry in _DESCRIPTORS.iterdir()]:
            if int(name) != writing:
                with suppress(OSError):  # the one by which they were listed
                    os.close(int(name))
        with os.fdopen(writing, "wb") as out:
            out.write(work())
        failed = 0
    finally:
        os._exit(failed)  # what failed is done, and fails visibly, in the process that asked
