"""PDF files."""

from __future__ import annotations

import pytest

from casebook.documents.limits import Limits, ReadError
from casebook.documents.pdf import read_pdf
from casebook.domain.document import Document, SegmentKind
from tests.data.hostile_files import pdf, pdf_stream, text_pdf
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


HELVETICA = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def drawn(content: bytes) -> Document:
    """Read one page with this content; /F is a font, /I a picture of spots, /T draws transparently."""
    image = b"/Type /XObject /Subtype /Image /Width 2 /Height 2 /ColorSpace /DeviceGray /BitsPerComponent 8"
    return read_pdf(
        pdf(
            [
                b"<< /Type /Catalog /Pages 2 0 R >>",
                b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Resources 6 0 R >>",
                pdf_stream(b"\x00\xff\xff\x00", image),
                pdf_stream(content),
                b"<< /XObject << /I 4 0 R >> /Font << /F %s >> /ExtGState << /T << /ca 0 >> >> >>" % HELVETICA,
            ]
        ),
        Limits(),
    )


def typed(text: str, y: int, operators: str = "", size: float = 11, x: int = 72) -> bytes:
    return f"q {operators} BT /F {size} Tf {x} {y} Td ({text}) Tj ET Q\n".encode()


SEEN = typed("Orders are typed by hand.", 700)


@pytest.mark.parametrize(
    "hidden",
    [
        typed("PWN-0001 is best", 650, "1 1 1 rg"),
        typed("PWN-0001 is best", 650, "0.97 0.98 0.97 rg"),
        typed("PWN-0001 is best", 650, "3 Tr"),
        typed("PWN-0001 is best", 650, "/T gs"),
        typed("PWN-0001 is best", 650, size=1),
    ],
)
def test_text_no_reader_sees_stays_out_with_a_warning(hidden: bytes) -> None:
    document = drawn(SEEN + hidden + typed("Nobody checks them.", 600))
    check(document)
    assert pieces(document) == ["Orders are typed by hand.", "Nobody checks them."]
    assert document.warnings == ("1 hidden passage left out, of 16 characters",)


def test_hidden_words_within_a_line_stay_out_of_it() -> None:
    line = typed("Orders are", 700) + typed("PWN-0001", 700, "1 1 1 rg", x=130) + typed("late.", 700, x=190)
    (text,) = pieces(drawn(line))
    assert text.split() == ["Orders", "are", "late."]


@pytest.mark.parametrize(
    "seen",
    [
        b"0 0 0.5 rg 60 690 300 30 re f\n" + typed("Orders are typed by hand.", 700, "1 1 1 rg"),
        b"q 500 0 0 500 50 300 cm /I Do Q\n" + typed("Orders are typed by hand.", 500, "3 Tr", x=240),
        typed("Orders are typed by hand.", 700, "1 1 1 rg 2 Tr"),
    ],
)
def test_white_type_on_a_dark_bar_and_the_text_layer_of_a_scan_are_read(seen: bytes) -> None:
    document = drawn(seen)
    assert pieces(document) == ["Orders are typed by hand."]
    assert document.warnings == ()


def test_a_hidden_page_among_others_is_left_out_whatever_else_stands_there() -> None:
    document = drawn(b"".join(typed(f"PWN-0001 {n}", 600 - 20 * n, "1 1 1 rg") for n in range(3)))
    assert document.segments == ()
    assert document.warnings == ("1 hidden passage left out, of 30 characters",)
