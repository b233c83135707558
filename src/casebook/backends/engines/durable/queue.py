"""The queue: hands runs to the workers, wherever they are."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from dbos import DBOSClient, DBOSPortableJSONSerializer, WorkflowStatus

from casebook.backends.engines.durable.database import APPLICATION, QUEUE, SHAPE, WORKFLOW, open_engine, reachable
from casebook.domain.run import RunStatus, Stage
from casebook.errors import PermanentError, QueueFull
from casebook.ports import Order

_ORDINARY = 1000  # the priority 0, for the database knows none below 1
_COUNT_SECONDS = 1.0  # how long a count of the backlog is good for
RETRY_AFTER = 5.0  # seconds, when the backlog is full
STATUS = {
    "ENQUEUED": RunStatus.QUEUED,
    "DELAYED": RunStatus.QUEUED,
    "PENDING": RunStatus.RUNNING,
    "SUCCESS": RunStatus.DONE,
    "ERROR": RunStatus.FAILED,
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": RunStatus.FAILED,
    "CANCELLED": RunStatus.CANCELLED,
}
_WAITING = ["ENQUEUED", "DELAYED"]
ENDED_UNSEEN = ["CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]  # no worker was there to write it down
ENDED = ["SUCCESS", "ERROR", *ENDED_UNSEEN]


class DurableQueue:
    """A `WorkQueue` in the database: hands runs to the workers, wherever they are."""

    def __init__(self, database_url: str, *, max_waiting: int, forget: Callable[[str, str, Stage], object]) -> None:
        """Use the database, whose tables `prepare` has made; at most `max_waiting` runs wait.

        `forget(company_slug, run_id, stage)` makes the step runner forget what it kept of a run from a stage on.
        """
        with reachable():
            self._engine = open_engine(database_url)
            self._client = DBOSClient(
                system_database_engine=self._engine,
                serializer=DBOSPortableJSONSerializer(),
                application_name=APPLICATION,
                retry_connection_errors=False,
            )
        self._max_waiting = max_waiting
        self._forget = forget
        self._counted = (0, float("-inf"))  # how many wait, when they were counted
        self._counting = threading.Lock()

    def enqueue(self, run_id: str, company_slug: str, priority: int = 0) -> None:
        """Take a run. Raises QueueFull or TransientError."""
        self.enqueue_all([Order(run_id, company_slug, priority)])

    def enqueue_all(self, orders: Sequence[Order]) -> None:
        """Take several runs, all or none, with one commit. Raises QueueFull or TransientError."""
        with reachable():
            if self.depth() + len(orders) > self._max_waiting and any(self.state(it.run_id) is None for it in orders):
                raise QueueFull(retry_after=RETRY_AFTER)
            with self._engine.begin() as transaction:
                for order in orders:
                    self._client.enqueue_in_transaction(
                        transaction,
                        {
                            "workflow_name": WORKFLOW,
                            "queue_name": QUEUE,
                            "workflow_id": order.run_id,
                            "app_version": SHAPE,
                            "priority": max(1, _ORDINARY + order.priority),
                            "queue_partition_key": order.company_slug,
                        },
                        order.run_id,
                    )
        with self._counting:
            count, at = self._counted
            self._counted = (count + len(orders), at)

    def state(self, run_id: str) -> RunStatus | None:
        """Tell where a run stands. Raises TransientError."""
        with reachable():
            found = self._client.list_workflows(workflow_ids=[run_id], load_input=False, load_output=False)
        return STATUS[found[0].status] if found else None

    def cancel(self, run_id: str) -> None:
        """End a run at its next step. Raises TransientError."""
        with reachable():
            self._client.cancel_workflow(run_id)

    def forget(self, run_ids: Sequence[str]) -> None:
        """Forget runs that have ended. Raises TransientError."""
        with reachable():
            self._client.delete_workflows(list(run_ids))

    def rerun(self, run_id: str, from_stage: Stage | None = None) -> None:
        """Run again from the failed step or from `from_stage`. Raises PermanentError or TransientError."""
        with reachable():
            found = self._client.list_workflows(workflow_ids=[run_id], load_input=False, load_output=False)
            if not found:
                message = f"the queue does not know a run {run_id}: what casebook run began goes on by the same command"
                raise PermanentError(message)
            if found[0].status not in ENDED:
                message = "the run has not ended: cancel it first, or wait for it"
                raise PermanentError(message)
            start = self._first_step(run_id, from_stage)
            if from_stage is not None:
                self._forget(company_of(found[0]), run_id, from_stage)
            self._client.rewind_workflow(
                run_id, start_step=start, queue_name=QUEUE, queue_partition_key=company_of(found[0])
            )

    def depth(self) -> int:
        """Return how many runs wait, as counted within the last second. Raises TransientError."""
        with self._counting:
            count, at = self._counted
            if time.monotonic() - at > _COUNT_SECONDS:
                with reachable():
                    count = len(
                        self._client.list_workflows(
                            queue_name=QUEUE, status=_WAITING, load_input=False, load_output=False
                        )
                    )
                self._counted = (count, time.monotonic())
        return count

    def close(self) -> None:
        """Close the connections."""
        self._client.destroy()
        self._engine.dispose()

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


def company_of(run: WorkflowStatus) -> str:
    """Return the folder of the company that a run is of."""
    return run.queue_partition_key or ""
