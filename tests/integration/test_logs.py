"""Log files: a day each, kept for a while, found again by run."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from casebook.bootstrap import service_log
from casebook.cli import cli
from casebook.observability.logs import DailyFile, Log
from casebook.settings import DoorSettings, EngineSettings, Settings

DAY = datetime(2026, 1, 2, 23, 59, tzinfo=UTC)


def test_each_day_has_a_file_and_old_ones_go(tmp_path: Path) -> None:
    times = [DAY]
    old = tmp_path / "serve_20251101.log"
    old.write_text("{}\n")
    os.utime(old, (0, (DAY - timedelta(days=30, minutes=-1)).timestamp()))
    write = DailyFile(tmp_path, "serve", keep_days=30, now=lambda: times[-1])
    write("a\n")
    assert old.exists()
    times.append(DAY + timedelta(minutes=2))
    write("b\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["serve_20260102.log", "serve_20260103.log"]


def test_a_pipe_that_nobody_reads_holds_nobody_up_and_the_file_has_every_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr("casebook.bootstrap._STDOUT", writing)
    settings = Settings(outputs=tmp_path)
    with service_log(settings, "serve") as log:
        for number in range(2000):  # more than a pipe holds
            log.info("said", number=number, long="x" * 200)
    os.close(reading)  # the thread that was blocked ends
    [path] = (tmp_path / "logs").iterdir()
    assert [json.loads(line)["number"] for line in path.read_text().splitlines()] == list(range(2000))


def test_secrets_of_the_settings_are_in_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr("casebook.bootstrap._STDOUT", writing)
    settings = Settings(
        outputs=tmp_path,
        engine=EngineSettings(database="postgresql://casebook:canary-password@db/casebook"),
        door=DoorSettings(master_key="canary" * 6),
    )
    with service_log(settings, "serve") as log:
        refused = f"no {settings.engine.database}"
        log.error(refused, key=settings.door.master_key)
        log.error("no canary-password", at=settings.door.master_key)
    os.close(writing)
    with os.fdopen(reading) as stdout:
        assert "canary" not in stdout.read()
    [path] = (tmp_path / "logs").iterdir()
    assert "canary" not in path.read_text()


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    for service, number in (("worker", 2), ("serve", 1), ("serve", 3)):
        log = Log(DailyFile(tmp_path / "logs", service, now=lambda: DAY), service=service)
        log.info(" ".join(("line", str(number))), run_id="R1", size=number)
        log.info("another's", run_id="R2", about="R1")
    lines = sorted((tmp_path / "logs").glob("*.log"))
    for path in lines:  # times that tell the order
        fixed = [json.loads(line) for line in path.read_text().splitlines()]
        for line in fixed:
            line["timestamp"] = f"2026-01-02T00:00:0{line['message'][-1] if line.get('size') else 9}Z"
        path.write_text("".join(json.dumps(line) + "\n" for line in fixed) + '{"run_id": "R1", "cut o')
    return tmp_path


def test_the_lines_of_a_run_are_found_in_all_files_in_order(outputs: Path) -> None:
    result = CliRunner().invoke(cli, ["logs", "R1", "--json", "--outputs", str(outputs)])
    assert result.exit_code == 0, result.output
    assert [json.loads(line)["message"] for line in result.stdout.splitlines()] == ["line 1", "line 2", "line 3"]
    shown = CliRunner().invoke(cli, ["logs", "R1", "--outputs", str(outputs)]).stdout.splitlines()
    assert ["serve" in line for line in shown] == [True, False, True]
    assert all("size=" in line for line in shown)


def test_a_run_without_lines_is_explained(outputs: Path) -> None:
    result = CliRunner().invoke(cli, ["logs", "R9", "--outputs", str(outputs)])
    assert result.exit_code == 1
    assert "there are no log lines of a run R9" in result.stderr
    assert "casebook runs" in result.stderr
