"""Files as they really lie in folders."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from casebook.backends.inboxes import folder as folder_inbox
from casebook.backends.inboxes.folder import FolderInbox
from casebook.errors import PermanentError, TransientError


def reasons(root: Path) -> dict[str, str | None]:
    return {file.name: file.reason for file in FolderInbox(root).files()}


def test_what_cannot_be_taken_is_listed_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_inbox, "MAX_FILE_BYTES", 1024 * 1024)
    (tmp_path / "good.txt").write_bytes(b"x")
    (tmp_path / ".DS_Store").write_bytes(b"x")
    (tmp_path / "~$open.docx").write_bytes(b"x")
    (tmp_path / "link.txt").symlink_to("/etc/hostname")
    (tmp_path / "elsewhere").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate(1024 * 1024 + 1)
    found = reasons(tmp_path)
    assert found.pop("good.txt") is None
    assert {name: (reason or "").split(":")[0] for name, reason in found.items()} == {
        ".DS_Store": "a file of the operating system or of an open program",
        "~$open.docx": "a file of the operating system or of an open program",
        "link.txt": "a symbolic link",
        "elsewhere": "a symbolic link",
        "pipe": "not a regular file",
        "large.bin": "larger than 1 MB",
    }


def test_the_outputs_are_left_out_when_they_lie_inside(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x")
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "report.md").write_bytes(b"x")
    inbox = FolderInbox(tmp_path, without=tmp_path / "outputs")
    assert [file.name for file in inbox.files()] == ["a.txt"]


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no text are found on Linux")
def test_names_that_are_no_text_are_shown_with_marks_and_still_fetched(tmp_path: Path) -> None:
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    for name in (b"caf\xe9.txt", b"caf\xe8.txt"):
        Path(os.fsdecode(bytes(incoming) + b"/" + name)).write_bytes(name)
    inbox = FolderInbox(incoming)
    assert [file.name for file in inbox.files()] == ["caf\ufffd.txt", "caf\ufffd.txt'"]
    inbox.fetch("caf\ufffd.txt'", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"caf\xe9.txt"


def test_a_file_that_is_gone_cannot_be_fetched(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x")
    inbox = FolderInbox(tmp_path)
    assert inbox.files()
    (tmp_path / "a.txt").unlink()
    with pytest.raises(PermanentError, match="it was removed"):
        inbox.fetch("a.txt", tmp_path / "copy")


def test_a_file_that_grows_while_it_is_copied_is_to_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_bytes(b"x")
    inbox = FolderInbox(tmp_path)
    copy = shutil.copyfileobj

    def copy_and_grow(*args: Any) -> None:  # noqa: ANN401 - as they come
        copy(*args)
        (tmp_path / "a.txt").write_bytes(b"longer")

    monkeypatch.setattr(shutil, "copyfileobj", copy_and_grow)
    with pytest.raises(TransientError, match="it changed while it was read"):
        inbox.fetch("a.txt", tmp_path / "copy")


def test_a_link_put_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x")
    inbox = FolderInbox(tmp_path)
    assert inbox.files()
    (tmp_path / "a.txt").unlink()
    (tmp_path / "a.txt").symlink_to("/etc/hostname")
    with pytest.raises((PermanentError, OSError)):
        inbox.fetch("a.txt", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_file_written_again_with_the_same_size_changes_the_signature(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one")
    before = FolderInbox(tmp_path).signature()
    os.utime(tmp_path / "a.txt", ns=(1, 1))
    assert FolderInbox(tmp_path).signature() != before


def test_too_many_files_are_refused_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_inbox, "MAX_FILES", 2)
    for number in range(3):
        (tmp_path / f"{number}.txt").write_bytes(b"")
    with pytest.raises(PermanentError, match="more than 2 files: choose a sub-folder"):
        FolderInbox(tmp_path).files()
