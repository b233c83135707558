"""The durable engine on real databases: what is asked of it beyond its ports."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from casebook.backends.engines.durable.queue import DurableQueue
from casebook.backends.engines.durable.step import Execution, Lease
from casebook.backends.engines.durable.worker import Limits
from casebook.backends.leases import FileLease, PostgresLease
from casebook.backends.storages.fenced import FencedStorage
from casebook.domain.run import RunStatus, Stage
from casebook.errors import PermanentError, RunTakenOver, TransientError
from tests.durable import DurableBench, Gate, postgres_bench, sqlite_bench, until
from tests.fakes import FakeStorage


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DurableBench]:
    opened = (
        sqlite_bench(tmp_path) if request.param == "SQLite" else postgres_bench(request.getfixturevalue("postgres_url"))
    )
    with opened as durable:
        yield durable


class Work:
    """Three steps that count how often they are done; `troubles` are raised by the second, one a call."""

    def __init__(self, bench: DurableBench, *troubles: Exception) -> None:
        self.bench = bench
        self.troubles = list(troubles)
        self.done: list[str] = []
        self.results: list[int] = []

    def __call__(self, execution: Execution) -> None:
        step = self.bench.steps(execution)
        first = step(Stage.PART_A, self.first)
        second = step(Stage.QUOTES, self.second, first)
        self.results.append(step(Stage.PART_B, self.third, second))

    def first(self) -> int:
        self.done.append("first")
        return 1

    def second(self, number: int) -> int:
        self.done.append("second")
        if self.troubles:
            raise self.troubles.pop(0)
        return number + 1

    def third(self, number: int) -> int:
        self.done.append("third")
        return number + 1


def ended(bench: DurableBench, run_id: str = "R1") -> Callable[[], bool]:
    return lambda: bench.queue.state(run_id) not in {None, RunStatus.QUEUED, RunStatus.RUNNING}


def run(bench: DurableBench, execute: Callable[[Execution], object]) -> RunStatus | None:
    with bench.worker(execute):
        until(ended(bench))
    return bench.queue.state("R1")


def test_a_transient_error_is_tried_again_and_a_permanent_one_is_not(bench: DurableBench) -> None:
    bench.queue.enqueue("R1", "acme")
    work = Work(bench, TransientError("busy", retry_after=0.01), TransientError("busy", retry_after=0.01))
    assert run(bench, work) is RunStatus.DONE
    assert work.done == ["first", "second", "second", "second", "third"]
    bench.queue.rerun("R1", Stage.QUOTES)
    bench.storage.kept.clear()
    work = Work(bench, PermanentError("no such thing"))
    assert run(bench, work) is RunStatus.FAILED
    assert work.done.count("second") == 1


def test_a_run_goes_on_from_the_step_that_failed(bench: DurableBench) -> None:
    bench.queue.enqueue("R1", "acme")
    work = Work(bench, PermanentError("no such thing"))
    assert run(bench, work) is RunStatus.FAILED
    bench.queue.rerun("R1")
    assert run(bench, work) is RunStatus.DONE
    assert work.done == ["first", "second", "second", "third"]
    assert work.results == [3]
    assert bench.forgotten == []


def test_a_run_is_done_again_from_the_step_asked_for(bench: DurableBench) -> None:
    bench.queue.enqueue("R1", "acme")
    work = Work(bench)
    run(bench, work)
    with pytest.raises(PermanentError, match="never came to upload"):
        bench.queue.rerun("R1", Stage.UPLOAD)
    bench.queue.rerun("R1", Stage.QUOTES)
    assert bench.forgotten == [("R1", Stage.QUOTES)]
    bench.storage.kept = {key: data for key, data in bench.storage.kept.items() if "/part_a_R1" in key}
    assert run(bench, work) is RunStatus.DONE
    assert work.done == ["first", "second", "third", "second", "third"]


def test_results_that_were_lost_are_made_again_when_a_run_is_replayed(bench: DurableBench) -> None:
    bench.queue.enqueue("R1", "acme")
    work = Work(bench, PermanentError("no such thing"))
    run(bench, work)
    bench.storage.kept.clear()
    bench.queue.rerun("R1")
    assert run(bench, work) is RunStatus.DONE
    assert work.results == [3]
    record = bench.records.find_in("acme", "R1")
    assert record is not None
    assert [step.stage for step in record.steps] == [Stage.PART_A, Stage.QUOTES, Stage.PART_B]


def test_a_cancelled_run_ends_at_its_next_step(bench: DurableBench) -> None:
    gate, after = Gate(), []
    bench.queue.enqueue("R1", "acme")

    def work(execution: Execution) -> None:
        step = bench.steps(execution)
        step(Stage.PART_A, gate.pass_through)
        step(Stage.QUOTES, lambda: after.append(1))

    with bench.worker(work):
        assert gate.entered.wait(20)
        bench.queue.cancel("R1")
        gate.opened.set()
        until(ended(bench))
    assert bench.queue.state("R1") is RunStatus.CANCELLED
    assert after == []


def test_a_worker_that_stops_leaves_its_run_to_the_next_one(bench: DurableBench) -> None:
    gate, other = Gate(), Work(bench)
    bench.queue.enqueue("R1", "acme")

    def work(execution: Execution) -> None:
        step = bench.steps(execution)
        step(Stage.PART_A, gate.pass_through)
        step(Stage.QUOTES, other.first)

    with bench.worker(work) as worker:
        assert gate.entered.wait(20)
        threading.Timer(0.3, gate.opened.set).start()
        assert worker.stop(within=30)
    assert other.done == []
    assert bench.queue.state("R1") is RunStatus.RUNNING
    gate.entered.clear()
    assert run(bench, work) is RunStatus.DONE
    assert other.done == ["first"]
    assert not gate.entered.is_set(), "the first step was done again"


def test_runs_of_one_company_come_one_after_the_other_and_of_others_side_by_side(bench: DurableBench) -> None:
    gate = Gate()
    order: list[str] = []

    def work(execution: Execution) -> None:
        order.append(execution.run_id)
        if execution.run_id == "R1":
            gate.pass_through()

    for run_id, slug in (("R1", "acme"), ("R2", "acme"), ("R3", "brook")):
        bench.queue.enqueue(run_id, slug)
    with bench.worker(work, limits=Limits(at_once=3)):
        until(ended(bench, "R3"))
        assert sorted(order) == ["R1", "R3"]
        gate.opened.set()
        until(ended(bench, "R2"))
    assert order[-1] == "R2"


def test_no_more_runs_start_in_an_hour_than_allowed_and_the_most_urgent_do(bench: DurableBench) -> None:
    for number in range(4):
        bench.queue.enqueue(f"R{number}", f"company_{number}", priority=-number)
    with bench.worker(lambda _: None, limits=Limits(per_hour=2)):
        until(lambda: bench.lines != [] and sum(ended(bench, f"R{number}")() for number in range(4)) == 2)
        threading.Event().wait(1.0)
        assert [ended(bench, f"R{number}")() for number in range(4)] == [False, False, True, True]


def test_an_end_that_no_worker_saw_is_written_down(bench: DurableBench) -> None:
    bench.queue.enqueue("R1", "acme")
    bench.queue.cancel("R1")
    with bench.worker(lambda _: None) as worker:
        worker.look_around()
        worker.look_around()
    assert bench.settled == [("R1", RunStatus.CANCELLED)]


def test_ended_runs_are_deleted_only_when_asked_and_old(bench: DurableBench) -> None:
    bench.queue.enqueue("R1", "acme")
    run(bench, lambda _: None)
    with bench.worker(lambda _: None, limits=Limits(keep_days=1)) as worker:
        worker.look_around()
        assert bench.queue.state("R1") is RunStatus.DONE
    with bench.worker(lambda _: None, limits=Limits(keep_days=-1)) as worker:  # all that ended before tomorrow
        worker.look_around()
    assert bench.queue.state("R1") is None


def test_a_start_that_fails_leaves_the_way_free_for_the_next(bench: DurableBench) -> None:
    async def start_where_the_engine_refuses_to() -> None:
        with bench.worker(Work(bench)):
            pass

    with pytest.raises(RuntimeError, match="event loop"):
        asyncio.run(start_where_the_engine_refuses_to())
    bench.queue.enqueue("R1", "acme")
    assert run(bench, Work(bench)) is RunStatus.DONE


def test_a_second_worker_on_sqlite_is_told_what_to_do(tmp_path: Path) -> None:
    first, second = FileLease(tmp_path / "lock"), FileLease(tmp_path / "lock")
    first.renew()
    with pytest.raises(PermanentError, match="PostgreSQL"):
        second.renew()
    first.release()
    second.renew()
    second.release()


def test_a_lease_runs_out_unless_it_is_renewed(postgres_url: str) -> None:
    lease, other = PostgresLease(postgres_url, "W1", seconds=0.4), PostgresLease(postgres_url, "W2", seconds=30)
    with lease.alone():
        lease.renew()
    other.renew()
    token = lease.token()
    assert lease.holds(token)
    assert other.live() == {"W1", "W2"}
    until(lambda: other.live() == {"W2"})
    assert not lease.holds(token)
    lease.renew()
    assert not lease.holds(token), "what was begun before the lapse may be another's now"
    assert lease.holds(lease.token())
    other.release()
    assert lease.live() == {"W1"}


def test_a_database_that_is_away_is_a_transient_error(postgres_url: str) -> None:
    away = postgres_url.replace("/casebook_", "/nothing_")
    with pytest.raises(TransientError, match="does not answer"):
        PostgresLease(away, "W1", seconds=3).renew()
    with postgres_bench(postgres_url) as bench:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA dbos CASCADE")
        with pytest.raises(TransientError, match="does not answer"):
            bench.queue.state("R1")


class LapsingLease:
    """A lease that lapses when the test says so."""

    owner, seconds = "local", 0.6

    def __init__(self) -> None:
        self.lapses = 0

    def renew(self) -> None: ...

    def live(self) -> set[str]:
        return {self.owner}

    def token(self) -> int:
        return self.lapses

    def holds(self, token: int) -> bool:
        return token == self.lapses

    def release(self) -> None: ...

    def alone(self) -> Any:  # noqa: ANN401 - a context manager of no use
        return threading.Lock()


def test_a_worker_whose_lease_lapsed_writes_nothing_and_takes_its_run_up_again(bench: DurableBench) -> None:
    lease, gate, attempts = LapsingLease(), Gate(), []
    bench.queue.enqueue("R1", "acme")

    def work(execution: Execution) -> None:
        attempts.append(FencedStorage(FakeStorage(), execution.check))
        if len(attempts) == 1:
            gate.pass_through()
        attempts[-1].write("acme/report", b"1")

    typed: Lease = lease
    with bench.worker(work, lease=typed):
        assert gate.entered.wait(20)
        lease.lapses += 1
        gate.opened.set()
        until(ended(bench))
    assert bench.queue.state("R1") is RunStatus.DONE
    assert [storage.exists("acme/report") for storage in attempts] == [False, True]


def test_what_is_fenced_is_read_freely_and_changed_only_by_its_owner(tmp_path: Path) -> None:
    storage = FakeStorage({"acme/a": b"1"})

    def refuse() -> None:
        raise RunTakenOver

    fenced = FencedStorage(storage, refuse)
    assert (fenced.read("acme/a"), fenced.exists("acme/a"), fenced.keys("acme")) == (b"1", True, ["acme/a"])
    file = tmp_path / "file"
    file.write_bytes(b"2")
    with pytest.raises(RunTakenOver):
        fenced.write("acme/a", b"2")
    with pytest.raises(RunTakenOver):
        fenced.remove("acme/a")
    with pytest.raises(RunTakenOver):
        fenced.adopt(file, "acme/a")
    assert storage.kept == {"acme/a": b"1"}


def test_the_queue_is_closed_for_good(tmp_path: Path) -> None:
    with sqlite_bench(tmp_path) as bench:
        other = DurableQueue(bench.database_url, max_waiting=1, forget=lambda _slug, _run_id, _stage: None)
        other.enqueue("R1", "acme")
        other.close()
        assert bench.queue.state("R1") is RunStatus.QUEUED
