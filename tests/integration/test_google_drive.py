"""Google Drive through Google's client, against a server that holds both to the discovery document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from casebook.backends.drives.google.calls import DriveCalls, load_credentials
from casebook.backends.drives.google.delivery import GoogleDrive
from casebook.backends.drives.google.listing import FOLDER, SHORTCUT, DriveLimits
from casebook.backends.drives.google.shared import GoogleSharedFiles
from casebook.errors import PermanentError, TransientError
from casebook.ports import Inbox
from tests.drive_server import GOOGLE, Drive, Fault, Item, serve_drive

TOP = "top-folder-1"
LINK = f"https://drive.google.com/drive/folders/{TOP}?usp=sharing"


@pytest.fixture
def drive() -> Iterator[Drive]:
    with serve_drive() as served:
        served.api_key = "public"
        served.add(Item(TOP, "Acme", FOLDER))
        yield served


_open_calls: list[DriveCalls] = []


@pytest.fixture
def waited() -> Iterator[list[float]]:
    yield []
    while _open_calls:
        _open_calls.pop().close()


def opened(drive: Drive, waited: list[float], link: str = LINK, limits: DriveLimits | None = None) -> Inbox:
    calls = DriveCalls(api_key="public", root_url=drive.url)
    _open_calls.append(calls)
    return GoogleSharedFiles(calls, limits=limits, sleep=waited.append).open(link)


def listed(drive: Drive, waited: list[float], limits: DriveLimits | None = None) -> dict[str, str | None]:
    return {file.name: file.reason for file in opened(drive, waited, limits=limits).files()}


def test_a_folder_is_listed_with_all_its_pages_and_sub_folders(drive: Drive, waited: list[float]) -> None:
    drive.add(*(Item(f"file-number-{number}", f"{number}.txt", parent=TOP, data=b"x") for number in range(7)))
    drive.add(Item("sub-folder-1", "Sales/2026", FOLDER, parent=TOP))
    drive.add(Item("deep-file-11", "plan.txt", parent="sub-folder-1", drive="shared", data=b"y"))
    names = list(listed(drive, waited))
    assert names == [*(f"{number}.txt" for number in range(7)), "Sales∕2026/plan.txt"]


def test_two_files_of_one_name_keep_apart(drive: Drive, waited: list[float]) -> None:
    drive.add(*(Item(f"twin-file-{number}", "plan.txt", parent=TOP) for number in range(3)))
    assert list(listed(drive, waited)) == ["plan.txt", "plan (2).txt", "plan (3).txt"]


def test_a_file_comes_whole_and_checked(drive: Drive, waited: list[float], tmp_path: Path) -> None:
    drive.add(Item("file-number-1", "a.bin", "application/pdf", bytes(range(256)) * 50_000, parent=TOP))
    opened(drive, waited).fetch("a.bin", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == bytes(range(256)) * 50_000


def test_documents_of_google_are_exported(drive: Drive, waited: list[float], tmp_path: Path) -> None:
    drive.add(
        Item("google-doc-1", "Minutes", f"{GOOGLE}document", b"docx bytes", parent=TOP),
        Item("google-form1", "Survey", f"{GOOGLE}form", parent=TOP),
        Item("google-sheet", "Stock.xlsx", f"{GOOGLE}spreadsheet", b"x" * (10 * 1024 * 1024 + 1), parent=TOP),
    )
    inbox = opened(drive, waited)
    assert [(file.name, file.reason) for file in inbox.files()] == [
        ("Minutes.docx", None),
        ("Stock.xlsx", None),
        ("Survey", "a Google form: this kind has no file to hand out"),
    ]
    inbox.fetch("Minutes.docx", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"docx bytes"
    with pytest.raises(PermanentError, match="10 MB that Google exports"):
        inbox.fetch("Stock.xlsx", tmp_path / "copy")


def test_shortcuts_are_followed_once_and_loops_end(drive: Drive, waited: list[float]) -> None:
    drive.add(
        Item("elsewhere-1", "Archive", FOLDER),
        Item("old-file-123", "old.txt", parent="elsewhere-1"),
        Item("back-to-top1", "up", SHORTCUT, parent="elsewhere-1", target=TOP),
        Item("to-archive-1", "Archive", SHORTCUT, parent=TOP, target="elsewhere-1"),
        Item("to-archive-2", "Again", SHORTCUT, parent=TOP, target="elsewhere-1"),
        Item("to-nowhere-1", "Gone", SHORTCUT, parent=TOP, target="missing-item"),
    )
    found = listed(drive, waited)
    assert list(found) == ["Archive/old.txt", "Gone"]
    assert str(found["Gone"]).startswith("a shortcut whose target cannot be opened: not found")


def test_a_folder_of_many_files_with_keys_is_listed_and_read(drive: Drive, waited: list[float], tmp_path: Path) -> None:
    drive.add(*(Item(f"old-file-{n:04}", f"{n}.txt", parent=TOP, data=b"x", key="0-" + "k" * 80) for n in range(900)))
    inbox = opened(drive, waited)
    name = inbox.files()[-1].name
    inbox.fetch(name, tmp_path / "copy")  # the keys of all together are longer than a line that servers read
    assert (tmp_path / "copy").read_bytes() == b"x"


def test_a_resource_key_opens_what_was_shared_long_ago(drive: Drive, waited: list[float]) -> None:
    drive.add(Item("old-folder-1", "Old", FOLDER, key="0-abc"), Item("old-file-123", "a.txt", parent="old-folder-1"))
    link = "https://drive.google.com/drive/folders/old-folder-1"
    assert [file.name for file in opened(drive, waited, f"{link}?resourcekey=0-abc").files()] == ["a.txt"]
    with pytest.raises(PermanentError, match="not found on Google Drive, or not shared"):
        opened(drive, waited, link).files()


def test_what_is_over_a_limit_is_listed_with_the_reason(drive: Drive, waited: list[float]) -> None:
    limits = DriveLimits(files=2, file_bytes=10, all_bytes=1 << 30, depth=2)
    drive.add(
        Item("file-number-1", "a.txt", data=b"x" * 11, parent=TOP),
        Item("file-number-2", "b.txt", parent=TOP),
        Item("file-number-3", "c.txt", parent=TOP, downloadable=False),
        Item("file-number-4", "d.txt", parent=TOP),
        Item("file-number-5", "e.txt", parent=TOP),
        Item("sub-folder-1", "f", FOLDER, parent=TOP),
        Item("sub-folder-2", "g", FOLDER, parent="sub-folder-1"),
    )
    found = listed(drive, waited, limits)
    assert found["a.txt"] == "larger than 0 MB: split it or hand in an extract"
    assert found["b.txt"] is found["d.txt"] is None
    assert str(found["c.txt"]).startswith("its owner has switched downloading off")
    assert found["e.txt"] == "more than 2 files lie behind the link: share a smaller folder"
    assert str(found["f/g"]).startswith("a folder more than 2 folders deep")


@pytest.mark.parametrize(
    ("status", "reason", "headers", "waits"),
    [
        (403, "userRateLimitExceeded", {}, [1.0]),
        (429, "rateLimitExceeded", {"Retry-After": "7"}, [7.0]),
        (503, "backendError", {}, [1.0]),
    ],
)
def test_a_busy_drive_is_asked_again_after_the_time_it_says(  # noqa: PLR0913, PLR0917 - what the drive answers
    drive: Drive,
    waited: list[float],
    tmp_path: Path,
    status: int,
    reason: str,
    headers: dict[str, str],
    waits: list[float],
) -> None:
    drive.add(Item("file-number-1", "a.txt", data=b"whole", parent=TOP))
    inbox = opened(drive, waited)
    inbox.files()
    drive.faults.append(Fault("alt=media", status, reason, headers))
    inbox.fetch("a.txt", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"whole"
    assert waited == waits


def test_a_file_is_given_up_after_three_tries(drive: Drive, waited: list[float], tmp_path: Path) -> None:
    drive.add(Item("file-number-1", "a.txt", data=b"whole", parent=TOP))
    inbox = opened(drive, waited)
    inbox.files()
    drive.asked.clear()
    drive.faults += [Fault("alt=media", 500)] * 5
    with pytest.raises(PermanentError, match=r"busy \(500\); tried 3 times"):
        inbox.fetch("a.txt", tmp_path / "copy")
    assert len(drive.asked) == 3
    assert waited == [1.0, 2.0]


def test_a_page_in_place_of_the_file_is_not_taken_for_it(drive: Drive, waited: list[float], tmp_path: Path) -> None:
    """Such as the warning page that stands before files too large to be scanned for viruses."""
    drive.add(Item("file-number-1", "a.pdf", "application/pdf", b"<html>virus scan", parent=TOP, listed_md5="0" * 32))
    with pytest.raises(PermanentError, match="not what it lists"):
        opened(drive, waited).fetch("a.pdf", tmp_path / "copy")


@pytest.mark.parametrize(
    ("status", "reason", "says"),
    [
        (403, "cannotDownloadAbusiveFile", "malware or spam"),
        (403, "insufficientFilePermissions", "no permission: share it"),
        (403, "somethingNew", "no permission: share it with the account"),
        (401, "authError", "refuses the credentials"),
        (400, "badRequest", r"refuses \(400, badRequest\)"),
        (404, "notFound", "not found on Google Drive"),
        (302, "", r"refuses \(302"),
        (308, "", r"refuses \(308"),
    ],
)
def test_what_will_not_change_is_asked_once(  # noqa: PLR0913, PLR0917 - what the drive answers
    drive: Drive, waited: list[float], tmp_path: Path, status: int, reason: str, says: str
) -> None:
    drive.add(Item("file-number-1", "a.txt", parent=TOP))
    inbox = opened(drive, waited)
    inbox.files()
    drive.asked.clear()
    drive.faults.append(Fault("alt=media", status, reason, {"Location": f"{drive.url}elsewhere"}))
    with pytest.raises(PermanentError, match=says):
        inbox.fetch("a.txt", tmp_path / "copy")
    assert len(drive.asked) == 1
    assert waited == []


def test_a_listing_that_fails_for_the_moment_says_so_after_one_call(drive: Drive, waited: list[float]) -> None:
    drive.faults.append(Fault(TOP, 429, "rateLimitExceeded", {"Retry-After": "3"}))
    with pytest.raises(TransientError) as caught:
        opened(drive, waited).files()
    assert caught.value.retry_after == 3
    assert len(drive.asked) == 1


def test_a_drive_that_cannot_be_reached_is_a_passing_trouble(waited: list[float]) -> None:
    with serve_drive() as gone:
        pass
    with pytest.raises(TransientError, match="cannot be reached"):
        opened(gone, waited).files()


def test_a_report_is_created_once_though_the_answer_was_lost(drive: Drive, tmp_path: Path) -> None:
    calls = as_service_account(drive, tmp_path)
    target = GoogleDrive(calls)
    (file_id,) = target.reserve(1)
    drive.faults.append(Fault("upload", 503, after=True))
    with pytest.raises(TransientError):
        target.put(file_id, "r.md", b"# R", media_type="text/markdown", folder=TOP)
    address = target.put(file_id, "r.md", b"# R", media_type="text/markdown", folder=TOP)
    assert address == f"https://drive.google.com/file/d/{file_id}/view"
    ((metadata, data),) = drive.created.values()
    assert data == b"# R"
    assert metadata == {"id": file_id, "name": "r.md", "parents": [TOP], "mimeType": "text/markdown"}
    calls.close()


def test_a_service_account_without_storage_is_told_the_ways_out(drive: Drive, tmp_path: Path) -> None:
    drive.quota = False
    calls = as_service_account(drive, tmp_path)
    target = GoogleDrive(calls)
    with pytest.raises(PermanentError, match=r"shared drive.*CASEBOOK_DRIVE_SUBJECT.*OAuth"):
        target.put(target.reserve(1)[0], "r.md", b"", media_type="text/markdown", folder=TOP)
    calls.close()


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "key.json: No such file"), ("{}", "not a credentials file"), ("secret words", "not a credentials file")],
)
def test_credentials_that_cannot_be_used_are_named_but_not_shown(
    tmp_path: Path, content: str | None, says: str
) -> None:
    path = tmp_path / "key.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(PermanentError, match=says) as caught:
        load_credentials(str(path), writing=True)
    assert "secret words" not in str(caught.value)


def as_service_account(drive: Drive, folder: Path) -> DriveCalls:
    path = folder / "account.json"
    path.write_text(json.dumps(drive.service_account()))
    return DriveCalls(credentials=load_credentials(str(path), writing=True), root_url=drive.url)
