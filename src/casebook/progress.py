"""Progress on the terminal: a live bar where there is one, plain lines elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from casebook.domain.run import Stage

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

WORDS = {
    Stage.SETUP: "Reading the files",
    Stage.VECTOR_STORE: "Indexing passages",
    Stage.PART_A: "Analysing the company",
    Stage.QUOTES: "Collecting quotes",
    Stage.PART_B: "Matching use cases",
    Stage.CONSOLIDATION: "Writing the report",
    Stage.UPLOAD: "Delivering",
}
_SECONDS_BETWEEN_LINES = 2.0


class Display(AbstractContextManager["Display"], Protocol):
    """A progress display: open it, call it, close it."""

    def __call__(self, stage: Stage, done: int, total: int, detail: str = "") -> None:
        """Show how far a step has come."""
        ...

    def say(self, text: str) -> None:
        """Show a line that stays."""
        ...


def open_display(*, quiet: bool) -> Display:
    """Return the display that fits where stderr goes."""
    if quiet:
        return Silent()
    return Bar() if sys.stderr.isatty() else Lines()


class Silent:
    """Shows nothing."""

    def __call__(self, stage: Stage, done: int, total: int, detail: str = "") -> None:
        """Show nothing."""

    def say(self, text: str) -> None:
        """Show nothing."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""


class Lines(Silent):
    """Writes a line when a step starts and ends, and now and then in between."""

    def __init__(self) -> None:
        """Start with no step shown."""
        self._last = 0.0
        self._stage: Stage | None = None

    def __call__(self, stage: Stage, done: int, total: int, detail: str = "") -> None:
        """Write a line if there is something new to say."""
        now = time.monotonic()
        number = list(Stage).index(stage) + 1
        head = f"[{number}/{len(Stage)}] {WORDS[stage]}"
        if stage is not self._stage:
            self._stage, self._last = stage, now
            print(f"{head} …{f' ({detail})' if detail else ''}", file=sys.stderr, flush=True)
        elif total > 1 and now - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = now
            print(f"{head}: {done} of {total}{f' ({detail})' if detail else ''}", file=sys.stderr, flush=True)

    def say(self, text: str) -> None:
        """Write the line."""
        print(text, file=sys.stderr, flush=True)


class Bar:
    """A live bar for each step."""

    def __init__(self) -> None:
        """Prepare the bar; it shows when the display is opened."""
        from rich.console import Console  # noqa: PLC0415 - only terminals need it
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        self._progress: RichProgress = Progress(
            TextColumn("{task.description:<24}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}", markup=False),
            console=Console(stderr=True),
        )
        self._tasks: dict[Stage, TaskID] = {}

    def __call__(self, stage: Stage, done: int, total: int, detail: str = "") -> None:
        """Move the step's bar."""
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(WORDS[stage], total=total, detail="")
        self._progress.update(self._tasks[stage], completed=done, total=max(total, 1), detail=detail[:60])

    def say(self, text: str) -> None:
        """Write the line above the bars."""
        self._progress.console.print(text, markup=False, highlight=False)

    def __enter__(self) -> Self:
        """Show the bars."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the bars as they are."""
        self._progress.stop()
