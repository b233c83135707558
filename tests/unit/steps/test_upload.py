"""Upload: deliver, once."""

from __future__ import annotations

from casebook.domain.report_files import ReportFiles
from casebook.steps.upload import deliver
from tests.fakes import FakeDrive

FILES = ReportFiles(
    md="a.md", html="a.html", json="a.json", use_cases=1, quotes=1, files_received=1, files_read=1, files_failed=0
)


def test_without_a_drive_the_report_stays_where_it_is() -> None:
    assert deliver(FILES, drive=None, folder="", run_id="R1").places == ()


def test_a_repeated_delivery_delivers_nothing_more() -> None:
    drive = FakeDrive()
    first = deliver(FILES, drive=drive, folder="reports", run_id="R1")
    assert first == deliver(FILES, drive=drive, folder="reports", run_id="R1")
    assert first.places == ("reports/a.md", "reports/a.html", "reports/a.json")
    assert len(drive.delivered) == 1
