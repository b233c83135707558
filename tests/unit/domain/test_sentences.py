"""Sentences in English and German."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.domain.sentences import sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "expected",
    [
        ["One thing.", "Another thing."],
        ["Is it late?", "Yes!", "It is…", "Always."],
        ["He said “stop.”", "She did not."],
        ["Mr. Smith called Dr. Jones.", "Nobody answered."],
        ["It costs approx. 1,200 euros, i.e. too much.", "We pay."],
        ["Version 2.5 runs on port 8080.", "It works."],
        ["Am 3. Mai beginnt die 2. Schicht.", "Sie endet spät."],
        ["Das gilt z.B. für Rechnungen bzw. Angebote.", "Es dauert ca. 3 Tage."],
        ["Die Müller GmbH & Co. KG zahlt immer zu spät."],
        ["„Das dauert.“", "So sagt es die Leitung."],
        ["In line\nends do not end it.", "Next one."],
    ],
)
def test_a_text_is_cut_where_its_sentences_end(expected: list[str]) -> None:
    assert sentences(" ".join(expected)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Needs:\n- a scanner\n- a clerk", ["Needs:", "- a scanner", "- a clerk"]),
        ("Steps\n1. read\n2. book", ["Steps", "1. read", "2. book"]),
        ("A heading\n\nA paragraph", ["A heading", "A paragraph"]),
        ("Id: 7 | Remark: late again", ["Id: 7", "Remark: late again"]),
        ("", []),
        (" \n | ", []),
    ],
)
def test_blank_lines_list_marks_and_cell_bars_end_a_sentence(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_only_the_stretch_asked_for_is_cut() -> None:
    text = "Before. Here it is. And this. After."
    assert [text[start:end] for start, end in sentence_spans(text, 8, 29)] == ["Here it is.", "And this."]


@given(st.text("ab A.!?…\n|-1) “", max_size=60))
def test_spans_are_trimmed_in_order_and_lose_only_blanks_and_bars(text: str) -> None:
    end = 0
    for span in sentence_spans(text):
        assert end <= span[0] < span[1]
        assert not text[end : span[0]].strip(" \t\n|")
        assert text[span[0] : span[1]] == text[span[0] : span[1]].strip(" \t\n|")
        end = span[1]
    assert not text[end:].strip(" \t\n|")
