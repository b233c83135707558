"""The sandbox over good and hostile files, with real worker processes."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from casebook.documents.limits import Limits
from casebook.documents.reader import SandboxedReader
from casebook.documents.sandbox import ReadFailure, ReadJob, Sandbox
from casebook.domain.document import Document
from casebook.ports import ReadRequest
from tests.data.hostile_files import ANY, FAILED, PARTIAL, READ, SKIPPED, build, pdf_stream, text_pdf
from tests.unit.documents import office_files as files
from tests.unit.documents.checks import check

MAX_PARENT_GROWTH_MIB = 400


def outcome(result: Document | ReadFailure) -> str:
    if isinstance(result, ReadFailure):
        return SKIPPED if result.skipped else FAILED
    return PARTIAL if result.warnings else READ


def jobs_of(folder: Path) -> list[ReadJob]:
    return [ReadJob(entry, entry.name) for entry in sorted(folder.iterdir())]


def test_every_hostile_file_gets_its_outcome_and_the_parent_lives(tmp_path: Path) -> None:
    expected = build(tmp_path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    found: dict[str, str] = {}
    with Sandbox(limits=Limits(seconds=30)) as sandbox:
        for job, result in sandbox.read_all(jobs_of(tmp_path)):
            found[job.name] = outcome(result)
            if isinstance(result, ReadFailure):
                assert result.reason
                assert "\n" not in result.reason
                assert str(tmp_path) not in result.reason
            else:
                check(result)
    assert found.keys() == expected.keys()
    wrong = {name: (found[name], want) for name, want in expected.items() if want not in {ANY, found[name]}}
    assert not wrong
    assert time.monotonic() - started < 60
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < MAX_PARENT_GROWTH_MIB


@pytest.fixture
def small(tmp_path: Path) -> list[ReadJob]:
    contents = {
        "a.pdf": text_pdf([[(72, 700, 12, "Nine days")]]),
        "b.docx": files.docx(files.paragraph("Nine days")),
        "c.txt": b"Nine days",
        "d.csv": b"item,days\nparcel,9\n",
        "e.md": b"# Nine days\n",
    }
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    return jobs_of(tmp_path)


def test_small_folders_are_read_whole(small: list[ReadJob]) -> None:
    with Sandbox(workers=2) as sandbox:
        results = dict(sandbox.read_all(small))
        again = dict(sandbox.read_all(small))  # with warm workers
    assert results == again
    assert all(isinstance(result, Document) for result in results.values())


def test_many_text_files_go_to_all_workers(tmp_path: Path) -> None:
    for number in range(450):  # more than one worker's life
        (tmp_path / f"{number}.txt").write_text(f"Note {number}")
    with Sandbox() as sandbox:
        results = list(sandbox.read_all(jobs_of(tmp_path)))
    assert len(results) == 450
    assert all(isinstance(result, Document) for _, result in results)


def test_a_file_over_its_time_is_given_up_and_the_others_are_read(tmp_path: Path, small: list[ReadJob]) -> None:
    operators = b"BT /F1 9 Tf 50 700 Td (slow) Tj ET\n" * 3_000_000
    slow = tmp_path / "slow.pdf"
    slow.write_bytes(text_pdf([[]]).replace(pdf_stream(b""), pdf_stream(operators)))
    with Sandbox(workers=1, limits=Limits(seconds=1.0)) as sandbox:
        results = {job.name: result for job, result in sandbox.read_all([ReadJob(slow, slow.name), *small])}
    failure = results.pop("slow.pdf")
    assert isinstance(failure, ReadFailure)
    assert "longer than 1 s" in failure.reason
    assert all(isinstance(result, Document) for result in results.values())


def test_workers_do_not_inherit_secrets(monkeypatch: pytest.MonkeyPatch, small: list[ReadJob]) -> None:
    monkeypatch.setenv("CASEBOOK_SECRET", "PWN-0001")
    with Sandbox(workers=1) as sandbox:
        list(sandbox.read_all(small))
        (worker,) = sandbox._idle  # noqa: SLF001
        environment = Path(f"/proc/{worker.process.pid}/environ")
        if environment.exists():
            assert b"PWN-0001" not in environment.read_bytes()


def test_closing_ends_every_process(small: list[ReadJob]) -> None:
    sandbox = Sandbox(workers=2)
    list(sandbox.read_all(small))
    processes = [worker.process.pid for worker in sandbox._idle]  # noqa: SLF001
    sandbox.close()
    assert processes
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_what_a_caller_does_not_wait_for_is_given_up(small: list[ReadJob]) -> None:
    with Sandbox(workers=1) as sandbox:
        for _ in sandbox.read_all(small):
            break
        results = list(sandbox.read_all(small))
    assert sorted(job.name for job, _ in results) == [job.name for job in small]


def test_workers_that_were_started_early_read_the_files(small: list[ReadJob], monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def start(*args: Any, **options: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401
        started.append(popen(*args, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    requests = [ReadRequest(job.name, job.name, job.path, "") for job in small]
    with SandboxedReader(workers=1) as reader:
        reader.start_workers(["notes.txt", "data.csv", "no kind"])
        assert not started  # these are read in this process
        reader.start_workers([job.name for job in small])
        assert len(started) == 1
        assert len(list(reader.read_all(requests))) == len(small)
        assert len(started) == 1
        assert started[0].poll() is not None
        reader.start_workers(["report.docx"])
    assert [process.poll() is None for process in started] == [False, False]
