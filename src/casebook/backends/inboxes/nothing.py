"""No files: all of them are shared by a link."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from casebook.errors import PermanentError
from casebook.ports import IncomingFile


class NoFiles:
    """An `Inbox` with nothing in it."""

    def files(self) -> Sequence[IncomingFile]:
        """Return no files."""
        return ()

    def fetch(self, name: str, target: Path) -> None:
        """Raise PermanentError: there is nothing to copy."""
        message = f"there is no file {name} to copy to {target}"
        raise PermanentError(message)

    def signature(self) -> str:
        """Return the digest of nothing."""
        return ""
