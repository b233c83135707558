"""Web pages."""

from __future__ import annotations

import pytest

from casebook.documents.html_page import read_html
from casebook.documents.limits import Limits
from casebook.domain.document import Document, SegmentKind
from tests.unit.documents.checks import check, pieces


def read(body: str) -> Document:
    document = read_html(f"<html><body>{body}</body></html>".encode(), Limits())
    check(document)
    return document


def test_headings_paragraphs_lists_and_tables_are_told_apart() -> None:
    document = read(
        "<nav>Home</nav><h1>Prices</h1><p>One<br>two <b>bold</b>.</p><ul><li>a<li>b</ul>"
        "<table><tr><th>Item<th>Days<tr><td>Parcel<td>9</table><script>x()</script>"
    )
    assert [(segment.kind.value, text) for segment, text in zip(document.segments, pieces(document), strict=True)] == [
        ("furniture", "Home"),
        ("heading", "Prices"),
        ("paragraph", "One\ntwo bold."),
        ("list_item", "a"),
        ("list_item", "b"),
        ("table_header", "Item | Days"),
        ("table_row", "Item: Parcel | Days: 9"),
    ]
    assert document.segments[-1].locator.heading == "Prices"


@pytest.mark.parametrize(
    "attribute",
    [
        "hidden",
        'aria-hidden="true"',
        'style="display: none"',
        'style="color: #FFF;"',
        'style="font-size:0"',
        'style="color:transparent"',
        'style="visibility:hidden"',
    ],
)
def test_text_no_reader_sees_stays_out_with_a_warning(attribute: str) -> None:
    document = read(f"<p>seen</p><div {attribute}><p>PWN-0001</p></div><p>also seen</p>")
    assert pieces(document) == ["seen", "also seen"]
    assert document.warnings == ("hidden text of 8 characters was left out",)


def test_pale_text_on_a_dark_ground_is_read() -> None:
    assert pieces(read('<div style="background:navy"><p style="color:white">Order now</p></div>')) == ["Order now"]


def test_a_table_that_only_places_blocks_is_read_as_text() -> None:
    document = read("<table><tr><td><h2>News</h2><p>We moved.</p></td><td>Side</td></tr></table>")
    assert not pieces(document, SegmentKind.TABLE_ROW)
    assert "We moved." in document.text


def test_a_declared_encoding_is_followed() -> None:
    source = '<meta charset="windows-1252"><p>Größe</p>'.encode("cp1252")
    assert read_html(source, Limits()).text == "Größe"


def test_deep_nesting_and_stray_ends_do_no_harm() -> None:
    assert pieces(read("<div>" * 20_000 + "bottom" + "</p></div></td>" * 20_000)) == ["bottom"]
