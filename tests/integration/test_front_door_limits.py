"""How much the front door does at once, and for how long."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace

from casebook.domain.run import RunStatus
from casebook.web.limits import Limits
from tests.front_door import FORM, Door, file_part, form, open_door, text_part, trickled
from tests.integration.test_front_door import eventually
from tests.integration.test_front_door_threats import post_head

ACME = {"company_name": "Acme GmbH"}
FEW = Limits(free_bytes=0, connections=8, uploads=2, streams=2, body_seconds=0.5, idle_seconds=20.0, send_seconds=1.0)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with open_door(tmp_path / "outputs", limits=FEW) as opened:
        yield opened


def connect(door: Door, first: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", door.port), timeout=30)
    connection.sendall(first)
    return connection


def get(path: str, door: Door) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{door.port}\r\n\r\n".encode()


@pytest.mark.parametrize("first", [b"", b"GET / HT"])
def test_connections_that_ask_for_nothing_make_room_for_those_that_do(door: Door, first: bytes) -> None:
    with ExitStack() as stack:
        for _ in range(3 * FEW.connections):
            stack.enter_context(connect(door, first))
        assert door.ask("GET", "/health").status == 200


def test_more_connections_than_allowed_are_told_to_come_again(tmp_path: Path) -> None:
    with open_door(tmp_path, limits=replace(FEW, body_seconds=60.0)) as door, ExitStack() as stack:
        for _ in range(FEW.connections):
            waiting = stack.enter_context(connect(door, post_head(100, "Expect: 100-continue")))
            assert waiting.recv(1000).startswith((b"HTTP/1.1 100 ", b"HTTP/1.1 503 "))
        with connect(door, get("/health", door)) as one_more:
            assert one_more.recv(1000).startswith(b"HTTP/1.1 503 ")
        stack.close()
        eventually(lambda: door.ask("GET", "/health").status == 200)


def test_more_uploads_at_once_than_allowed_are_told_to_come_again(tmp_path: Path) -> None:
    whole = form(text_part("company", "Acme"), file_part("a.txt", b"w" * 500))
    head = post_head(len(whole), "Expect: 100-continue").replace(b"application/json", FORM.encode())
    with open_door(tmp_path, limits=Limits(free_bytes=0, uploads=2)) as door, ExitStack() as stack:
        slow = [stack.enter_context(connect(door, head)) for _ in range(2)]
        for connection in slow:
            assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")  # its turn has come
        answer = door.post_form(text_part("company", "Acme"), file_part("b.txt", b"x"))
        assert (answer.json["type"], answer.headers["retry-after"]) == ("urn:casebook:uploads", "5")
        assert door.post(ACME).status == 202  # what is small is taken all the same
        for connection in slow:
            connection.sendall(whole)
            assert connection.recv(1000).startswith(b"HTTP/1.1 202 ")


def test_a_body_that_takes_too_long_is_cut_off_however_steadily_it_comes(tmp_path: Path) -> None:
    limits = Limits(free_bytes=0, body_seconds=0.5, slow_bytes_per_second=1)
    with open_door(tmp_path, limits=limits) as door, connect(door, post_head(10_000)) as connection:
        answer = trickled(connection, b" " * 10, every=0.05, times=400)
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_no_more_event_streams_are_open_than_allowed(door: Door) -> None:
    run_id = door.post(ACME).json["run_id"]
    with ExitStack() as stack, ThreadPoolExecutor(6) as pool:
        streams = [stack.enter_context(connect(door, get(f"/runs/{run_id}/events", door))) for _ in range(6)]
        statuses = sorted(pool.map(lambda stream: stream.recv(12)[9:12], streams))
        assert statuses == [b"200"] * 2 + [b"503"] * 4
    eventually(lambda: b"200" in connect_and_read(door, run_id))
    door.work.taken[run_id] = RunStatus.DONE


def connect_and_read(door: Door, run_id: str) -> bytes:
    with connect(door, get(f"/runs/{run_id}/events", door)) as stream:
        return stream.recv(12)


def test_readers_that_take_nothing_are_let_go(door: Door) -> None:
    door.post(ACME)
    eventually((door.outputs / "acme_gmbh" / "debug").is_dir)
    large = door.outputs / "acme_gmbh" / "data" / "large.bin"
    large.parent.mkdir()
    with large.open("wb") as file:
        file.truncate(200 << 20)
    (shown,) = door.ask("GET", "/storage/acme_gmbh").json["data_files"]
    with ExitStack() as stack:
        for _ in range(FEW.connections - 1):
            reader = stack.enter_context(connect(door, get(shown["url"], door)))
            assert reader.recv(12) == b"HTTP/1.1 200"
        assert door.ask("GET", "/health").status == 503
        eventually(lambda: door.ask("GET", "/health").status == 200)
