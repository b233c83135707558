"""The records of runs."""

from __future__ import annotations

from msgspec.structs import replace

from casebook.domain.run import Run, RunStatus
from casebook.run_records import RunRecords
from tests.fakes import FakeStorage

FIRST = Run(
    id="R1",
    company_name="Acme",
    company_slug="acme",
    inputs_digest="d",
    status=RunStatus.RUNNING,
    started_at="2026-03-01T12:00:00+00:00",
)
LATER = replace(FIRST, id="R2", started_at="2026-03-02T12:00:00+00:00")
OTHER = replace(FIRST, id="R3", company_slug="beta", started_at="2026-03-01T18:00:00+00:00")


def kept(*runs: Run) -> RunRecords:
    records = RunRecords(FakeStorage({"acme/debug/submission_1.json": b"{}", "acme/data/x": b""}))
    for run in runs:
        records.write(run)
    return records


def test_runs_come_newest_first() -> None:
    records = kept(FIRST, LATER, OTHER)
    assert records.all() == [LATER, OTHER, FIRST]
    assert records.of_company("acme") == [LATER, FIRST]


def test_a_run_is_found_by_its_id() -> None:
    records = kept(FIRST, OTHER)
    assert records.find("R3") == OTHER
    assert records.find("R9") is None
    assert records.find_in("acme", "R1") == FIRST
    assert records.find_in("acme", "R3") is None


def test_a_record_replaces_the_one_before() -> None:
    done = replace(FIRST, status=RunStatus.DONE)
    assert kept(FIRST, done).all() == [done]


def test_without_runs_there_is_nothing() -> None:
    assert kept().all() == kept().of_company("acme") == []


def test_a_record_that_cannot_be_read_is_shown_as_failed() -> None:
    records = kept(LATER)
    records.storage.write("acme/debug/run_R1.json", b'{"id": "R')
    found = records.find_in("acme", "R1")
    assert found
    assert (found.id, found.status) == ("R1", RunStatus.FAILED)
    assert "cannot be read" in (found.error or "")
    assert records.all() == [LATER, found]


def test_a_record_whose_content_a_power_cut_took_is_as_if_it_was_not_there() -> None:
    storage = FakeStorage()
    records = RunRecords(storage)
    records.write(FIRST)
    records.write(LATER)
    storage.kept["acme/debug/run_R1.json"] = b""
    assert records.find_in("acme", "R1") is None
    assert records.all() == [LATER]
