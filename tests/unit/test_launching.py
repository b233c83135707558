"""Launching: one job a try, watched to its end, whatever dies in between."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from casebook import launching
from casebook.domain.launch import JobName, LaunchState
from casebook.domain.run import Run, RunStatus
from casebook.errors import PermanentError, RunCancelled, TransientError
from tests.fakes import FakeLauncher, FakeStorage

DONE = Run(
    id="R1", company_name="Acme", company_slug="acme", inputs_digest="", status=RunStatus.DONE, started_at="2026-01-01"
)
FAILED = Run(
    id="R1",
    company_name="Acme",
    company_slug="acme",
    inputs_digest="",
    status=RunStatus.FAILED,
    started_at="2026-01-01",
    error="the disk is full",
)


@dataclass
class Bench:
    """A watch on fakes."""

    launcher: FakeLauncher = field(default_factory=FakeLauncher)
    storage: FakeStorage = field(default_factory=FakeStorage)
    run: Run | None = DONE
    cancelled: bool = False
    waited: list[float] = field(default_factory=list)

    def carry_out(self) -> None:
        watch = launching.Watch(
            launcher=self.launcher,
            storage=self.storage,
            find_run=lambda: self.run,
            is_cancelled=lambda: self.cancelled,
            wait=self.waited.append,
        )
        launching.carry_out("R1", "acme", watch)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_run_is_started_once_and_watched_to_its_end(bench: Bench) -> None:
    bench.launcher.states = [LaunchState.WAITING, LaunchState.RUNNING, LaunchState.SUCCEEDED]
    bench.carry_out()
    assert bench.launcher.started == [JobName("R1", 1)]
    assert bench.waited == [launching.LOOK_SECONDS] * 2


def test_a_watcher_that_died_is_followed_by_one_that_starts_nothing(bench: Bench) -> None:
    bench.launcher.states = [LaunchState.RUNNING, KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        bench.carry_out()
    bench.carry_out()
    assert bench.launcher.started == [JobName("R1", 1)]


def test_a_job_whose_start_was_not_noted_is_found_again(bench: Bench) -> None:
    bench.launcher.start(JobName("R1", 1))
    bench.carry_out()
    assert len(bench.launcher.started) == 1


@pytest.mark.parametrize(
    ("run", "state", "says"),
    [
        (FAILED, LaunchState.FAILED, "the disk is full"),
        (None, LaunchState.FAILED, "ended without finishing the run"),
        (None, LaunchState.GONE, "was deleted or cancelled there"),
        (None, LaunchState.SUCCEEDED, "ended without finishing the run"),
    ],
)
def test_a_run_that_did_not_end_well_says_why_and_is_started_anew_when_run_again(
    bench: Bench, run: Run | None, state: LaunchState, says: str
) -> None:
    bench.run, bench.launcher.states = run, [state]
    with pytest.raises(PermanentError, match=says):
        bench.carry_out()
    bench.run = DONE
    bench.carry_out()
    assert bench.launcher.started == [JobName("R1", 1), JobName("R1", 2)]


def test_a_cancelled_run_is_ended_over_there(bench: Bench) -> None:
    bench.launcher.states, bench.cancelled = [LaunchState.RUNNING], True
    with pytest.raises(RunCancelled):
        bench.carry_out()
    assert bench.launcher.cancelled == ["casebook-r1-1"]


def test_a_look_that_fails_for_the_moment_is_repeated_but_a_start_is_not(bench: Bench) -> None:
    bench.launcher.states = [TransientError(retry_after=7.0), TransientError(), LaunchState.SUCCEEDED]
    bench.carry_out()
    assert bench.waited == [7.0, 10.0]
    bench = Bench(launcher=FakeLauncher(trouble=TransientError("busy")))
    with pytest.raises(TransientError):
        bench.carry_out()
    assert bench.launcher.started == [JobName("R1", 1)]


@pytest.mark.parametrize("run_id", ["", "a b", "secret:KEY", "${X}", "../x", "x" * 65])
def test_only_our_own_ids_become_jobs(run_id: str) -> None:
    with pytest.raises(PermanentError):
        JobName(run_id, 1)
