"""One attempt at a run, and its steps, whose being done is written down in the database."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ParamSpec, Protocol, TypeVar

import msgspec
from dbos import DBOS, PortableWorkflowError
from dbos import error as dbos_errors

from casebook.domain.run import Run, Stage, StepRecord
from casebook.errors import PermanentError, RunCancelled, RunTakenOver, WorkerStopped

P = ParamSpec("P")
T = TypeVar("T")


class Lease(Protocol):
    """A worker's sign of life; see `casebook.backends.leases`."""

    owner: str
    seconds: float

    def renew(self) -> None:
        """Say that the worker lives. Raises CasebookError."""
        ...

    def live(self) -> set[str]:
        """Return the workers that live. Raises CasebookError."""
        ...

    def token(self) -> int:
        """Return what `holds` is asked with later."""
        ...

    def holds(self, token: int) -> bool:
        """Tell whether the lease never lapsed since `token`."""
        ...

    def release(self) -> None:
        """Say that the worker is gone. Raises CasebookError."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """Do something that one process at a time may do. Raises CasebookError."""
        ...


class KeptSteps(Protocol):
    """A step runner that keeps results as files, and the record of its run."""

    @property
    def run(self) -> Run:
        """The run as far as it has come."""
        ...

    def recall(self, record: StepRecord) -> None:
        """Write down again what is known of a step."""
        ...

    def __call__(self, stage: Stage, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a step, or read what it returned before."""
        ...


class Execution:
    """One attempt of this worker at one run: makes its steps durable, and knows whether the run is still its own."""

    def __init__(self, *, run_id: str, lease: Lease, stopping: threading.Event) -> None:
        """Begin; whether the lease lapses is counted from here."""
        self.run_id = run_id
        self._lease = lease
        self._token = lease.token()
        self._stopping = stopping
        self._lost = False

    def check(self) -> None:
        """Raise RunTakenOver when another worker may have the run by now."""
        if self._lost or not self._lease.holds(self._token):
            raise RunTakenOver

    def wait(self, seconds: float) -> None:
        """Wait before a step is tried again: never shorter, up to a quarter longer, so that workers spread out."""
        if self._stopping.wait(seconds * random.uniform(1.0, 1.25)):  # noqa: S311 - nothing to guess
            raise WorkerStopped

    def durable(self, steps: KeptSteps) -> DurableStep:
        """Put the database's memory around `steps`."""
        return DurableStep(steps, self)

    def before_step(self) -> None:
        """Raise what ends the run here before its next step."""
        if self._stopping.is_set():
            raise WorkerStopped
        self.check()

    def lose(self) -> None:
        """Note that the database gave the run to another worker."""
        self._lost = True


class DurableStep:
    """A `Step` whose being done is written down in the database."""

    def __init__(self, steps: KeptSteps, execution: Execution) -> None:
        """Let `steps` do and keep the work. To be used inside the workflow's function only."""
        self._steps = steps
        self._execution = execution

    def __call__(self, stage: Stage, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what the step returned in this or in an earlier attempt."""
        made: list[T] = []

        def work() -> dict[str, Any]:
            made.append(self._steps(stage, function, *args, **kwargs))
            plain: dict[str, Any] = msgspec.to_builtins(self._steps.run.step(stage))
            return plain

        self._execution.before_step()
        with self._translated():
            known = DBOS.run_step({"name": stage.value}, work)
        if made:
            return made[0]
        self._steps.recall(msgspec.convert(known, StepRecord))
        return self._steps(stage, function, *args, **kwargs)  # reads the file; damaged, it is made again

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except dbos_errors.DBOSWorkflowCancelledError as error:
            raise RunCancelled from error
        except dbos_errors.DBOSWorkflowConflictIDError:
            self._execution.lose()
            raise
        except PortableWorkflowError as error:  # a step that failed before the worker died: only its message is left
            raise PermanentError(error.message) from error
