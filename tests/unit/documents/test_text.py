"""Canonical text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.documents.limits import Limits
from casebook.documents.text import HeadingPath, TextBuilder, clean, clean_lines, decode
from casebook.domain.document import SegmentKind
from tests.unit.documents.checks import check

ANY_TEXT = st.text(st.characters(codec=None), max_size=60)
GERMAN = "Größe der Müllabfuhr: übermäßig. Straße, Öl, Äpfel. Wir prüfen täglich.\n"


@given(st.lists(st.tuples(ANY_TEXT, st.sampled_from(SegmentKind))))
def test_segments_lie_in_order_and_apart_whatever_is_appended(parts: list[tuple[str, SegmentKind]]) -> None:
    builder = TextBuilder(Limits())
    for text, kind in parts:
        builder.append(text, kind)
    check(builder.build())


@given(st.lists(ANY_TEXT), st.integers(1, 40))
def test_text_never_grows_beyond_its_limit(parts: list[str], limit: int) -> None:
    builder = TextBuilder(Limits(characters=limit))
    for text in parts:
        builder.append(text, SegmentKind.PARAGRAPH)
    document = builder.build()
    check(document)
    assert len(document.text) <= limit
    assert bool(document.warnings) == builder.full


@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_cleaning_takes_off_what_cannot_be_seen() -> None:
    assert clean("a\r\nb\rc\x00\u202e\u200bd\u00ade\ud800\U000e0041") == "a\nb\ncde\ufffd"


def test_a_form_feed_does_not_shift_the_lines_of_a_text_file() -> None:
    assert clean_lines("one\x0ctwo\nthree") == ["one two", "three"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_recognised_with_and_without_a_mark(encoding: str) -> None:
    assert decode(GERMAN.encode(encoding)) == (GERMAN, None)


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "mac_roman"])
def test_old_code_pages_are_told_apart_by_their_letters(encoding: str) -> None:
    assert decode(GERMAN.encode(encoding)) == (GERMAN, None)


def test_lines_in_another_encoding_are_mended_with_a_warning() -> None:
    text, warning = decode(GERMAN.encode() * 3 + GERMAN.encode("cp1252"))
    assert text == GERMAN * 4
    assert warning is not None
    assert "cp1252" in warning


def test_a_heading_path_drops_what_it_leaves() -> None:
    path = HeadingPath()
    for level, text in ((1, "A"), (2, "B"), (3, "C"), (2, "D")):
        path.enter(level, text)
    assert str(path) == "A > D"
