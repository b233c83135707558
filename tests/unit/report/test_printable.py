"""What is shown of a text, how wide columns are, and which characters fonts have."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.domain.report_files import parse_formats
from casebook.errors import PermanentError
from casebook.report.blocks import Table, words
from casebook.report.columns import widths
from casebook.report.glyphs import BUNDLED, FAMILIES, families, missing, runs
from casebook.report.printable import visible


@given(st.text())
def test_what_can_be_seen_is_kept_and_the_rest_is_gone(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    assert not set("\0\x1b\x85\u202e\u2066\ufffe") & set(shown)
    assert [letter for letter in shown if letter.isalnum()] == [letter for letter in text if letter.isalnum()]


def test_columns_with_long_texts_are_wider_and_all_fill_the_line() -> None:
    table = Table(("", "Text", "Value"), ((words("U1"), words("many words " * 20), words("0.85")),))
    first, second, third = widths(table)
    assert second > third > 0
    assert second > first > 0
    assert first + second + third == pytest.approx(1, abs=0.001)


def test_latin_greek_cyrillic_hebrew_arabic_and_emoji_are_bundled_and_han_is_not() -> None:
    assert missing(["\u00e4\u0142\u03b1\u0436\u05d0\u0628\u2192\u2265\u2713\U0001f680 \u200f"], None) == []
    assert missing(["\u6f22\u6f22 a"], None) == ["\u6f22"]


def test_a_text_is_cut_into_runs_of_one_font() -> None:
    found = runs("finding \U0001f680\ufe0f \u05d0", None)
    assert "".join(run for _, run in found) == "finding \U0001f680\ufe0f \u05d0"
    assert [family for family, _ in found] == ["Noto Sans", "Noto Emoji", "Noto Sans", "Noto Sans Hebrew"]


def test_families_are_read_from_the_fonts_themselves(tmp_path: Path) -> None:
    bundled = BUNDLED
    assert families(bundled) == sorted(FAMILIES)
    (tmp_path / "a.otf").write_bytes(b"ttcf\0")
    assert families(tmp_path) == []


def test_formats_are_read_from_a_list() -> None:
    assert parse_formats("md,html") == ()
    assert parse_formats(" docx , PDF") == ("pdf", "docx")
    with pytest.raises(PermanentError, match="no report format 'odt': name some of md, html, json, pdf, docx"):
        parse_formats("pdf,odt")
