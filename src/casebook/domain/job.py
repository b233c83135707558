"""The four jobs that a run consists of, and how it failed: what people ask about a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from casebook.domain.run import FINAL, Run, RunStatus, Stage, StepRecord


class Job(StrEnum):
    """The jobs, in order. Each is one step or several."""

    SETUP = "setup"
    VECTOR_STORE = "vector_store"
    PIPELINE = "pipeline"
    UPLOAD = "upload"


STAGES_OF_JOB: Mapping[Job, Sequence[Stage]] = {
    Job.SETUP: (Stage.SETUP,),
    Job.VECTOR_STORE: (Stage.VECTOR_STORE,),
    Job.PIPELINE: (Stage.PART_A, Stage.QUOTES, Stage.PART_B, Stage.CONSOLIDATION),
    Job.UPLOAD: (Stage.UPLOAD,),
}
JOB_OF_STAGE = {stage: job for job, stages in STAGES_OF_JOB.items() for stage in stages}


class Failure(msgspec.Struct, frozen=True):
    """Where and why a run ended without a report; no step when it ended between two, or before the first."""

    step: Stage | None
    cause: str
    attempts: int = 1


def job_status(job: Job, run: Run | None) -> RunStatus:
    """Tell where a job stands: done when all its steps are, failed when one is."""
    stages = STAGES_OF_JOB[job]
    found = [record.status for stage in stages if run and (record := run.step(stage))]
    if len(found) == len(stages) and set(found) == {RunStatus.DONE}:
        return RunStatus.DONE
    ended = next((status for status in found if status in FINAL - {RunStatus.DONE}), None)
    return ended or (RunStatus.RUNNING if found else RunStatus.QUEUED)


def failure_of(run: Run) -> Failure | None:
    """Tell how a run failed; None when it did not, or not yet."""
    if run.status not in FINAL - {RunStatus.DONE}:
        return None
    step = _ended_step(run)
    cause = run.error or (step.error if step else None) or "it was cut off"
    return Failure(step.stage, cause, step.attempts) if step else Failure(None, cause)


def _ended_step(run: Run) -> StepRecord | None:
    return next((step for step in run.steps if step.status is not RunStatus.DONE), None)
