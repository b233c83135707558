"""Files in a real folder: whole or not at all, and errors that say what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from casebook.backends.locks import company_lock
from casebook.backends.storages.local import LocalStorage
from casebook.errors import PermanentError, StorageFailed
from casebook.observability.logs import DailyFile, Log


def failing(number: int) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "the disk is full: free some space"),
        (errno.EDQUOT, "the disk quota is used up"),
        (errno.EROFS, "read-only: choose another folder"),
        (errno.EACCES, "permission denied: choose another folder"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_an_error_of_the_disk_says_what_to_do_and_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, advice: str
) -> None:
    storage = LocalStorage(tmp_path)
    storage.write("acme/a", b"before")
    monkeypatch.setattr(os, "fsync", failing(number))
    with pytest.raises(StorageFailed, match=advice):
        storage.write("acme/a", b"after", durable=True)
    assert storage.read("acme/a") == b"before"
    assert [path.name for path in (tmp_path / "acme").iterdir()] == ["a"]


def test_a_file_where_a_folder_is_needed_is_named(tmp_path: Path) -> None:
    (tmp_path / "acme").write_bytes(b"")
    with pytest.raises(StorageFailed, match=r"cannot use .*acme"):
        LocalStorage(tmp_path).write("acme/a", b"x")


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = LocalStorage(tmp_path)
    assert list(storage.entries("acme")) == []
    monkeypatch.setattr(os, "scandir", failing(errno.EMFILE))
    with pytest.raises(StorageFailed, match=r"acme: Too many open files"):
        list(storage.entries("acme"))


def test_what_is_being_written_is_not_listed(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    storage.write("acme/a", b"x")
    (tmp_path / "acme" / ".writing-123").write_bytes(b"half")
    assert list(storage.keys("acme")) == ["acme/a"]


def test_a_company_has_one_run_at_a_time_and_companies_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with company_lock(tmp_path, "acme"):
        with company_lock(tmp_path, "beta"):
            pass
        with pytest.raises(PermanentError, match="Another run of this company"), company_lock(tmp_path, "acme"):
            pass
    with company_lock(tmp_path, "acme"):
        pass


def test_a_lock_that_cannot_be_written_is_an_error_of_the_storage(tmp_path: Path) -> None:
    (tmp_path / "acme").write_bytes(b"")
    with pytest.raises(StorageFailed, match="choose another folder"), company_lock(tmp_path, "acme"):
        pass


def test_logs_are_appended_and_a_log_that_is_gone_ends_nothing(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "casebook_20260102.log"
    day = datetime(2026, 1, 2, tzinfo=UTC)
    Log(DailyFile(path.parent, "casebook", now=lambda: day)).info("one")
    log = Log(DailyFile(path.parent, "casebook", now=lambda: day))
    log.info("two")
    assert len(path.read_text().splitlines()) == 2
    path.unlink()
    path.parent.rmdir()
    log.info("three")
    assert not path.exists()


KEY = "acme/data/files/a.txt"


def planted(tmp_path: Path, place: str) -> tuple[LocalStorage, Path]:
    """Keep a file, then put a link to a folder of somebody else in the place of one of its folders."""
    elsewhere = tmp_path / "elsewhere"
    storage = LocalStorage(tmp_path / "outputs")
    for root in (storage.root, elsewhere):
        LocalStorage(root).write(KEY, root.name.encode())
    folder = storage.root / place
    folder.rename(tmp_path / "away")
    folder.symlink_to(elsewhere / place, target_is_directory=True)
    return storage, elsewhere


@pytest.mark.parametrize("place", ["acme", "acme/data", "acme/data/files"])
def test_no_link_in_place_of_a_folder_is_followed(tmp_path: Path, place: str) -> None:
    storage, elsewhere = planted(tmp_path, place)
    (tmp_path / "new").write_bytes(b"new")
    for use in (
        lambda: storage.write(KEY, b"new"),
        lambda: storage.read(KEY),
        lambda: list(storage.stream(KEY)),
        lambda: storage.remove(KEY),
        lambda: storage.move(KEY, "acme/b"),
        lambda: storage.adopt(tmp_path / "new", KEY),
        lambda: storage.local_copy(KEY).__enter__(),
    ):
        with pytest.raises(StorageFailed, match="a link is on the way"):
            use()
    assert (storage.look(KEY), storage.exists(KEY), storage.keys("acme")) == (None, False, [])
    assert LocalStorage(elsewhere).read(KEY) == b"elsewhere"
    assert LocalStorage(elsewhere).keys("acme") == [KEY]


@pytest.mark.parametrize("name", ["a.txt", ".writing-a.txt"])
def test_a_link_in_place_of_a_file_is_not_followed_but_replaced(tmp_path: Path, name: str) -> None:
    storage = LocalStorage(tmp_path / "outputs")
    storage.write(KEY, b"before")
    victim = tmp_path / "victim"
    victim.write_bytes(b"victim")
    path = storage.root / "acme" / "data" / "files" / name
    path.unlink(missing_ok=True)
    path.symlink_to(victim)
    if name == "a.txt":
        with pytest.raises(StorageFailed, match="a link"):
            storage.read(KEY)
        with pytest.raises(StorageFailed, match="a link"), storage.local_copy(KEY):
            pass
        assert not storage.exists(KEY)
    storage.write(KEY, b"after")
    assert storage.read(KEY) == b"after"
    new = tmp_path / "new"
    new.write_bytes(b"adopted")
    path.unlink(missing_ok=True)
    path.symlink_to(victim)
    storage.adopt(new, KEY)
    assert (storage.read(KEY), victim.read_bytes()) == (b"adopted", b"victim")


def test_the_outputs_themselves_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "large disk").mkdir()
    (tmp_path / "outputs").symlink_to(tmp_path / "large disk")
    storage = LocalStorage(tmp_path / "outputs")
    storage.write(KEY, b"words")
    assert (storage.read(KEY), storage.keys("acme")) == (b"words", [KEY])


@pytest.mark.parametrize("place", ["acme", "acme/debug", "acme/debug/.lock"])
def test_a_lock_makes_nothing_where_a_link_leads(tmp_path: Path, place: str) -> None:
    root, elsewhere = tmp_path / "outputs", tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = root / place
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere / "lock" if place.endswith(".lock") else elsewhere)
    with pytest.raises(StorageFailed), company_lock(root, "acme"):
        pass
    assert list(elsewhere.iterdir()) == []


def test_what_is_kept_is_for_its_owner_alone(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    storage.write(KEY, b"words")
    storage.write(KEY, b"again", durable=True)
    assert (tmp_path / KEY).stat().st_mode & 0o777 == 0o600
