"""SQLite: one file, nothing to set up, and a commit outlives a power cut."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from casebook.errors import CasebookError, DiskFull, StorageFailed, TransientError

_BUSY_SECONDS = 30.0
_FLUSH_FAILED = {sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC}


class SqliteDatabase:
    """A `Database` in one file. Only for a local disk: SQLite's locks do not hold on network file systems."""

    def __init__(self, path: Path, schema: Sequence[str], *, synchronous: str = "FULL") -> None:
        """Open or make the file at `path`; less than FULL loses submissions in a power cut. Raises StorageFailed."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            message = f"cannot use {path}: {error.strerror}"
            raise StorageFailed(message) from error
        with _explained(path):
            self._path = path
            self._writer = self._open(synchronous)
            self._reader = self._open(synchronous)
            self._reading = threading.Lock()
            self._writing = threading.Lock()
            with self.write() as execute:
                for statement in schema:
                    execute(statement.format(serial="INTEGER PRIMARY KEY AUTOINCREMENT"), ())

    def _open(self, synchronous: str) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA fullfsync = 1")  # where a plain flush stops in the disk's own cache (macOS)
        connection.execute("PRAGMA secure_delete = 1")  # what was deleted is not left in the file
        connection.execute("PRAGMA foreign_keys = 1")
        return connection

    @contextmanager
    def write(self) -> Iterator[Callable[[str, Sequence[object]], list[tuple[Any, ...]]]]:
        """Lend the writing transaction. Raises DiskFull, TransientError; StorageFailed when a flush has failed."""
        with self._writing, _explained(self._path):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._executing(self._writer)
                self._writer.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[Callable[[str, Sequence[object]], list[tuple[Any, ...]]]]:
        """Lend the reading connection."""
        with self._reading, _explained(self._path):
            yield self._executing(self._reader)

    def close(self) -> None:
        """Close both connections."""
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()

    @staticmethod
    def _executing(connection: sqlite3.Connection) -> Callable[[str, Sequence[object]], list[tuple[Any, ...]]]:
        def execute(statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
            return connection.execute(statement, values).fetchall()

        return execute


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise _as_ours(error, path) from error


def _as_ours(error: sqlite3.Error, path: Path) -> CasebookError:
    code = getattr(error, "sqlite_errorcode", 0) or 0
    if code & 0xFF == sqlite3.SQLITE_FULL:
        return DiskFull(retry_after=60)
    if code in _FLUSH_FAILED:  # what was to be flushed may be gone, and a second flush would claim success
        message = f"the disk did not keep what was written to {path.name}: check the disk, then start again"
        return StorageFailed(message)
    if code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        message = f"{path.name} is damaged: restore it from a backup"
        return StorageFailed(message)
    message = f"the database does not answer: {error}"
    return TransientError(message, retry_after=5)
