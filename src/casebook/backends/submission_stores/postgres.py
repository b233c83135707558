"""PostgreSQL: the same store for several machines."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import errors

from casebook.errors import CasebookError, DiskFull, TransientError

_REACH_SECONDS = 3
_LOCK = 0x636173656270  # an arbitrary number that no other program is likely to lock


def reach(url: str) -> None:
    """Connect once and leave, changing nothing. Raises TransientError when the server does not let us in."""
    with _explained():
        psycopg.connect(url, connect_timeout=_REACH_SECONDS).close()


class PostgresDatabase:
    """A `Database` on a server, reached again after it was away. One connection writes, one reads."""

    def __init__(self, url: str, schema: Sequence[str]) -> None:
        """Connect to `url` and make the tables that are missing. Raises TransientError."""
        self._url = url
        self._writer: psycopg.Connection[tuple[Any, ...]] | None = None
        self._reader: psycopg.Connection[tuple[Any, ...]] | None = None
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        with self.write() as execute:
            for statement in schema:
                execute(statement.format(serial="BIGSERIAL PRIMARY KEY"), ())

    @contextmanager
    def write(self) -> Iterator[Callable[[str, Sequence[object]], list[tuple[Any, ...]]]]:
        """Lend the writing transaction; other processes wait, so that numbers are given in order of commit."""
        with self._writing, _explained():
            if self._writer is None or self._writer.closed:
                self._writer = psycopg.connect(self._url)
            with _closing_when_broken(self._writer), self._writer.transaction():
                self._writer.execute("SET LOCAL synchronous_commit = on")
                self._writer.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                yield _executing(self._writer)

    @contextmanager
    def read(self) -> Iterator[Callable[[str, Sequence[object]], list[tuple[Any, ...]]]]:
        """Lend the reading connection."""
        with self._reading, _explained():
            if self._reader is None or self._reader.closed:
                self._reader = psycopg.connect(self._url, autocommit=True)
            with _closing_when_broken(self._reader):
                yield _executing(self._reader)

    def close(self) -> None:
        """Close both connections."""
        for connection in (self._writer, self._reader):
            if connection is not None:
                connection.close()


def _executing(
    connection: psycopg.Connection[tuple[Any, ...]],
) -> Callable[[str, Sequence[object]], list[tuple[Any, ...]]]:
    def execute(statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        cursor = connection.execute(statement.replace("?", "%s").encode(), values)
        return cursor.fetchall() if cursor.description else []

    return execute


@contextmanager
def _closing_when_broken(connection: psycopg.Connection[tuple[Any, ...]]) -> Iterator[None]:
    """Close a connection after an error of the server: the next use makes a new one."""
    try:
        yield
    except psycopg.OperationalError:
        with suppress(psycopg.Error):
            connection.close()
        raise


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise _as_ours(error) from error


def _as_ours(error: psycopg.Error) -> CasebookError:
    if isinstance(error, errors.DiskFull):
        return DiskFull(retry_after=60)
    message = f"the database does not answer: {type(error).__name__}"  # its text may hold the password's URL
    return TransientError(message, retry_after=5)
