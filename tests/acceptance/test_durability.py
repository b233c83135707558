"""Nothing acknowledged is lost by kills, power cuts and failing disks; `benchmarks.durability` shows it at length."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from benchmarks import durability
from benchmarks.doors import FORM, JSON, Client, fork_door, form_body, json_body, open_sockets
from tests.acceptance.program import Program

NOTHING_LOST = (0, 0)


def outcome(found: durability.Found) -> tuple[int, int]:
    assert found.looked_for > 0
    return found.lost, found.twice


def test_a_killed_server_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    assert outcome(durability.kills(tmp_path, 2)) == NOTHING_LOST


@pytest.mark.parametrize("happens", [partial(durability.power_cuts, number=2), durability.no_inodes])
def test_a_disk_that_fails_loses_nothing_that_was_acknowledged_where_one_can_be_made(
    tmp_path: Path, happens: Callable[[Path], durability.Found]
) -> None:
    try:
        found = happens(tmp_path)
    except OSError as error:  # not root, or no loop devices
        said = str(error)
    else:
        said = ""
        assert outcome(found) == NOTHING_LOST
    assert not said or said.startswith(("mount", "mkfs", "[Errno 2]"))


def test_a_flush_that_fails_ends_the_server_and_loses_nothing(tmp_path: Path) -> None:
    assert outcome(durability.failing_flush(tmp_path)) == NOTHING_LOST


def test_a_server_without_free_file_descriptors_comes_back_when_there_are_some(tmp_path: Path) -> None:
    door = fork_door(tmp_path, "--workers-elsewhere")
    try:
        used = len(list(Path(f"/proc/{door.pid}/fd").iterdir()))
        resource.prlimit(door.pid, resource.RLIMIT_NOFILE, (used + 5, used + 5))
        idle = open_sockets(door.port, 20)
        time.sleep(0.5)
        for connection in idle:
            connection.close()
        client = Client(door.port, timeout=30)
        status, answer = client.post(json_body(1), JSON)
        assert (status, answer["status"]) == (202, "success")
        assert client.get("/health")[0] == 200
        client.close()
        assert [line for line in door.errors if "takes submissions at" not in line] == []
    finally:
        assert door.stop() == 0


def test_a_server_that_runs_out_of_file_descriptors_under_load_loses_nothing(tmp_path: Path) -> None:
    assert outcome(durability.few_descriptors(tmp_path, 2)) == NOTHING_LOST


def test_a_server_that_can_open_no_file_says_so_and_takes_the_same_later(tmp_path: Path) -> None:
    door = fork_door(tmp_path, "--workers-elsewhere")
    client = Client(door.port, timeout=30)
    sent = [(form_body(1, [b"words"]), FORM), (json_body(2), JSON)]
    try:
        assert client.get("/health")[0] == 200  # connected
        taken = {int(path.name) for path in Path(f"/proc/{door.pid}/fd").iterdir()}
        first_free = next(number for number in count() if number not in taken)
        limits = resource.prlimit(door.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(door.pid, resource.RLIMIT_NOFILE, (first_free, limits[1]))
        refused = [client.post(body, kind, f"key-{kind[:16]}") for body, kind in sent]
        assert [(status, answer["type"]) for status, answer in refused] == [(503, "urn:casebook:not-kept")] * 2
        resource.prlimit(door.pid, resource.RLIMIT_NOFILE, limits)
        assert [client.post(body, kind, f"key-{kind[:16]}")[0] for body, kind in sent] == [202, 202]
    finally:
        client.close()
        assert door.stop() == 0


def test_outputs_that_cannot_be_written_to_are_refused_at_the_start(casebook: Program) -> None:
    ended = casebook("serve", "--port", "0", "--outputs", "/proc/casebook")
    assert (ended.code, "Traceback" in ended.err) == (1, False)
    assert "/proc/casebook" in ended.message
