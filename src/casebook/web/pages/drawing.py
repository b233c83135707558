"""Threads for what waits for the worker that draws pages: a slow page keeps nobody else from being answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from casebook.web.problems import Problem

_Made = TypeVar("_Made")

_THREADS: Final = 4
_MOST: Final = 20  # requests that are under way or wait


class DrawingThreads:
    """A few threads, and an end to those who wait for them."""

    def __init__(self) -> None:
        """Start none yet."""
        self._threads = ThreadPoolExecutor(_THREADS, "drawing")
        self._count = 0

    async def do(self, work: Callable[[], _Made]) -> _Made:
        """Do some work in a thread. Raises Problem: 503, when too many others wait."""
        if self._count >= _MOST:
            raise Problem(503, "drawing", "Too many pages are being drawn: ask again.", retry_after=5)
        self._count += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._count -= 1

    def close(self) -> None:
        """Begin no more work."""
        self._threads.shutdown(wait=False, cancel_futures=True)
