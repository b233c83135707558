"""The databases under the submission store: durable settings, shared commits, errors that say what to do."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from casebook.backends.submission_stores.postgres import PostgresDatabase
from casebook.backends.submission_stores.rows import SCHEMA, Execute, RowStore
from casebook.backends.submission_stores.sqlite import SqliteDatabase
from casebook.domain.intake import Receipt
from casebook.errors import DiskFull, StorageFailed, TransientError
from tests.samples import new_submission


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    opened = SqliteDatabase(tmp_path / "deep" / "casebook.sqlite3", SCHEMA)
    yield opened
    opened.close()


def test_a_commit_outlives_a_power_cut(database: SqliteDatabase) -> None:
    with database.write() as execute:
        assert execute("PRAGMA synchronous", ()) == [(2,)]  # FULL
    with database.read() as execute:
        assert execute("PRAGMA journal_mode", ()) == [("wal",)]


def test_the_file_is_for_its_owner_alone(database: SqliteDatabase, tmp_path: Path) -> None:
    del database
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "deep").iterdir()} == {0}


def test_an_error_undoes_the_whole_transaction(database: SqliteDatabase) -> None:
    def insert_twice() -> None:
        with database.write() as execute:
            execute("INSERT INTO companies VALUES ('C1', 'acme', '', '', '', 0)", ())
            execute("INSERT INTO companies VALUES ('C2', 'acme', '', '', '', 0)", ())

    with pytest.raises(TransientError):
        insert_twice()
    with database.read() as execute:
        assert execute("SELECT * FROM companies", ()) == []


def test_a_full_disk_is_told_from_other_errors(database: SqliteDatabase) -> None:
    with database.write() as execute:
        (pages,) = execute("PRAGMA page_count", ())[0]
        execute(f"PRAGMA max_page_count = {pages + 2}", ())
    store = RowStore(database)
    store.save(new_submission("R0")).result(timeout=30)
    errors = [store.save(new_submission(f"R{n}", body_sha256=f"d{n}")).exception(timeout=30) for n in range(1, 99)]
    assert isinstance(errors[-1], DiskFull)
    assert errors[-1].retry_after == 60
    with database.write() as execute:
        execute(f"PRAGMA max_page_count = {pages + 2000}", ())
    assert store.save(new_submission("later", body_sha256="later")).result(timeout=30).run_id == "later"
    assert store.find("R0") is not None


def test_a_flush_that_failed_is_never_tried_again(database: SqliteDatabase) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    with pytest.raises(StorageFailed, match="the disk did not keep"), database.write():
        raise error


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "casebook.sqlite3").write_bytes(b"not a database" * 100)
    with pytest.raises(StorageFailed, match=r"casebook\.sqlite3 is damaged"):
        SqliteDatabase(tmp_path / "casebook.sqlite3", SCHEMA)


def test_a_folder_in_place_of_the_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="cannot use"):
        SqliteDatabase(tmp_path, SCHEMA)


class _SlowDatabase:
    """A `Database` whose first commit waits to be let go; counts commits."""

    def __init__(self) -> None:
        self.commits = 0
        self.statements: list[str] = []
        self.first_runs, self.let_go = threading.Event(), threading.Event()

    @contextmanager
    def write(self) -> Iterator[Execute]:
        yield self._execute
        self.commits += 1
        self.first_runs.set()
        self.let_go.wait(timeout=30)

    def _execute(self, statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:  # noqa: ARG002
        self.statements.append(statement.split(maxsplit=1)[0])
        return []

    read = write

    def close(self) -> None: ...


def test_who_waits_while_a_commit_runs_shares_the_next() -> None:
    database = _SlowDatabase()
    store = RowStore(database)
    futures = [store.save(new_submission("R0"))]
    assert database.first_runs.wait(timeout=30)
    futures += [store.save(new_submission(f"R{n}", body_sha256=f"d{n}")) for n in range(1, 50)]
    assert not any(future.done() for future in futures)
    database.let_go.set()
    assert [future.result(timeout=30).run_id for future in futures] == [f"R{n}" for n in range(50)]
    assert database.commits == 2
    store.close()


def test_a_mark_waits_for_a_commit_or_makes_its_own_before_the_end() -> None:
    database = _SlowDatabase()
    database.let_go.set()
    store = RowStore(database)
    store.mark_started("R1")
    store.save(new_submission("R2")).result(timeout=30)
    assert (database.commits, database.statements.count("UPDATE")) == (1, 1)
    store.mark_started("R2")
    store.close()
    assert (database.commits, database.statements.count("UPDATE")) == (2, 2)


def test_a_closed_store_takes_nothing_more() -> None:
    database = _SlowDatabase()
    database.let_go.set()
    store = RowStore(database)
    store.close()
    assert not store.alive
    with pytest.raises(TransientError, match="closed"):
        store.save(new_submission()).result(timeout=30)


def test_postgres_is_reached_again_after_its_connections_were_cut(postgres_url: str) -> None:
    database = PostgresDatabase(postgres_url, SCHEMA)
    store = RowStore(database)
    store.save(new_submission()).result(timeout=30)
    assert store.find("R1") is not None
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    def tried(call: Callable[[], object]) -> None:
        with pytest.raises(TransientError):
            call()
        call()

    tried(lambda: store.find("R1"))
    tried(lambda: store.save(new_submission("R2", body_sha256="d2")).result(timeout=30))
    assert [row.run_id for row in store.latest(9)] == ["R2", "R1"]
    store.close()


class _Counting:
    """A database that counts the transactions it was asked for."""

    def __init__(self, database: SqliteDatabase) -> None:
        self.write_count = 0
        self._database = database

    def write(self) -> AbstractContextManager[Execute]:
        self.write_count += 1
        return self._database.write()

    def read(self) -> AbstractContextManager[Execute]:
        return self._database.read()

    def close(self) -> None:
        self._database.close()


def test_a_commit_waits_for_those_who_are_about_to_come_but_not_for_ever(tmp_path: Path) -> None:
    database = _Counting(SqliteDatabase(tmp_path / "casebook.sqlite3", SCHEMA))
    second: list[Future[Receipt]] = []

    def under_way() -> int:
        if not second:
            second.append(store.save(new_submission("R2", key="k2")))
        return 3  # the third never comes

    store = RowStore(database, under_way=under_way)
    first = store.save(new_submission("R1", key="k1"))
    assert first.result(timeout=30).run_id == "R1"
    assert second[0].result(timeout=30).run_id == "R2"
    assert database.write_count == 1
    store.close()
