"""What every inbox does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from casebook.backends.inboxes.folder import FolderInbox
from casebook.backends.inboxes.uploads import UploadsInbox
from casebook.backends.storages.local import LocalStorage
from casebook.domain.intake import RECEIVED, UploadedFile, received_key
from casebook.ports import Inbox
from tests import samples
from tests.fakes import FakeInbox

Fill = Callable[[Mapping[str, bytes]], Inbox]

FILES = {"b.txt": b"beta", "a.txt": b"", "sub/c.txt": b"gamma"}


@pytest.fixture(params=["folder", "uploads", "fake"])
def fill(request: pytest.FixtureRequest, tmp_path: Path) -> Fill:
    def fill_folder(contents: Mapping[str, bytes]) -> Inbox:
        root = tmp_path / "incoming"
        root.mkdir(exist_ok=True)
        for name, data in contents.items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_bytes(data)
        return FolderInbox(root)

    def fill_uploads(contents: Mapping[str, bytes]) -> Inbox:
        files = [
            UploadedFile(
                id=str(number), name=name, path=f"{number}.bin", size=len(data), sha256=hashlib.sha256(data).hexdigest()
            )
            for number, (name, data) in enumerate(contents.items())
        ]
        (tmp_path / RECEIVED).mkdir(exist_ok=True)
        for file, data in zip(files, contents.values(), strict=True):
            (tmp_path / received_key("R1", file)).write_bytes(data)
        return UploadsInbox(LocalStorage(tmp_path), samples.stored_submission(files=tuple(files)))

    return {"folder": fill_folder, "uploads": fill_uploads, "fake": FakeInbox}[request.param]


def test_all_files_are_listed_in_order_of_their_names(fill: Fill) -> None:
    assert [(file.name, file.size, file.reason) for file in fill(FILES).files()] == [
        ("a.txt", 0, None),
        ("b.txt", 4, None),
        ("sub/c.txt", 5, None),
    ]


def test_a_file_is_fetched_whole(fill: Fill, tmp_path: Path) -> None:
    fill(FILES).fetch("sub/c.txt", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"gamma"


def test_the_signature_is_the_same_for_the_same_files(fill: Fill) -> None:
    inbox = fill(FILES)
    assert inbox.signature() == inbox.signature()


@pytest.mark.parametrize("change", [{"b.txt": b"longer"}, {"d.txt": b"new"}])
def test_the_signature_changes_with_the_files(fill: Fill, change: Mapping[str, bytes]) -> None:
    before = fill(FILES).signature()
    assert fill({**FILES, **change}).signature() != before


def test_an_empty_inbox_has_no_files(fill: Fill) -> None:
    assert list(fill({}).files()) == []
