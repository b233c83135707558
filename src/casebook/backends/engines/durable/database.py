"""The database of the engine: its tables, its connections, its errors."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy
from dbos import DBOS
from dbos import error as dbos_errors

from casebook.backends.engines.durable.step import Lease
from casebook.errors import TransientError

QUEUE = "reports"
WORKFLOW = "report"
APPLICATION = "casebook"
SHAPE = "1"  # of the workflow: constant, for DBOS strands the runs of another version; see docs/decisions/0011

_RETRY_AFTER = 5.0  # seconds
_CONNECT_SECONDS = 10
_POOL = {"pool_size": 20, "max_overflow": 0, "pool_timeout": 30, "pool_pre_ping": True}


# DBOS asks for the companies whose runs wait in random order: these parts of its statements are given an order.
_RANDOM = "ORDER BY random()"
_ALL_COMPANIES = "SELECT partitions.pk \nFROM partitions \nWHERE partitions.pk IS NOT NULL"
_FIRST = """(SELECT head.{column} FROM {table} AS head
    WHERE head.queue_name = '{queue}' AND head.status = 'ENQUEUED' AND head.queue_partition_key = partitions.pk
    ORDER BY head.priority, head.created_at, head.workflow_uuid LIMIT 1)"""
_IS_FREE = """NOT EXISTS (SELECT 1 FROM {table} AS active
    WHERE active.queue_name = '{queue}' AND active.status = 'PENDING' AND active.queue_partition_key = partitions.pk)"""


def open_engine(database_url: str) -> sqlalchemy.Engine:
    """Return connections to the database, for DBOS and for us, that hand out the most urgent company first."""
    url = sqlalchemy.make_url(database_url)
    if url.get_backend_name() == "sqlite":
        engine = sqlalchemy.create_engine(url, **_POOL)
        sqlalchemy.event.listen(engine, "connect", _set_up_sqlite)
    else:
        connect = {"connect_timeout": _CONNECT_SECONDS, "application_name": APPLICATION}
        engine = sqlalchemy.create_engine(url.set(drivername="postgresql+psycopg"), **_POOL, connect_args=connect)
    table = "workflow_status" if url.get_backend_name() == "sqlite" else "dbos.workflow_status"
    sqlalchemy.event.listen(engine, "before_cursor_execute", partial(_put_in_order, table), retval=True)
    return engine


def _put_in_order(
    table: str, _connection: object, _cursor: object, statement: str, parameters: object, *_: object
) -> tuple[str, object]:
    """Let the company come first whose next run has the lowest priority, and of these whose next run came first.

    With a rate limit DBOS goes through all companies and shuffles them once more: it is then told of one alone.
    """
    columns = ("priority", "created_at", "workflow_uuid")  # SQLite's times are whole seconds
    order = ", ".join(_FIRST.format(column=column, table=table, queue=QUEUE) for column in columns)
    if _RANDOM in statement and "partitions" in statement:
        statement = statement.replace(_RANDOM, f"ORDER BY {order}")
    elif statement.endswith(_ALL_COMPANIES):
        statement += f" AND {_IS_FREE.format(table=table, queue=QUEUE)} ORDER BY {order} LIMIT 1"
    return statement, parameters


def _set_up_sqlite(connection: Any, _: object) -> None:  # noqa: ANN401 - of the driver
    connection.isolation_level = "IMMEDIATE"  # writers wait for each other instead of failing
    connection.execute("PRAGMA busy_timeout = 30000")
    connection.execute("PRAGMA foreign_keys = ON")
    # In a power cut the last notes of the queue may be lost, but never damaged. The submissions are kept elsewhere,
    # with a flush each: a run that the queue forgot is started again, a step whose end it forgot is found as a file.
    connection.execute("PRAGMA synchronous = NORMAL")


def sqlite_url(path: Path) -> str:
    """Return the database URL of a SQLite file."""
    return f"sqlite:///{path.absolute()}"


def prepare(database_url: str, lease: Lease) -> None:
    """Make the tables, if they are not there. Raises TransientError when the database does not answer."""
    url = sqlalchemy.make_url(database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        with sqlite3.connect(url.database) as connection:
            connection.execute("PRAGMA journal_mode=WAL")  # stays with the file; DBOS does not ask for it
        connection.close()
    with lease.alone(), reachable():
        DBOS.migrate(database_url)


@contextmanager
def reachable() -> Iterator[None]:
    """Turn the database's errors into TransientError."""
    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, dbos_errors.DBOSException) as error:
        message = f"the database of the queue does not answer: {type(error).__name__}"
        raise TransientError(message, retry_after=_RETRY_AFTER) from error
