"""Notices that are kept until they are sent: a run never waits for them, and a crash does not lose them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec.structs import replace

from casebook.domain.notice import Notice
from casebook.errors import CasebookError, TransientError
from casebook.observability.logs import Log
from casebook.ports import Clock, Messenger, Storage

FOLDER: Final = "_notices"  # no company's folder begins with an underscore
_WAITS: Final = (5.0, 60.0)  # seconds before the second and the third try, unless the receiver says how long
_LONGEST_WAIT: Final = 3600.0
_LEFT_BEHIND: Final = timedelta(minutes=10)  # after which a notice's process is taken to have died


class _Waiting(msgspec.Struct, frozen=True):
    notice: Notice
    messenger: str
    tries: int
    kept_at: str


class NoticeOutbox:
    """A `Notifier` that keeps each notice in the storage, sends it from a thread of its own and then forgets it."""

    def __init__(
        self,
        storage: Storage,
        messengers: Sequence[Messenger],
        *,
        clock: Clock,
        log: Log,
        wait: Callable[[threading.Event, float], bool] = threading.Event.wait,
    ) -> None:
        """Send with `messengers`, each by itself: one that fails holds up no other."""
        self._storage = storage
        self._messengers = {messenger.name: messenger for messenger in messengers}
        self._clock = clock
        self._log = log
        self._wait = wait
        self._due: dict[str, tuple[float, _Waiting]] = {}  # by key: when, on the monotonic clock
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None

    def notify(self, notice: Notice) -> None:
        """Keep the notice and send it soon; never raises and never waits for a receiver."""
        for name in self._messengers:
            waiting = _Waiting(notice, name, 0, self._clock().isoformat())
            key = f"{FOLDER}/{notice.id}-{name}.json"
            try:
                self._storage.write(key, msgspec.json.encode(waiting), durable=True)
            except CasebookError as error:
                self._log.warning("notice not kept", run_id=notice.run_id, error=str(error))
            self._plan(key, waiting, 0.0)

    def pick_up(self) -> None:
        """Plan what a process that died left unsent."""
        for key in self._storage.keys(FOLDER):
            try:
                waiting = msgspec.json.decode(self._storage.read(key), type=_Waiting)
            except (CasebookError, msgspec.DecodeError):
                continue  # sent meanwhile by another process, or cut off while it was written
            old = self._clock() - datetime.fromisoformat(waiting.kept_at) > _LEFT_BEHIND
            if old and waiting.messenger in self._messengers:
                self._plan(key, waiting, 0.0)

    def close(self, within: float) -> None:
        """Send what is due, for at most `within` seconds; the rest stays kept for the next process."""
        self._closing = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join(within)

    def _plan(self, key: str, waiting: _Waiting, delay: float) -> None:
        with self._lock:
            self._due[key] = (time.monotonic() + delay, waiting)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="notices", daemon=True)
                self._thread.start()
        self._woken.set()

    def _work(self) -> None:
        while True:
            self._woken.clear()
            now = time.monotonic()
            with self._lock:
                due = [(key, waiting) for key, (when, waiting) in self._due.items() if when <= now]
                for key, _ in due:
                    del self._due[key]
                following = min((when for when, _ in self._due.values()), default=None)
            for key, waiting in due:
                self._send(key, waiting)
            if due:
                continue
            if self._closing:
                return
            self._wait(self._woken, 3600.0 if following is None else max(0.0, following - time.monotonic()))

    def _send(self, key: str, waiting: _Waiting) -> None:
        notice = waiting.notice
        try:
            self._messengers[waiting.messenger].send(notice)
        except TransientError as error:
            if waiting.tries < len(_WAITS):
                wait = error.retry_after if error.retry_after is not None else _WAITS[waiting.tries]
                self._plan(key, replace(waiting, tries=waiting.tries + 1), min(wait, _LONGEST_WAIT))
                return
            self._log.warning("notice given up", run_id=notice.run_id, to=waiting.messenger, error=str(error))
        except Exception as error:  # noqa: BLE001 - whatever a messenger does, the next notice is still sent
            self._log.warning("notice refused", run_id=notice.run_id, to=waiting.messenger, error=str(error))
        else:
            self._log.info("notice sent", run_id=notice.run_id, to=waiting.messenger, event=notice.event)
        try:
            self._storage.remove(key)
        except CasebookError as error:
            self._log.warning("notice not forgotten", run_id=notice.run_id, error=str(error))
