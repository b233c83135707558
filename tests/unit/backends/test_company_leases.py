"""One run of a company at a time, whoever dies, hangs or is cut off from the store."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import msgspec
import pytest

from casebook.backends import company_leases
from casebook.backends.company_leases import CompanyLease
from casebook.errors import CompanyBusy, StorageFailed
from casebook.ports import Kept

KEY = "acme/debug/.lock"
SECONDS = 0.6


class FakeObjects:
    """Tagged objects in memory; `away` makes every request fail."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[bytes, str]] = {}
        self.away = False
        self._tags = 0
        self._lock = threading.Lock()

    def create(self, key: str, data: bytes) -> str | None:
        with self._lock:
            return None if self._there(key) else self._put(key, data)

    def replace(self, key: str, data: bytes, tag: str) -> str | None:
        with self._lock:
            there = self._there(key)
            return self._put(key, data) if there and there[1] == tag else None

    def read_tagged(self, key: str) -> tuple[bytes, str] | None:
        return self._there(key)

    def remove(self, key: str) -> None:
        self._there(key)
        self.kept.pop(key, None)

    def look(self, key: str) -> Kept | None:
        return Kept(key, 1, datetime.now(UTC)) if self._there(key) else None

    def _there(self, key: str) -> tuple[bytes, str] | None:
        if self.away:
            raise StorageFailed
        return self.kept.get(key)

    def _put(self, key: str, data: bytes) -> str:
        self._tags += 1
        self.kept[key] = data, str(self._tags)
        return str(self._tags)


def lease(objects: FakeObjects) -> CompanyLease:
    return CompanyLease(objects, seconds=SECONDS, look_every=0.05)


def held_by(pid: int, place: str, seconds: float = SECONDS) -> bytes:
    return msgspec.json.encode({"owner": "x", "place": place, "pid": pid, "seconds": seconds})


def test_a_company_is_held_by_one_and_given_back() -> None:
    objects = FakeObjects()
    with lease(objects).hold("acme"):
        assert lease(objects).is_held("acme")
        with lease(objects).hold("beta"):
            pass
    assert objects.kept == {}
    assert not lease(objects).is_held("acme")


def test_a_second_run_is_refused_while_the_first_lives_however_long_it_takes() -> None:
    objects = FakeObjects()
    first = lease(objects)
    with first.hold("acme"):
        with pytest.raises(CompanyBusy), lease(objects).hold("acme"):
            pass
        time.sleep(2 * SECONDS)
        first.check()
        with lease(objects).hold("acme", insist=False):
            assert lease(objects).is_held("acme")
    assert objects.kept == {}


def test_what_a_dead_process_of_this_machine_held_is_taken_over_at_once() -> None:
    objects = FakeObjects()
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    objects.create(KEY, held_by(dead.pid, company_leases._place(), seconds=3600))  # noqa: SLF001
    assert not lease(objects).is_held("acme")
    with lease(objects).hold("acme", insist=False):
        assert b'"x"' not in objects.kept[KEY][0]


@pytest.mark.parametrize("holder", [held_by(1, "elsewhere"), held_by(os.getpid(), "")], ids=["elsewhere", "nowhere"])
def test_what_another_machine_held_is_taken_over_when_it_is_not_renewed(holder: bytes) -> None:
    objects = FakeObjects()
    objects.create(KEY, holder)
    begun = time.monotonic()
    with lease(objects).hold("acme"):
        assert time.monotonic() - begun >= SECONDS
    assert objects.kept == {}


def test_a_live_process_of_this_machine_is_waited_for_like_one_elsewhere() -> None:
    objects = FakeObjects()
    objects.create(KEY, held_by(os.getpid(), company_leases._place()))  # noqa: SLF001
    with lease(objects).hold("acme", insist=False):
        assert b'"x"' in objects.kept[KEY][0]
    assert KEY in objects.kept


def test_a_run_whose_lease_was_taken_over_writes_nothing_more() -> None:
    objects = FakeObjects()
    hung = lease(objects)
    with hung.hold("acme"):
        hung.check()
        objects.kept[KEY] = held_by(1, "elsewhere"), "taken"
        time.sleep(SECONDS)
        with pytest.raises(StorageFailed, match="could not be renewed in time"):
            hung.check()
    assert objects.kept[KEY][1] == "taken"  # what another holds is not given back


def test_a_run_goes_on_when_the_store_is_back_in_time_and_not_when_it_is_not() -> None:
    objects = FakeObjects()
    run = CompanyLease(objects, seconds=1.5, look_every=0.05)
    with run.hold("acme"):
        objects.away = True
        time.sleep(0.6)  # one renewal fails
        objects.away = False
        time.sleep(1.5)
        run.check()
        objects.away = True
        time.sleep(1.5)
        with pytest.raises(StorageFailed):
            run.check()
        objects.away = False


def test_nothing_is_checked_while_nothing_is_held() -> None:
    lease(FakeObjects()).check()


def test_a_lease_of_another_version_runs_out() -> None:
    objects = FakeObjects()
    objects.create(KEY, b"?")
    assert lease(objects).is_held("acme")
