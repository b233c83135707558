"""Writing lines from a thread of its own, so that a blocked pipe or a slow disk holds nobody up."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable


class QueuedLines:
    """Hands lines to `write` in a thread; when too many wait, new ones are dropped, counted, and told of later."""

    def __init__(
        self, write: Callable[[str], object], *, told: Callable[[int], str], most: int = 10_000, name: str = "log"
    ) -> None:
        """Hold back at most `most` lines; `told(number)` is the line that says how many were dropped."""
        self._write = write
        self._told = told
        self._lines: queue.Queue[str | None] = queue.Queue(most)
        self._counting = threading.Lock()
        self._dropped = 0
        self._abandoned = threading.Event()
        self._thread = threading.Thread(target=self._write_all, name=f"casebook-{name}", daemon=True)
        self._thread.start()

    def __call__(self, line: str) -> None:
        """Take a line, at once and without waiting."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            with self._counting:
                self._dropped += 1

    def close(self, *, within: float = 2.0) -> bool:
        """End after the lines that wait, but not later than `within` seconds; say whether all were written.

        Lines that still wait then are given up: by the time somebody reads, the place may be another's.
        """
        try:
            self._lines.put(None, timeout=within)
        except queue.Full:
            self._abandoned.set()
            return False
        self._thread.join(within)
        if self._thread.is_alive():
            self._abandoned.set()
        return not self._thread.is_alive()

    def _write_all(self) -> None:
        while (line := self._lines.get()) is not None and not self._abandoned.is_set():
            try:
                self._write(line)
                self._tell_dropped()
            except (OSError, ValueError):  # nobody reads any more, or the stream was closed: as if dropped
                with self._counting:
                    self._dropped += 1

    def _tell_dropped(self) -> None:
        with self._counting:
            dropped, self._dropped = self._dropped, 0
        if dropped:
            self._write(self._told(dropped))
