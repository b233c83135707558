"""Lines are written by a thread, and nobody waits for it."""

from __future__ import annotations

import threading

from casebook.observability.queued import QueuedLines


def test_lines_are_written_in_order_and_all_before_the_end() -> None:
    written: list[str] = []
    lines = QueuedLines(written.append, told=str)
    for number in range(100):
        lines(f"{number}")
    assert lines.close()
    assert written == [str(number) for number in range(100)]


def test_what_does_not_fit_is_dropped_and_told_of_when_it_flows_again() -> None:
    written: list[str] = []
    blocked, flowing = threading.Event(), threading.Event()

    def write(line: str) -> None:
        blocked.set()
        flowing.wait()
        written.append(line)

    lines = QueuedLines(write, told=lambda number: f"dropped {number}", most=2)
    lines("first")
    blocked.wait()
    for number in range(5):  # two wait, three are dropped
        lines(f"{number}")
    flowing.set()
    assert lines.close()
    assert written == ["first", "dropped 3", "0", "1"]


def test_a_reader_that_is_gone_ends_nothing() -> None:
    written: list[str] = []

    def write(line: str) -> None:
        if line == "lost":
            raise BrokenPipeError
        written.append(line)

    lines = QueuedLines(write, told=lambda number: f"dropped {number}")
    lines("lost")
    lines("next")
    assert lines.close()
    assert written == ["next", "dropped 1"]


def test_lines_that_wait_after_the_end_was_given_up_are_not_written() -> None:
    blocked, entered = threading.Event(), threading.Event()
    written: list[str] = []

    def write(line: str) -> None:
        entered.set()
        blocked.wait()
        written.append(line)

    lines = QueuedLines(write, told=str)
    for line in ("first", "second", "third"):
        lines(line)
    assert entered.wait(10)
    assert not lines.close(within=0.01)
    blocked.set()
    lines._thread.join(10)  # noqa: SLF001 - its end is what is looked at
    assert written == ["first"]
