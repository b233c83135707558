"""A stored file as an answer: all of it, or the part that is asked for."""

from __future__ import annotations

import asyncio
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from casebook.web.downloads import download
from tests.fakes import FakeStorage
from tests.samples import NOW

DATA = bytes(range(100))
STORAGE = FakeStorage({"acme/final/a.md": DATA, "acme/empty": b""})


def answer(key: str = "acme/final/a.md", **headers: str) -> tuple[Response, bytes]:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    kept = STORAGE.look(key)
    assert kept is not None
    response = download(Request({"type": "http", "headers": named}), STORAGE, kept, 'Bericht "ä".md')
    return response, asyncio.run(_body(response))


async def _body(response: Response) -> bytes:
    if not isinstance(response, StreamingResponse):
        return bytes(response.body)
    pieces = [piece async for piece in response.body_iterator]
    return b"".join(piece for piece in pieces if isinstance(piece, bytes))


def test_a_file_is_an_attachment_of_its_name_and_length() -> None:
    response, body = answer()
    assert (response.status_code, body) == (200, DATA)
    assert response.headers["content-length"] == "100"
    assert response.headers["content-disposition"] == "attachment; filename*=UTF-8''Bericht%20%22%C3%A4%22.md"
    assert response.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "part", "said"),
    [
        ("bytes=0-0", DATA[:1], "bytes 0-0/100"),
        ("bytes=10-19", DATA[10:20], "bytes 10-19/100"),
        ("bytes=90-", DATA[90:], "bytes 90-99/100"),
        ("bytes=90-1000", DATA[90:], "bytes 90-99/100"),
        ("bytes=-10", DATA[90:], "bytes 90-99/100"),
        ("bytes=-1000", DATA, "bytes 0-99/100"),
    ],
)
def test_the_part_that_is_asked_for_is_sent(asked: str, part: bytes, said: str) -> None:
    response, body = answer(range=asked)
    assert (response.status_code, body, response.headers["content-range"]) == (206, part, said)
    assert response.headers["content-length"] == str(len(part))


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=200-300", "bytes=-0"])
def test_a_part_that_is_not_there_cannot_be_sent(asked: str) -> None:
    response, body = answer(range=asked)
    assert (response.status_code, body, response.headers["content-range"]) == (416, b"", "bytes */100")


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "bytes"])
def test_what_is_not_understood_gets_the_whole_file(asked: str) -> None:
    response, body = answer(range=asked)
    assert (response.status_code, body) == (200, DATA)


def test_a_part_is_sent_only_of_the_file_that_the_asker_has() -> None:
    tag = answer()[0].headers["etag"]
    assert answer(range="bytes=0-0", if_range=tag)[0].status_code == 206
    assert answer(range="bytes=0-0", if_range='"other"')[0].status_code == 200
    assert answer(range="bytes=0-0", if_range=format_datetime(NOW, usegmt=True))[0].status_code == 206
    assert answer(range="bytes=0-0", if_range="Thu, 01 Jan 1970 00:00:00 GMT")[0].status_code == 200


def test_an_empty_file_is_sent_and_has_no_part() -> None:
    assert answer("acme/empty")[1] == b""
    assert answer("acme/empty", range="bytes=0-")[0].status_code == 416


@given(st.integers(0, 120), st.integers(0, 120))
def test_parts_are_those_of_the_file(first: int, last: int) -> None:
    response, body = answer(range=f"bytes={first}-{last}")
    if response.status_code == 206:
        assert body == DATA[first : last + 1]
