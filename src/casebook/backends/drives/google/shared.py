"""The files behind a link as an inbox."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

from casebook.backends.drives.google.calls import DriveCalls
from casebook.backends.drives.google.listing import DriveItem, DriveLimits, list_items
from casebook.domain.drive_link import DriveLink
from casebook.errors import PermanentError, TransientError
from casebook.ports import Inbox, IncomingFile

_MORE_TRIES: Final = 2  # of one file, after a transient error
_FIRST_WAIT: Final = 1.0  # seconds, doubled with each try, unless Google says how long
_LONGEST_WAIT: Final = 120.0


class GoogleSharedFiles:
    """Opens links that companies hand in."""

    def __init__(
        self, calls: DriveCalls, *, limits: DriveLimits | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Open links with `calls`; `sleep` waits between two tries of a file."""
        self._calls = calls
        self._limits = limits or DriveLimits()
        self._sleep = sleep

    def open(self, link: str) -> Inbox:
        """Return the files behind `link`. Raises InvalidSubmission when it is not a link to Drive."""
        return DriveInbox(self._calls, DriveLink.parse(link), self._limits, self._sleep)


class DriveInbox:
    """An `Inbox` over the files behind a link; listed when they are first asked for."""

    def __init__(self, calls: DriveCalls, link: DriveLink, limits: DriveLimits, sleep: Callable[[float], None]) -> None:
        """Look behind `link`."""
        self._calls = calls
        self._link = link
        self._limits = limits
        self._sleep = sleep

    @cached_property
    def _items(self) -> dict[str, DriveItem]:
        return {item.name: item for item in list_items(self._calls, self._link, self._limits)}

    def files(self) -> Sequence[IncomingFile]:
        """Return all files, sorted by name. Raises PermanentError or TransientError when they cannot be listed."""
        return [IncomingFile(item.name, item.size, item.reason, item.version) for item in self._items.values()]

    def fetch(self, name: str, target: Path) -> None:
        """Download one file and check it. Raises PermanentError with the reason, at the latest after three tries."""
        item = self._items[name]
        for attempt in range(_MORE_TRIES + 1):
            try:
                self._download(item, target)
            except TransientError as error:
                if attempt == _MORE_TRIES:
                    message = f"{error}; tried {_MORE_TRIES + 1} times: run again later"
                    raise PermanentError(message) from error
                wait = error.retry_after if error.retry_after is not None else _FIRST_WAIT * 2**attempt
                self._sleep(min(wait, _LONGEST_WAIT))
            else:
                return

    def _download(self, item: DriveItem, target: Path) -> None:
        with target.open("wb+") as file:
            self._calls.download(item.id, file, export_as=item.export_as, most=self._limits.file_bytes)
            file.seek(0)
            found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
            if item.md5 not in {None, found}:
                message = "what Google Drive sent is not what it lists (checksum)"
                raise TransientError(message)

    def signature(self) -> str:
        """Return a digest of the link: what lies behind it is looked at when the run starts."""
        return hashlib.sha256(self._link.id.encode()).hexdigest()
