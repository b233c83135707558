"""PDF files."""

from __future__ import annotations

import pytest

from casebook.documents.limits import Limits, ReadError
from casebook.documents.pdf import read_pdf
from casebook.domain.document import SegmentKind
from tests.data.hostile_files import pdf, text_pdf
from tests.unit.documents.checks import check, pieces

PARAGRAPH = [
    "Frau Meier tippt jede Woche rund dreihundert Rechnun-",
    "gen von Hand ab und prüft sie ein",
    "zweites Mal.",
]


def page(number: int) -> list[tuple[int, int, int, str]]:
    lines = [(72, 800, 9, "ACME internal"), (72, 740, 18, f"Chapter {number}")]
    lines += [(72, 700 - 14 * n, 11, text) for n, text in enumerate(PARAGRAPH)]
    lines += [(72, 630, 11, f"Another paragraph number {number} starts here."), (290, 30, 9, f"Page {number} of 3")]
    return lines


def test_lines_of_a_paragraph_are_one_segment_with_its_line_ends() -> None:
    document = read_pdf(text_pdf([page(1)]), Limits())
    check(document)
    assert "\n".join(PARAGRAPH) in pieces(document, SegmentKind.PARAGRAPH)
    assert "Another paragraph number 1 starts here." in pieces(document, SegmentKind.PARAGRAPH)


def test_larger_type_is_a_heading_and_the_path_of_what_follows() -> None:
    document = read_pdf(text_pdf([page(1)]), Limits())
    assert pieces(document, SegmentKind.HEADING) == ["Chapter 1"]
    assert document.segments[2].locator.heading == "Chapter 1"


def test_lines_that_recur_at_the_edges_are_furniture() -> None:
    document = read_pdf(text_pdf([page(1), page(2), page(3)]), Limits())
    check(document)
    assert pieces(document, SegmentKind.FURNITURE) == [
        text for number in (1, 2, 3) for text in ("ACME internal", f"Page {number} of 3")
    ]
    assert [segment.locator.page for segment in document.segments if segment.kind is SegmentKind.HEADING] == [1, 2, 3]
    assert document.pages == 3


def test_pages_beyond_the_limit_are_left_out_with_a_warning() -> None:
    document = read_pdf(text_pdf([page(n) for n in range(1, 5)]), Limits(pages=2))
    assert document.pages == 2
    assert document.warnings == ("only the first 2 of 4 pages were read",)


@pytest.mark.parametrize("cut", [30, 300, 500])
def test_a_damaged_file_says_what_to_do(cut: int) -> None:
    with pytest.raises(ReadError, match="save it anew"):
        read_pdf(text_pdf([page(1)])[:cut], Limits())


def test_a_page_without_text_is_no_text() -> None:
    data = pdf([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"])  # fmt: skip
    assert read_pdf(data, Limits()).segments == ()
