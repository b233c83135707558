"""Uploads as the worker finds them: where they were received or where they were moved to."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from casebook.backends.inboxes.uploads import UploadsInbox
from casebook.backends.storages.local import LocalStorage
from casebook.domain.intake import UploadedFile, received_key, uploaded_key
from casebook.errors import PermanentError, TransientError
from tests import samples


def upload(name: str, path: str, data: bytes = b"words") -> UploadedFile:
    return UploadedFile(id=path, name=name, path=path, size=len(data), sha256=hashlib.sha256(data).hexdigest())


def put(root: Path, key: str, data: bytes = b"words") -> None:
    (root / key).parent.mkdir(parents=True, exist_ok=True)
    (root / key).write_bytes(data)


def test_a_file_is_found_before_and_after_it_was_moved(tmp_path: Path) -> None:
    file = upload("plan.pdf", "001-aa.pdf")
    inbox = UploadsInbox(LocalStorage(tmp_path), samples.stored_submission(files=(file,)))
    put(tmp_path, received_key("R1", file))
    inbox.fetch("plan.pdf", tmp_path / "first")
    moved = tmp_path / uploaded_key("acme_gmbh", "R1", file)
    moved.parent.mkdir(parents=True)
    (tmp_path / received_key("R1", file)).rename(moved)
    inbox.fetch("plan.pdf", tmp_path / "second")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes() == b"words"


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    files = (upload("plan.pdf", "1"), upload("plan (2).pdf", "2"), upload("plan.pdf", "3"), upload("README", "4"))
    inbox = UploadsInbox(LocalStorage(tmp_path), samples.stored_submission(files=(*files, upload("README", "5"))))
    names = ["README", "README (2)", "plan (2).pdf", "plan (3).pdf", "plan.pdf"]
    assert [file.name for file in inbox.files()] == names


def test_a_file_that_is_not_what_was_sent_is_refused(tmp_path: Path) -> None:
    file = upload("plan.pdf", "1")
    put(tmp_path, received_key("R1", file), b"other words")
    inbox = UploadsInbox(LocalStorage(tmp_path), samples.stored_submission(files=(file,)))
    with pytest.raises(PermanentError, match="no longer what was sent"):
        inbox.fetch("plan.pdf", tmp_path / "copy")


def test_a_file_that_is_not_there_may_come_later(tmp_path: Path) -> None:
    inbox = UploadsInbox(LocalStorage(tmp_path), samples.stored_submission(files=(upload("plan.pdf", "1"),)))
    with pytest.raises(TransientError):
        inbox.fetch("plan.pdf", tmp_path / "copy")


def test_a_link_in_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    file = upload("plan.pdf", "1")
    put(tmp_path, "elsewhere")
    link = tmp_path / received_key("R1", file)
    link.parent.mkdir()
    link.symlink_to(tmp_path / "elsewhere")
    inbox = UploadsInbox(LocalStorage(tmp_path), samples.stored_submission(files=(file,)))
    with pytest.raises(TransientError, match="not there"):
        inbox.fetch("plan.pdf", tmp_path / "copy")
