"""Logs are JSON lines."""

from __future__ import annotations

import json
from pathlib import PurePath

from casebook.observability.logs import Log


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
