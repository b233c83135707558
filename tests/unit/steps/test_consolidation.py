"""Consolidation: a report is written whole, or the draft is kept and the reason said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import pytest
from msgspec.structs import replace

from casebook.domain.analysis import Portfolio
from casebook.domain.report import Report
from casebook.domain.report_files import ReportFiles
from casebook.errors import BelowShipGate, PermanentError
from casebook.report.blocks import Block
from casebook.report.extra import ExtraFormat, Imprint
from casebook.steps import consolidation
from tests import samples
from tests.fakes import FakeClock, FakeLibrary, FakeStorage


class Shouting:
    """A format that has words in capitals, or cannot be written."""

    def __init__(self, error: str = "") -> None:
        self.error = error

    def write(self, blocks: Sequence[Block], imprint: Imprint) -> bytes:
        if self.error:
            raise PermanentError(self.error)
        return f"{imprint.title.upper()} {len(blocks)}".encode()

    def limits(self, blocks: Sequence[Block]) -> list[str]:
        return [f"Small letters cannot be shown in {len(blocks) > 0}."]


def written(
    storage: FakeStorage,
    portfolio: Portfolio | None = None,
    *,
    run_id: str = "R1",
    formats: Mapping[str, ExtraFormat] | None = None,
) -> ReportFiles:
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
        formats=formats or {},
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


def test_a_format_asked_for_is_written_and_its_limits_stand_in_the_report() -> None:
    storage = FakeStorage()
    files = written(storage, formats={"pdf": Shouting()})
    assert (files.pdf, files.docx) == ("acme_gmbh/final/FINAL_REPORT_20260301_120000.pdf", None)
    assert list(files.by_format()) == ["md", "html", "json", "pdf"]
    assert storage.read(files.keys()[-1]).startswith(b"AI USE CASES FOR ACME GMBH")
    report = msgspec.json.decode(storage.read(files.json), type=Report)
    assert report.method.limits[-1] == "Small letters cannot be shown in True."
    assert b"Small letters" in storage.read(files.md)


def test_a_format_that_cannot_be_made_is_named_and_the_others_are_there() -> None:
    storage = FakeStorage()
    files = written(storage, formats={"pdf": Shouting("out of ink"), "docx": Shouting()})
    assert files.not_written == ("PDF: out of ink",)
    assert list(files.by_format()) == ["md", "html", "json", "docx"]
    assert storage.keys("acme_gmbh/final") == sorted(files.keys())


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
