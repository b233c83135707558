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
        with pytest.raises(PermanentError, match="another run of this company"), company_lock(tmp_path, "acme"):
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
