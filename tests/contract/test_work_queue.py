"""What every work queue does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from casebook.backends.engines.durable.worker import Limits
from casebook.domain.run import RunStatus
from casebook.errors import PermanentError, QueueFull
from casebook.ports import Order, WorkQueue
from tests.durable import DurableBench, postgres_bench, sqlite_bench, until
from tests.fakes import FakeWorkQueue

MAX_WAITING = 5


@dataclass
class Bench:
    """A queue, and a way to let what waits be done."""

    queue: WorkQueue
    work: Callable[[Callable[[str], object]], None]


@pytest.fixture(params=["SQLite", "PostgreSQL", "fake"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "fake":
        fake = FakeWorkQueue(max_waiting=MAX_WAITING)
        yield Bench(fake, fake.work)
        return
    opened = (
        sqlite_bench(tmp_path, max_waiting=MAX_WAITING)
        if request.param == "SQLite"
        else postgres_bench(request.getfixturevalue("postgres_url"), max_waiting=MAX_WAITING)
    )
    with opened as durable:
        yield Bench(durable.queue, lambda execute: work(durable, execute))


def work(durable: DurableBench, execute: Callable[[str], object]) -> None:
    """Work until no run waits or is under way."""
    known = [f"R{number}" for number in range(MAX_WAITING + 1)]
    with durable.worker(lambda execution: execute(execution.run_id), limits=Limits(at_once=1)):
        until(lambda: not {durable.queue.state(run_id) for run_id in known} & {RunStatus.QUEUED, RunStatus.RUNNING})


def failing(_: str) -> None:
    message = "no such thing"
    raise PermanentError(message)


def test_a_run_waits_until_it_is_done(bench: Bench) -> None:
    bench.queue.enqueue("R1", "acme")
    assert bench.queue.state("R1") is RunStatus.QUEUED
    done: list[str] = []
    bench.work(done.append)
    assert bench.queue.state("R1") is RunStatus.DONE
    assert done == ["R1"]


def test_a_run_that_is_not_known_has_no_state(bench: Bench) -> None:
    assert bench.queue.state("R1") is None


def test_a_run_is_taken_once(bench: Bench) -> None:
    done: list[str] = []
    bench.queue.enqueue("R1", "acme")
    bench.queue.enqueue("R1", "acme")
    bench.work(done.append)
    bench.queue.enqueue("R1", "acme")
    bench.work(done.append)
    assert done == ["R1"]


def test_a_run_that_is_forgotten_is_not_known(bench: Bench) -> None:
    bench.queue.enqueue("R1", "acme")
    bench.queue.enqueue("R2", "acme")
    bench.work(lambda _: None)
    bench.queue.forget(["R1", "unknown"])
    assert (bench.queue.state("R1"), bench.queue.state("R2")) == (None, RunStatus.DONE)


def test_a_run_that_fails_is_failed(bench: Bench) -> None:
    bench.queue.enqueue("R1", "acme")
    bench.work(failing)
    assert bench.queue.state("R1") is RunStatus.FAILED


def test_a_run_that_failed_runs_again_when_asked(bench: Bench) -> None:
    bench.queue.enqueue("R1", "acme")
    bench.work(failing)
    bench.queue.rerun("R1")
    assert bench.queue.state("R1") is RunStatus.QUEUED
    bench.work(lambda _: None)
    assert bench.queue.state("R1") is RunStatus.DONE


def test_only_a_run_that_has_ended_runs_again(bench: Bench) -> None:
    bench.queue.enqueue("R1", "acme")
    for run_id in ("R1", "R2"):
        with pytest.raises(PermanentError):
            bench.queue.rerun(run_id)


def test_a_run_that_is_cancelled_while_it_waits_is_never_done(bench: Bench) -> None:
    done: list[str] = []
    bench.queue.enqueue("R1", "acme")
    bench.queue.enqueue("R2", "brook")
    bench.queue.cancel("R1")
    bench.work(done.append)
    assert bench.queue.state("R1") is RunStatus.CANCELLED
    assert done == ["R2"]


def test_cancelling_what_is_done_or_not_known_changes_nothing(bench: Bench) -> None:
    bench.queue.enqueue("R1", "acme")
    bench.work(lambda _: None)
    bench.queue.cancel("R1")
    bench.queue.cancel("R2")
    assert bench.queue.state("R1") is RunStatus.DONE
    assert bench.queue.state("R2") is None


def test_runs_of_a_company_come_in_the_order_of_their_priority_and_arrival(bench: Bench) -> None:
    done: list[str] = []
    for number, priority in enumerate([2, 2, 1, 1]):
        bench.queue.enqueue(f"R{number}", "acme", priority)
    bench.work(done.append)
    assert done == ["R2", "R3", "R0", "R1"]


def test_runs_of_several_companies_come_in_the_order_of_their_priority_and_arrival(bench: Bench) -> None:
    done: list[str] = []
    for number, priority in enumerate([2, 1, 2, 0, 1]):
        bench.queue.enqueue(f"R{number}", f"company_{'zxyab'[number]}", priority)
    bench.work(done.append)
    assert done == ["R3", "R1", "R4", "R0", "R2"]


def test_several_runs_are_taken_at_once_or_none_of_them(bench: Bench) -> None:
    bench.queue.enqueue_all([Order("R1", "acme"), Order("R2", "brook", -1), Order("R1", "acme")])
    with pytest.raises(QueueFull):
        bench.queue.enqueue_all([Order(f"R{number}", "crane") for number in range(3, 7)])
    assert [bench.queue.state(f"R{number}") for number in range(1, 4)] == [RunStatus.QUEUED, RunStatus.QUEUED, None]
    bench.queue.enqueue_all([Order("R3", "acme")])
    done: list[str] = []
    bench.work(done.append)
    assert done == ["R2", "R1", "R3"]


def test_a_full_queue_takes_no_more_but_what_it_has(bench: Bench) -> None:
    for number in range(MAX_WAITING):
        bench.queue.enqueue(f"R{number}", f"company_{number}")
    assert bench.queue.depth() == MAX_WAITING
    with pytest.raises(QueueFull) as refused:
        bench.queue.enqueue("one more", "acme")
    assert refused.value.retry_after
    bench.queue.enqueue("R0", "company_0")
    done: list[str] = []
    bench.work(done.append)
    assert sorted(done) == [f"R{number}" for number in range(MAX_WAITING)]
