"""A zip made while it is sent."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime

from casebook.ports import Kept
from casebook.web.pages.archive import zipped
from tests.fakes import FakeStorage

AT = datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)


def test_a_zip_holds_every_file_under_its_name() -> None:
    contents = {"a/plan.pdf": b"%PDF" + bytes(200_000), "a/ü 😀.txt": b"words " * 1000, "a/empty": b""}
    storage = FakeStorage(contents)
    files = [(key, Kept(key, len(data), AT)) for key, data in contents.items()]
    data = b"".join(zipped(storage, files))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == contents
        assert archive.getinfo("a/plan.pdf").compress_type == zipfile.ZIP_STORED
        assert archive.getinfo("a/ü 😀.txt").compress_type == zipfile.ZIP_DEFLATED
        assert archive.getinfo("a/empty").date_time == (2026, 1, 2, 3, 4, 6)


def test_a_zip_of_nothing_is_a_zip() -> None:
    assert zipfile.ZipFile(io.BytesIO(b"".join(zipped(FakeStorage(), [])))).namelist() == []


def test_a_file_with_larger_headers_is_read_back() -> None:
    storage = FakeStorage({"a": b"words"})
    data = b"".join(zipped(storage, [("a", Kept("a", 1 << 32, datetime(1970, 1, 1, tzinfo=UTC)))]))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert (archive.read("a"), archive.getinfo("a").date_time[0]) == (b"words", 1980)
