"""Pages drawn in a worker process: the right page, the right words, and no harm from a bad file."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from math import ceil
from pathlib import Path

import pypdfium2
import pytest

import casebook
from casebook.documents.limits import Limits
from casebook.documents.page_worker import PageAnswer
from casebook.documents.pages import PageReader
from casebook.documents.reading import read_bytes

REPORT = Path(casebook.__file__).parent / "demo"


@pytest.fixture(scope="module")
def reader() -> Iterator[PageReader]:
    reader = PageReader()
    yield reader
    reader.close()


@pytest.fixture(scope="module")
def pdf() -> Path:
    return next(path for path in sorted(REPORT.rglob("*.pdf")) if "Tczew" in path.name)


def text_of(pdf: Path, page: int) -> str:
    document = read_bytes(pdf.name, pdf.read_bytes(), Limits(), media_type="application/pdf")
    spans = [(found.start, found.end) for found in document.segments if found.locator.page == page]
    return document.text[spans[0][0] : spans[-1][1]]


def words_inside(pdf: Path, page: int, answer: PageAnswer) -> str:
    """Return what pdfium finds inside the rectangles."""
    document = pypdfium2.PdfDocument(pdf)
    text_page = document[page - 1].get_textpage()
    found = [
        text_page.get_text_bounded(box.x, answer.height - box.y - box.height, box.x + box.width, answer.height - box.y)
        for box in answer.rectangles
    ]
    text_page.close()
    document.close()
    return "".join("".join(found).split())


def test_each_sentence_is_found_where_it_stands(reader: PageReader, pdf: Path) -> None:
    text = text_of(pdf, 2)
    for start in range(0, len(text) - 60, 200):
        start = text.index(" ", start) + 1  # noqa: PLW2901 - a word's beginning
        end = text.index(" ", start + 40)
        answer = reader.find(pdf, 2, text, (start, end))
        assert answer.rectangles
        assert "".join(text[start:end].split()) in words_inside(pdf, 2, answer)


def test_nothing_is_marked_when_the_words_are_not_certain(reader: PageReader, pdf: Path) -> None:
    text = text_of(pdf, 1)
    assert reader.find(pdf, 1, "words that are not there", (0, 24)).rectangles == ()
    assert reader.find(pdf, 1, "the", (0, 3)).rectangles == ()  # there, but more than once
    assert reader.find(pdf, 1, text, (5, 5)).rectangles == ()
    unique = text[:40]
    assert reader.find(pdf, 1, f"shifted {unique}", (8, 48)).rectangles  # elsewhere, but once alone


def test_a_page_is_a_picture_of_the_width_asked_for(reader: PageReader, pdf: Path) -> None:
    answer = reader.draw(pdf, 1, 500)
    width, height, depth = struct.unpack(">IIB", answer.picture[16:25])
    assert answer.picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert (width, depth) == (500, 8)
    assert height == ceil(answer.height * 500 / answer.width)
    data = zlib.decompress(answer.picture[answer.picture.index(b"IDAT") + 4 : -16])
    assert len(data) in {height * (1 + width), height * (1 + 3 * width)}


@pytest.mark.parametrize("page", [0, 99])
def test_a_page_that_is_not_there_is_said_to_be_missing(reader: PageReader, pdf: Path, page: int) -> None:
    assert reader.draw(pdf, page, 100).reason == "the document has no such page"


def test_a_bad_file_is_an_answer_and_the_next_one_is_drawn(reader: PageReader, pdf: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"%PDF-1.7 not really")
    assert reader.draw(bad, 1, 100).reason
    assert reader.draw(tmp_path / "gone.pdf", 1, 100).reason
    assert reader.draw(pdf, 1, 100).picture


def test_a_worker_that_takes_too_long_is_replaced(pdf: Path) -> None:
    reader = PageReader(Limits(seconds=0.0))
    assert reader.draw(pdf, 1, 100).reason == "the page cannot be drawn"
    reader.close()
