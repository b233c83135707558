"""Scans and pictures through the real recogniser of the `ocr` extra. Without it they are skipped, and said to be."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from casebook.documents.ocr import recognizer
from casebook.documents.passages import cut_passages
from casebook.documents.reading import read_bytes
from casebook.domain.document import Document
from casebook.domain.quote import Quote
from casebook.extras import missing_of
from tests.acceptance.program import Program, report_of

FONT = Path(__file__).parents[2] / "src/casebook/report/fonts/NotoSans-Regular.ttf"
WIDTH, HEIGHT, LEFT, TOP, LINE = 1240, 1754, 120, 150, 50  # pixels of A4 at 150 dpi
LINES = (
    "Protokoll der Auftragsrunde",
    "",
    "Die Auftragserfassung tippt jede Bestellung von Hand in SAP ab,",
    "das sind rund 85 Bestellungen am Tag und zwei Stunden Arbeit.",
    "",
    "Reklamationen bleiben neun Tage liegen, weil niemand die",
    "Prüfberichte für größere Fälle findet.",
)
TYPED = "Die Auftragserfassung tippt jede Bestellung von Hand in SAP ab, das sind rund 85 Bestellungen am Tag"

pytestmark = pytest.mark.skipif(
    bool(missing_of("ocr")) or recognizer() is None, reason="need the extra `ocr`: uv sync --extra ocr"
)


def scan(kind: str) -> bytes:
    """Draw the lines as a page of a scanner: grey paper, a little askew, packed as JPEG in a PDF."""
    import PIL.Image  # noqa: PLC0415 - comes with the extra
    import PIL.ImageDraw  # noqa: PLC0415
    import PIL.ImageFont  # noqa: PLC0415

    page = PIL.Image.new("L", (WIDTH, HEIGHT), 245)
    pen, font = PIL.ImageDraw.Draw(page), PIL.ImageFont.truetype(FONT, 30)
    for number, line in enumerate(LINES):
        pen.text((LEFT, TOP + LINE * number), line, fill=40, font=font)
    page = page.rotate(0.3, fillcolor=245)
    file = io.BytesIO()
    page.save(file, kind, **({"resolution": 150} if kind == "PDF" else {}))
    return file.getvalue()


@pytest.fixture(scope="module", params=["PDF", "PNG", "JPEG"])
def document(request: pytest.FixtureRequest) -> Document:
    return read_bytes(f"scan.{request.param.lower()}", scan(request.param))


def test_a_scan_is_read_as_it_was_typed(document: Document) -> None:
    assert document.text.split("\n") == list(LINES)
    assert (document.pages, document.warnings) == (1, ())


def test_each_paragraph_knows_its_place_on_the_page(document: Document) -> None:
    first_lines = (0, 2, 5)
    last_lines = (0, 3, 6)
    for segment, first, last in zip(document.segments, first_lines, last_lines, strict=True):
        assert segment.locator.page == 1
        assert segment.locator.box is not None
        left, top, right, bottom = segment.locator.box
        assert left == pytest.approx(LEFT / WIDTH, abs=0.02)
        assert top == pytest.approx((TOP + LINE * first) / HEIGHT, abs=0.02)
        assert bottom == pytest.approx((TOP + LINE * (last + 1)) / HEIGHT, abs=0.02)
        assert left < right < 1


def test_a_quote_is_cut_from_a_scan_letter_by_letter(document: Document) -> None:
    passages = cut_passages("S1", document.text, document.segments)
    passage = next(found for found in passages if "SAP" in found.text)
    quote = Quote.cut(TYPED, passage, id="Q1", theme="")
    assert document.text[quote.start : quote.end] == quote.text == TYPED.replace("ab, das", "ab,\ndas")
    assert (quote.locator.page, quote.locator.box) == (1, document.segments[1].locator.box)


def test_a_run_on_a_scan_quotes_it(tmp_path: Path) -> None:
    casebook = Program(root=tmp_path, outputs=tmp_path / "outputs")
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "Protokoll.pdf").write_bytes(scan("PDF"))
    report: dict[str, Any] = report_of(casebook.run(folder, "Scan GmbH"))
    quotes = {" ".join(quote["text"].split()): quote["locator"] for quote in report["quotes"]}
    assert any(text.startswith(TYPED) for text in quotes)
    assert all(locator["page"] == 1 and len(locator["box"]) == 4 for locator in quotes.values())
