"""Workers that are killed: submitted runs go on by themselves, to the same report, with nothing done twice."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from casebook.domain.run import RunStatus, Stage
from casebook.settings import EngineSettings, Settings
from tests.acceptance.program import Program, stripped, wait
from tests.acceptance.submitted import has_ended, queue_of, submit
from tests.durable import until

STAGES = [stage.value for stage in Stage]
ONCE = dict.fromkeys(STAGES, 1)
LEASE_SECONDS = 3
WORK_SECONDS = 6  # for what is left of the run, on a machine that is shared


@dataclass
class Site:
    """The program, a small company that is submitted, and the workers that a test starts."""

    casebook: Program
    brook: Path
    settings: Settings
    environment: dict[str, str] = field(default_factory=dict)
    workers: list[subprocess.Popen[str]] = field(default_factory=list)

    @classmethod
    def on_postgres(cls, casebook: Program, brook: Path, url: str, lease_seconds: int) -> Site:
        """Use PostgreSQL."""
        settings = Settings(outputs=casebook.outputs, engine=EngineSettings(database=url))
        return cls(casebook, brook, settings, {"CASEBOOK_DATABASE": url, "CASEBOOK_LEASE_SECONDS": str(lease_seconds)})

    def submit(self) -> None:
        """Submit the company and put its run into the queue."""
        submit(self.settings, self.brook, ["R1"])
        with queue_of(self.settings) as queue:
            queue.enqueue("R1", "brook_parts_ltd")

    def worker(self, *sabotage: str) -> subprocess.Popen[str]:
        """Start a worker."""
        self.workers.append(self.casebook.start("worker", sabotage=sabotage, env=self.environment))
        return self.workers[-1]

    def work_until_done(self) -> None:
        """Start a worker, and kill it when the run is done."""
        worker = self.worker()
        self.wait_for_the_end()
        worker.kill()
        wait(worker)

    def wait_for_the_end(self) -> None:
        """Wait until the run is done, whoever does it."""
        with queue_of(self.settings) as queue:
            until(lambda: has_ended(queue.state("R1")), seconds=60)
            assert queue.state("R1") is RunStatus.DONE

    def logged(self, message: str) -> Counter[str]:
        """Count how often the workers said something of each step."""
        lines = [
            json.loads(line)
            for path in self.casebook.outputs.glob("logs/*.log")
            for line in path.read_text().splitlines()
        ]
        return Counter(line.get("step", "") for line in lines if line["message"] == message)

    def report(self) -> bytes:
        """The one report."""
        (path,) = self.casebook.outputs.glob("*/final/*.json")
        return stripped(path)


@pytest.fixture
def site(casebook: Program, brook: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A site on SQLite, or on PostgreSQL where the test asks for it."""
    if "postgres_url" in request.fixturenames:
        opened = Site.on_postgres(casebook, brook, request.getfixturevalue("postgres_url"), LEASE_SECONDS)
    else:
        opened = Site(casebook, brook, Settings(outputs=casebook.outputs))
    yield opened
    for process in opened.workers:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.usefixtures("postgres_url")
def test_a_run_whose_worker_is_killed_around_any_save_is_ended_by_another(
    site: Site, uncut: bytes, moment: str, stage: str
) -> None:
    """On PostgreSQL, where the next worker is never the one that died; `test_serve.py` does the same on SQLite."""
    site.submit()
    assert wait(site.worker("kill", f"{moment}:{stage}")).code == -signal.SIGKILL
    site.work_until_done()
    assert site.report() == uncut
    told = site.logged("step done")
    assert set(told.values()) == {1}
    assert set(STAGES) - set(told) <= {stage}  # its last line may have waited to be written when it was killed
    assert [(run["id"], run["status"]) for run in site.casebook.records()] == [("R1", "done")]
    assert site.casebook("show", "R1", "--json").object["status"] == "done"


def test_a_run_that_kills_its_workers_is_given_up_and_can_be_run_again(site: Site, uncut: bytes) -> None:
    site.submit()
    with queue_of(site.settings) as queue:

        def attempt() -> subprocess.Popen[str]:
            process = site.worker("kill", "before:quotes")
            until(lambda: process.poll() is not None or has_ended(queue.state("R1")), seconds=60)
            return process

        *dead, survivor = [attempt() for _ in range(5)]
        assert queue.state("R1") is RunStatus.FAILED
    assert [process.poll() for process in dead] == [-signal.SIGKILL] * 4
    assert survivor.poll() is None
    until(lambda: site.casebook.records()[0]["status"] == "failed")
    assert "take out the files" in site.casebook.records()[0]["error"]
    survivor.kill()
    wait(survivor)
    assert site.casebook("rerun", "R1").code == 0
    site.work_until_done()
    assert site.report() == uncut


def test_a_worker_that_is_told_to_end_hands_over_what_it_did(site: Site, uncut: bytes) -> None:
    site.submit()
    ended = wait(site.worker("term", "before:part_a"))
    assert ended.code == 0, ended.err
    assert site.logged("step done")["part_b"] == 0
    assert site.casebook.records()[0]["status"] == "interrupted"
    site.work_until_done()
    assert site.report() == uncut
    assert site.logged("step done") == ONCE


def test_a_run_is_done_again_from_a_step_and_cancelled_by_commands(site: Site, uncut: bytes) -> None:
    site.submit()
    casebook = site.casebook
    assert "has not ended" in casebook("rerun", "R1").message
    assert casebook("cancel", "R1").code == 0
    assert casebook("rerun", "R1").code == 0
    site.work_until_done()
    assert casebook("rerun", "R1", "--from", "part_b").code == 0
    site.work_until_done()
    assert site.logged("step done") == {**ONCE, **dict.fromkeys(["part_b", "consolidation", "upload"], 2)}
    assert {stripped(path) for path in casebook.outputs.glob("*/final/*.json")} == {uncut}
    assert "does not know a run R9" in casebook("cancel", "R9").message
    assert "does not know a run R9" in casebook("rerun", "R9").message
    assert "the steps are setup, vector_store" in casebook("rerun", "R1", "--from", "everything").err


def test_a_second_worker_on_sqlite_refuses_and_says_why(site: Site) -> None:
    site.worker()
    until(lambda: site.logged("worker started").total() == 1)
    refused = site.casebook("worker")
    assert refused.code == 1
    assert "another worker runs on this outputs folder" in refused.message


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.usefixtures("postgres_url")
def test_a_worker_takes_over_from_one_that_died_or_hangs_within_the_lease(
    site: Site, uncut: bytes, number: signal.Signals
) -> None:
    """Two workers on one PostgreSQL; the one that has the run is stopped in the middle of a step."""
    site.submit()
    first = site.worker("stop", "before:quotes")
    until(lambda: state_of(first.pid) == "T")
    site.worker()
    if number is signal.SIGKILL:
        first.kill()
    until(lambda: site.logged("worker started").total() == 2)
    begun = time.monotonic()
    site.wait_for_the_end()
    assert time.monotonic() - begun < LEASE_SECONDS + WORK_SECONDS
    assert site.report() == uncut
    if number is signal.SIGSTOP:
        first.send_signal(signal.SIGCONT)  # it comes back, and finds that the run is no longer its own
        time.sleep(2)
        assert site.report() == uncut
    assert [(run["id"], run["status"]) for run in site.casebook.records()] == [("R1", "done")]
    assert site.logged("step done") == ONCE


def state_of(pid: int) -> str:
    """Return the state of a process as the system names it; T is stopped."""
    found = re.search(r"State:\s+(\S)", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    assert found is not None
    return found[1]
