"""The plain step runner: a step done once stays done; what fails is tried again or said."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from casebook.backends.engines.plain import MORE_TRIES, PlainEngine
from casebook.domain.run import Run, RunStatus, Stage
from casebook.errors import PermanentError, TransientError
from casebook.observability.logs import Log
from casebook.run_records import RunRecords
from tests.fakes import FakeClock, FakeProgress, FakeStorage

RUN = Run(
    id="R1",
    company_name="Acme",
    company_slug="acme",
    inputs_digest="d",
    status=RunStatus.RUNNING,
    started_at="2026-03-01T12:00:00+00:00",
)


@dataclass
class Work:
    """A step that raises `troubles`, one a call, then returns its number."""

    troubles: list[BaseException] = field(default_factory=list)
    calls: int = 0

    def __call__(self, number: int) -> int:
        self.calls += 1
        if self.troubles:
            raise self.troubles.pop(0)
        return number

    def step(self, number: int) -> int:
        return self(number)


@dataclass
class Bench:
    """An engine on fakes, and what it did."""

    storage: FakeStorage = field(default_factory=FakeStorage)
    progress: FakeProgress = field(default_factory=FakeProgress)
    slept: list[float] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def engine(self, run: Run = RUN) -> PlainEngine:
        records = RunRecords(self.storage)
        return PlainEngine(
            records.find_in(run.company_slug, run.id) or run,
            records=records,
            storage=self.storage,
            clock=FakeClock(),
            progress=self.progress,
            log=Log(self.lines.append),
            sleep=self.slept.append,
        )


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_step_that_is_done_is_written_down_with_its_result(bench: Bench) -> None:
    engine = bench.engine()
    assert engine(Stage.PART_A, Work().step, 7) == 7
    record = engine.run.step(Stage.PART_A)
    assert record is not None
    assert (record.status, record.attempts, record.output) == (RunStatus.DONE, 1, "acme/part_a/part_a_R1.json")
    assert bench.storage.read("acme/part_a/part_a_R1.json") == b"7"
    assert RunRecords(bench.storage).find("R1") == engine.run
    assert bench.progress.heard == [(Stage.PART_A, 0, 1), (Stage.PART_A, 1, 1)]


def test_a_step_that_was_done_is_not_done_again(bench: Bench) -> None:
    work = Work()
    bench.engine()(Stage.PART_A, work.step, 7)
    assert bench.engine()(Stage.PART_A, work.step, 8) == 7
    assert work.calls == 1


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_saved_result_that_was_damaged_is_made_again(bench: Bench, damage: str) -> None:
    work = Work()
    bench.engine()(Stage.PART_A, work.step, 7)
    if damage == "gone":
        bench.storage.remove("acme/part_a/part_a_R1.json")
    else:
        bench.storage.kept["acme/part_a/part_a_R1.json"] = b"9"
    assert bench.engine()(Stage.PART_A, work.step, 8) == 8
    assert work.calls == 2


def test_a_transient_error_is_tried_again_with_growing_waits(bench: Bench) -> None:
    engine, work = bench.engine(), Work([TransientError("busy")] * MORE_TRIES)
    assert engine(Stage.PART_A, work.step, 7) == 7
    assert bench.slept == [1.0, 2.0]
    record = engine.run.step(Stage.PART_A)
    assert record is not None
    assert record.attempts == 3


@pytest.mark.parametrize("wait", [0.0, 30.0])
def test_the_other_side_says_how_long_to_wait(bench: Bench, wait: float) -> None:
    bench.engine()(Stage.PART_A, Work([TransientError("busy", retry_after=wait)]).step, 7)
    assert bench.slept == [wait]


def test_an_error_that_stays_ends_the_step(bench: Bench) -> None:
    engine, work = bench.engine(), Work([TransientError("busy")] * (MORE_TRIES + 1))
    with pytest.raises(TransientError, match="busy"):
        engine(Stage.PART_A, work.step, 7)
    assert work.calls == MORE_TRIES + 1
    record = engine.run.step(Stage.PART_A)
    assert record is not None
    assert (record.status, record.attempts) == (RunStatus.FAILED, MORE_TRIES + 1)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (PermanentError("no such file"), RunStatus.FAILED),
        (ValueError("a bug"), RunStatus.FAILED),
        (KeyboardInterrupt(), RunStatus.INTERRUPTED),
    ],
)
def test_a_permanent_error_is_written_down_and_raised_at_once(
    bench: Bench, error: BaseException, status: RunStatus
) -> None:
    engine, work = bench.engine(), Work([error])
    with pytest.raises(type(error)):
        engine(Stage.PART_A, work.step, 7)
    record = engine.run.step(Stage.PART_A)
    assert record is not None
    assert (record.status, record.error, work.calls) == (status, str(error) or None, 1)
    assert bench.slept == []
    assert "step failed" in bench.lines[-1]


def test_a_step_that_failed_is_done_by_the_next_run(bench: Bench) -> None:
    work = Work([PermanentError("no")])
    with pytest.raises(PermanentError):
        bench.engine()(Stage.PART_A, work.step, 7)
    engine = bench.engine()
    assert engine(Stage.PART_A, work.step, 7) == 7
    assert [step.status for step in engine.run.steps] == [RunStatus.DONE]
