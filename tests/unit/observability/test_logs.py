"""Logs are JSON lines."""

from __future__ import annotations

import json
import logging
from pathlib import PurePath

from casebook.observability.logs import Log, forward, within


def test_a_line_is_one_object_with_what_was_bound() -> None:
    lines: list[str] = []
    log = Log(lines.append, service="casebook").bind(company="acme")
    log.info("run\nstarted", run_id="R1")
    log.warning("slow", path=PurePath("a/b"))
    log.error("broken")
    log.metric("run_seconds", 1.5, "s")
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in lines)
    loaded = [json.loads(line) for line in lines]
    assert [line["level"] for line in loaded] == ["info", "warning", "error", "info"]
    assert all((line["service"], line["company"]) == ("casebook", "acme") for line in loaded)
    assert (loaded[0]["message"], loaded[0]["run_id"]) == ("run\nstarted", "R1")
    assert loaded[1]["path"] == "a/b"
    assert (loaded[3]["metric_name"], loaded[3]["value"], loaded[3]["unit"]) == ("run_seconds", 1.5, "s")


def test_lines_inside_a_run_carry_it_whatever_log_writes_them() -> None:
    lines: list[str] = []
    with within(company="acme", run_id="R1"), within(step="part_a"):
        Log(lines.append, service="worker").info("asked", model="m")
    Log(lines.append).info("outside")
    inside, outside = map(json.loads, lines)
    assert list(inside) == ["timestamp", "level", "service", "company", "run_id", "step", "message", "model"]
    assert (inside["company"], inside["run_id"], inside["step"]) == ("acme", "R1", "part_a")
    assert "run_id" not in outside


def test_figures_go_to_the_meter_with_the_run_and_step_they_are_of() -> None:
    metered: list[tuple[object, ...]] = []
    log = Log(lambda _: None, meter=lambda *figure: metered.append(figure))
    with within(step="quotes"):
        log.metric("upload_size", 1024, "KB", status="done")
    assert metered == [("upload_size", 1024, "KB", {"step": "quotes", "status": "done"})]


def test_an_error_of_a_library_is_told_with_its_place_and_no_values() -> None:
    lines: list[str] = []
    forward("tests.library", Log(lines.append))

    def fails(canary: str) -> None:
        raise ValueError(len(canary))

    try:
        fails("canary")
    except ValueError:
        logging.getLogger("tests.library").exception("it failed")
    line = json.loads(lines[0])
    assert (line["level"], line["message"], line["error"]) == ("error", "it failed", "ValueError")
    assert line["at"].startswith("fails:")
    assert "canary" not in lines[0]
