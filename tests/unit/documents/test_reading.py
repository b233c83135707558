"""What a file is, and what is said of files that cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.documents.limits import Limits, ReadError
from casebook.documents.reading import CSV, DOCX, HTML, MARKDOWN, PDF, PLAIN, XLS, XLSX, detect, read_bytes, read_file
from tests.data.hostile_files import text_pdf
from tests.unit.documents import office_files as files
from tests.unit.documents.checks import check

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("a.docx", b"%PDF-1.7", PDF),
        ("a.txt", files.docx(""), DOCX),
        ("a.bin", files.xlsx({"S": ""}), XLSX),
        ("A.CSV", b"a;b", CSV),
        ("notes", b"plain words", PLAIN),
        ("page", b"<!DOCTYPE html><p>x", HTML),
        ("read.md", b"<html> is a word here", MARKDOWN),
        ("a.xls", OLE, XLS),
        ("about pdf.txt", b"The mark %PDF- starts a file", PLAIN),
        ("a.pdf", b"MZ\x90", "application/x-msdownload"),
        ("a.zip", b"PK\x03\x04" + bytes(40), "application/zip"),
        ("wide.txt", "hello there".encode("utf-16-le"), PLAIN),
    ],
)
def test_the_content_tells_a_files_kind_before_its_name(name: str, head: bytes, expected: str) -> None:
    assert detect(name, head[:8_192]) == expected


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", bytes(99), "no text"),
        ("a.docx", OLE + "EncryptedPackage".encode("utf-16-le"), "encrypted: save it without a password"),
        ("a.doc", OLE + "WordDocument".encode("utf-16-le"), r"save it as \.docx"),
        ("a.ppt", OLE + "PowerPoint Document".encode("utf-16-le"), r"save it as \.pptx"),
        ("a.zip", b"PK\x03\x04" + bytes(40), "unpack it"),
        ("a.rtf", b"{\\rtf1 x}", r"save it as \.docx"),
        ("a.exe", b"MZ" + bytes(90), "a program"),
        ("a.xyz", bytes(range(256)), "not a kind of file"),
    ],
)
def test_a_file_that_cannot_be_read_comes_with_what_to_do(name: str, data: bytes, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        read_bytes(name, data)


def test_a_file_under_another_kinds_name_is_read_with_a_warning() -> None:
    document = read_bytes("offer.docx", text_pdf([[(72, 700, 12, "Nine days")]]))
    assert document.text == "Nine days"
    assert document.warnings == ("the name ends in .docx but the file is PDF: read as PDF",)


@pytest.mark.parametrize("name", ["offer.docx", "offer.pdf", "offer.xls", "offer.png"])
def test_plain_text_under_the_name_of_another_format_is_read_with_a_warning(name: str) -> None:
    document = read_bytes(name, b"broken")
    assert document.text.strip() == "broken"
    assert document.warnings == (
        f"the name ends in {name[5:]} but there is only plain text in it: if it should hold more, save it anew",
    )


@pytest.mark.parametrize("name", ["offer.txt", "offer.md", "offer.csv", "offer", "offer.unknown"])
def test_plain_text_under_the_name_of_a_text_is_read_without_a_warning(name: str) -> None:
    assert read_bytes(name, b"Nine days, on average").warnings == ()


SAMPLES = {
    "a.pdf": text_pdf([[(72, 700, 12, "Nine days")]]),
    "a.docx": files.docx(files.paragraph("Nine days")),
    "a.xlsx": files.xlsx({"S": '<row r="1"><c r="A1"><v>1</v></c></row>'}),
    "a.pptx": files.pptx(files.shape("Nine days")),
    "a.eml": b"Subject: x\r\n\r\nNine days\r\n",
    "a.html": b"<p>Nine days</p>",
}


@given(st.sampled_from(sorted(SAMPLES)), st.integers(0, 5_000), st.binary(max_size=8), st.booleans())
def test_damage_never_raises_anything_but_a_reason(name: str, place: int, noise: bytes, cut: bool) -> None:  # noqa: FBT001
    data = SAMPLES[name]
    place %= len(data)
    damaged = data[:place] + noise + (b"" if cut else data[place + len(noise) :])
    try:
        document = read_bytes(name, damaged, Limits(pages=3))
    except ReadError as error:
        assert "\n" not in str(error)  # noqa: PT017  either outcome is right
    else:
        check(document)


def test_links_pipes_and_large_files_are_not_opened(tmp_path: Path) -> None:
    link, pipe, large = tmp_path / "link", tmp_path / "pipe", tmp_path / "large"
    link.symlink_to("/etc/hostname")
    os.mkfifo(pipe)
    large.write_bytes(bytes(3 << 20))
    for path, reason in ((link, "link"), (pipe, "ordinary"), (large, "split"), (tmp_path / "none", "still there")):
        with pytest.raises(ReadError, match=reason):
            read_file(path, 2 << 20)
