"""The four jobs of a run, and how it failed."""

from __future__ import annotations

import pytest

from casebook.domain.job import JOB_OF_STAGE, STAGES_OF_JOB, Failure, Job, failure_of, job_status
from casebook.domain.run import Run, RunStatus, Stage, StepRecord

DONE, RUNNING, FAILED, QUEUED = RunStatus.DONE, RunStatus.RUNNING, RunStatus.FAILED, RunStatus.QUEUED


def a_run(
    *steps: tuple[Stage, RunStatus], status: RunStatus = RUNNING, error: str | None = None, attempts: int = 1
) -> Run:
    return Run(
        id="R1",
        company_name="Acme",
        company_slug="acme",
        inputs_digest="d",
        status=status,
        started_at="x",
        error=error,
        steps=tuple(
            StepRecord(stage=stage, status=state, started_at="x", attempts=attempts, error="of the step")
            for stage, state in steps
        ),
    )


def test_every_stage_belongs_to_one_job_in_order() -> None:
    assert [stage for stages in STAGES_OF_JOB.values() for stage in stages] == list(Stage)
    assert list(STAGES_OF_JOB) == list(Job)
    assert set(JOB_OF_STAGE) == set(Stage)


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ((), QUEUED),
        (((Stage.SETUP, DONE),), QUEUED),
        (((Stage.PART_A, RUNNING),), RUNNING),
        (((Stage.PART_A, DONE),), RUNNING),
        (((Stage.PART_A, DONE), (Stage.QUOTES, FAILED)), FAILED),
        (tuple((stage, DONE) for stage in STAGES_OF_JOB[Job.PIPELINE]), DONE),
    ],
)
def test_a_job_is_done_when_all_its_steps_are_and_failed_when_one_is(
    steps: tuple[tuple[Stage, RunStatus], ...], status: RunStatus
) -> None:
    assert job_status(Job.PIPELINE, a_run(*steps)) is status


def test_a_job_of_a_run_that_has_no_record_waits() -> None:
    assert job_status(Job.SETUP, None) is QUEUED


@pytest.mark.parametrize("status", [DONE, RUNNING, QUEUED])
def test_a_run_that_did_not_end_badly_has_no_failure(status: RunStatus) -> None:
    assert failure_of(a_run((Stage.SETUP, FAILED), status=status)) is None


def test_a_failure_names_the_step_and_the_cause() -> None:
    steps = ((Stage.SETUP, DONE), (Stage.PART_A, FAILED))
    assert failure_of(a_run(*steps, status=FAILED, error="why", attempts=3)) == Failure(Stage.PART_A, "why", 3)
    assert failure_of(a_run(*steps, status=FAILED)) == Failure(Stage.PART_A, "of the step")
    assert failure_of(a_run(status=RunStatus.CANCELLED)) == Failure(None, "it was cut off")
