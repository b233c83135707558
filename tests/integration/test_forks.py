"""Copies of a process, in a process of one thread: a test runner has more."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="processes are copied on Linux only")

FITTING = """
from casebook.analysts.catalogue import built_in_catalogue
from casebook.analysts.extractive import side_by_side
from casebook.analysts.extractive.fitting import fit_all
from casebook.analysts.extractive.forks import may_fork
from casebook.analysts.extractive.prebuilt import open_index
from tests.integration.test_side_by_side import corpus

side_by_side.WORTH_A_FORK = 4
index = open_index(built_in_catalogue())
told = corpus(12)
wanted = [place for place in range(len(told)) if place % 5]
alone = fit_all(told, wanted, index)
assert any(alone) and may_fork()
"""


def run(script: str) -> str:
    """Run a script in a process of its own, which must leave no child behind."""
    checked = f"{script}\nimport os\ntry:\n    os.wait()\nexcept ChildProcessError:\n    print('no child left')"
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", checked],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=root,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("no child left\n")
    return done.stdout.removesuffix("no child left\n")


def test_a_copy_works_and_answers() -> None:
    assert run(
        """
from casebook.analysts.extractive.forks import Fork
known = "known before"
fork = Fork(lambda: known.encode() * 100_000)
print(len(fork.answer()))
fork.kill()
"""
    ) == f"{12 * 100_000}\n"  # fmt: skip


def test_a_copy_that_fails_or_is_ended_answers_nothing() -> None:
    assert run(
        """
import os, signal, time
from casebook.analysts.extractive.forks import Fork
print(Fork(lambda: 1 / 0).answer())
print(Fork(lambda: os.kill(os.getpid(), signal.SIGKILL)).answer())
fork = Fork(lambda: time.sleep(60))
fork.kill()
fork.kill()
"""
    ) == "None\nNone\n"  # fmt: skip


def test_a_process_with_threads_is_not_copied() -> None:
    assert run(
        """
import threading
from casebook.analysts.extractive.forks import may_fork
print(may_fork())
ended = threading.Event()
thread = threading.Thread(target=ended.wait)
thread.start()
print(may_fork())
ended.set()
thread.join()
"""
    ) == "True\nFalse\n"  # fmt: skip


@pytest.mark.parametrize("processes", [2, 3])
def test_copies_find_what_one_process_finds(processes: int) -> None:
    run(f"{FITTING}assert side_by_side.fit_side_by_side(told, wanted, index, processes={processes}) == alone")


def test_without_room_for_a_copy_all_is_done_here() -> None:
    run(
        f"""{FITTING}
import os
def full():
    raise BlockingIOError("no more processes")
os.fork = full
assert side_by_side.fit_side_by_side(told, wanted, index, processes=2) == alone
"""
    )


def test_what_a_copy_was_ended_over_is_done_here() -> None:
    run(
        f"""{FITTING}
import os, signal
fork = os.fork
def ended():
    pid = fork()
    if pid == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return pid
os.fork = ended
assert side_by_side.fit_side_by_side(told, wanted, index, processes=2) == alone
"""
    )


def test_copies_read_what_one_process_reads() -> None:
    run(
        """
from casebook.analysts.extractive import side_by_side
from casebook.analysts.extractive.statements import Sentence, read_wordings
from tests.integration.test_side_by_side import SENTENCES

side_by_side.READ_IN_A_FORK = 3
sentences = [Sentence(text, 100 * number, bool(number % 2)) for number, text in enumerate(SENTENCES * 3)]
alone = read_wordings(sentences)
assert any(found.quantities for found in alone)
assert side_by_side.read_side_by_side(sentences, processes=3) == alone
"""
    )


def test_a_copy_holds_nothing_of_a_process_that_was_killed(tmp_path: Path) -> None:
    script = """
import fcntl, os, signal, sys, time
from casebook.analysts.extractive.forks import Fork
lock = open(sys.argv[1], "w")
fcntl.flock(lock, fcntl.LOCK_EX)
fork = Fork(lambda: time.sleep(60))
print(fork._pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    lock = tmp_path / "lock"
    command = [sys.executable, "-c", script, str(lock)]
    # The output is read to its end: the copy must not keep it open.
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    os.kill(int(done.stdout), signal.SIGKILL)
    assert done.returncode == -signal.SIGKILL
    with lock.open("w") as again:
        fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
