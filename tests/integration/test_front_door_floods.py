"""What a client may make the front door hold: requests sent ahead, bytes beside a body, bodies that unfold."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from casebook.web.intake import Received, read_json
from casebook.web.limits import Limits
from tests.front_door import Door, open_door
from tests.integration.test_front_door_threats import bearer, guarded, post_head

LIMITS = Limits(free_bytes=0, head_bytes=4096)
BODY = json.dumps({"company_name": "Acme GmbH"}).encode()


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with open_door(tmp_path / "outputs", limits=LIMITS) as opened:
        yield opened


def chunked(body: bytes, trailers: bytes = b"", *more: str) -> bytes:
    head = post_head(None, "Transfer-Encoding: chunked", *more)
    return head + b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, trailers)


def test_requests_are_answered_in_order_and_only_a_few_are_taken_ahead(door: Door) -> None:
    one = f"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1:{door.port}\r\n\r\n".encode()
    last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert door.raw(one * 9 + last).count(b"HTTP/1.1 200 ") == 10
    with socket.create_connection(("127.0.0.1", door.port), timeout=30) as connection:
        connection.sendall(one * 3000)
        answers = b""
        try:
            while piece := connection.recv(65536):
                answers += piece
        except ConnectionResetError:
            pass
    assert answers.count(b"HTTP/1.1 200 ") < 100
    assert door.ask("GET", "/health").status == 200


def test_more_headers_than_any_client_sends_are_refused(door: Door) -> None:
    line = f"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1:{door.port}\r\nConnection: close\r\n".encode()
    assert door.raw(line + b"a:\r\n" * 98 + b"\r\n").startswith(b"HTTP/1.1 200 ")
    assert door.raw(line + b"a:\r\n" * 99 + b"\r\n").startswith(b"HTTP/1.1 431 ")


def test_what_follows_a_body_is_no_header(tmp_path: Path) -> None:
    with open_door(tmp_path, guard=guarded()) as door:
        key = f"Authorization: {bearer('alpha')['Authorization']}"
        assert door.raw(chunked(BODY, f"{key}\r\n".encode(), "Connection: close")).startswith(b"HTTP/1.1 401 ")
        assert door.raw(chunked(BODY, b"X-Checksum: 1\r\n", key, "Connection: close")).startswith(b"HTTP/1.1 202 ")
        assert len(door.rows()) == 1


@pytest.mark.parametrize(
    "beside", [b"0\r\nX-Trailer: " + b"a" * 50_000, b"0\r\n" + b"X: y\r\n" * 9000, b"5;" + b"a" * 50_000]
)
def test_bytes_beside_a_body_are_limited_like_a_head(door: Door, beside: bytes) -> None:
    head = post_head(None, "Transfer-Encoding: chunked")
    with socket.create_connection(("127.0.0.1", door.port), timeout=30) as connection:
        connection.sendall(head + b"2\r\n{}\r\n")
        time.sleep(0.1)  # so that the rest is read by itself
        connection.sendall(beside)
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert door.ask("GET", "/health").status == 200


def test_a_body_in_small_chunks_is_taken(door: Door) -> None:
    body = json.dumps({"company_name": "Acme GmbH", "description": "x" * 9000}).encode()
    pieces = (body[at : at + 1] for at in range(len(body)))
    assert door.ask("POST", "/", pieces, Content_Type="application/json").status == 202


async def _whole(body: bytes) -> AsyncIterator[bytes]:
    yield body


@pytest.mark.parametrize("size", [10, 20_000])
def test_what_a_json_body_unfolds_to_is_not_held(size: int) -> None:
    body = b'{"company_name": "A", "use_cases": {"a": 1}, "more": [' + b",".join([b"[]"] * size) + b"]}"
    received = Received()
    asyncio.run(read_json(_whole(body), received, LIMITS))
    assert received.fields == {"company_name": "A", "use_cases": {}, "more": []}
    received.let_go_of_fields()
    assert received.fields == {}
    assert json.loads(received.as_json) == json.loads(body)


def test_more_fields_than_any_form_has_are_refused(door: Door) -> None:
    fields = {f"f{number}": "" for number in range(999)}
    assert door.post({"company_name": "A", **fields}).status == 202
    answer = door.post({"company_name": "A", "one": "more", **fields})
    assert (answer.status, answer.json["type"]) == (413, "urn:casebook:too-many-parts")


def test_a_list_in_place_of_a_text_is_named(door: Door) -> None:
    answer = door.post({"company_name": ["A"], "description": {}})
    assert answer.status == 422
    assert [error["pointer"] for error in answer.json["errors"]] == ["/company_name", "/description"]
