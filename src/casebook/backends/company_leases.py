"""One run of a company at a time where many machines share a bucket and nothing else.

The lease is an object that its holder rewrites five times in its seconds, each time only if it is still as the holder
left it. Whoever finds one that does not change for its seconds takes it over in the same way; no two clocks are
compared. A holder that could not renew in time writes nothing more.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

import msgspec

from casebook.domain.run import Folder
from casebook.errors import CompanyBusy, StorageFailed
from casebook.ports import Kept

_RENEWED_SHARE = 1 / 5  # of the seconds pass between two renewals
_VALID_SHARE = 2 / 3  # of the seconds; the rest is for the others to look


class TaggedObjects(Protocol):
    """Objects that are changed only if they are as they were last seen."""

    def create(self, key: str, data: bytes) -> str | None:
        """Keep `data` if nothing is kept; return its tag, None when something is."""
        ...

    def replace(self, key: str, data: bytes, tag: str) -> str | None:
        """Keep `data` if what is kept has `tag`; return the new tag, None when it has another."""
        ...

    def read_tagged(self, key: str) -> tuple[bytes, str] | None:
        """Return what is kept and its tag, None when there is nothing."""
        ...

    def remove(self, key: str) -> None:
        """Forget what is kept."""
        ...

    def look(self, key: str) -> Kept | None:
        """Tell size and time of what is kept."""
        ...


class _Holder(msgspec.Struct, frozen=True):
    """Who holds a company: `place` is the kernel and its view of processes in which `pid` means something."""

    owner: str
    place: str
    pid: int
    seconds: float
    beat: int = 0  # makes each renewal differ

    @property
    def is_dead(self) -> bool:
        """Whether it is known to be dead; of other machines nothing is known."""
        return bool(self.place) and self.place == _place() and not _is_alive(self.pid)


class CompanyLease:
    """The lease of one run on one company at a time."""

    def __init__(self, objects: TaggedObjects, *, seconds: float = 30.0, look_every: float = 1.0) -> None:
        """Hold nothing yet; a lease that is held runs out `seconds` after its holder's death."""
        self._objects = objects
        self._look_every = look_every
        self._seconds = seconds
        self._until: float | None = None  # on this process's clock; None while nothing is held
        self._mine = _Holder(secrets.token_hex(8), _place(), os.getpid(), seconds)

    @contextmanager
    def hold(self, company_slug: str, *, insist: bool = True) -> Iterator[None]:
        """Hold the company. Raises CompanyBusy when another run does; without `insist` it is then left to it."""
        key = _key(company_slug)
        tag = self._take(key, wait=insist)
        if tag is None:
            if insist:
                raise CompanyBusy
            yield
            return
        ended = threading.Event()
        renewing = threading.Thread(target=self._renew_until, args=(key, tag, ended), name="lease", daemon=True)
        renewing.start()
        try:
            yield
        finally:
            ended.set()
            renewing.join()
            still_ours = time.monotonic() < (self._until or 0)
            self._until = None
            if still_ours:
                self._objects.remove(key)

    def check(self) -> None:
        """Go on only while the company is held for sure. Raises StorageFailed."""
        if self._until is not None and time.monotonic() >= self._until:
            message = (
                "the lease on this company could not be renewed in time, and another run may have begun: "
                "run the same command again"
            )
            raise StorageFailed(message)

    def is_held(self, company_slug: str) -> bool:
        """Tell whether a run of the company seems to be under way: for people, not for deciding."""
        key = _key(company_slug)
        found, kept = self._objects.read_tagged(key), self._objects.look(key)
        if found is None or kept is None:
            return False
        holder = _read(found[0])
        return not holder.is_dead and datetime.now(UTC) - kept.written_at < timedelta(seconds=2 * holder.seconds)

    def _take(self, key: str, *, wait: bool) -> str | None:
        """Return the tag of the lease that is now ours, None when another run is alive."""
        data = msgspec.json.encode(self._mine)
        seen, since = "", time.monotonic()
        while (tag := self._asking(partial(self._objects.create, key, data))) is None:
            found = self._objects.read_tagged(key)
            if found is None:
                continue  # given back since
            holder, found_tag = _read(found[0]), found[1]
            if seen and found_tag != seen:
                return None  # it was renewed while we looked
            if not seen:
                seen, since = found_tag, time.monotonic()
            if holder.is_dead or time.monotonic() - since > holder.seconds:
                return self._asking(partial(self._objects.replace, key, data, found_tag))
            if not wait:
                return None
            time.sleep(self._look_every)
        return tag

    def _asking(self, ask: Callable[[], str | None]) -> str | None:
        """Ask for the lease; its time begins with the question."""
        asked = time.monotonic()
        tag = ask()
        if tag is not None:
            self._until = asked + self._seconds * _VALID_SHARE
        return tag

    def _renew_until(self, key: str, tag: str, ended: threading.Event) -> None:
        beat = 0
        while not ended.wait(self._seconds * _RENEWED_SHARE):
            beat, asked = beat + 1, time.monotonic()
            mine = msgspec.structs.replace(self._mine, beat=beat)
            try:
                renewed = self._objects.replace(key, msgspec.json.encode(mine), tag)
            except StorageFailed:
                renewed = self._as_left(key, mine)  # it may have been written all the same
                if renewed is None:
                    continue  # until it has run out, `check` lets nothing pass then
            if renewed is None or asked >= (self._until or 0):
                self._until = 0.0  # another run has it
                return
            tag, self._until = renewed, asked + self._seconds * _VALID_SHARE

    def _as_left(self, key: str, mine: _Holder) -> str | None:
        try:
            found = self._objects.read_tagged(key)
        except StorageFailed:
            return None
        return found[1] if found and _read(found[0]) == mine else None


def _key(company_slug: str) -> str:
    return f"{company_slug}/{Folder.DEBUG}/.lock"


def _read(data: bytes) -> _Holder:
    try:
        return msgspec.json.decode(data, type=_Holder)
    except msgspec.DecodeError:
        return _Holder("", "", 0, 30.0)  # of another version: what it does not renew runs out


def _place() -> str:
    """Name the kernel since its start and its view of processes; empty where that cannot be told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
