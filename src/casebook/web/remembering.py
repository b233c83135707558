"""Run records that were read a moment ago, for servers whose storage is a request away."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from casebook.domain.run import Run, RunStatus

_MOVING_SECONDS = 1.0  # for which the record of a run that goes on is good
_ENDED_SECONDS = 10.0  # of one that has ended; it may be run again
_MOST = 1000


class RememberedRuns:
    """Finds runs with `find`, and not again while what was found is good: many may watch the same run."""

    def __init__(self, find: Callable[[str, str], Run | None], *, clock: Callable[[], float] = time.monotonic) -> None:
        """Remember nothing yet."""
        self._find = find
        self._clock = clock
        self._found: OrderedDict[tuple[str, str], tuple[float, Run | None]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, company_slug: str, run_id: str) -> Run | None:
        """Return the run's record, None when there is none yet."""
        key = company_slug, run_id
        with self._lock:
            until, run = self._found.get(key, (float("-inf"), None))
        if self._clock() < until:
            return run
        run = self._find(company_slug, run_id)
        ended = run is not None and run.status in {RunStatus.DONE, RunStatus.FAILED}
        with self._lock:
            self._found[key] = self._clock() + (_ENDED_SECONDS if ended else _MOVING_SECONDS), run
            self._found.move_to_end(key)
            while len(self._found) > _MOST:
                self._found.popitem(last=False)
        return run
