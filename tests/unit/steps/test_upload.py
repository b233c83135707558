"""Upload: deliver, once."""

from __future__ import annotations

import pytest

from casebook.domain.report_files import ReportFiles
from casebook.errors import TransientError
from casebook.steps.upload import Delivery, deliver
from tests.fakes import FakeDrive, FakeStorage

STEM = "acme/final/FINAL_REPORT_20260102_030405"
FILES = ReportFiles(
    md=f"{STEM}.md",
    html=f"{STEM}.html",
    json=f"{STEM}.json",
    use_cases=1,
    quotes=1,
    files_received=1,
    files_read=1,
    files_failed=0,
)


def storage() -> FakeStorage:
    return FakeStorage({f"{STEM}.{kind}": kind.encode() for kind in ("md", "html", "json")})


def delivered(drive: FakeDrive | None, kept: FakeStorage, folder: str = "reports") -> Delivery:
    return deliver(FILES, drive=drive, folder=folder, run_id="R1", storage=kept)


@pytest.mark.parametrize(("drive", "folder"), [(None, "reports"), (FakeDrive(), "")])
def test_without_a_drive_or_a_folder_the_report_stays_where_it_is(drive: FakeDrive | None, folder: str) -> None:
    assert delivered(drive, storage(), folder) == Delivery(places=(), message="kept in outputs/final")


def test_a_report_is_delivered_under_a_name_that_tells_the_company() -> None:
    drive = FakeDrive()
    assert delivered(drive, storage()).places == ("drive:id-0", "drive:id-1")
    assert list(drive.files.values()) == [
        ("reports/FINAL_REPORT_acme_20260102_030405.md", b"md"),
        ("reports/FINAL_REPORT_acme_20260102_030405.html", b"html"),
    ]


def test_a_delivery_that_was_cut_off_is_ended_without_a_second_copy() -> None:
    drive, kept = FakeDrive(troubles=[TransientError("the answer was lost")]), storage()
    with pytest.raises(TransientError):
        delivered(drive, kept)
    again = delivered(drive, kept)
    assert again == delivered(drive, kept)
    assert drive.reserved == len(drive.files) == 2
