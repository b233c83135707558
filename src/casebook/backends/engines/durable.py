"""The durable engine: DBOS on SQLite or PostgreSQL, behind the `Step` and `WorkQueue` ports.

What a step returned is kept as a file by the plain step runner; the database knows which steps of which run are done,
who works on it, and what waits. Steps are at least once: a process that is killed between a step's end and its note in
the database finds the file and does not do the work again.
"""

from __future__ import annotations

import logging
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar

import msgspec
import sqlalchemy
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, PortableWorkflowError, WorkflowStatus
from dbos import error as dbos_errors

from casebook.domain.run import Run, RunStatus, Stage, StepRecord
from casebook.errors import (
    CasebookError,
    PermanentError,
    QueueFull,
    RunCancelled,
    RunTakenOver,
    TransientError,
    WorkerStopped,
)
from casebook.observability.logs import Log

P = ParamSpec("P")
T = TypeVar("T")

POLL_SECONDS = 0.2  # how often a worker looks for work; 0.1 s of waiting for 1 % of a core

_QUEUE = "reports"
_WORKFLOW = "report"
_APPLICATION = "casebook"
_SHAPE = "1"  # of the workflow: constant, for DBOS strands the runs of another version; see docs/decisions/0009
_MAX_DEATHS = 3  # a run that took this many workers with it is not tried again
_ORDINARY = 1000  # the priority 0, for the database knows none below 1
_RETRY_AFTER = 5.0  # seconds, when the backlog is full
_COUNT_SECONDS = 1.0  # how long a count of the backlog is good for
_DELETED_AT_ONCE = 500
_STATUS = {
    "ENQUEUED": RunStatus.QUEUED,
    "DELAYED": RunStatus.QUEUED,
    "PENDING": RunStatus.RUNNING,
    "SUCCESS": RunStatus.DONE,
    "ERROR": RunStatus.FAILED,
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": RunStatus.FAILED,
    "CANCELLED": RunStatus.CANCELLED,
}
_WAITING = ["ENQUEUED", "DELAYED"]
_ENDED_UNSEEN = ["CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]  # no worker was there to write it down
_ENDED = ["SUCCESS", "ERROR", *_ENDED_UNSEEN]


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


class DurableQueue:
    """A `WorkQueue` in the database: hands runs to the workers, wherever they are."""

    def __init__(self, database_url: str, *, max_waiting: int, forget: Callable[[str, str, Stage], object]) -> None:
        """Use the database, whose tables `prepare` has made; at most `max_waiting` runs wait.

        `forget(company_slug, run_id, stage)` makes the step runner forget what it kept of a run from a stage on.
        """
        self._client = DBOSClient(
            system_database_url=database_url,
            serializer=DBOSPortableJSONSerializer(),
            application_name=_APPLICATION,
            retry_connection_errors=False,
        )
        self._max_waiting = max_waiting
        self._forget = forget
        self._counted = (0, float("-inf"))  # how many wait, when they were counted
        self._counting = threading.Lock()

    def enqueue(self, run_id: str, company_slug: str, priority: int = 0) -> None:
        """Take a run. Raises QueueFull or TransientError."""
        with _reachable():
            if self.depth() >= self._max_waiting and self.state(run_id) is None:
                raise QueueFull(retry_after=_RETRY_AFTER)
            self._client.enqueue(
                {
                    "workflow_name": _WORKFLOW,
                    "queue_name": _QUEUE,
                    "workflow_id": run_id,
                    "app_version": _SHAPE,
                    "priority": max(1, _ORDINARY + priority),
                    "queue_partition_key": company_slug,
                },
                run_id,
            )
        with self._counting:
            count, at = self._counted
            self._counted = (count + 1, at)

    def state(self, run_id: str) -> RunStatus | None:
        """Tell where a run stands. Raises TransientError."""
        with _reachable():
            found = self._client.list_workflows(workflow_ids=[run_id], load_input=False, load_output=False)
        return _STATUS[found[0].status] if found else None

    def cancel(self, run_id: str) -> None:
        """End a run at its next step. Raises TransientError."""
        with _reachable():
            self._client.cancel_workflow(run_id)

    def rerun(self, run_id: str, from_stage: Stage | None = None) -> None:
        """Run again from the failed step or from `from_stage`. Raises PermanentError or TransientError."""
        with _reachable():
            found = self._client.list_workflows(workflow_ids=[run_id], load_input=False, load_output=False)
            if not found:
                message = f"the queue does not know a run {run_id}"
                raise PermanentError(message)
            if found[0].status not in _ENDED:
                message = "the run has not ended: cancel it first, or wait for it"
                raise PermanentError(message)
            start = self._first_step(run_id, from_stage)
            if from_stage is not None:
                self._forget(_company_of(found[0]), run_id, from_stage)
            self._client.rewind_workflow(
                run_id, start_step=start, queue_name=_QUEUE, queue_partition_key=_company_of(found[0])
            )

    def depth(self) -> int:
        """Return how many runs wait, as counted within the last second. Raises TransientError."""
        with self._counting:
            count, at = self._counted
            if time.monotonic() - at > _COUNT_SECONDS:
                with _reachable():
                    count = len(
                        self._client.list_workflows(
                            queue_name=_QUEUE, status=_WAITING, load_input=False, load_output=False
                        )
                    )
                self._counted = (count, time.monotonic())
        return count

    def close(self) -> None:
        """Close the connections."""
        self._client.destroy()

    def _first_step(self, run_id: str, from_stage: Stage | None) -> int:
        """Find the number of the step to start from: the one asked for, or the first that is not done."""
        steps = self._client.list_workflow_steps(run_id)
        if from_stage is None:
            done = [step["function_id"] for step in steps if step["error"] is None]
            return max(done, default=0) + 1
        for step in steps:
            if step["function_name"] == from_stage:
                return step["function_id"]
        message = f"the run never came to {from_stage}: run it again without naming a step"
        raise PermanentError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a worker takes on."""

    at_once: int = 2  # runs in this process
    per_hour: int = 0  # runs started by all workers; 0 is no limit
    keep_days: int = 0  # how long ended runs are kept in the database; 0 is for ever


class DurableWorker:
    """Takes runs from the queue and works on them, one process's share; takes over those of dead workers."""

    def __init__(  # noqa: PLR0913 - the parts a worker is made of
        self,
        database_url: str,
        *,
        execute: Callable[[Execution], object],
        settle: Callable[[str, str, RunStatus], None],
        lease: Lease,
        limits: Limits,
        log: Log,
    ) -> None:
        """Work on a run with `execute`; `settle(company_slug, run_id, status)` notes an end that no worker saw."""
        self._database_url = database_url
        self._execute = execute
        self._settle = settle
        self._lease = lease
        self._limits = limits
        self._log = log
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        self._idle = threading.Condition()
        self._active: set[str] = set()
        self._left: set[str] = set()  # ours by the database, but not worked on here when last looked at
        self._settled: set[str] = set()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to take runs. Raises PermanentError when another worker has the database for itself."""
        _send_dbos_messages_to(self._log)
        with self._lease.alone():
            self._lease.renew()  # before anything is taken: who has no lease is dead to the others
            DBOS(
                config={
                    "name": _APPLICATION,
                    "system_database_url": self._database_url,
                    "application_version": _SHAPE,
                    "executor_id": self._lease.owner,
                    "serializer": DBOSPortableJSONSerializer(),
                    "log_level": "WARNING",
                }
            )

            @DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=_MAX_DEATHS)
            def report(run_id: str) -> None:
                """Be replayed from the start by whoever takes the run over, steps answered from memory."""
                self._work_on(run_id)

            DBOS.listen_queues([_QUEUE])
            DBOS.launch()
            DBOS.register_queue(
                _QUEUE,
                worker_concurrency=self._limits.at_once,
                partition_concurrency=1,  # a company's runs come one after the other
                limiter={"limit": self._limits.per_hour, "period": 3600.0} if self._limits.per_hour else None,
                polling_interval_sec=POLL_SECONDS,
                on_conflict="always_update",
            )
        self._every(self._lease.seconds / 5, self._lease.renew)
        self._every(self._lease.seconds / 5, self.look_around)
        self._log.info("worker started", worker=self._lease.owner)

    def stop(self, *, within: float) -> bool:
        """Take no more runs, end the running ones after the step they are in, and say whether all have ended.

        What is not finished goes on elsewhere, or here at the next start.
        """
        self._stopping.set()
        with self._idle:
            ended = self._idle.wait_for(lambda: not self._active, timeout=within)
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        DBOS.destroy(destroy_registry=True)
        with suppress(CasebookError):
            self._lease.release()
        self._log.info("worker stopped", worker=self._lease.owner, all_ended=ended)
        return ended

    def look_around(self) -> None:
        """Do what nobody else would: take over runs of dead workers, settle ends, delete what is old.

        Looks at how things are, not at what happened, so that whatever was missed is done the next time.
        """
        self._take_over()
        for ended in DBOS.list_workflows(status=_ENDED_UNSEEN, load_input=False, load_output=False):
            if ended.workflow_id not in self._settled:
                self._settle(_company_of(ended), ended.workflow_id, _STATUS[ended.status])
                self._settled.add(ended.workflow_id)
        if self._limits.keep_days:
            self._delete_before(datetime.now(UTC) - timedelta(days=self._limits.keep_days))

    def _take_over(self) -> None:
        """Put runs of dead workers back into the queue.

        The one use of a private function of DBOS: its public ways forget how often a run took its worker with it.
        """
        running = DBOS.list_workflows(status="PENDING", app_version=_SHAPE, load_input=False, load_output=False)
        owners = {run.executor_id for run in running if run.executor_id}  # read first: a lease that ends later shows
        dead = sorted(owners - self._lease.live())
        if dead:
            self._log.warning("taking over the runs of dead workers", workers=dead)
            DBOS._recover_pending_workflows(dead)  # noqa: SLF001
        self._take_up({run.workflow_id for run in running if run.executor_id == self._lease.owner})

    def _take_up(self, ours: set[str]) -> None:
        """Put back what this worker left when its lease lapsed, and no other worker took over before it came back."""
        left = ours - self._active
        for run_id in left & self._left:  # seen twice: not just between being taken and being begun
            self._log.warning("taking up a run that was left", run_id=run_id)
            DBOS.resume_workflow(run_id, queue_name=_QUEUE)
        self._left = left

    def _delete_before(self, moment: datetime) -> None:
        old = DBOS.list_workflows(
            status=_ENDED,
            completed_before=moment.isoformat(),
            limit=_DELETED_AT_ONCE,
            load_input=False,
            load_output=False,
        )
        if old:
            DBOS.delete_workflows([run.workflow_id for run in old])
            self._log.info("deleted ended runs from the queue", number=len(old))

    def _work_on(self, run_id: str) -> None:
        with self._idle:
            self._active.add(run_id)
        try:
            self._execute(Execution(run_id=run_id, lease=self._lease, stopping=self._stopping))
        finally:
            with self._idle:
                self._active.discard(run_id)
                self._idle.notify_all()

    def _every(self, seconds: float, act: Callable[[], None]) -> None:
        def again() -> None:
            while not self._stopped.wait(seconds):
                try:
                    act()
                except Exception as error:  # noqa: BLE001 - whatever it was, the next time may go well
                    self._log.warning("will look again", error=str(error))

        thread = threading.Thread(target=again, name=f"casebook-{act.__name__}", daemon=True)
        thread.start()
        self._threads.append(thread)


def _company_of(run: WorkflowStatus) -> str:
    return run.queue_partition_key or ""


def sqlite_url(path: Path) -> str:
    """Return the database URL of a SQLite file."""
    return f"sqlite:///{path.absolute()}"


def prepare(database_url: str, lease: Lease) -> None:
    """Make the tables, if they are not there. Raises TransientError when the database does not answer."""
    url = sqlalchemy.make_url(database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        with sqlite3.connect(url.database) as connection:
            connection.execute("PRAGMA journal_mode=WAL")  # stays with the file; DBOS does not ask for it
        connection.close()
    with lease.alone(), _reachable():
        DBOS.migrate(database_url)


@contextmanager
def _reachable() -> Iterator[None]:
    """Turn the database's errors into TransientError."""
    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, dbos_errors.DBOSException) as error:
        message = f"the database of the queue does not answer: {type(error).__name__}"
        raise TransientError(message, retry_after=_RETRY_AFTER) from error


class _ToLog(logging.Handler):
    """Hands DBOS's messages to our log."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.warning("engine", detail=record.getMessage())


def _send_dbos_messages_to(log: Log) -> None:
    logger = logging.getLogger("dbos")
    logger.handlers = [_ToLog(log)]  # before DBOS looks: without a handler it writes to the terminal
    logger.propagate = False
