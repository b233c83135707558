"""What every submission store does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from casebook.backends.submission_stores.postgres import PostgresDatabase
from casebook.backends.submission_stores.rows import SCHEMA, RowStore
from casebook.backends.submission_stores.sqlite import SqliteDatabase
from casebook.domain.intake import (
    ANONYMOUS,
    MOST_REFUSED,
    MOST_REFUSED_CHARACTERS,
    NewSubmission,
    Receipt,
    Refused,
    UploadedFile,
    WorkState,
)
from casebook.domain.submission import Submission
from casebook.errors import KeyReused, TransientError
from casebook.ports import SubmissionStore
from tests.fakes import FakeSubmissionStore
from tests.samples import STARTED_AT, SUBMISSION, new_submission

FOREIGN = {"dynamo"}  # folders that somebody else made


@pytest.fixture(params=["sqlite", "postgres", "fake"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SubmissionStore]:
    if request.param == "fake":
        yield FakeSubmissionStore(taken=FOREIGN.__contains__)
        return
    if request.param == "sqlite":
        kept = RowStore(SqliteDatabase(tmp_path / "casebook.sqlite3", SCHEMA), taken=FOREIGN.__contains__)
    else:
        url = request.getfixturevalue("postgres_url")
        kept = RowStore(PostgresDatabase(url, SCHEMA), taken=FOREIGN.__contains__)
    yield kept
    kept.close()


def save(store: SubmissionStore, new: NewSubmission) -> Receipt:
    return store.save(new).result(timeout=30)


def later(**passed: float) -> str:
    return (datetime.fromisoformat(STARTED_AT) + timedelta(**passed)).isoformat(timespec="seconds")


def named(name: str) -> Submission:
    return Submission.parse(company_name=name)


def test_what_is_saved_is_found_again(store: SubmissionStore) -> None:
    file = UploadedFile(id="1", name="plän\N{GRINNING FACE}.pdf", path="001-aa.pdf", size=3, sha256="aa")
    receipt = save(store, new_submission(files=(file,), key="k1"))
    assert (receipt.run_id, receipt.company_slug, receipt.replayed) == ("R1", "acme_gmbh", False)
    found = store.find("R1")
    assert found is not None
    assert (found.submission, found.files, found.principal) == (SUBMISSION, (file,), "local")
    assert (found.company_id, found.state, found.received_at) == (receipt.company_id, WorkState.WAITING, STARTED_AT)
    assert store.find("R2") is None


def test_the_same_key_and_body_get_the_first_answer(store: SubmissionStore) -> None:
    first = save(store, new_submission(key="k1"))
    again = save(store, new_submission("R2", key="k1", received_at=later(days=3)))
    assert again == replace(first, replayed=True)
    assert store.find("R2") is None


def test_the_same_key_with_another_body_is_refused_and_others_are_not(store: SubmissionStore) -> None:
    save(store, new_submission(key="k1"))
    futures = [store.save(new_submission(f"R{n}", key=key, body_sha256="d2")) for n, key in ((2, "k1"), (3, "k2"))]
    with pytest.raises(KeyReused):
        futures[0].result(timeout=30)
    assert futures[1].result(timeout=30).run_id == "R3"
    assert store.find("R2") is None


def test_the_first_receipt_is_found_without_saving(store: SubmissionStore) -> None:
    assert store.earlier(new_submission(key="k1")) is None
    first = save(store, new_submission(key="k1"))
    assert store.earlier(new_submission("R2", key="k1")) == replace(first, replayed=True)
    with pytest.raises(KeyReused):
        store.earlier(new_submission("R2", key="k1", body_sha256="d2"))
    assert store.find("R2") is None


def test_a_key_belongs_to_its_principal(store: SubmissionStore) -> None:
    save(store, new_submission(key="k1"))
    assert not save(store, new_submission("R2", key="k1", principal="other", body_sha256="d2")).replayed


@pytest.mark.parametrize(
    ("changed", "replayed"),
    [
        ({"received_at": later(minutes=10)}, True),
        ({"received_at": later(minutes=10, seconds=1)}, False),
        ({"body_sha256": "d2"}, False),
        ({"principal": "other"}, False),
        ({"origin": "another address"}, False),
        ({"key": "k1"}, False),
    ],
)
def test_the_same_body_soon_after_without_a_key_is_a_duplicate(
    store: SubmissionStore,
    changed: dict[str, Any],
    replayed: bool,  # noqa: FBT001 - a case
) -> None:
    save(store, new_submission())
    assert save(store, new_submission("R2", **changed)).replayed is replayed


def test_a_principal_has_one_folder_for_a_company_whatever_the_case(store: SubmissionStore) -> None:
    first = save(store, new_submission())
    again = save(store, new_submission("R2", submission=named("ACME gmbh"), body_sha256="d2"))
    assert (again.company_id, again.company_slug) == (first.company_id, first.company_slug)


@pytest.mark.parametrize(
    "changed",
    [
        {"principal": "other"},
        {"principal": ANONYMOUS},
        *(
            {"submission": named(name)}
            for name in ("Acme, GmbH", "\xc1cme GmbH", "\uff21cme GmbH", "Acme GmbH \U0001f680")
        ),
    ],
)
def test_others_and_other_names_with_the_same_slug_get_folders_of_their_own(
    store: SubmissionStore, changed: dict[str, Any]
) -> None:
    first = save(store, new_submission())
    other = save(store, new_submission("R2", body_sha256="d2", **changed))
    assert other.company_id != first.company_id
    assert other.company_slug.startswith("acme_gmbh_")
    assert len(other.company_slug) == len("acme_gmbh_") + 6


@pytest.mark.parametrize("name", ["Dynamo", "Logs"])
def test_a_folder_that_somebody_else_made_is_not_given_away(store: SubmissionStore, name: str) -> None:
    receipt = save(store, new_submission(submission=named(name)))
    assert receipt.company_slug.startswith(f"{name.lower()}_")


def test_strangers_share_nothing(store: SubmissionStore) -> None:
    receipts = [save(store, new_submission(f"R{n}", principal=ANONYMOUS, body_sha256=f"d{n}")) for n in (1, 2)]
    assert receipts[0].company_id != receipts[1].company_id


def test_runs_wait_in_order_until_they_are_started(store: SubmissionStore) -> None:
    for n in range(1, 4):
        save(store, new_submission(f"R{n}", body_sha256=f"d{n}"))
    assert list(store.waiting(10)) == ["R1", "R2", "R3"]
    store.mark_started("R1")
    assert list(store.waiting(1)) == ["R2"]
    save(store, new_submission("R4", body_sha256="d4"))  # takes the mark with it
    found = store.find("R1")
    assert found is not None
    assert found.state is WorkState.STARTED


def test_submissions_are_listed_newest_first_or_oldest_first(store: SubmissionStore) -> None:
    receipts = [
        save(store, new_submission(f"R{n}", body_sha256=f"d{n}", principal=principal))
        for n, principal in enumerate(("local", "other", "local"), start=1)
    ]
    assert [found.run_id for found in store.latest(2)] == ["R3", "R2"]
    assert [found.run_id for found in store.latest(9, principal="local")] == ["R3", "R1"]
    assert [found.run_id for found in store.latest(9, company_id=receipts[1].company_id)] == ["R2"]
    assert list(store.latest(9, company_id=receipts[1].company_id, principal="local")) == []
    second = store.find("R2")
    assert second is not None
    assert [found.run_id for found in store.after(second.sequence, 9)] == ["R3"]
    assert [found.run_id for found in store.after(0, 2)] == ["R1", "R2"]


def test_a_deleted_company_is_gone_and_its_folder_is_not_given_again(store: SubmissionStore) -> None:
    receipt = save(store, new_submission(key="k1"))
    company = store.find_company("acme_gmbh")
    assert company is not None
    assert (company.id, company.name, company.principal) == (receipt.company_id, "Acme GmbH", "local")
    store.delete(company.id)
    assert store.find_company("acme_gmbh") is None
    assert store.find("R1") is None
    assert list(store.waiting(9)) == []
    again = save(store, new_submission("R2", key="k1"))
    assert not again.replayed
    assert again.company_id != company.id
    assert again.company_slug != "acme_gmbh"


def test_forgotten_submissions_are_gone_and_a_company_goes_with_its_last(store: SubmissionStore) -> None:
    for number in (1, 2):
        save(store, new_submission(f"R{number}", key=f"k{number}", body_sha256=f"d{number}"))
    save(store, new_submission("R3", principal="other", key="k"))
    store.forget(["R1"])
    company = store.find_company("acme_gmbh")
    assert company is not None
    assert [row.run_id for row in store.latest(9, company_id=company.id)] == ["R2"]
    store.forget(["R2", "R2", "unknown"])
    assert store.find_company("acme_gmbh") is None
    assert [row.run_id for row in store.latest(9)] == ["R3"]
    again = save(store, new_submission("R4", key="k1"))
    assert again.company_slug != "acme_gmbh"


def test_a_clock_that_goes_backwards_changes_no_order(store: SubmissionStore) -> None:
    for number, minutes in enumerate([0, -60, -120]):
        save(
            store,
            new_submission(
                f"R{number}", key=f"k{number}", body_sha256=f"d{number}", received_at=later(minutes=minutes)
            ),
        )
    assert [row.run_id for row in store.after(0, 9)] == ["R0", "R1", "R2"]
    assert [row.run_id for row in store.latest(9)] == ["R2", "R1", "R0"]
    assert store.waiting(9) == ["R0", "R1", "R2"]


def refused(number: int, received_at: str = STARTED_AT, fields: str = "{}") -> Refused:
    return Refused(received_at=received_at, principal="alpha", reason=f"reason {number}", fields=fields)


def test_a_clock_that_was_ahead_makes_no_duplicate_of_what_comes_after_it_was_set_back(store: SubmissionStore) -> None:
    save(store, new_submission(received_at=later(minutes=60)))
    assert not save(store, new_submission("R2")).replayed
    assert save(store, new_submission("R3", received_at=later(minutes=-9))).run_id == "R2"


def test_what_was_refused_is_kept_for_a_week(store: SubmissionStore) -> None:
    store.set_aside(refused(1)).result(timeout=30)
    store.set_aside(refused(2, later(days=6))).result(timeout=30)
    assert store.refused(9) == [refused(2, later(days=6)), refused(1)]
    store.set_aside(refused(3, later(days=8))).result(timeout=30)
    assert [one.reason for one in store.refused(9)] == ["reason 3", "reason 2"]
    assert len(store.refused(1)) == 1


def test_what_was_refused_last_is_kept_when_it_is_too_much(store: SubmissionStore) -> None:
    store.set_aside(refused(0, fields="x" * MOST_REFUSED_CHARACTERS)).result(timeout=60)
    kept = [store.set_aside(refused(number)) for number in range(1, MOST_REFUSED + 2)]
    kept[-1].result(timeout=60)
    found = store.refused(2 * MOST_REFUSED)
    assert (len(found), found[0].reason, found[-1].reason) == (MOST_REFUSED, f"reason {MOST_REFUSED + 1}", "reason 2")


def test_many_at_once_get_one_run_for_each_key(store: SubmissionStore) -> None:
    start = threading.Barrier(8)

    def send(thread: int) -> list[Receipt]:
        start.wait(timeout=30)
        return [save(store, new_submission(f"R{thread}-{n}", key=f"k{n}", body_sha256=f"d{n}")) for n in range(10)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    for n in range(10):
        assert len({answer[n].run_id for answer in answers}) == 1
        assert sum(not answer[n].replayed for answer in answers) == 1
    assert len(store.waiting(99)) == 10


def test_a_database_that_is_away_is_a_transient_error() -> None:
    with pytest.raises(TransientError, match="does not answer: OperationalError"):
        PostgresDatabase("postgresql://nobody:secret@127.0.0.1:1/none?connect_timeout=2", SCHEMA)
