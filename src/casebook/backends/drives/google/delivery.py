"""Reports put into a folder of Google Drive."""

from __future__ import annotations

import io
from collections.abc import Sequence

from casebook.backends.drives.google.calls import DriveCalls


class GoogleDrive:
    """A `Drive` over Google's: files are created under ids that were reserved before, so that each comes once."""

    def __init__(self, calls: DriveCalls) -> None:
        """Deliver with `calls`."""
        self._calls = calls

    def reserve(self, count: int) -> Sequence[str]:
        """Reserve ids for files. Raises TransientError or PermanentError."""
        return self._calls.new_ids(count)

    def put(self, file_id: str, name: str, data: bytes, *, media_type: str, folder: str) -> str:
        """Create a file under its reserved id and return its address; safe to repeat."""
        self._calls.create(file_id, name, io.BytesIO(data), media_type, folder)
        return f"https://drive.google.com/file/d/{file_id}/view"
