"""Passages of a document."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from casebook.documents.passages import MAX_CHARACTERS, MAX_ROWS, TARGET_WORDS, cut_passages
from casebook.domain.document import Locator, Segment, SegmentKind
from tests.samples import document

SENTENCE = "The clerks type each of the invoices into the ledger by hand."  # 12 words


def cut(*parts: tuple[str, SegmentKind, Locator]) -> list[str]:
    text, segments = "", []
    for words, kind, locator in parts:
        segments.append(Segment(len(text), len(text) + len(words), kind, locator))
        text += f"{words}\n"
    return [passage.text for passage in cut_passages("S1", text, segments)]


def test_neighbouring_paragraphs_under_one_heading_share_a_passage() -> None:
    here = Locator(heading="Purchase")
    assert cut(
        ("First thing.", SegmentKind.PARAGRAPH, here),
        ("Second thing.", SegmentKind.LIST_ITEM, here),
        ("Third thing.", SegmentKind.PARAGRAPH, Locator(heading="Sales")),
    ) == ["First thing.\nSecond thing.", "Third thing."]


def test_headings_and_furniture_are_no_passages() -> None:
    here = Locator(line=1)
    assert (
        cut(
            ("Purchase", SegmentKind.HEADING, here),
            ("Page 1 of 9", SegmentKind.FURNITURE, here),
            ("print(1)", SegmentKind.CODE, here),
        )
        == []
    )


def test_notes_and_comments_stand_alone() -> None:
    here = Locator(line=1)
    assert cut(
        ("A thing.", SegmentKind.PARAGRAPH, here),
        ("A doubt.", SegmentKind.COMMENT, here),
        ("A note.", SegmentKind.NOTE, here),
    ) == ["A thing.", "A doubt.", "A note."]


def test_a_passage_holds_whole_sentences_up_to_its_size() -> None:
    here = Locator(line=1)
    passages = cut((" ".join([SENTENCE] * 12), SegmentKind.PARAGRAPH, here))
    assert passages == [" ".join([SENTENCE] * (TARGET_WORDS // 12))] * 2 + [" ".join([SENTENCE] * 2)]


def test_text_without_sentence_ends_is_cut_at_blanks() -> None:
    passages = cut(("word " * 1_000, SegmentKind.PARAGRAPH, Locator(line=1)))
    assert all(len(passage) <= MAX_CHARACTERS for passage in passages)
    assert "".join(passages).split() == ["word"] * 1_000


def test_a_cell_of_prose_loses_its_column_name_and_a_short_one_keeps_it() -> None:
    row = "Order: 4711 | Remark: The sheet was lost again and written a second time."
    assert cut((row, SegmentKind.TABLE_ROW, Locator(row=2))) == [row]
    ((sentences,),) = [
        [
            passage.sentences
            for passage in cut_passages("S1", row, [Segment(0, len(row), SegmentKind.TABLE_ROW, Locator())])
        ]
    ]
    assert [row[start:end] for start, end in sentences] == [
        "Order: 4711",
        "The sheet was lost again and written a second time.",
    ]


def test_rows_without_prose_and_rows_beyond_the_limit_are_left_out() -> None:
    row = ("It was late again today", SegmentKind.TABLE_ROW, Locator())
    assert cut(("7 | 8", SegmentKind.TABLE_ROW, Locator()), row) == [row[0]]
    assert len(cut(*[row] * (MAX_ROWS + 2))) == MAX_ROWS


@given(st.text("ab A.!?\n|:-", max_size=300))
def test_every_passage_is_the_slice_that_it_names(text: str) -> None:
    made = document(text)
    for passage in cut_passages("S1", text, made.segments):
        assert passage.text == text[passage.start : passage.end]
        assert passage.sentences[0][0] == passage.start
        assert passage.sentences[-1][1] == passage.end
