"""The journal as rows of a database: one row for each answer that was paid for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from casebook.domain.prompt import Completion, Finish, JournalEntry, Spending

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS casebook_answers (
        number {serial},
        digest TEXT NOT NULL,
        answer TEXT,
        finish TEXT NOT NULL,
        input_tokens BIGINT NOT NULL,
        output_tokens BIGINT NOT NULL,
        cached_tokens BIGINT NOT NULL,
        cost_usd DOUBLE PRECISION,
        model TEXT NOT NULL,
        prompt TEXT NOT NULL,
        run_id TEXT NOT NULL,
        company_slug TEXT NOT NULL,
        stage TEXT NOT NULL,
        at TEXT NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS casebook_answers_digest ON casebook_answers (digest)",
    "CREATE INDEX IF NOT EXISTS casebook_answers_run ON casebook_answers (run_id)",
    "CREATE INDEX IF NOT EXISTS casebook_answers_at ON casebook_answers (at)",
)
_SUMS = (
    "COUNT(*), COALESCE(SUM(input_tokens), 0), COALESCE(SUM(output_tokens), 0), COALESCE(SUM(cost_usd), 0), "
    "COALESCE(SUM(CASE WHEN cost_usd IS NULL THEN 1 ELSE 0 END), 0)"
)

Execute = Callable[[str, Sequence[object]], list[tuple[Any, ...]]]


class Database(Protocol):
    """Transactions over one database; statements have ``?`` for values."""

    def write(self) -> AbstractContextManager[Execute]:
        """Lend a transaction that is on disk when the block ends."""
        ...

    def read(self) -> AbstractContextManager[Execute]:
        """Lend a connection for reading."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


class RowJournal:
    """A `Journal` in a database."""

    def __init__(self, database: Database) -> None:
        """Keep answers in `database`, whose tables are those of SCHEMA."""
        self._database = database

    def find(self, digest: str) -> Completion | None:
        """Return the first answer kept for this request."""
        with self._database.read() as execute:
            rows = execute(
                "SELECT answer, finish, input_tokens, output_tokens, cached_tokens, cost_usd FROM casebook_answers "
                "WHERE digest = ? AND answer IS NOT NULL ORDER BY number LIMIT 1",
                (digest,),
            )
        return _completion(rows[0]) if rows else None

    def keep(self, entry: JournalEntry) -> None:
        """Keep an answer for good."""
        completion = entry.completion
        with self._database.write() as execute:
            execute(
                "INSERT INTO casebook_answers (digest, answer, finish, input_tokens, output_tokens, cached_tokens, "
                "cost_usd, model, prompt, run_id, company_slug, stage, at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    entry.digest,
                    completion.text.replace("\0", ""),  # PostgreSQL keeps none
                    str(completion.finish),
                    completion.input_tokens,
                    completion.output_tokens,
                    completion.cached_tokens,
                    completion.cost_usd,
                    entry.model,
                    entry.prompt,
                    entry.run_id,
                    entry.company_slug,
                    entry.stage,
                    entry.at,
                ),
            )

    def spent_by(self, run_id: str) -> Mapping[str, Spending]:
        """Return what was paid for a run, by step."""
        with self._database.read() as execute:
            rows = execute(
                f"SELECT stage, {_SUMS} FROM casebook_answers WHERE run_id = ? GROUP BY stage ORDER BY stage",  # noqa: S608
                (run_id,),
            )
        return {stage: _spending(sums) for stage, *sums in rows}

    def spent_since(self, moment: datetime) -> Spending:
        """Return what was paid for all runs since `moment`."""
        with self._database.read() as execute:
            rows = execute(f"SELECT {_SUMS} FROM casebook_answers WHERE at >= ?", (moment.isoformat(),))  # noqa: S608
        return _spending(rows[0])

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def forget(self, company_slug: str, run_ids: Sequence[str] | None = None) -> None:
        """Forget what was answered about a company, in these runs if they are named."""
        forget = "UPDATE casebook_answers SET answer = NULL, digest = '' WHERE company_slug = ?"
        with self._database.write() as execute:
            if run_ids is None:
                execute(forget, (company_slug,))
            for run_id in run_ids or ():
                execute(f"{forget} AND run_id = ?", (company_slug, run_id))


def _completion(row: Sequence[Any]) -> Completion:
    text, finish, input_tokens, output_tokens, cached_tokens, cost = row
    return Completion(
        text=text,
        finish=Finish(finish),
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_tokens=cached_tokens,
        cost_usd=cost,
    )


def _spending(sums: Sequence[Any]) -> Spending:
    calls, input_tokens, output_tokens, cost, unpriced = sums
    return Spending(
        calls=calls,
        input_tokens=int(input_tokens),
        output_tokens=int(output_tokens),
        cost_usd=float(cost),
        unpriced=int(unpriced),
    )
