"""What every storage does."""

from __future__ import annotations

from pathlib import Path

import pytest

from casebook.backends.storages.local import LocalStorage
from casebook.errors import StorageFailed
from casebook.ports import Storage
from tests.fakes import FakeStorage


@pytest.fixture(params=["local", "fake"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return LocalStorage(tmp_path / "outputs") if request.param == "local" else FakeStorage()


@pytest.mark.parametrize("durable", [True, False])
def test_what_is_written_is_read_back(storage: Storage, durable: bool) -> None:  # noqa: FBT001 - a case
    storage.write("acme/data/a.txt", b"first", durable=durable)
    storage.write("acme/data/a.txt", b"second \x00\xff", durable=durable)
    assert storage.exists("acme/data/a.txt")
    assert storage.read("acme/data/a.txt") == b"second \x00\xff"


def test_nothing_is_there_before_it_is_written(storage: Storage) -> None:
    assert not storage.exists("acme/a")
    assert list(storage.keys("")) == list(storage.keys("acme")) == []
    with pytest.raises(StorageFailed):
        storage.read("acme/a")


def test_keys_are_those_below_a_folder_in_order(storage: Storage) -> None:
    for key in ("acme/data/b", "acme/data/a/x", "acme/debug/a", "acme_2/data/a"):
        storage.write(key, b"")
    assert list(storage.keys("acme/data")) == ["acme/data/a/x", "acme/data/b"]
    assert list(storage.keys("acme")) == ["acme/data/a/x", "acme/data/b", "acme/debug/a"]
    assert list(storage.keys("")) == ["acme/data/a/x", "acme/data/b", "acme/debug/a", "acme_2/data/a"]


def test_what_is_removed_is_gone_and_removing_again_does_nothing(storage: Storage) -> None:
    storage.write("acme/a", b"x")
    storage.remove("acme/a")
    storage.remove("acme/a")
    assert not storage.exists("acme/a")


def test_a_file_is_adopted_and_taken_away_from_its_place(storage: Storage, tmp_path: Path) -> None:
    path = tmp_path / "scratch"
    path.write_bytes(b"bytes")
    storage.adopt(path, "acme/files/a")
    assert storage.read("acme/files/a") == b"bytes"
    assert not path.exists()


@pytest.mark.parametrize("key", ["", "/etc/passwd", "acme//a", "../a", "acme/../../a", "acme/.", "a\0b"])
def test_a_key_cannot_lead_out_of_the_storage(storage: Storage, key: str) -> None:
    with pytest.raises(StorageFailed):
        storage.write(key, b"x")
    with pytest.raises(StorageFailed):
        storage.read(key)


def test_a_person_can_find_what_is_kept(storage: Storage) -> None:
    storage.write("acme/a", b"x")
    assert storage.locate("acme/a").endswith("acme/a")
    with storage.local_copy("acme/a") as path:
        assert path.name == "a"
