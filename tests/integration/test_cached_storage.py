"""What was seen once is not asked for again, while the company is held and no longer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from casebook.backends.storages.cached import CachedStorage
from casebook.errors import StorageFailed
from tests.fakes import FakeStorage

HOLDS = """
import sys, time
from pathlib import Path
from casebook.backends.storages.cached import CachedStorage
from casebook.backends.storages.local import LocalStorage
root = Path(sys.argv[1])
cached = CachedStorage(LocalStorage(root / "outputs"), root / "scratch")
with cached.hold("acme"):
    cached.write("acme/data/text/a.txt", b"words")
    print("ready", flush=True)
    time.sleep(60)
"""


class CountingStorage(FakeStorage):
    """Counts what it is asked."""

    def __init__(self) -> None:
        super().__init__({"acme/data/text/a.txt": b"words", "acme/debug/run_1.json": b"{}", "beta/data/b": b"b"})
        self.asked: Counter[str] = Counter()

    def read(self, key: str) -> bytes:
        self.asked[f"read {key}"] += 1
        return super().read(key)

    def exists(self, key: str) -> bool:
        self.asked[f"exists {key}"] += 1
        return super().exists(key)

    def keys(self, prefix: str) -> Sequence[str]:
        self.asked[f"keys {prefix}"] += 1
        return super().keys(prefix)


@pytest.fixture
def counting() -> CountingStorage:
    return CountingStorage()


@pytest.fixture
def cached(counting: CountingStorage, tmp_path: Path) -> Iterator[CachedStorage]:
    storage = CachedStorage(counting, tmp_path / "scratch")
    with storage.hold("acme"):
        yield storage


def test_a_company_is_listed_once_and_its_data_are_read_once(cached: CachedStorage, counting: CountingStorage) -> None:
    for _ in range(3):
        assert cached.exists("acme/data/text/a.txt")
        assert not cached.exists("acme/data/text/b.txt")
        assert cached.read("acme/data/text/a.txt") == b"words"
        assert cached.keys("acme/data") == ["acme/data/text/a.txt"]
        with cached.local_copy("acme/data/text/a.txt") as path:
            assert path.read_bytes() == b"words"
    assert counting.asked == {"keys acme": 1, "read acme/data/text/a.txt": 1}


def test_what_the_run_wrote_itself_is_not_asked_for(
    cached: CachedStorage, counting: CountingStorage, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"file")
    cached.adopt(tmp_path / "file", "acme/data/files/f")
    cached.write("acme/data/text/c.txt", b"old")
    cached.write("acme/data/text/c.txt", b"new")
    assert (cached.read("acme/data/files/f"), cached.read("acme/data/text/c.txt")) == (b"file", b"new")
    assert counting.kept["acme/data/files/f"] == b"file"
    assert counting.kept["acme/data/text/c.txt"] == b"new"
    assert not (tmp_path / "file").exists()
    assert counting.asked == {"keys acme": 1}


def test_what_is_not_data_and_other_companies_are_asked_for_each_time(
    cached: CachedStorage, counting: CountingStorage
) -> None:
    for _ in range(2):
        cached.read("acme/debug/run_1.json")
        cached.read("beta/data/b")
        assert cached.exists("beta/data/b")
    assert {count for asked, count in counting.asked.items() if "keys" not in asked} == {2}


def test_nothing_is_believed_after_the_company_was_given_back(counting: CountingStorage, tmp_path: Path) -> None:
    storage = CachedStorage(counting, tmp_path / "scratch")
    with storage.hold("acme"):
        storage.read("acme/data/text/a.txt")
    counting.kept["acme/data/text/a.txt"] = b"other words"
    assert storage.read("acme/data/text/a.txt") == b"other words"
    with storage.hold("acme"):
        assert storage.read("acme/data/text/a.txt") == b"other words"
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_write_that_fails_is_not_believed(cached: CachedStorage, counting: CountingStorage) -> None:
    counting.full = True
    with pytest.raises(StorageFailed):
        cached.write("acme/data/text/d.txt", b"words")
    assert not cached.exists("acme/data/text/d.txt")


def test_what_a_killed_process_left_is_cleared_and_what_a_live_one_uses_is_not(tmp_path: Path) -> None:
    started = []
    for _ in range(2):
        process = subprocess.Popen([sys.executable, "-c", HOLDS, os.fspath(tmp_path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        started.append(process)
    dead, alive = started
    folders = set((tmp_path / "scratch").iterdir())
    assert len(folders) == 2
    dead.send_signal(signal.SIGKILL)
    dead.communicate()
    with CachedStorage(FakeStorage(), tmp_path / "scratch").hold("acme"):
        assert len(set((tmp_path / "scratch").iterdir()) & folders) == 1
    alive.kill()
    alive.communicate()
    with CachedStorage(FakeStorage(), tmp_path / "scratch").hold("acme"):
        assert set((tmp_path / "scratch").iterdir()) & folders == set()
