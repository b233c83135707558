"""Plain text, Markdown, CSV and JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casebook.documents.delimited import read_delimited
from casebook.documents.html_page import read_html
from casebook.documents.json_data import read_json
from casebook.documents.limits import Limits, ReadError
from casebook.documents.markdown import read_markdown
from casebook.documents.plain import read_plain
from casebook.domain.document import SegmentKind
from tests.unit.documents.checks import check, pieces

LIMITS = Limits(depth=50)
MARKED = st.text(st.sampled_from("ab \n\t#*_`[]()<>!-|>=~\"';,.0:{}/&\r\x00ü\u202e\ud800"), max_size=200)


@settings(max_examples=300)
@given(MARKED, st.sampled_from([read_plain, read_markdown, read_delimited, read_json, read_html]))
def test_no_text_makes_a_reader_fail_otherwise_than_with_a_reason(text: str, reader: object) -> None:
    assert callable(reader)
    try:
        document = reader(text.encode("utf-8", "surrogatepass"), LIMITS)
    except ReadError as error:
        assert "\n" not in str(error)  # noqa: PT017  either outcome is right
    else:
        check(document)


@given(st.lists(st.text("ab #*|-`", max_size=20), max_size=30), st.sampled_from([read_plain, read_markdown]))
def test_line_numbers_of_the_text_are_those_of_the_file(lines: list[str], reader: object) -> None:
    assert callable(reader)
    document = reader("\n".join(lines).encode(), LIMITS)
    for segment in document.segments:
        assert document.text.count("\n", 0, segment.start) + 1 == segment.locator.line


def test_paragraphs_of_plain_text_stand_between_blank_lines() -> None:
    document = read_plain(b"one\ntwo\n\n\nthree\n", LIMITS)
    assert pieces(document) == ["one\ntwo", "three"]
    assert document.segments[1].locator.line == 5


def test_markdown_loses_its_marks_and_keeps_its_words() -> None:
    source = (
        "---\nowner: Ann\n---\n# Guide **to** returns\n\nSee [the list](https://x.example) and ![plan](p.png).\n"
        "- `code_name` stays <!-- gone -->\n\n| Item | Days |\n|---|---:|\n| Parcel | 9 |\n\n```\nx = 1\n```\n"
        "<!-- also\ngone -->\nsnake_case_word and 2 * 3 * 4\n\nUnder\n-----\nend\n"
    )
    document = read_markdown(source.encode(), LIMITS)
    check(document)
    kinds = [(segment.kind.value, text) for segment, text in zip(document.segments, pieces(document), strict=True)]
    assert kinds == [
        ("furniture", "owner: Ann"),
        ("heading", "Guide to returns"),
        ("paragraph", "See the list and plan."),
        ("list_item", "code_name stays"),
        ("table_header", "Item | Days"),
        ("table_row", "Parcel | 9"),
        ("code", "x = 1"),
        ("paragraph", "snake_case_word and 2 * 3 * 4"),
        ("heading", "Under"),
        ("paragraph", "end"),
    ]
    assert document.segments[-1].locator.heading == "Guide to returns > Under"


def test_a_german_table_has_typed_numbers_and_dates() -> None:
    source = "PLZ;Wert;Datum;Text\n01067;1.250,50;03.02.2025;a\n48143;2;04.12.2025;\n"
    document = read_delimited(source.encode("cp1252"), LIMITS)
    (table,) = document.tables
    assert table.header == ("PLZ", "Wert", "Datum", "Text")
    assert table.rows == (("01067", 1250.5, "2025-02-03", "a"), ("48143", 2, "2025-12-04", None))
    assert table.first_row == 2
    assert pieces(document)[1] == "PLZ: 01067 | Wert: 1.250,50 | Datum: 03.02.2025 | Text: a"


def test_an_english_table_has_points_and_thousands() -> None:
    (table,) = read_delimited(b'name,amount\nx,"1,250.50"\ny,7\n', LIMITS).tables
    assert table.rows == (("x", 1250.5), ("y", 7))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_usual_delimiter_is_found(delimiter: str) -> None:
    source = "\n".join(delimiter.join(row) for row in (("a", "b", "c"), ("1", "x y", "z"), ("2", "v", "w")))
    assert read_delimited(source.encode(), LIMITS).tables[0].header == ("a", "b", "c")


def test_a_field_over_several_lines_stays_whole_and_rows_keep_their_lines() -> None:
    document = read_delimited(b'id,note\n1,"first\nsecond"\n2,third\n', LIMITS)
    assert [segment.locator.row for segment in document.segments] == [1, 2, 4]


def test_columns_beyond_the_limit_are_left_out_with_a_warning() -> None:
    document = read_delimited(b"a,b,c\n1,2,3\n", Limits(columns=2))
    assert document.tables[0].header == ("a", "b")
    assert document.warnings == ("only the first 2 columns were read",)


def test_rows_beyond_the_limit_are_left_out_with_a_warning() -> None:
    document = read_delimited(b"a,b\n" + b"1,2\n" * 50, Limits(rows=10))
    assert len(document.tables[0].rows) == 10
    assert "10 rows" in document.warnings[0]


def test_records_of_json_become_rows_and_the_rest_lines() -> None:
    data = {"export": "desk", "tags": ["a", 1], "tickets": [{"id": 1, "who": {"name": "Ann"}}, {"id": 2, "open": True}]}
    document = read_json(json.dumps(data).encode(), LIMITS)
    assert pieces(document) == [
        "export: desk",
        "tags: a",
        "tags: 1",
        "id | who.name | open",
        "id: 1 | who.name: Ann",
        "id: 2 | open: true",
    ]
    assert document.tables[0].rows == ((1, "Ann", None), (2, None, True))


def test_json_lines_nan_double_keys_and_huge_numbers_are_read() -> None:
    document = read_json(b'{"a": NaN, "a": 1}\n{"a": ' + b"9" * 6_000 + b"}\n", LIMITS)
    assert pieces(document, SegmentKind.TABLE_ROW)[0] == "a: NaN | a (2): 1"


@pytest.mark.parametrize("source", [b"[" * 100_000, b"[" * 60 + b"1" + b"]" * 60, b'{"a": }'])
def test_json_that_is_broken_or_too_deep_is_refused(source: bytes) -> None:
    with pytest.raises(ReadError, match="export it"):
        read_json(source, LIMITS)
