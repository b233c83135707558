"""The worker: takes runs from the queue, and takes over those of dead workers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import msgspec
import sqlalchemy
from dbos import DBOS, DBOSPortableJSONSerializer

from casebook.backends.engines.durable.database import APPLICATION, QUEUE, SHAPE, WORKFLOW, open_engine
from casebook.backends.engines.durable.queue import ENDED, ENDED_UNSEEN, STATUS, company_of
from casebook.backends.engines.durable.step import Execution, Lease
from casebook.domain.run import RunStatus
from casebook.errors import CasebookError
from casebook.observability.logs import Log

POLL_SECONDS = 0.2  # how often a worker looks for work; 0.1 s of waiting for 1 % of a core

_MAX_DEATHS = 3  # a run that took this many workers with it is not tried again
_DELETED_AT_ONCE = 500


class Limits(msgspec.Struct, frozen=True, kw_only=True):
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
        self._engine = open_engine(database_url)
        self._closed = False
        sqlalchemy.event.listen(self._engine, "checkin", self._leave_none_open)
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
                    "name": APPLICATION,
                    "system_database_engine": self._engine,
                    "application_version": SHAPE,
                    "executor_id": self._lease.owner,
                    "serializer": DBOSPortableJSONSerializer(),
                    "log_level": "WARNING",
                }
            )

            @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=_MAX_DEATHS)
            def report(run_id: str) -> None:
                """Be replayed from the start by whoever takes the run over, steps answered from memory."""
                self._work_on(run_id)

            try:
                self._launch()
            except BaseException:
                self._close()  # the engine is one per process: half started it would be in the next one's way
                raise
        self._every(self._lease.seconds / 5, self._lease.renew)
        self._every(self._lease.seconds / 5, self.look_around)
        self._log.info("worker started", worker=self._lease.owner)

    def _launch(self) -> None:
        DBOS.listen_queues([QUEUE])
        DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=self._limits.at_once,
            partition_concurrency=1,  # a company's runs come one after the other
            limiter={"limit": self._limits.per_hour, "period": 3600.0} if self._limits.per_hour else None,
            polling_interval_sec=POLL_SECONDS,
            on_conflict="always_update",
        )

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
        self._close()
        self._log.info("worker stopped", worker=self._lease.owner, all_ended=ended)
        return ended

    def _close(self) -> None:
        DBOS.destroy(destroy_registry=True)
        self._closed = True  # before the pool goes: what a thread of DBOS gives back later has none to go to
        self._engine.dispose()
        with suppress(CasebookError):
            self._lease.release()

    def _leave_none_open(self, _: object, record: sqlalchemy.pool.ConnectionPoolEntry) -> None:
        if self._closed:
            record.invalidate()

    def look_around(self) -> None:
        """Do what nobody else would: take over runs of dead workers, settle ends, delete what is old.

        Looks at how things are, not at what happened, so that whatever was missed is done the next time.
        """
        self._take_over()
        for ended in DBOS.list_workflows(status=ENDED_UNSEEN, load_input=False, load_output=False):
            if ended.workflow_id not in self._settled:
                self._settle(company_of(ended), ended.workflow_id, STATUS[ended.status])
                self._settled.add(ended.workflow_id)
        if self._limits.keep_days:
            self._delete_before(datetime.now(UTC) - timedelta(days=self._limits.keep_days))

    def _take_over(self) -> None:
        """Put runs of dead workers back into the queue.

        The one use of a private function of DBOS: its public ways forget how often a run took its worker with it.
        """
        running = DBOS.list_workflows(status="PENDING", app_version=SHAPE, load_input=False, load_output=False)
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
            DBOS.resume_workflow(run_id, queue_name=QUEUE)
        self._left = left

    def _delete_before(self, moment: datetime) -> None:
        old = DBOS.list_workflows(
            status=ENDED,
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
