"""Signs of life of workers, so that the runs of a dead one are found and taken over."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from casebook.errors import PermanentError, StorageFailed, TransientError

try:
    import fcntl
except ImportError:  # no such locks on this platform: a second worker is then the user's affair
    fcntl = None  # type: ignore[assignment]

ONLY_WORKER = "local"  # who runs what, where one worker alone may

_MAKING_TABLES = 7_305_119_552  # the advisory lock's number; any number will do that others do not use
_CONNECT_SECONDS = 5
_VALID_SHARE = 2 / 3  # of the lease's seconds; the rest is for the others to look and to begin
_FORGOTTEN_AFTER = "1 day"


class FileLease:
    """The lease of the one worker on a SQLite file: a lock that the operating system frees when the process ends."""

    def __init__(self, path: Path) -> None:
        """Use the file at `path` as the lock."""
        self.owner = ONLY_WORKER
        self.seconds = 30.0  # how often unfinished runs are looked for; nothing expires
        self._path = path
        self._descriptor: int | None = None

    def renew(self) -> None:
        """Take the lock. Raises PermanentError when another worker has it."""
        if self._descriptor is not None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            message = f"cannot write to {self._path.parent}: {error.strerror}: choose another folder with --outputs"
            raise StorageFailed(message) from error
        try:
            if fcntl is not None:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            message = (
                "another worker runs on this outputs folder: on SQLite there is one; "
                "for more set CASEBOOK_DATABASE to a PostgreSQL database"
            )
            raise PermanentError(message) from error
        self._descriptor = descriptor

    def live(self) -> set[str]:
        """Return the workers that live: this one."""
        return {self.owner}

    def token(self) -> int:
        """Return what `holds` is asked with later."""
        return 0

    def holds(self, token: int) -> bool:
        """Tell whether the lease never lapsed since `token`: the lock does not expire."""
        return token == 0

    def release(self) -> None:
        """Let another worker in."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Do something that one process at a time may do: the lock is held all along."""
        yield


class PostgresLease:
    """A row in PostgreSQL that runs out unless its worker renews it; times are the database's."""

    def __init__(self, database_url: str, owner: str, *, seconds: float) -> None:
        """Keep the lease of the worker `owner`, whose runs another works on at most `seconds` after its death."""
        self.owner = owner
        self.seconds = seconds
        self._valid = seconds * _VALID_SHARE
        self._url = database_url
        self._until = 0.0  # on this process's clock, earlier than on the database's
        self._lapses = 0

    def renew(self) -> None:
        """Write the sign of life. Raises TransientError when the database does not answer."""
        asked = time.monotonic()
        with self._connection() as connection:
            connection.execute(
                "INSERT INTO casebook_leases (owner, expires_at)"
                " VALUES (%(owner)s, now() + %(seconds)s * '1 s'::interval)"
                " ON CONFLICT (owner) DO UPDATE SET expires_at = excluded.expires_at",
                {"owner": self.owner, "seconds": self._valid},
            )
            connection.execute(
                "DELETE FROM casebook_leases WHERE expires_at < now() - %s::interval", (_FORGOTTEN_AFTER,)
            )
        if self._until and time.monotonic() >= self._until:
            self._lapses += 1  # others may have taken over what was running here
        self._until = asked + self._valid

    def live(self) -> set[str]:
        """Return the workers whose leases have not run out. Raises TransientError."""
        with self._connection() as connection:
            rows = connection.execute("SELECT owner FROM casebook_leases WHERE expires_at > now()").fetchall()
        return {str(owner) for (owner,) in rows}

    def token(self) -> int:
        """Return what `holds` is asked with later."""
        return self._lapses

    def holds(self, token: int) -> bool:
        """Tell whether the lease never lapsed since `token`, without asking the database."""
        return token == self._lapses and time.monotonic() < self._until

    def release(self) -> None:
        """Say that this worker is gone, so that others need not wait. Raises TransientError."""
        with self._connection() as connection:
            connection.execute("DELETE FROM casebook_leases WHERE owner = %s", (self.owner,))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Do something that one process at a time may do, such as making tables. Raises TransientError."""
        with self._connection() as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", (_MAKING_TABLES,))
            connection.execute(
                "CREATE TABLE IF NOT EXISTS casebook_leases (owner text PRIMARY KEY, expires_at timestamptz NOT NULL)"
            )
            yield  # the lock goes with the connection

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection]:
        try:
            with psycopg.connect(self._url, autocommit=True, connect_timeout=_CONNECT_SECONDS) as connection:
                yield connection
        except psycopg.Error as error:
            message = f"the database does not answer: {error}"
            raise TransientError(message) from error
