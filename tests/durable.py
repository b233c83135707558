"""The durable engine on a real database, with work that a test decides on."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from casebook.backends.engines.durable.database import prepare, sqlite_url
from casebook.backends.engines.durable.queue import DurableQueue
from casebook.backends.engines.durable.step import Execution, Lease
from casebook.backends.engines.durable.worker import DurableWorker, Limits
from casebook.backends.engines.plain import PlainEngine
from casebook.backends.leases import FileLease, PostgresLease
from casebook.domain.run import Run, RunStatus, Stage
from casebook.observability.logs import Log
from casebook.run_records import RunRecords
from tests.fakes import FakeClock, FakeProgress, FakeStorage
from tests.samples import STARTED_AT

P = ParamSpec("P")
T = TypeVar("T")


class DurableBench:
    """A queue and workers on one database; `work` is what they do for a run."""

    def __init__(self, database_url: str, new_lease: Callable[[], Lease], *, max_waiting: int = 100) -> None:
        self.database_url = database_url
        self.new_lease = new_lease
        self.lines: list[str] = []
        self.storage = FakeStorage()
        self.records = RunRecords(self.storage)
        self.settled: list[tuple[str, RunStatus]] = []
        self.forgotten: list[tuple[str, Stage]] = []
        prepare(database_url, new_lease())
        self.queue = DurableQueue(
            database_url,
            max_waiting=max_waiting,
            forget=lambda _, run_id, stage: self.forgotten.append((run_id, stage)),
        )

    @contextmanager
    def worker(
        self, execute: Callable[[Execution], object], *, limits: Limits | None = None, lease: Lease | None = None
    ) -> Iterator[DurableWorker]:
        """Lend a worker that takes runs."""
        worker = DurableWorker(
            self.database_url,
            execute=execute,
            settle=lambda _, run_id, status: self.settled.append((run_id, status)),
            lease=lease or self.new_lease(),
            limits=limits or Limits(),
            log=Log(self.lines.append),
        )
        worker.start()
        try:
            yield worker
        finally:
            worker.stop(within=30)

    def steps(self, execution: Execution, slug: str = "acme") -> Callable[..., Any]:
        """Return the durable step runner of a run, its results kept in memory."""
        run = self.records.find_in(slug, execution.run_id) or Run(
            id=execution.run_id,
            company_name=slug,
            company_slug=slug,
            inputs_digest="d",
            status=RunStatus.RUNNING,
            started_at=STARTED_AT,
        )
        return execution.durable(
            PlainEngine(
                run,
                records=self.records,
                storage=self.storage,
                clock=FakeClock(),
                progress=FakeProgress(),
                log=Log(self.lines.append),
                sleep=execution.wait,
            )
        )


@contextmanager
def sqlite_bench(folder: Path, *, max_waiting: int = 100) -> Iterator[DurableBench]:
    """Lend a bench on SQLite."""
    bench = DurableBench(
        sqlite_url(folder / "queue.sqlite3"), lambda: FileLease(folder / "worker.lock"), max_waiting=max_waiting
    )
    yield bench
    bench.queue.close()


@contextmanager
def postgres_bench(url: str, *, max_waiting: int = 100) -> Iterator[DurableBench]:
    """Lend a bench on PostgreSQL."""
    bench = DurableBench(url, lambda: PostgresLease(url, "W1", seconds=3), max_waiting=max_waiting)
    yield bench
    bench.queue.close()


class RemoteStep:
    """A `Step` for the test's thread: each call is made inside a workflow, where durable steps belong."""

    def __init__(self) -> None:
        self._calls: queue.Queue[tuple[Future[Any], Callable[[Callable[..., Any]], Any]] | None] = queue.Queue()

    def __call__(self, stage: Stage, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        future: Future[T] = Future()
        self._calls.put((future, lambda step: step(stage, function, *args, **kwargs)))
        return future.result(timeout=30)

    def serve(self, step: Callable[..., Any]) -> None:
        """Answer calls until `end`."""
        while call := self._calls.get(timeout=60):
            future, make = call
            try:
                future.set_result(make(step))
            except Exception as error:  # noqa: BLE001 - the caller gets whatever it was
                future.set_exception(error)

    def end(self) -> None:
        """Let `serve` return."""
        self._calls.put(None)


def until(condition: Callable[[], bool], *, seconds: float = 30) -> None:
    """Wait until something is so; fail when it takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.02)


class Gate:
    """Work that waits in the middle until the test lets it go on."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def pass_through(self) -> int:
        self.entered.set()
        assert self.opened.wait(30)
        return 1
