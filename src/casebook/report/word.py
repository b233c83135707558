"""The report as a Word document: headings, links inside, charts as pictures."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from html import escape
from itertools import count
from pathlib import Path
from typing import Any, Final

from docx import Document
from docx.document import Document as WordDocument
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor

from casebook.report.blocks import (
    Block,
    Bullets,
    Cite,
    Evidence,
    Heading,
    Inline,
    Line,
    Link,
    OpportunityMap,
    Paragraph,
    QuoteBlock,
    ReadinessChart,
    RoadmapChart,
    Table,
    Text,
)
from casebook.report.charts import describe
from casebook.report.columns import widths
from casebook.report.extra import Imprint
from casebook.report.pdf import is_rtl, pictures

FONT: Final = "Noto Sans"
_INK, _SOFT, _ACCENT = "1D2430", "5B6575", "0B5C7A"
_WIDTH = 9_638  # of the text, in twentieths of a point: A4 with margins of 20 mm
_NAMESPACES = nsdecls("w")
_HAN = (("\u3040", "\u30ff", "ja-JP"), ("\uac00", "\ud7af", "ko-KR"), ("\u3400", "\u9fff", "zh-CN"))
_EPOCH = (1980, 1, 1, 0, 0, 0)


class WordFormat:
    """Writes Word documents."""

    def __init__(self, fonts: Path | None = None) -> None:
        """Draw charts with the bundled fonts and those in `fonts`."""
        self._fonts = fonts

    def write(self, blocks: Sequence[Block], imprint: Imprint) -> bytes:
        """Return the document. Raises PermanentError when the charts cannot be drawn."""
        charts = [block for block in blocks if isinstance(block, OpportunityMap | ReadinessChart | RoadmapChart)]
        drawn = dict(zip(charts, pictures(charts, fonts=self._fonts), strict=True))
        document = _template(imprint)
        writer = _Writer(document, blocks)
        for block in blocks:
            if isinstance(block, OpportunityMap | ReadinessChart | RoadmapChart):
                _add_picture(document, drawn[block], describe(block))
            else:
                writer.add(block)
        return _saved(document)

    def limits(self, blocks: Sequence[Block]) -> list[str]:
        """Word brings its own fonts."""
        del blocks
        return []


def _template(imprint: Imprint) -> WordDocument:
    document = Document()
    made_at = datetime.fromisoformat(imprint.created_at).replace(tzinfo=None)
    properties = document.core_properties
    properties.title, properties.author, properties.comments = imprint.title, "", ""
    properties.created = properties.modified = made_at
    properties.last_modified_by = ""
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(20)
    section.top_margin, section.bottom_margin = Mm(22), Mm(20)
    for name, size, colour in (
        ("Normal", 9.5, _INK),
        ("Title", 28, _INK),
        ("Heading 1", 17, _INK),
        ("Heading 2", 13, _ACCENT),
        ("Heading 3", 9, _ACCENT),
        ("List Bullet", 9.5, _INK),
    ):
        _style(document, name, size, colour)
    footer = section.footer.paragraphs[0]._p  # noqa: SLF001 - fields have no interface
    footer.append(
        _xml(f"<w:r>{_properties(colour=_SOFT, size=15)}<w:t>Run {escape(imprint.run_id)}</w:t><w:tab/><w:tab/></w:r>")
    )
    footer.append(_xml('<w:fldSimple w:instr="PAGE"><w:r><w:t>1</w:t></w:r></w:fldSimple>'))
    return document


def _style(document: WordDocument, name: str, size: float, colour: str) -> None:
    style: Any = document.styles[name]
    style.font.size, style.font.color.rgb = Pt(size), RGBColor.from_string(colour)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    fonts.attrib.clear()
    for kind in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(qn(f"w:{kind}"), FONT)
    style.paragraph_format.space_after = Pt(5)
    if name.startswith("Heading"):
        style.paragraph_format.space_before = Pt(size * 0.9)
        style.paragraph_format.keep_with_next = True


class _Writer:
    """Appends blocks to a document; knows which anchors there are."""

    def __init__(self, document: WordDocument, blocks: Iterable[Block]) -> None:
        self.document = document
        self.body: Any = document.element.body
        self.end = self.body[-1]  # the section's properties come last
        self.numbers = count(1)
        self.targets: dict[str, str] = {}
        self.headings = [block for block in blocks if isinstance(block, Heading)]
        self.anchors = {heading.anchor for heading in self.headings if heading.anchor}
        self.anchors |= {block.quote_id.lower() for block in blocks if isinstance(block, Evidence)}
        self.contents_due = True

    def add(self, block: Block) -> None:
        if self.contents_due and isinstance(block, Heading) and block.level == 2:  # noqa: PLR2004 - the title is 1
            self.contents_due = False
            self.append(self.contents())
        self.append(self.block(block))

    def append(self, elements: Iterable[str]) -> None:
        for element in elements:
            self.end.addprevious(_xml(element))

    def contents(self) -> Iterator[str]:
        """A list of the sections; it has links in place of page numbers, which only Word can tell."""
        yield _paragraph([_run("Contents", bold=True, size=34)], breaks=True)
        for heading in self.headings:
            if heading.anchor and heading.level in {2, 3}:
                indent = f'<w:ind w:left="{360 * (heading.level - 2)}"/>'
                yield _paragraph([self.link(Link(heading.text, f"#{heading.anchor}"))], indent=indent)
        yield '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'

    def block(self, block: Block) -> Iterator[str]:
        match block:
            case Heading():
                style = "Title" if block.level == 1 else f"Heading{block.level - 1}"
                marked = [self.bookmark(block.anchor)] if block.anchor else []
                yield _paragraph([*marked, _run(block.text)], style=style, rtl=is_rtl(block.text))
            case Paragraph():
                lead = all(isinstance(part, Text) and part.strong for part in block.line)
                yield _paragraph(self.line(block.line, general=block.general), keep=lead)
            case Bullets():
                for number, item in enumerate(block.items, start=1):
                    yield self.item(item, number, block)
            case QuoteBlock():
                yield from self.quote(block)
            case Table():
                yield self.table(block)
                yield '<w:p><w:pPr><w:spacing w:after="60" w:line="120" w:lineRule="exact"/></w:pPr></w:p>'
            case Evidence():
                yield from self.evidence(block)
            case _:  # charts are pictures: see WordFormat
                return

    def item(self, item: Line, number: int, bullets: Bullets) -> str:
        if not bullets.numbered:
            return _paragraph(self.line(item, general=bullets.general), style="ListBullet")
        indent = '<w:ind w:left="360" w:hanging="360"/>'
        return _paragraph([_run(f"{number}.\t"), *self.line(item, general=bullets.general)], indent=indent)

    def quote(self, block: QuoteBlock) -> Iterator[str]:
        rtl = is_rtl(block.text)
        side = "right" if rtl else "left"
        frame = (
            f'<w:pBdr><w:{side} w:val="single" w:sz="18" w:space="8" w:color="{_ACCENT}"/></w:pBdr>'
            '<w:shd w:val="clear" w:color="auto" w:fill="F5F7FA"/>'
        )
        indent = '<w:ind w:left="200" w:right="200"/>'
        said = [_run(f"“{block.text}”", language=block.language), self.cite(block.quote_id)]
        yield _paragraph(said, frame=frame, indent=indent, rtl=rtl, keep=True)
        yield _paragraph([_run(block.place, colour=_SOFT, size=16)], frame=frame, indent=indent)

    def evidence(self, block: Evidence) -> Iterator[str]:
        place = self.link(Link(block.place, block.target)) if block.target else _run(block.place, colour=_SOFT)
        mark = self.bookmark(block.quote_id.lower())
        yield _paragraph([mark, _run(f"{block.quote_id}  ", bold=True, colour=_ACCENT), place], keep=True)
        said = [
            _run(f"…{block.before}", colour=_SOFT, language=block.language),
            _run(block.text, marked=True, language=block.language),
            _run(f"{block.after}…", colour=_SOFT, language=block.language),
        ]
        yield _paragraph(said, rtl=is_rtl(block.text))

    def table(self, table: Table) -> str:
        titled = any(table.header)
        shares = widths(table) if titled else [0.24, *([0.76 / (len(table.header) - 1)] * (len(table.header) - 1))]
        columns = [round(_WIDTH * share) for share in shares]
        grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in columns)
        head = self.row([(Text(name, strong=True),) for name in table.header], columns, table, head=True)
        rows = "".join(self.row(row, columns, table) for row in table.rows)
        line = 'w:val="single" w:sz="4" w:space="0" w:color="D9DEE6"'
        return (
            f'<w:tbl><w:tblPr><w:tblW w:w="{sum(columns)}" w:type="dxa"/>'
            f"<w:tblBorders><w:bottom {line}/><w:insideH {line}/></w:tblBorders>"
            '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="70" w:type="dxa"/>'
            '<w:right w:w="70" w:type="dxa"/></w:tblCellMar></w:tblPr>'
            f"<w:tblGrid>{grid}</w:tblGrid>{head if titled else ''}{rows}</w:tbl>"
        )

    def row(self, row: Sequence[Line], columns: Sequence[int], table: Table, *, head: bool = False) -> str:
        kind = "<w:trPr><w:cantSplit/>" + ("<w:tblHeader/>" if head else "") + "</w:trPr>"
        cells = []
        for number, (cell, width) in enumerate(zip(row, columns, strict=True)):
            alignment = '<w:jc w:val="right"/>' if number in table.numeric else ""
            runs = self.line(cell, size=15 if head else 17, colour=_SOFT if head else _INK)
            spacing = '<w:spacing w:before="40" w:after="40"/>'
            cells.append(
                f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>'
                f"{_paragraph(runs, spacing=spacing, alignment=alignment)}</w:tc>"
            )
        return f"<w:tr>{kind}{''.join(cells)}</w:tr>"

    def line(self, line: Line, *, general: bool = False, size: int | None = None, colour: str = _INK) -> list[str]:
        colour = _SOFT if general else colour
        return [self.inline(part, italic=general, size=size, colour=colour) for part in line]

    def inline(self, part: Inline, *, italic: bool, size: int | None, colour: str) -> str:
        match part:
            case Cite():
                return self.cite(part.quote_id)
            case Link():
                return self.link(part, size=size)
            case Text():
                return _run(part.text, bold=part.strong, italic=italic, size=size, colour=colour)

    def cite(self, quote_id: str) -> str:
        run = _run(f"\u2060{quote_id}", colour=_ACCENT, raised=True)
        if quote_id.lower() not in self.anchors:
            return run
        return f'<w:hyperlink w:anchor="{quote_id.lower()}">{run}</w:hyperlink>'

    def link(self, link: Link, *, size: int | None = None) -> str:
        run = _run(link.text, colour=_ACCENT, size=size)
        if link.target.startswith("#"):
            anchor = link.target[1:]
            return f'<w:hyperlink w:anchor="{escape(anchor)}">{run}</w:hyperlink>' if anchor in self.anchors else run
        if link.target not in self.targets:
            self.targets[link.target] = self.document.part.relate_to(
                link.target, RELATIONSHIP_TYPE.HYPERLINK, is_external=True
            )
        return f'<w:hyperlink r:id="{self.targets[link.target]}" {nsdecls("r")}>{run}</w:hyperlink>'

    def bookmark(self, anchor: str) -> str:
        number = next(self.numbers)
        return f'<w:bookmarkStart w:id="{number}" w:name="{escape(anchor)}"/><w:bookmarkEnd w:id="{number}"/>'


def _paragraph(  # noqa: PLR0913 - what a paragraph has, in the order of the schema
    runs: Iterable[str],
    *,
    style: str = "",
    keep: bool = False,
    breaks: bool = False,
    frame: str = "",
    rtl: bool = False,
    spacing: str = "",
    indent: str = "",
    alignment: str = "",
) -> str:
    parts = (
        f'<w:pStyle w:val="{style}"/>' if style else "",
        "<w:keepNext/>" if keep else "",
        "<w:pageBreakBefore/>" if breaks else "",
        frame,
        "<w:bidi/>" if rtl else "",
        spacing,
        indent,
        alignment,
    )
    return f"<w:p><w:pPr>{''.join(parts)}</w:pPr>{''.join(runs)}</w:p>"


def _run(text: str, *, language: str = "", **look: Any) -> str:  # noqa: ANN401 - see _properties
    flat = " ".join(text.split(" ")).replace("\n", " ").replace("\r", " ")
    words = "<w:tab/>".join(
        f'<w:t xml:space="preserve">{escape(piece, quote=False)}</w:t>' for piece in flat.split("\t")
    )
    return f"<w:r>{_properties(rtl=is_rtl(text), language=language, eastern=_eastern(text), **look)}{words}</w:r>"


def _properties(  # noqa: PLR0913 - what a run has, in the order of the schema
    *,
    bold: bool = False,
    italic: bool = False,
    colour: str = "",
    size: int | None = None,
    marked: bool = False,
    raised: bool = False,
    rtl: bool = False,
    language: str = "",
    eastern: str = "",
) -> str:
    known = f' w:val="{language}"' if language.isascii() and language.isalpha() and language != "und" else ""
    east = f' w:eastAsia="{eastern}"' if eastern else ""
    parts = (
        "<w:b/><w:bCs/>" if bold else "",
        "<w:i/><w:iCs/>" if italic else "",
        f'<w:color w:val="{colour}"/>' if colour else "",
        f'<w:sz w:val="{size}"/><w:szCs w:val="{size}"/>' if size else "",
        '<w:shd w:val="clear" w:color="auto" w:fill="FFF1B8"/>' if marked else "",
        '<w:vertAlign w:val="superscript"/>' if raised else "",
        "<w:rtl/>" if rtl else "",
        f"<w:lang{known}{east}/>" if known or east else "",
    )
    return f"<w:rPr>{''.join(parts)}</w:rPr>"


def _eastern(text: str) -> str:
    """Tell which East Asian language a text is in, so that Word takes a font that has its characters."""
    return next((name for low, high, name in _HAN if any(low <= character <= high for character in text)), "")


def _add_picture(document: WordDocument, png: bytes, described: str) -> None:
    shape = document.add_picture(io.BytesIO(png), width=Mm(170))
    shape._inline.docPr.set("descr", described)  # noqa: SLF001 - alternative texts have no interface


def _xml(element: str) -> Any:  # noqa: ANN401 - an element of lxml
    head, close, rest = element.partition(">") if " " not in element.split(">", 1)[0] else element.partition(" ")
    return parse_xml(f"{head} {_NAMESPACES}{close}{rest}")


def _saved(document: WordDocument) -> bytes:
    """Save with the same bytes each time: the parts of the package get one date."""
    raw, even = io.BytesIO(), io.BytesIO()
    document.save(raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(even, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, source.read(name))
    return even.getvalue()
