"""PDF and Word, really made: the same words as everywhere, links that lead somewhere, the same bytes each time."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from docx import Document

from casebook.domain.report import Level, Report
from casebook.errors import PermanentError
from casebook.report.assembly import Findings, assemble
from casebook.report.blocks import (
    Block,
    Bullets,
    Cite,
    Evidence,
    Heading,
    Link,
    Milestone,
    OpportunityMap,
    Paragraph,
    Point,
    QuoteBlock,
    Rating,
    ReadinessChart,
    RoadmapChart,
    Table,
    Text,
    words,
)
from casebook.report.extra import Imprint
from casebook.report.html import to_html
from casebook.report.layout import lay_out
from casebook.report.markdown import to_markdown
from casebook.report.pdf import PdfFormat, typeset_apart
from casebook.report.printable import visible
from casebook.report.typesetting import Job
from casebook.report.word import WordFormat
from casebook.steps.consolidation import encode
from tests import samples
from tests.fakes import FakeLibrary

IMPRINT = Imprint(title="AI use cases for Acme", run_id="R1", created_at="2026-03-01T12:00:00+00:00")
HOSTILE = [
    "<script>alert(1)</script>",
    '#eval("1+1") $x^2$ #include "/etc/passwd" @q1 <q1> = heading',
    "*bold* _it_ `raw` ~ \\ -- --- // comment /* more */",
    "[click](javascript:alert(1)) **bold** # heading | cell |",
    "{{ template }} ${shell} %s &amp; &lt;b&gt; ]]> <!-- x -->",
    "two\0 parts and \x07 a bell\x1b[31m",
    "mirrored \u202egnp.exe\u202c \u2066inside\u2069",
    "\u0627\u0644\u0641\u0648\u0627\u062a\u064a\u0631 \u062a\u0643\u062a\u0628 \u064a\u062f\u0648\u064a\u0627",
    "\u05d4\u05d7\u05e9\u05d1\u05d5\u05e0\u05d9\u05d5\u05ea finding",
    "finding \U0001f680 \u0430\u0431\u0432 \u03b1\u03b2\u03b3 \u2192 \u2713 \u00bd \u20ac",
    "\u6f22\u5b57 and \uc548\ub155",
    "x" * 5_000,
]


def blocks_saying(text: str, number: int) -> list[Block]:
    quote = f"Q{number}"
    return [
        Heading(3, text[:500], f"u{number}"),
        Paragraph((Text(text), Cite(quote), Link(text[:200], f"#{quote.lower()}"), Link(text[:50], "#nowhere"))),
        Bullets((words(text),), general=True),
        QuoteBlock(text=text, quote_id=quote, place=text[:100], language="und"),
        Table((text[:60], "b"), ((words(text[:800]), words("1")),), numeric=frozenset({1})),
        Table(("a", "b"), ((words(text[:50]), words(text[:50])),), tiles=True),
        OpportunityMap((Point("U1", text, 0.5, 0.5, (1, 2), Level.LOW),)),
        ReadinessChart((Rating(text, 2, text),), 1.0, None),
        RoadmapChart(((text, (Milestone("U1", text, (text,), text),)),)),
        Evidence(
            quote_id=quote,
            before=text[:80],
            text=text,
            after=text[:80],
            place=text[:100],
            target="../data/a%20b.pdf#page=2",
            language="ar",
        ),
    ]


@pytest.fixture(scope="module")
def hostile() -> list[Block]:
    start: list[Block] = [Heading(1, "<b>#Title</b>"), Paragraph(words("Front")), Heading(2, "Section", "section")]
    return [
        *start,
        *(block for number, text in enumerate(HOSTILE, 1) for block in blocks_saying(visible(text), number)),
    ]


@pytest.fixture(scope="module")
def pdf(hostile: list[Block]) -> bytes:
    return PdfFormat().write(hostile, IMPRINT)


@pytest.fixture(scope="module")
def docx(hostile: list[Block]) -> bytes:
    return WordFormat().write(hostile, IMPRINT)


def report() -> Report:
    found = Findings(
        submission=samples.SUBMISSION,
        manifest=samples.manifest(),
        library=FakeLibrary(),
        analysis=samples.analysis(),
        evidence=samples.evidence(),
        portfolio=samples.portfolio(),
        analyst=samples.FACTS,
    )
    return assemble(found, run_id="R1", started_at=samples.STARTED_AT, now=samples.NOW + timedelta(seconds=1))


def pdf_text(data: bytes) -> str:
    with pypdfium2.PdfDocument(data) as document:
        return "\n".join(page.get_textpage().get_text_range() for page in document)


def part(data: bytes, name: str = "word/document.xml") -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return package.read(name).decode()


def docx_text(data: bytes) -> str:
    return " ".join(
        node.text or "" for node in Document(io.BytesIO(data)).element.body.iter() if node.tag.endswith("}t")
    )


def bare(text: str) -> str:
    """Return the characters that are seen, without blanks."""
    return "".join(re.sub("[\u200b\u2060\ufffe\u00ad]", "", text).split())


LEFT_TO_RIGHT = [text for text in HOSTILE if text.isascii() or "\u202e" in text or "\U0001f680" in text][:-1]


@pytest.mark.parametrize("text", LEFT_TO_RIGHT)
def test_hostile_words_stay_words_in_pdf_and_word(text: str, pdf: bytes, docx: bytes) -> None:
    assert bare(pdf_text(pdf)).count(bare(visible(text))) >= 4
    assert bare(docx_text(docx)).count(bare(visible(text))) >= 4


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_stay_words_in_the_other_formats(text: str) -> None:
    saying = samples.saying(report(), text)
    assert json.loads(encode(saying))["quotes"][0]["text"] == text
    blocks = lay_out(saying)
    page = to_html(blocks, title="x")
    assert "<script" not in page
    assert not set("\0\x07\x1b\u202e\u2066") & {*page, *to_markdown(blocks)}


def test_words_written_from_right_to_left_are_in_pdf_and_word(pdf: bytes, docx: bytes) -> None:
    shown = pdf_text(pdf)
    for word in ("\u05d4\u05d7\u05e9\u05d1\u05d5\u05e0\u05d9\u05d5\u05ea",):
        assert word in shown or word[::-1] in shown
    assert HOSTILE[7] in docx_text(docx)
    assert part(docx).count("<w:bidi/>") >= 4
    assert part(docx).count("<w:rtl/>") >= 4


def test_a_word_of_five_thousand_letters_is_shown_whole(pdf: bytes, docx: bytes) -> None:
    assert bare(pdf_text(pdf)).count("x") >= 4 * 5_000
    assert docx_text(docx).count("x" * 5_000) >= 4


def test_characters_that_no_font_has_are_boxes_in_the_pdf_and_named_as_a_limit(
    hostile: list[Block], pdf: bytes, docx: bytes
) -> None:
    assert "\u25a1\u25a1 and \u25a1\u25a1" in pdf_text(pdf)
    (limit,) = PdfFormat().limits(hostile)
    assert limit.startswith("4 characters (cjk, hangul) cannot be shown in the PDF")
    assert "U+6F22" in limit
    assert 'w:eastAsia="zh-CN"' in part(docx) or 'w:eastAsia="ko-KR"' in part(docx)


def test_a_pdf_has_an_outline_tags_and_links_inside(pdf: bytes) -> None:
    with pypdfium2.PdfDocument(pdf) as document:
        assert "Section" in [item.get_title() for item in document.get_toc()]
        assert document.is_tagged()
    assert pdf.count(b"/Subtype/Link") >= len(HOSTILE) * 3
    assert b"pdfuaid" in pdf


def test_marks_in_word_lead_to_bookmarks_that_are_there(docx: bytes) -> None:
    marks = set(re.findall(r'w:anchor="([^"]+)"', part(docx)))
    assert marks >= {"q1", "q2", "section"}
    assert marks <= set(re.findall(r'w:bookmarkStart [^>]*w:name="([^"]+)"', part(docx)))
    assert "../data/a%20b.pdf#page=2" in part(docx, "word/_rels/document.xml.rels")


def test_charts_in_word_have_words_for_those_who_cannot_see_them(docx: bytes) -> None:
    shapes = Document(io.BytesIO(docx)).inline_shapes
    assert len(shapes) == 3 * len(HOSTILE)
    described: list[Any] = [shape._inline.docPr.get("descr") for shape in shapes]  # noqa: SLF001 - no interface
    assert described[0].startswith("Opportunity map: value over feasibility")


def test_tables_in_word_have_columns_of_their_own_width(docx: bytes) -> None:
    table = part(docx).split("<w:tbl>")[1]
    columns = [int(width) for width in re.findall(r'<w:gridCol w:w="(\d+)"', table)]
    assert columns == [int(width) for width in re.findall(r'<w:tcW w:w="(\d+)"', table)][: len(columns)]
    assert len(set(columns)) > 1


@pytest.mark.parametrize("written", [PdfFormat(), WordFormat()])
def test_the_same_report_becomes_the_same_bytes(written: PdfFormat | WordFormat) -> None:
    blocks = lay_out(report())
    first = written.write(blocks, IMPRINT)
    assert first == written.write(blocks, IMPRINT)
    assert first != written.write(blocks, Imprint(title="x", run_id="R2", created_at="2027-01-01T00:00:00+00:00"))


def test_fonts_of_ones_own_fill_the_gaps(tmp_path: Path) -> None:
    assert PdfFormat(tmp_path).limits([Paragraph(words("\u6f22"))])
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    assert PdfFormat(tmp_path).limits([Paragraph(words("plain \u00e4\u03b1\u0430\u05d0\u0628\u2192\U0001f680"))]) == []


def test_a_template_can_read_no_file_and_its_error_is_told() -> None:
    job = Job(template='#read("/etc/passwd")', report="{}", made_at=0)
    with pytest.raises(PermanentError, match="file not found"):
        typeset_apart([job], None)


def test_a_process_that_takes_too_long_is_ended() -> None:
    job = Job(template="#for i in range(100000) { for j in range(100000) {} }", report="{}", made_at=0)
    with pytest.raises(PermanentError, match=r"ended early|took more than 1 s"):
        typeset_apart([job], None, seconds=1)
