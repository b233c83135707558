"""Consolidation: a report is written whole, or the draft is kept and the reason said."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from casebook.domain.analysis import Portfolio
from casebook.domain.report import Report
from casebook.domain.report_files import ReportFiles
from casebook.errors import BelowShipGate
from casebook.steps import consolidation
from tests import samples
from tests.fakes import FakeClock, FakeLibrary, FakeStorage


def written(storage: FakeStorage, portfolio: Portfolio | None = None, *, run_id: str = "R1") -> ReportFiles:
    return consolidation.write_report(
        samples.SUBMISSION,
        run_id=run_id,
        started_at=samples.STARTED_AT,
        manifest=samples.manifest(),
        library=FakeLibrary(),
        analysis=samples.analysis(),
        evidence=samples.evidence(),
        portfolio=portfolio or samples.portfolio(),
        analyst=samples.FACTS,
        storage=storage,
        clock=FakeClock(),
    )


def test_three_formats_are_written_under_the_time_of_the_run() -> None:
    storage = FakeStorage()
    files = written(storage)
    assert files.md == "acme_gmbh/final/FINAL_REPORT_20260301_120000.md"
    assert storage.keys("acme_gmbh/final") == sorted(files.keys())
    report = msgspec.json.decode(storage.read(files.json), type=Report)
    assert (report.run.id, len(report.use_cases), len(report.quotes)) == ("R1", files.use_cases, files.quotes)
    assert (files.files_received, files.files_read, files.files_failed) == (2, 2, 0)


def test_writing_again_replaces_the_report_of_the_same_run() -> None:
    storage = FakeStorage()
    assert written(storage) == written(storage)
    assert len(storage.keys("acme_gmbh/final")) == 3


def test_another_run_in_the_same_second_gets_files_of_its_own() -> None:
    storage = FakeStorage()
    first, second = written(storage), written(storage, run_id="R2")
    assert not set(first.keys()) & set(second.keys())
    assert written(storage, run_id="R2") == second


def test_a_report_below_the_gates_is_kept_as_a_draft_and_not_delivered() -> None:
    storage = FakeStorage()
    claim = replace(samples.portfolio().claims[0], text="They pay 9,999 euros.")
    with pytest.raises(BelowShipGate, match=r"number fidelity .*draft is kept as .*draft_R1"):
        written(storage, replace(samples.portfolio(), claims=(claim,)))
    assert storage.keys("") == ["acme_gmbh/part_b/draft_R1.json"]
