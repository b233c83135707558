"""Runs that are cut off: the same command goes on with the same run and comes to the same report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.program import Ended, Program, files_below, report_of, stripped, wait
from tests.data.hostile_files import pdf_stream, text_pdf

STAGES = ["setup", "vector_store", "part_a", "quotes", "part_b", "consolidation", "upload"]
COMPANY = "Brook Parts Ltd"


def goes_on(casebook: Program, folder: Path, uncut: bytes, *, status: str) -> Ended:
    """Check what the cut run left, run the same command again, and check that it is the same run."""
    (cut,) = casebook.records()
    assert cut["status"] == status
    ended = casebook.run(folder)
    assert ended.code == 0, ended.err
    assert ended.object["run_id"] == cut["id"]
    assert stripped(ended.object["report"]["json"]) == uncut
    assert [(run["id"], run["status"]) for run in casebook.records()] == [(cut["id"], "done")]
    company = Path(ended.object["outputs"])
    assert len(list((company / "debug").glob("submission_*.json"))) == 1
    assert len(list((company / "final").iterdir())) == 3
    nothing_is_left_over(casebook)
    return ended


def nothing_is_left_over(casebook: Program) -> None:
    """Check that no scratch lies about, neither in the temp folder nor among the outputs."""
    assert files_below(casebook.scratch) == []
    assert not [name for name in files_below(casebook.outputs) if ".writing-" in name]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_killed_around_any_save_goes_on(
    casebook: Program, brook: Path, uncut: bytes, moment: str, stage: str
) -> None:
    killed = casebook("run", brook, "--company", COMPANY, "--json", sabotage=("kill", f"{moment}:{stage}"))
    assert killed.code == -signal.SIGKILL
    assert killed.out == ""
    done = [step["stage"] for step in casebook.records()[0]["steps"] if step["status"] == "done"]
    assert done == STAGES[: STAGES.index(stage) + (moment == "after")]
    saved = {path: path.stat().st_mtime_ns for path in casebook.outputs.rglob("*/part_?/*") if path.is_file()}
    goes_on(casebook, brook, uncut, status="running")
    assert all(path.stat().st_mtime_ns == moment for path, moment in saved.items()), "a finished step was done again"


@pytest.mark.parametrize("number", [3, 5, 11, 17, 22, 29])
def test_a_run_killed_at_any_write_goes_on(casebook: Program, brook: Path, uncut: bytes, number: int) -> None:
    killed = casebook("run", brook, "--company", COMPANY, "--json", sabotage=("kill", f"write:{number}"))
    assert killed.code == -signal.SIGKILL
    ended = casebook.run(brook)
    assert ended.code == 0, ended.err
    assert stripped(ended.object["report"]["json"]) == uncut
    assert len(casebook.records()) == 1
    nothing_is_left_over(casebook)


def test_show_says_that_a_killed_run_was_cut_off_and_what_to_do(casebook: Program, brook: Path) -> None:
    casebook("run", brook, "--company", COMPANY, sabotage=("kill", "after:part_a"))
    shown = casebook("show").out
    assert "it was cut off" in shown
    assert "Run the same command again" in shown


@pytest.mark.parametrize("number", [1, 2])
def test_a_run_killed_before_its_record_is_there_starts_anew(
    casebook: Program, brook: Path, uncut: bytes, number: int
) -> None:
    casebook("run", brook, "--company", COMPANY, sabotage=("kill", f"write:{number}"))
    assert casebook.records() == []
    ended = casebook.run(brook)
    assert stripped(ended.object["report"]["json"]) == uncut
    assert len(casebook.records()) == 1


@pytest.mark.parametrize(
    ("kind", "moment"),
    [("int", "before:setup"), ("term", "before:quotes"), ("int", "after:consolidation"), ("term", "after:upload")],
)
def test_a_run_that_is_interrupted_says_so_and_goes_on(
    casebook: Program, brook: Path, uncut: bytes, kind: str, moment: str
) -> None:
    ended = casebook("run", brook, "--company", COMPANY, "--json", sabotage=(kind, moment))
    assert ended.code == 1
    assert ended.out == ""
    assert "interrupted" in ended.message
    assert "run the same command again" in ended.message
    nothing_is_left_over(casebook)
    goes_on(casebook, brook, uncut, status="interrupted")


def test_termination_is_heard_where_interrupts_are_ignored(casebook: Program, brook: Path) -> None:
    """A shell starts a script's background commands with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = casebook.start("run", brook, "--company", COMPANY, "--json", sabotage=("term", "before:quotes"))
    finally:
        signal.signal(signal.SIGINT, before)
    ended = wait(process)
    assert ended.code == 1
    assert "interrupted" in ended.message


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the children of a process are looked up in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_worker_behind(casebook: Program, brook: Path, number: signal.Signals) -> None:
    operators = b"BT /F1 9 Tf 50 700 Td (slow) Tj ET\n" * 3_000_000
    (brook / "slow.pdf").write_bytes(text_pdf([[]]).replace(pdf_stream(b""), pdf_stream(operators)))
    process = casebook.start("run", brook, "--company", COMPANY)
    workers: list[int] = []
    while not (workers and casebook.records()):  # workers start before the run is written down
        assert process.poll() is None
        time.sleep(0.02)
        workers = list(children(process.pid))
    process.send_signal(number)
    sent = time.monotonic()
    ended = wait(process)
    assert time.monotonic() - sent < 5
    assert ended.code == 1
    assert "interrupted" in ended.message
    while left := [worker for worker in workers if Path(f"/proc/{worker}").exists()]:
        # One that was just being started when the signal came was never told of: it ends by itself, its input closed.
        assert time.monotonic() - sent < 30, left
        time.sleep(0.05)
    assert casebook.records()[0]["status"] == "interrupted"
    nothing_is_left_over(casebook)


def children(parent: int) -> Iterator[int]:
    """The processes that `parent` started."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            facts = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(facts[1]) == parent:
            yield int(stat.parent.name)


def test_a_second_run_over_the_same_input_reads_nothing_again(casebook: Program, brook: Path) -> None:
    first = casebook.run(brook)
    kept = {path: path.stat() for path in (Path(first.object["outputs"]) / "data").rglob("*") if path.is_file()}
    second = casebook.run(brook)
    assert second.object["run_id"] != first.object["run_id"]
    assert stripped(second.object["report"]["json"]) == stripped(first.object["report"]["json"])
    for path, before in kept.items():
        if path.name != "company_info.json":
            assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns), path
    now = {path for path in (Path(first.object["outputs"]) / "data").rglob("*") if path.is_file()}
    assert now == kept.keys()


def test_only_a_changed_file_is_read_again(casebook: Program, brook: Path) -> None:
    first = casebook.run(brook)
    texts = Path(first.object["outputs"]) / "data" / "text"
    before = set(texts.glob("*.txt"))
    (brook / "strategy.txt").write_text("Strategy 2028\n\nQuotations take nine days.\n", encoding="utf-8")
    second = casebook.run(brook)
    assert second.object["run_id"] != first.object["run_id"]
    assert len(set(texts.glob("*.txt")) - before) == 1


def test_runs_within_one_second_keep_a_submission_and_a_report_each(casebook: Program, brook: Path) -> None:
    runs = [casebook.run(brook) for _ in range(3)]
    company = Path(runs[0].object["outputs"])
    saved = [json.loads(path.read_bytes())["run_id"] for path in (company / "debug").glob("submission_*.json")]
    assert sorted(saved) == sorted(run.object["run_id"] for run in runs)
    assert len(list((company / "final").iterdir())) == 3 * len(runs)
    assert {report_of(run)["run"]["id"] for run in runs} == set(saved)
    assert casebook("show", "--json").object["id"] == runs[-1].object["run_id"]


def test_a_finished_step_whose_result_was_damaged_is_done_again(casebook: Program, brook: Path, uncut: bytes) -> None:
    casebook("run", brook, "--company", COMPANY, sabotage=("kill", "after:quotes"))
    (saved,) = casebook.outputs.glob("brook_parts_ltd/part_a/quotes_*.json")
    saved.write_bytes(saved.read_bytes()[:100])
    goes_on(casebook, brook, uncut, status="running")


def test_the_pipe_that_reads_the_output_may_close_early(casebook: Program, brook: Path) -> None:
    casebook.run(brook)
    command = [sys.executable, "-m", "casebook", "show", "--outputs", os.fspath(casebook.outputs)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=casebook.root) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert b"Traceback" not in said
