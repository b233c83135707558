"""Web pages."""

from __future__ import annotations

import pytest

from casebook.documents.html_page import read_html
from casebook.documents.limits import Limits, ReadError
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
        'style="font-size: 1px"',
        'style="color:#fff;background:#ffffff"',
    ],
)
def test_text_no_reader_sees_stays_out_with_a_warning(attribute: str) -> None:
    document = read(f"<p>seen</p><div {attribute}><p>PWN-0001</p></div><p>also seen</p>")
    assert pieces(document) == ["seen", "also seen"]
    assert document.warnings == ("1 hidden passage left out, of 8 characters",)


@pytest.mark.parametrize(
    ("sheet", "element"),
    [
        (".x{display:none}", '<div class="a x">'),
        (".x { color: red; VISIBILITY : hidden }", '<div class="x">'),
        ("/* } */ .y, div#x{display:none!important;}", '<div id="x" style="color:red">'),
        (".x{font-size:0} .x{color:#fff}", '<div class="x">'),
        (".box p > span.x, .box .x{color:white}", '<div class="box"><b class="x">'),
        ("@media screen{.x{display:none}}", '<div class="x">'),
        ("@font-face{font-family:A} @media print{p{color:red}} .x{display:none}", '<div class="x">'),
        (".x{display:block} div.x{display:none} .x{display:block}", '<div class="x">'),
        ("aside{display:none}", "<aside>"),
    ],
)
def test_text_hidden_by_a_style_sheet_stays_out_with_a_warning(sheet: str, element: str) -> None:
    document = read(f"<style>{sheet}</style><p>seen</p>{element}PWN-0001</div></aside><p>also seen</p>")
    assert "PWN" not in document.text
    assert document.text.startswith("seen")
    assert document.warnings[0].startswith("1 hidden passage left out")


@pytest.mark.parametrize(
    ("sheet", "element"),
    [
        ("@media print{.x{display:none}}", '<div class="x">'),
        ("@media (max-width: 600px){.x{display:none}}", '<div class="x">'),
        (".x:hover{display:none} .x::before{display:none}", '<div class="x">'),
        (".x{display:none} .x.open{display:block}", '<div class="x open">'),
        (".x{display:none}", '<div class="x" style="display:block">'),
        (".y .x{display:none} .y > p{display:none}", '<div class="x">'),
        ("body{background:#002244;color:white}", '<div class="x">'),
        (".x{background-color:navy} .x{color:#fff}", '<div class="x">'),
        (".x{display:none", '<div class="z">'),
        ("}}}{{{ .x{", '<div class="x">'),
    ],
)
def test_text_that_a_style_sheet_shows_is_read(sheet: str, element: str) -> None:
    document = read(f"<style>{sheet}</style>{element}Order now</div>")
    assert document.text == "Order now"
    assert document.warnings == ()


def test_a_style_sheet_that_would_take_hours_is_refused() -> None:
    sheet = ".a .a .a .a .a{display:none}" * 6_000 + "{" * 10_000 + "/*" * 10_000
    with pytest.raises(ReadError, match="style sheets are too large"):
        read(f"<style>{sheet}</style>" + '<b class="a">' * 300 + "deep")


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
