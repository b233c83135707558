"""What every storage does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from casebook.backends.storages.cached import CachedStorage
from casebook.backends.storages.fenced import FencedStorage
from casebook.backends.storages.local import LocalStorage
from casebook.backends.storages.objects import ObjectStorage
from casebook.errors import StorageFailed
from casebook.ports import Storage
from tests.fakes import FakeStorage


@pytest.fixture(params=["local", "fenced", "objects", "cached", "fake"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    if request.param == "cached":
        cached = CachedStorage(LocalStorage(tmp_path / "outputs"), tmp_path / "scratch folder")
        with cached.hold("acme"):
            yield cached
    else:
        yield _plain(request, tmp_path)


def _plain(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "objects":
        return ObjectStorage(f"{request.getfixturevalue('bucket')}/out/puts", plain_http=True)
    if request.param == "fake":
        return FakeStorage()
    local = LocalStorage(tmp_path / "outputs")
    return FencedStorage(local, lambda: None) if request.param == "fenced" else local


@pytest.mark.parametrize("durable", [True, False])
def test_what_is_written_is_read_back(storage: Storage, durable: bool) -> None:  # noqa: FBT001 - a case
    storage.write("acme/data/a.txt", b"first", durable=durable)
    storage.write("acme/data/a.txt", b"second \x00\xff", durable=durable)
    assert storage.exists("acme/data/a.txt")
    assert storage.read("acme/data/a.txt") == b"second \x00\xff"


def test_nothing_is_there_before_it_is_written(storage: Storage) -> None:
    assert not storage.exists("acme/a")
    assert storage.look("acme/a") is None
    assert [*storage.keys(""), *storage.keys("acme"), *storage.entries("acme")] == []
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
        assert (path.name, path.read_bytes()) == ("a", b"x")


@pytest.mark.parametrize(("start", "end"), [(0, None), (3, None), (0, 4), (2, 300_000), (5, 5), (7, 3), (0, 10**9)])
def test_a_part_of_what_is_kept_is_streamed(storage: Storage, start: int, end: int | None) -> None:
    data = bytes(range(256)) * 2000
    storage.write("acme/a", data)
    assert b"".join(storage.stream("acme/a", start, end)) == data[start:end]


def test_what_is_not_there_is_not_streamed(storage: Storage) -> None:
    with pytest.raises(StorageFailed):
        b"".join(storage.stream("acme/a"))


def test_size_and_time_are_known_without_reading(storage: Storage) -> None:
    storage.write("acme/data/a", b"1234")
    storage.write("acme/b", b"")
    known = storage.look("acme/data/a")
    assert known is not None
    assert (known.key, known.size, known.written_at.utcoffset()) == ("acme/data/a", 4, timedelta(0))
    assert sorted((entry.key, entry.size) for entry in storage.entries("acme")) == [("acme/b", 0), ("acme/data/a", 4)]
    assert {entry.key for entry in storage.entries("")} == {"acme/b", "acme/data/a"}
    assert storage.look("acme/data") is None


def test_a_folder_is_removed_with_all_below_it_and_nothing_beside_it(storage: Storage) -> None:
    for key in ("acme/data/b", "acme/data/a/x", "acme/debug/a", "acme_2/data/a"):
        storage.write(key, b"")
    storage.remove_all("acme/data")
    storage.remove_all("acme/data")
    assert list(storage.keys("")) == ["acme/debug/a", "acme_2/data/a"]
    storage.remove_all("acme")
    assert list(storage.keys("")) == ["acme_2/data/a"]


def test_what_is_moved_is_found_at_its_new_key_only(storage: Storage) -> None:
    storage.write("_received/a", b"x")
    storage.move("_received/a", "acme/data/uploads/r/a")
    assert list(storage.keys("")) == ["acme/data/uploads/r/a"]
    assert storage.read("acme/data/uploads/r/a") == b"x"
    with pytest.raises(StorageFailed):
        storage.move("_received/a", "acme/data/uploads/r/a")
    assert storage.read("acme/data/uploads/r/a") == b"x"


@pytest.mark.parametrize("prefix", ["..", "acme/../..", "/"])
def test_no_folder_outside_is_removed(storage: Storage, prefix: str) -> None:
    with pytest.raises(StorageFailed):
        storage.remove_all(prefix)


def test_a_file_of_several_parts_is_adopted_whole(storage: Storage, tmp_path: Path) -> None:
    data = b"0123456789abcdef" * (20 * 65536)  # 20 MiB: sent in parts where it is sent
    path = tmp_path / "scratch"
    path.write_bytes(data)
    storage.adopt(path, "acme/files/a")
    with storage.local_copy("acme/files/a") as copy:
        assert copy.read_bytes() == data
