"""Word documents: body in order, then notes, comments, headers and footers.

One pass over the XML of each part, as a stream. Deleted and hidden text stays out, text boxes come once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from casebook.documents.limits import Limits
from casebook.documents.ooxml import Handler, Package, read_paragraphs, write_chart
from casebook.documents.tables import TableBudget, grid, write_table
from casebook.documents.text import HeadingPath, TextBuilder
from casebook.domain.document import Document, Locator, SegmentKind

_HEADING_NAME = re.compile(r"(?:heading|überschrift|berschrift|titre|título|titolo|kop|rubrik)\s?([1-9])")
_CONTENTS_NAME = re.compile(r"(?:toc|verzeichnis)\s?\d")
_TITLES: Final = frozenset({"title", "titel"})
_OFF: Final = frozenset({"0", "false", "off"})
_BREAKS: Final = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
_SKIPPED: Final = frozenset({"del", "moveFrom", "Fallback", "instrText", "delInstrText", "delText"})
_NOTE_KINDS: Final = {"footnote": "footnote", "endnote": "endnote", "comment": "comment"}
_MAX_FORM_CELL: Final = 300


@dataclass(frozen=True, slots=True)
class _Style:
    level: int | None = None  # of a heading; 0 is the document's title
    contents: bool = False  # a line of the table of contents
    item: bool = False
    hidden: bool = False


@dataclass(slots=True)
class _RawStyle:
    name: str = ""
    based_on: str = ""
    outline: int | None = None
    item: bool = False
    hidden: bool = False


class _Styles(Handler):
    """word/styles.xml: which style ids are headings, whatever the language of the Word that wrote them."""

    def __init__(self) -> None:
        self.raw: dict[str, _RawStyle] = {}
        self._current = _RawStyle()

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        value = attributes.get("val", "")
        if name == "style":
            self._current = self.raw[attributes.get("styleId", "")] = _RawStyle()
        elif name == "name":
            self._current.name = value.lower()
        elif name == "basedOn":
            self._current.based_on = value
        elif name == "outlineLvl":
            self._current.outline = _level(value)
        elif name == "numId":
            self._current.item = value not in _OFF
        elif name == "vanish":
            self._current.hidden = value not in _OFF

    def resolve(self, style_id: str) -> _Style:
        """Follow a style to the ones it is based on."""
        seen: set[str] = set()
        chain: list[_RawStyle] = []
        while style_id in self.raw and style_id not in seen:
            seen.add(style_id)
            chain.append(self.raw[style_id])
            style_id = chain[-1].based_on
        levels = [level for raw in chain if (level := _style_level(raw)) is not None]
        return _Style(
            level=levels[0] if levels else None,
            contents=any(_CONTENTS_NAME.fullmatch(raw.name) for raw in chain),
            item=any(raw.item for raw in chain) or any(raw.name.startswith("list ") for raw in chain),
            hidden=any(raw.hidden for raw in chain),
        )


def _style_level(raw: _RawStyle) -> int | None:
    if named := _HEADING_NAME.fullmatch(raw.name):
        return int(named[1])
    if raw.name in _TITLES:
        return 0
    return raw.outline


def _level(value: str) -> int | None:
    """Turn w:outlineLvl (0 to 8, 9 is body text) into a heading level from 1."""
    return int(value) + 1 if value.isdecimal() and int(value) < 9 else None  # noqa: PLR2004


@dataclass(slots=True)
class Paragraph:
    """One paragraph as it was written."""

    text: str
    style: str = ""
    level: int | None = None
    item: bool = False
    references: Sequence[tuple[str, str]] = ()  # ("footnote", "2"), ("comment", "0")
    boxed: bool = False
    bold: bool = False


@dataclass(slots=True)
class _OpenParagraph:
    parts: list[str] = field(default_factory=list)
    style: str = ""
    level: int | None = None
    item: bool = False
    references: list[tuple[str, str]] = field(default_factory=list)
    in_properties: bool = False
    in_run: bool = False
    run_hidden: bool = False


@dataclass(slots=True)
class _OpenTable:
    rows: list[list[str]] = field(default_factory=list)
    cell: list[str] = field(default_factory=list)
    span: int = 1
    merged: bool = False  # the cell goes on from the row above
    header_rows: int = 0


class _Body(Handler):
    """Turns the elements of a story (body, note, header) into paragraphs and tables."""

    def __init__(
        self,
        on_paragraph: Callable[[Paragraph], None],
        on_table: Callable[[_OpenTable], None],
        hidden_styles: frozenset[str] = frozenset(),
    ) -> None:
        self._on_paragraph = on_paragraph
        self._on_table = on_table
        self._hidden_styles = hidden_styles
        self._open: list[_OpenParagraph] = []
        self._tables: list[_OpenTable] = []
        self._skipped = 0
        self._boxes = 0
        self._in_text = False
        self._blockers: list[int] = []  # tables open around each text box: a box in a cell is no cell
        self.hidden_characters = 0
        self.charts: list[str] = []  # relation ids
        self.diagrams: list[str] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name in _SKIPPED:
            self._skipped += 1
        if self._skipped:
            return
        if name == "t":
            self._in_text = True
        elif name == "p":
            self._open.append(_OpenParagraph())
        elif name in {"tbl", "tr", "tc", "gridSpan", "vMerge", "tblHeader"}:
            self._start_table(name, attributes)
        elif name == "txbxContent":
            self._boxes += 1
        elif name == "chart" and "r:id" in attributes:
            self.charts.append(attributes["r:id"])
        elif name == "relIds" and "r:dm" in attributes:
            self.diagrams.append(attributes["r:dm"])
        elif self._open:
            self._start_inside(self._open[-1], name, attributes)

    def _start_inside(self, paragraph: _OpenParagraph, name: str, attributes: Mapping[str, str]) -> None:
        value = attributes.get("val", "")
        if name == "pPr":
            paragraph.in_properties = True
        elif name == "r":
            paragraph.in_run, paragraph.run_hidden = True, False
        elif paragraph.in_properties:
            if name == "pStyle":
                paragraph.style = value
            elif name == "outlineLvl":
                paragraph.level = _level(value)
            elif name == "numId":
                paragraph.item = value not in _OFF
        elif paragraph.in_run:
            self._start_in_run(paragraph, name, value, attributes)

    def _start_in_run(self, paragraph: _OpenParagraph, name: str, value: str, attributes: Mapping[str, str]) -> None:
        if name in _BREAKS:
            paragraph.parts.append(_BREAKS[name])
        elif name == "vanish":
            paragraph.run_hidden = value not in _OFF
        elif name == "rStyle" and value in self._hidden_styles:
            paragraph.run_hidden = True
        elif name.endswith("Reference") and (kind := name.removesuffix("Reference")) in _NOTE_KINDS:
            paragraph.references.append((kind, attributes.get("id", "")))

    def _start_table(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "tbl":
            self._tables.append(_OpenTable())
            return
        if not self._tables:
            return
        table = self._tables[-1]
        if name == "tr":
            table.rows.append([])
        elif name == "tc":
            table.cell, table.span, table.merged = [], 1, False
        elif name == "gridSpan":
            span = attributes.get("val", "1")
            table.span = min(int(span), 64) if span.isdecimal() else 1
        elif name == "vMerge":
            table.merged = attributes.get("val", "continue") == "continue"
        elif name == "tblHeader" and attributes.get("val", "") not in _OFF:
            table.header_rows = max(table.header_rows, len(table.rows))

    def text(self, text: str) -> None:
        if not self._in_text or self._skipped or not self._open:
            return
        if self._open[-1].run_hidden:
            self.hidden_characters += len(text)
        else:
            self._open[-1].parts.append(text)

    def end(self, name: str) -> None:
        if name in _SKIPPED:
            self._skipped -= 1
            return
        if self._skipped:
            return
        if name == "t":
            self._in_text = False
        elif name == "txbxContent":
            self._boxes -= 1
        elif name in {"tbl", "tc"} and self._tables:
            self._end_table(name)
        elif self._open:
            if name == "p":
                self._end_paragraph(self._open.pop())
            elif name == "pPr":
                self._open[-1].in_properties = False
            elif name == "r":
                self._open[-1].in_run = self._open[-1].run_hidden = False

    def _end_paragraph(self, raw: _OpenParagraph) -> None:
        text = "".join(raw.parts)
        if raw.style in self._hidden_styles:
            self.hidden_characters += len(text)
            return
        paragraph = Paragraph(text, raw.style, raw.level, raw.item, raw.references, boxed=self._boxes > 0)
        if self._tables and not self._boxes:
            if text.strip():
                self._tables[-1].cell.append(text.strip())
            if raw.references:
                self._on_paragraph(Paragraph("", references=raw.references))
        else:
            self._on_paragraph(paragraph)

    def _end_table(self, name: str) -> None:
        table = self._tables[-1]
        if name == "tc":
            if not table.rows:
                return
            row = table.rows[-1]
            above = table.rows[-2] if len(table.rows) > 1 else []
            text = "\n".join(table.cell)
            if table.merged and not text and len(row) < len(above):
                text = above[len(row)]
            row += [text, *[""] * (table.span - 1)]
            table.cell = []
        else:
            self._tables.pop()
            if self._tables:  # a table in a cell: its text is the cell's
                self._tables[-1].cell.extend(" | ".join(filter(None, row)) for row in table.rows)
            else:
                self._on_table(table)


class _Notes(Handler):
    """word/footnotes.xml, endnotes.xml or comments.xml: the text of each note by its id."""

    def __init__(self, element: str) -> None:
        self._element = element
        self._body = _Body(self._take, lambda table: self._take_rows(table.rows))
        self._id: str | None = None
        self.texts: dict[str, str] = {}
        self.authors: dict[str, str] = {}

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == self._element:
            ordinary = attributes.get("type", "normal") == "normal"
            self._id = attributes.get("id", "") if ordinary else None
            if self._id is not None and "author" in attributes:
                self.authors[self._id] = attributes["author"]
        else:
            self._body.start(name, attributes)

    def text(self, text: str) -> None:
        self._body.text(text)

    def end(self, name: str) -> None:
        if name != self._element:
            self._body.end(name)

    def _take(self, paragraph: Paragraph) -> None:
        if self._id is not None and paragraph.text.strip():
            before = self.texts.get(self._id)
            self.texts[self._id] = f"{before}\n{paragraph.text.strip()}" if before else paragraph.text.strip()

    def _take_rows(self, rows: Sequence[Sequence[str]]) -> None:
        for row in rows:
            self._take(Paragraph(" | ".join(filter(None, row))))


def read_docx(data: bytes, limits: Limits) -> Document:
    """Read a Word document (.docx, .docm).

    Raises:
        ReadError: if it is damaged, encrypted or unpacks to more than the limits allow.

    """
    package = Package(data, limits)
    return _Reader(package, TextBuilder(limits)).read()


class _Reader:
    def __init__(self, package: Package, builder: TextBuilder) -> None:
        self._package = package
        self._builder = builder
        self._main = package.main_part("word/document.xml")
        self._path = HeadingPath()
        self._budget = TableBudget(builder.limits.rows, builder.limits.cells)
        self._references: list[tuple[str, str, str | None]] = []  # kind, id, heading at the place
        self._tables = 0
        self._styles = _Styles()
        self._resolved: dict[str, _Style] = {}

    def read(self) -> Document:
        for part in self._package.related(self._main, "styles"):
            self._package.parse(part, self._styles)
        hidden = frozenset(style for style in self._styles.raw if self._styles.resolve(style).hidden)
        body = _Body(self._paragraph, self._table, hidden)
        self._package.parse(self._main, body)
        if body.hidden_characters:
            self._builder.warn(f"hidden text of {body.hidden_characters:,} characters was left out")
        self._graphics(body)
        self._notes("footnote", "footnotes", SegmentKind.NOTE)
        self._notes("endnote", "endnotes", SegmentKind.NOTE)
        self._notes("comment", "comments", SegmentKind.COMMENT)
        self._margins()
        return self._builder.build()

    def _style(self, style_id: str) -> _Style:
        if style_id not in self._resolved:
            style = self._styles.resolve(style_id)
            # Some writers leave out styles.xml; the id itself then tells, as "Heading1" or "berschrift1".
            if style_id not in self._styles.raw and (named := _HEADING_NAME.fullmatch(style_id.lower())):
                style = _Style(level=int(named[1]))
            self._resolved[style_id] = style
        return self._resolved[style_id]

    def _paragraph(self, paragraph: Paragraph) -> None:
        style = self._style(paragraph.style)
        level = paragraph.level if paragraph.level is not None else style.level
        kind = SegmentKind.PARAGRAPH
        if style.contents:
            kind = SegmentKind.FURNITURE
        elif level is not None and paragraph.text.strip() and not paragraph.boxed:
            kind = SegmentKind.HEADING
            self._path.enter(level, paragraph.text)
        elif paragraph.item or style.item:
            kind = SegmentKind.LIST_ITEM
        part = "text box" if paragraph.boxed else None
        self._builder.append(paragraph.text, kind, Locator(heading=self._path.path, part=part))
        self._references += [(kind, number, self._path.path) for kind, number in paragraph.references]

    def _table(self, table: _OpenTable) -> None:
        self._tables += 1
        heading, number = self._path.path, self._tables
        if max((sum(bool(cell) for cell in row) for row in table.rows), default=0) <= 1:
            # A frame or a box drawn as a table: its text is ordinary text.
            for row in table.rows:
                for text in filter(None, row):
                    self._builder.append(text, SegmentKind.PARAGRAPH, Locator(heading=heading))
            return
        write_table(
            self._builder,
            grid(table.rows),
            name=heading.rpartition(" > ")[2] if heading else f"table {number}",
            locate=lambda row: Locator(row=row, heading=heading, part=f"table {number}"),
            budget=self._budget,
            header=True if table.header_rows else None,
            maybe_form=True,
        )

    def _graphics(self, body: _Body) -> None:
        links = self._package.relations(self._main)
        for relation_id in body.charts:
            if (link := links.get(relation_id)) and self._package.has(link.target):
                write_chart(self._builder, self._package, link.target, Locator(part="chart"), self._budget)
        for relation_id in body.diagrams:
            if (link := links.get(relation_id)) and self._package.has(link.target):
                for text in read_paragraphs(self._package, link.target):
                    self._builder.append(text, SegmentKind.LIST_ITEM, Locator(part="diagram"))

    def _notes(self, element: str, relation: str, kind: SegmentKind) -> None:
        """Write notes in the order of their references, then those that nothing refers to."""
        notes = _Notes(element)
        for part in self._package.related(self._main, relation):
            self._package.parse(part, notes)
        places = {number: heading for kind_, number, heading in self._references if kind_ == element}
        ordered = [*(number for number in places if number in notes.texts), *(set(notes.texts) - set(places))]
        for count, number in enumerate(ordered, start=1):
            author = notes.authors.get(number)
            part = f"comment by {author}" if author else element if element == "comment" else f"{element} {count}"
            self._builder.append(notes.texts[number], kind, Locator(heading=places.get(number), part=part))

    def _margins(self) -> None:
        """Write headers and footers once, however many sections repeat them."""
        seen: set[str] = set()
        for relation in ("header", "footer"):
            for part in self._package.related(self._main, relation):
                texts: list[str] = []
                story = _Body(
                    lambda paragraph, texts=texts: texts.append(paragraph.text),  # type: ignore[misc]
                    lambda table, texts=texts: texts.extend(" | ".join(filter(None, row)) for row in table.rows),  # type: ignore[misc]
                )
                self._package.parse(part, story)
                for text in texts:
                    if text not in seen:
                        seen.add(text)
                        self._builder.append(text, SegmentKind.FURNITURE, Locator(part=relation))
