"""What every journal does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from casebook.backends.journals.rows import SCHEMA, RowJournal
from casebook.backends.submission_stores.postgres import PostgresDatabase
from casebook.backends.submission_stores.sqlite import SqliteDatabase
from casebook.domain.prompt import Completion, Finish, JournalEntry, Spending
from casebook.ports import Journal
from tests.fakes import FakeJournal
from tests.samples import NOW

ANSWER = Completion(
    text='{"notes": "Rüstzeiten \N{GRINNING FACE}"}',
    finish=Finish.DONE,
    input_tokens=120,
    output_tokens=30,
    cached_tokens=20,
    cost_usd=0.25,
)
ENTRY = JournalEntry(
    digest="d1",
    completion=ANSWER,
    model="scripted:model",
    prompt="reading",
    run_id="R1",
    company_slug="acme",
    stage="part_a",
    at=NOW.isoformat(),
)


@pytest.fixture(params=["sqlite", "postgres", "fake"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    if request.param == "fake":
        yield FakeJournal()
        return
    database = (
        SqliteDatabase(tmp_path / "journal.sqlite3", SCHEMA)
        if request.param == "sqlite"
        else PostgresDatabase(request.getfixturevalue("postgres_url"), SCHEMA)
    )
    yield RowJournal(database)
    database.close()


def test_an_answer_is_found_again_by_its_request(journal: Journal) -> None:
    assert journal.find("d1") is None
    journal.keep(ENTRY)
    assert journal.find("d1") == ANSWER
    assert journal.find("d2") is None


def test_the_first_answer_to_a_request_stays_the_answer(journal: Journal) -> None:
    journal.keep(ENTRY)
    journal.keep(replace(ENTRY, completion=replace(ANSWER, text="{}"), run_id="R2"))
    assert journal.find("d1") == ANSWER


def test_what_a_run_paid_is_told_by_step(journal: Journal) -> None:
    journal.keep(ENTRY)
    journal.keep(replace(ENTRY, digest="d2", stage="part_b"))
    journal.keep(replace(ENTRY, digest="d3", stage="part_b"))
    journal.keep(replace(ENTRY, digest="d4", run_id="R2"))
    assert journal.spent_by("R1") == {
        "part_a": Spending(calls=1, input_tokens=120, output_tokens=30, cost_usd=0.25),
        "part_b": Spending(calls=2, input_tokens=240, output_tokens=60, cost_usd=0.5),
    }
    assert journal.spent_by("R3") == {}


def test_an_unknown_price_is_not_nothing(journal: Journal) -> None:
    journal.keep(ENTRY)
    journal.keep(replace(ENTRY, digest="d2", completion=replace(ANSWER, cost_usd=None)))
    spent = journal.spent_by("R1")["part_a"]
    assert (spent.calls, spent.unpriced, spent.cost) == (2, 1, None)


def test_what_a_day_cost_is_told_of_all_runs(journal: Journal) -> None:
    journal.keep(replace(ENTRY, at=(NOW - timedelta(days=1)).isoformat()))
    journal.keep(ENTRY)
    journal.keep(replace(ENTRY, digest="d2", run_id="R2", company_slug="other"))
    midnight = datetime(NOW.year, NOW.month, NOW.day, tzinfo=NOW.tzinfo)
    assert journal.spent_since(midnight).cost_usd == 0.5
    assert journal.spent_since(NOW + timedelta(seconds=1)) == Spending()


def test_a_forgotten_company_leaves_its_costs_and_nothing_else(journal: Journal) -> None:
    journal.keep(ENTRY)
    journal.keep(replace(ENTRY, digest="d2", company_slug="other"))
    journal.forget("acme")
    assert journal.find("d1") is None
    assert journal.find("d2") == ANSWER
    assert journal.spent_by("R1")["part_a"].cost_usd == 0.5


def test_forgotten_runs_leave_the_answers_of_others(journal: Journal) -> None:
    journal.keep(ENTRY)
    journal.keep(replace(ENTRY, digest="d2", run_id="R2"))
    journal.forget("acme", ["R2", "R3"])
    assert journal.find("d1") == ANSWER
    assert journal.find("d2") is None
    assert journal.spent_by("R2")["part_a"].cost_usd == 0.25


def test_many_threads_keep_side_by_side(journal: Journal) -> None:
    def keep(thread: int) -> None:
        for number in range(5):
            journal.keep(replace(ENTRY, digest=f"{thread}-{number}"))

    threads = [threading.Thread(target=keep, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert journal.spent_by("R1")["part_a"].calls == 20
