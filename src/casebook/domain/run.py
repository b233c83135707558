"""A run: one way of a submission through the workflow, step by step."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Stage(StrEnum):
    """The workflow's steps, in order. The same word names the module, the log label and the saved step."""

    SETUP = "setup"
    VECTOR_STORE = "vector_store"
    PART_A = "part_a"
    QUOTES = "quotes"
    PART_B = "part_b"
    CONSOLIDATION = "consolidation"
    UPLOAD = "upload"


class Folder(StrEnum):
    """The folders under ``outputs/{company_slug}/``."""

    DEBUG = "debug"
    DATA = "data"
    VECTOR_IDS = "vector_ids"
    PART_A = "part_a"
    PART_B = "part_b"
    FINAL = "final"


FOLDER_OF_STAGE = {  # where a step's saved result is kept
    Stage.SETUP: Folder.DEBUG,
    Stage.VECTOR_STORE: Folder.VECTOR_IDS,
    Stage.PART_A: Folder.PART_A,
    Stage.QUOTES: Folder.PART_A,
    Stage.PART_B: Folder.PART_B,
    Stage.CONSOLIDATION: Folder.DEBUG,
    Stage.UPLOAD: Folder.DEBUG,
}


class RunStatus(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"


FINAL = frozenset({RunStatus.DONE, RunStatus.FAILED, RunStatus.INTERRUPTED, RunStatus.CANCELLED})


class StepRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one step of a run. Times are UTC, ISO 8601; `output` is a key in the storage."""

    stage: Stage
    status: RunStatus
    started_at: str
    seconds: float = 0.0
    attempts: int = 1
    output: str | None = None
    output_sha256: str | None = None
    error: str | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a run, rewritten after each step. Times are UTC, ISO 8601."""

    id: str
    company_name: str
    company_slug: str
    inputs_digest: str  # of the submission, the files, the analyst and the catalogue: the same work or not
    status: RunStatus
    started_at: str
    finished_at: str | None = None
    steps: tuple[StepRecord, ...] = ()
    error: str | None = None

    def step(self, stage: Stage) -> StepRecord | None:
        """Find the record of a stage, None before it was started."""
        return next((record for record in self.steps if record.stage is stage), None)
