"""Structured logs: one JSON object a line."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from casebook.observability.redaction import Redactor

_FIRST = ("service", "company", "run_id", "step")
_context: ContextVar[Mapping[str, str]] = ContextVar("log_context", default=MappingProxyType({}))


class Meter(Protocol):
    """Keeps figures beside the log."""

    def __call__(self, name: str, value: float, unit: str, context: Mapping[str, object]) -> None:
        """Take a figure; `context` says of which run and step."""
        ...


@contextmanager
def within(**fields: str) -> Iterator[None]:
    """Let every line that is logged inside, by whatever log, carry `fields`: company, run_id, step."""
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


class Log:
    """Writes JSON lines with a fixed set of fields first: timestamp, level, service, company, run_id, step, message."""

    def __init__(
        self,
        write: Callable[[str], object],
        *,
        redactor: Redactor | None = None,
        meter: Meter | None = None,
        **bound: str,
    ) -> None:
        """Write lines with `write`; `bound` fields stand in each line, figures go to `meter` too."""
        self._write = write
        self._redactor = redactor or Redactor()
        self._meter = meter
        self._bound = bound

    def bind(self, **fields: str) -> Log:
        """Return a log whose lines carry `fields` too."""
        return Log(self._write, redactor=self._redactor, meter=self._meter, **{**self._bound, **fields})

    def info(self, message: str, **fields: object) -> None:
        """Log something that went as it should."""
        self._line("info", message, fields)

    def warning(self, message: str, **fields: object) -> None:
        """Log something that may need a look."""
        self._line("warning", message, fields)

    def error(self, message: str, **fields: object) -> None:
        """Log something that failed."""
        self._line("error", message, fields)

    def metric(self, name: str, value: float, unit: str, **fields: object) -> None:
        """Log a figure, and count it."""
        self._line("info", "metric", {**fields, "metric_name": name, "value": value, "unit": unit})
        if self._meter is not None:
            self._meter(name, value, unit, {**self._bound, **_context.get(), **fields})

    def _line(self, level: str, message: str, fields: Mapping[str, object]) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        given = {**self._bound, **_context.get(), **fields}
        told = {name: self._redactor.field(name, value) for name, value in given.items()}
        first = {name: told.pop(name) for name in _FIRST if name in told}
        line = {"timestamp": now, "level": level, **first, "message": self._redactor.text(message), **told}
        self._write(json.dumps(line, ensure_ascii=False) + "\n")


class DailyFile:
    """Appends to a service's log of the day, and once a day removes logs that are too old."""

    def __init__(self, folder: Path, service: str, *, keep_days: int = 0, now: Callable[[], datetime]) -> None:
        """Write into `folder`; logs not written to for `keep_days` are removed, 0 keeps all.

        Raises OSError when it cannot be written to.
        """
        self._folder = folder
        self._service = service
        self._keep_days = keep_days
        self._now = now
        self._day = ""
        folder.mkdir(parents=True, exist_ok=True)
        self._path().open("a").close()  # fail now, where it can be explained

    def __call__(self, line: str) -> None:
        """Add a line; a log that cannot be written must not end a run that could still say why."""
        with suppress(OSError), self._path().open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(line)

    def _path(self) -> Path:
        now = self._now()
        day = f"{now:%Y%m%d}"
        if day != self._day:
            self._day = day
            if self._keep_days:
                remove_old_logs(self._folder, before=now.timestamp() - self._keep_days * 86_400)
        return self._folder / f"{self._service}_{day}.log"


def remove_old_logs(folder: Path, *, before: float) -> int:
    """Remove the logs that were not written to since `before` (seconds of Unix time), and say how many."""
    removed = 0
    for path in folder.glob("*.log"):
        with suppress(OSError):
            if path.stat().st_mtime < before:
                path.unlink()
                removed += 1
    return removed


def forward(logger: str, log: Log) -> None:
    """Send what a library writes to the logger called `logger` to `log`, and nowhere else."""
    target = logging.getLogger(logger)
    target.handlers = [_Forwarding(log)]
    target.propagate = False


class _Forwarding(logging.Handler):
    """Hands a library's messages on, with the place of an error but no values of its variables."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.INFO)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, object] = {"logger": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            fields |= {"error": type(record.exc_info[1]).__name__, "at": place_of(record.exc_info[1])}
        act = self._log.error if record.levelno >= logging.ERROR else self._log.warning
        (act if record.levelno >= logging.WARNING else self._log.info)(record.getMessage(), **fields)


def place_of(error: BaseException) -> str:
    """Say where an error arose, without any value."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else ""
