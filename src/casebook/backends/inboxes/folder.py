"""The files of a local folder, as they were handed in."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from casebook.errors import PermanentError, TransientError
from casebook.ports import IncomingFile

MAX_FILES = 20_000
MAX_FILE_BYTES = 200 * 1024 * 1024

_SYSTEM_FILES = {".ds_store", "thumbs.db", "desktop.ini"}


class FolderInbox:
    """An `Inbox` over a folder and its sub-folders; links are not followed, nothing is left out silently."""

    def __init__(self, folder: Path, *, without: Path | None = None) -> None:
        """Take all files of `folder` but those in the folder `without` (the outputs, if they lie inside)."""
        self._folder = folder
        self._without = without

    def files(self) -> Sequence[IncomingFile]:
        """Return all files, sorted by name."""
        return self._files

    @cached_property
    def _found(self) -> dict[str, tuple[Path, os.stat_result | None]]:
        """All files by the name they are shown with; names that are not UTF-8 are shown with marks."""
        found: dict[str, tuple[Path, os.stat_result | None]] = {}
        for path, facts in sorted(self._walk(self._folder), key=lambda entry: os.fsencode(entry[0])):
            name = os.fsencode(path.relative_to(self._folder)).decode("utf-8", "replace")
            while name in found:
                name += "'"
            found[name] = (path, facts)
        return found

    @cached_property
    def _files(self) -> tuple[IncomingFile, ...]:
        if len(self._found) > MAX_FILES:
            message = f"the folder holds more than {MAX_FILES} files: choose a sub-folder"
            raise PermanentError(message)
        return tuple(
            IncomingFile(name, facts.st_size if facts else 0, _reason(name, facts))
            for name, (_, facts) in self._found.items()
        )

    def _walk(self, folder: Path) -> Iterator[tuple[Path, os.stat_result | None]]:
        try:
            entries = list(os.scandir(folder))
        except OSError:
            yield folder, None
            return
        for entry in entries:
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                if not self._is_left_out(path):
                    yield from self._walk(path)
                continue
            try:
                yield path, entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # removed since the folder was listed
                continue
            except OSError:
                yield path, None

    def _is_left_out(self, folder: Path) -> bool:
        with suppress(OSError):
            return self._without is not None and folder.samefile(self._without)
        return False

    def fetch(self, name: str, target: Path) -> None:
        """Copy one file. Raises TransientError when it changes meanwhile, PermanentError when it cannot be read."""
        path, _ = self._found[name]
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0))
            with os.fdopen(descriptor, "rb") as source, target.open("wb") as copy:
                before = os.fstat(source.fileno())
                shutil.copyfileobj(source, copy, 1024 * 1024)
                after = os.fstat(source.fileno())
        except PermissionError as error:
            message = "permission denied: allow reading it and run again"
            raise PermanentError(message) from error
        except FileNotFoundError as error:
            message = "it was removed while the folder was read"
            raise PermanentError(message) from error
        if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
            message = "it changed while it was read: close the program that writes it and run again"
            raise TransientError(message)

    def signature(self) -> str:
        """Return a digest of all names, sizes and times of change."""
        digest = hashlib.sha256()
        for name, (_, facts) in self._found.items():
            seen = (facts.st_size, facts.st_mtime_ns) if facts else ()
            digest.update(f"{name}\0{seen}\n".encode())
        return digest.hexdigest()


def _reason(name: str, facts: os.stat_result | None) -> str | None:
    """Say why a file cannot be taken; None when it can."""
    base = name.rsplit("/", 1)[-1]
    if facts is None:
        return "permission denied: allow opening it and run again"
    if stat.S_ISLNK(facts.st_mode):
        return "a symbolic link: links are not followed, copy the file itself"
    if not stat.S_ISREG(facts.st_mode):
        return "not a regular file"
    if base.lower() in _SYSTEM_FILES or base.startswith(("~$", ".~lock")):
        return "a file of the operating system or of an open program"
    if facts.st_size > MAX_FILE_BYTES:
        return f"larger than {MAX_FILE_BYTES // 1024 // 1024} MB: split it or hand in an extract"
    return None
