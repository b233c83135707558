"""Finding the log lines of a run in the files of all services."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def lines_of_run(folder: Path, run_id: str) -> list[dict[str, Any]]:
    """Return all lines about a run from all files in `folder`, in the order of time."""
    found = [line for path in sorted(folder.glob("*.log")) for line in _of_run(path, run_id)]
    return sorted(found, key=lambda line: str(line.get("timestamp", "")))


def _of_run(path: Path, run_id: str) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", errors="replace") as file:
        for text in file:
            if run_id in text:  # quickly past what is not about the run
                line = _read(text)
                if line is not None and line.get("run_id") == run_id:
                    yield line


def _read(text: str) -> dict[str, Any] | None:
    """Read a line; one that was cut off when a process died is none."""
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


def as_text(line: dict[str, Any]) -> str:
    """Write a line for people."""
    first = ("timestamp", "level", "service", "step", "message")
    rest = {name: value for name, value in line.items() if name not in {*first, "company", "run_id"}}
    said = " ".join(f"{name}={value}" for name, value in rest.items())
    head = f"{line.get('timestamp', '')}  {line.get('level', ''):<7}  {line.get('service', ''):<8}"
    return f"{head}  {line.get('step', ''):<13}  {line.get('message', '')}  {said}".rstrip()
