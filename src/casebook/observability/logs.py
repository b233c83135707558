"""Structured logs: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path


class Log:
    """Writes JSON lines with a fixed set of fields first: timestamp, level, service, company, run_id, step, message."""

    def __init__(self, write: Callable[[str], object], **bound: str) -> None:
        """Write lines with `write`; `bound` fields stand in each line."""
        self._write = write
        self._bound = bound

    def bind(self, **fields: str) -> Log:
        """Return a log whose lines carry `fields` too."""
        return Log(self._write, **{**self._bound, **fields})

    def info(self, message: str, **fields: object) -> None:
        """Log something that went as it should."""
        self._line("info", message, fields)

    def warning(self, message: str, **fields: object) -> None:
        """Log something that may need a look."""
        self._line("warning", message, fields)

    def error(self, message: str, **fields: object) -> None:
        """Log something that failed."""
        self._line("error", message, fields)

    def metric(self, name: str, value: float, unit: str) -> None:
        """Log a figure."""
        self._line("info", "metric", {"metric_name": name, "value": value, "unit": unit})

    def _line(self, level: str, message: str, fields: dict[str, object]) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"timestamp": now, "level": level, **self._bound, **fields, "message": message}
        self._write(json.dumps(line, ensure_ascii=False, default=str) + "\n")


def log_to_file(path: Path, service: str) -> Log:
    """Return a log that appends to the file at `path`, made with its folder when it is not there.

    Raises OSError when the file cannot be opened.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.open("a").close()  # fail now, where it can be explained
    return Log(partial(_append, path), service=service)


def _append(path: Path, line: str) -> None:
    """Add a line; a log that cannot be written must not end a run that could still say why."""
    with suppress(OSError), path.open("a", encoding="utf-8") as file:
        file.write(line)
