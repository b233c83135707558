"""What is shown of a run: put together from the submission, the queue, the record and the steps' saved results."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from casebook.domain.document import Manifest, Outcome
from casebook.domain.intake import StoredSubmission
from casebook.domain.report_files import ReportFiles
from casebook.domain.run import FINAL, Run, RunStatus, Stage
from casebook.errors import CasebookError, StorageFailed
from casebook.web.answers import RunState
from casebook.web.pages.desk import Desk

FORMATS: Final = ("pdf", "docx", "html", "md", "json")  # of the report, best for people first

_MEASURED_RUNS: Final = 20
_MEASURED_SECONDS: Final = 120.0  # for which measured durations are good enough
_LOG_FILES: Final = 4
_LOG_BYTES: Final = 512 * 1024  # of the end of each file
_LOG_LINES: Final = 40


class FileView(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the submission, and what became of it; no outcome before it was looked at."""

    name: str
    size: int
    outcome: str = ""
    reason: str | None = None
    same_as: str | None = None


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the log about this run."""

    time: str
    level: str
    step: str
    message: str


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the page of a run shows."""

    state: RunState
    ended: bool
    files: Sequence[FileView]
    read: int  # files that were read, wholly or in part
    seconds: float  # since the work began
    left: float | None  # seconds, as far as earlier runs tell
    done_share: float  # of the steps
    waiting: int  # runs in the queue, while this one is there
    formats: Sequence[str]
    cost_usd: float | None
    log: Sequence[LogLine]


@dataclass(slots=True)
class RunViews:
    """Makes the views."""

    desk: Desk
    _measured: tuple[float, Mapping[Stage, float]] = field(default=(float("-inf"), {}))

    def of(self, stored: StoredSubmission) -> RunView:
        """Look at a run. Asks the queue, the disk and the database: not for the event loop."""
        parts = self.desk.parts
        run = parts.find_run(stored.company_slug, stored.run_id)
        state = parts.state(stored)
        ended = state.status in FINAL
        files = self._files(stored, run)
        steps = [step for job in state.jobs for step in job.steps]
        return RunView(
            state=state,
            ended=ended,
            files=files,
            read=sum(file.outcome in {Outcome.READ, Outcome.PARTIAL} for file in files),
            seconds=self._seconds(state),
            left=None if ended else self._left(state),
            done_share=sum(step.status is RunStatus.DONE for step in steps) / len(steps),
            waiting=self._waiting() if state.status is RunStatus.QUEUED else 0,
            formats=self.formats(run),
            cost_usd=self.desk.spent(stored.company_slug, stored.run_id),
            log=list(log_lines(parts.own_folder / "logs", stored.run_id)),
        )

    def report_files(self, run: Run | None) -> Mapping[str, Any] | None:
        """Return the keys of a finished report's files, by format."""
        data = self.saved(run, Stage.CONSOLIDATION)
        return msgspec.to_builtins(msgspec.json.decode(data, type=ReportFiles)) if data else None

    def formats(self, run: Run | None) -> list[str]:
        """Return the formats in which the report is there."""
        report = self.report_files(run)
        return [name for name in FORMATS if report and report.get(name)]

    def manifest(self, run: Run | None) -> Manifest | None:
        """Return what became of the files, once they were looked at."""
        data = self.saved(run, Stage.SETUP)
        return msgspec.json.decode(data, type=Manifest) if data else None

    def saved(self, run: Run | None, stage: Stage) -> bytes | None:
        """Return what a step saved, if it is done and still there."""
        step = run.step(stage) if run else None
        if step is None or step.status is not RunStatus.DONE or not step.output:
            return None
        with suppress(StorageFailed):  # a company that is deleted meanwhile
            return self.desk.parts.storage.read(step.output)
        return None

    def _files(self, stored: StoredSubmission, run: Run | None) -> Sequence[FileView]:
        manifest = self.manifest(run)
        if manifest is None:
            return [FileView(name=file.name, size=file.size) for file in stored.files]
        return [
            FileView(
                name=source.name,
                size=source.size,
                outcome=source.status,
                reason=source.reason,
                same_as=source.same_as,
            )
            for source in manifest.sources
        ]

    def _seconds(self, state: RunState) -> float:
        if not state.started_at:
            return 0.0
        if state.status in FINAL:
            return sum(job.seconds for job in state.jobs)
        begun = datetime.fromisoformat(state.started_at)
        return max((self.desk.parts.clock() - begun).total_seconds(), 0.0)

    def _left(self, state: RunState) -> float | None:
        usual = self._usual()
        steps = [step for job in state.jobs for step in job.steps if step.status is not RunStatus.DONE]
        if not usual or any(step.name not in usual for step in steps):
            return None
        return sum(usual[step.name] for step in steps)

    def _usual(self) -> Mapping[Stage, float]:
        """Return how long each step took of late; only lengths of time, so no company is told of another."""
        measured, usual = self._measured
        if time.monotonic() - measured > _MEASURED_SECONDS:
            parts = self.desk.parts
            runs = [parts.find_run(row.company_slug, row.run_id) for row in parts.store.latest(_MEASURED_RUNS)]
            usual = usual_seconds([run for run in runs if run])
            self._measured = time.monotonic(), usual
        return usual

    def _waiting(self) -> int:
        with suppress(CasebookError):
            return self.desk.parts.work.depth()
        return 0


def usual_seconds(runs: Sequence[Run]) -> dict[Stage, float]:
    """Return the median length of each step over the runs that are done."""
    taken: dict[Stage, list[float]] = {}
    for run in runs:
        if run.status is RunStatus.DONE:
            for step in run.steps:
                taken.setdefault(step.stage, []).append(step.seconds)
    return {stage: statistics.median(found) for stage, found in taken.items()}


def log_lines(folder: Path, run_id: str) -> Iterator[LogLine]:
    """Yield the last lines about a run, oldest first: when, how grave, which step, and the message alone."""
    found: list[LogLine] = []
    for path in _newest(folder):
        for line in _last_lines(path):
            if run_id in line:
                with suppress(ValueError, KeyError, TypeError):  # a line that is being written, or not ours
                    found.append(_log_line(json.loads(line), run_id))
    yield from sorted(found, key=lambda line: line.time)[-_LOG_LINES:]


def _log_line(said: Mapping[str, Any], run_id: str) -> LogLine:
    if said["run_id"] != run_id:
        raise KeyError
    return LogLine(
        time=str(said["timestamp"])[11:19],
        level=str(said["level"]).lower(),
        step=str(said.get("step") or ""),
        message=str(said["message"])[:500],
    )


def _newest(folder: Path) -> Sequence[Path]:
    with suppress(OSError):
        return sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime)[-_LOG_FILES:]
    return []


def _last_lines(path: Path) -> Sequence[str]:
    with suppress(OSError), path.open("rb") as file:
        file.seek(max(file.seek(0, 2) - _LOG_BYTES, 0))
        return file.read().decode("utf-8", "replace").splitlines()
    return []
