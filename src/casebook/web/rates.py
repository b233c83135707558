"""How often who may send: counted in this process, or at a Redis that several servers share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from casebook.errors import PermanentError, TransientError
from casebook.extras import missing_of
from casebook.observability.logs import Log

_IN_MEMORY = "memory://"
_SHARED = ("redis://", "rediss://", "redis+unix://")
_ANSWER_SECONDS = 0.5  # for which Redis is waited for: a sender waits as long
_AGAIN_SECONDS = 5.0  # after which a Redis that did not answer is asked again


class Rates:
    """Counts in a moving window.

    While the Redis does not answer, this server counts by itself: nothing is refused or lost for it, and each server
    lets through as much as all of them together should.
    """

    def __init__(self, rate: str, storage_url: str, log: Log, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Count at most `rate`, such as ``60/minute``. Raises PermanentError when that cannot be done."""
        if not storage_url.startswith((_IN_MEMORY, *_SHARED)):
            message = "CASEBOOK_RATE_STORAGE is memory:// or redis://HOST:PORT"
            raise PermanentError(message)
        try:
            self._rate: RateLimitItem = parse(rate)
        except ValueError as error:
            message = "CASEBOOK_RATE_LIMIT is a number and a time, such as 60/minute"
            raise PermanentError(message) from error
        self._own = MovingWindowRateLimiter(storage_from_string(_IN_MEMORY))
        self._shared = None if storage_url.startswith(_IN_MEMORY) else _open_shared(storage_url)
        self._log = log
        self._clock = clock
        self._away_until: float | None = None  # None: it answered when it was last asked

    async def hit(self, *who: str) -> float | None:
        """Count one; return None when it is within the rate, else the seconds to wait."""
        if self._shared and (self._away_until is None or self._clock() >= self._away_until):
            try:
                found = await asyncio.to_thread(self._hit, self._shared, who)  # others are not to wait for the network
            except StorageError as error:
                if self._away_until is None:
                    self._log.warning(
                        "rates are counted by this server alone", error=type(error.storage_error).__name__
                    )
                self._away_until = self._clock() + _AGAIN_SECONDS
            else:
                if self._away_until is not None:
                    self._log.info("rates are counted together again")
                self._away_until = None
                return found
        return self._hit(self._own, who)

    def check(self) -> None:
        """Raise TransientError when a Redis that is to count does not answer."""
        if self._shared and not self._shared.storage.check():
            message = "the Redis of CASEBOOK_RATE_STORAGE does not answer: meanwhile each server counts by itself"
            raise TransientError(message)

    def _hit(self, limiter: MovingWindowRateLimiter, who: tuple[str, ...]) -> float | None:
        if limiter.hit(self._rate, *who):
            return None
        return limiter.get_window_stats(self._rate, *who).reset_time - time.time()


def _open_shared(url: str) -> MovingWindowRateLimiter:
    """Open a Redis, without asking it anything. Raises PermanentError."""
    if missing_of("redis"):
        message = "CASEBOOK_RATE_STORAGE needs the extra redis: pip install 'casebook[redis]'"
        raise PermanentError(message)
    from redis.backoff import NoBackoff  # noqa: PLC0415 - the `redis` extra
    from redis.retry import Retry  # noqa: PLC0415

    never: Any = Retry(NoBackoff(), 0)  # the library would try again for seconds; its types leave this one out
    try:
        storage = storage_from_string(
            url,
            wrap_exceptions=True,
            socket_timeout=_ANSWER_SECONDS,
            socket_connect_timeout=_ANSWER_SECONDS,
            retry=never,
        )
    except ValueError as error:
        message = "CASEBOOK_RATE_STORAGE is memory:// or redis://HOST:PORT"
        raise PermanentError(message) from error
    return MovingWindowRateLimiter(storage)
