"""The plain step runner: one process, results saved as files, so that a run that was cut off goes on."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar, get_type_hints

import msgspec
from msgspec.structs import replace

from casebook.domain.job import JOB_OF_STAGE
from casebook.domain.run import FOLDER_OF_STAGE, Run, RunStatus, Stage, StepRecord
from casebook.errors import TransientError
from casebook.observability.logs import Log, within
from casebook.ports import Clock, Progress, Storage
from casebook.run_records import RunRecords

P = ParamSpec("P")
T = TypeVar("T")

MORE_TRIES = 2  # after a transient error
_FIRST_WAIT = 1.0  # seconds, doubled with each try, unless the other side says how long


class PlainEngine:
    """A `Step` that saves what each step returns and reads it back when the step was done before."""

    def __init__(  # noqa: PLR0913 - the parts a step runner is made of
        self,
        run: Run,
        *,
        records: RunRecords,
        storage: Storage,
        clock: Clock,
        progress: Progress,
        log: Log,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Run the steps of `run`, going on where its record says it stopped."""
        self.run = run
        self._records = records
        self._storage = storage
        self._clock = clock
        self._progress = progress
        self._log = log
        self._sleep = sleep

    def __call__(self, stage: Stage, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return the saved result of `stage`, or run `function` and save what it returns."""
        result_type: type[T] = get_type_hints(function)["return"]
        saved = self._saved(stage, result_type)
        if saved is not None:
            self._log.info("step taken from before", job=JOB_OF_STAGE[stage], step=stage, run_id=self.run.id)
            self._progress(stage, 1, 1, "done before")
            return saved
        self._progress(stage, 0, 1)
        started, begun = self._clock().isoformat(), time.monotonic()
        self._note(StepRecord(stage=stage, status=RunStatus.RUNNING, started_at=started))
        tries = _Tries(self._log, self._sleep)
        try:
            with within(step=stage):
                result = tries(function, *args, **kwargs)
        except BaseException as error:
            self._fail(stage, error, started=started, seconds=time.monotonic() - begun, attempts=tries.made)
            raise
        data = self._keep(stage, result, started=started, seconds=time.monotonic() - begun, attempts=tries.made)
        self._progress(stage, 1, 1)
        return msgspec.json.decode(data, type=result_type)  # as a run that goes on reads it: 220.0 where 220 was kept

    def recall(self, record: StepRecord) -> None:
        """Write down again what is known of a step from elsewhere, if the run's record says otherwise."""
        if self.run.step(record.stage) != record:
            self._note(record)

    def _fail(self, stage: Stage, error: BaseException, *, started: str, seconds: float, attempts: int) -> None:
        self._note(
            StepRecord(
                stage=stage,
                status=RunStatus.FAILED if isinstance(error, Exception) else RunStatus.INTERRUPTED,
                started_at=started,
                seconds=round(seconds, 3),
                attempts=attempts,
                error=str(error) or None,
            )
        )
        job = JOB_OF_STAGE[stage]
        status = "failed" if isinstance(error, Exception) else "interrupted"
        self._log.metric("step_seconds", round(seconds, 3), "s", step=stage, status=status, run_id=self.run.id)
        self._log.error("step failed", job=job, step=stage, run_id=self.run.id, attempts=attempts, error=str(error))

    def _saved(self, stage: Stage, result_type: type[T]) -> T | None:
        record = self.run.step(stage)
        if not record or record.status is not RunStatus.DONE or not record.output:
            return None
        if not self._storage.exists(record.output):
            return None
        data = self._storage.read(record.output)
        if hashlib.sha256(data).hexdigest() != record.output_sha256:
            return None  # cut off while it was written, or changed by hand: do the step again
        return msgspec.json.decode(data, type=result_type)

    def _keep(self, stage: Stage, result: object, *, started: str, seconds: float, attempts: int) -> bytes:
        key = f"{self.run.company_slug}/{FOLDER_OF_STAGE[stage]}/{stage}_{self.run.id}.json"
        data = msgspec.json.format(msgspec.json.encode(result), indent=1)
        self._storage.write(key, data)
        self._note(
            StepRecord(
                stage=stage,
                status=RunStatus.DONE,
                started_at=started,
                seconds=round(seconds, 3),
                attempts=attempts,
                output=key,
                output_sha256=hashlib.sha256(data).hexdigest(),
            )
        )
        job = JOB_OF_STAGE[stage]
        self._log.info("step done", job=job, step=stage, run_id=self.run.id, seconds=round(seconds, 3))
        self._log.metric("step_seconds", round(seconds, 3), "s", step=stage, status="done", run_id=self.run.id)
        return data

    def _note(self, record: StepRecord) -> None:
        others = tuple(step for step in self.run.steps if step.stage is not record.stage)
        self.run = replace(self.run, steps=(*others, record))
        self._records.write(self.run)


class _Tries:
    """Tries again after transient errors, at this one level only, and counts."""

    def __init__(self, log: Log, sleep: Callable[[float], None]) -> None:
        self.made = 0
        self._log = log
        self._sleep = sleep

    def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        while True:
            self.made += 1
            try:
                return function(*args, **kwargs)
            except TransientError as error:
                if self.made > MORE_TRIES:
                    raise
                wait = error.retry_after if error.retry_after is not None else _FIRST_WAIT * 2 ** (self.made - 1)
                self._log.warning("trying again", attempt=self.made, wait=wait, error=str(error))
                self._sleep(wait)
