"""A source around a quote."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from casebook.documents.page_worker import PageAnswer, Rectangle
from casebook.domain.document import Locator, Segment, SegmentKind, Table
from casebook.domain.report import ReportQuote
from casebook.web.pages.source_view import around, excerpt, paragraphs, rectangle_of


def quote(text: str, start: int, end: int, locator: Locator | None = None) -> ReportQuote:
    return ReportQuote(
        id="Q1",
        source_id="S1",
        text=text[start:end],
        start=start,
        end=end,
        locator=locator or Locator(),
        theme="",
        before="",
        after="",
    )


def segments_of(lengths: list[int], locators: list[Locator] | None = None) -> list[Segment]:
    found, at = [], 0
    for number, length in enumerate(lengths):
        locator = locators[number] if locators else Locator()
        found.append(Segment(at, at + length, SegmentKind.PARAGRAPH, locator))
        at += length + 2
    return found


@given(st.lists(st.integers(1, 400), min_size=1, max_size=30), st.data())
def test_the_marked_letters_are_the_quotes(lengths: list[int], data: st.DataObject) -> None:
    segments = segments_of(lengths)
    text = "".join(chr(97 + number % 26) for number in range(segments[-1].end))
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    found = quote(text, start, end)
    shown = paragraphs(text, around(segments, found), found)
    inside = [range(max(s.start, start), min(s.end, end)) for s in segments]
    expected = "".join(text[at] for span in inside for at in span)
    assert "".join(piece.text for paragraph in shown for piece in paragraph.pieces if piece.marked) == expected
    assert all(piece.text for paragraph in shown for piece in paragraph.pieces)


def test_a_quote_on_a_slide_is_shown_with_its_whole_slide() -> None:
    slides = [Locator(slide=1), Locator(slide=2), Locator(slide=2), Locator(slide=3)]
    segments = segments_of([10, 10, 10, 10], slides)
    text = "x" * segments[-1].end
    found = quote(text, segments[1].start, segments[1].end, slides[1])
    assert [segment.locator.slide for segment in around(segments, found)] == [2, 2]


def test_a_source_without_a_quote_is_shown_from_its_beginning() -> None:
    segments = segments_of([3000, 900, 900])
    assert list(around(segments, None)) == segments[:2]
    assert list(around(segments_of([9000]), None)) == segments_of([9000])
    assert list(around([], None)) == []


def test_rows_around_a_quote_are_numbered_as_in_the_file() -> None:
    rows = tuple((number, f"name {number}", None, 1.50, True) for number in range(20))
    table = Table(name="Stock", header=("a", "b", "c", "d", "e"), rows=rows, first_row=5)
    found = excerpt([Table("Other", (), (), 1), table], "Stock", 12)
    assert found is not None
    assert [(number, here) for number, here, _ in found.rows] == [(n, n == 12) for n in range(9, 16)]
    assert found.rows[3][2] == ["7", "name 7", "", "1.5", "True"]
    assert excerpt([table], "Stock", 4) is None
    assert excerpt([table], "Elsewhere", 12) is None


def test_long_cells_are_cut() -> None:
    table = Table(name="", header=("a",), rows=(("x" * 5000,),), first_row=1)
    found = excerpt([table], None, 1)
    assert found is not None
    assert len(found.rows[0][2][0]) == 301


def test_a_recognised_paragraph_is_marked_where_it_stands_on_its_page() -> None:
    page = PageAnswer(width=600, height=800)
    assert rectangle_of((0.1, 0.25, 0.6, 0.5), page) == Rectangle(x=60, y=200, width=300, height=200)
