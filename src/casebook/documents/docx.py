"""Word documents: body in order, then notes, comments, headers and footers.

One pass over the XML of each part, as a stream. Deleted and hidden text stays out, text boxes come once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from casebook.documents.limits import Limits
from casebook.documents.ooxml import Handler, Package, read_paragraphs, write_chart
from casebook.documents.sight import LEAST_POINTS, WHITE, is_seen
from casebook.documents.tables import TableBudget, grid, write_table
from casebook.documents.text import HeadingPath, TextBuilder
from casebook.domain.document import Document, Locator, SegmentKind

_HEADING_NAME = re.compile(r"(?:heading|überschrift|berschrift|titre|título|titolo|kop|rubrik)\s?([1-9])")
_CONTENTS_NAME = re.compile(r"(?:toc|verzeichnis)\s?\d")
_TITLES: Final = frozenset({"title", "titel"})
_OFF: Final = frozenset({"0", "false", "off"})
_BREAKS: Final = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
_SKIPPED: Final = frozenset(
    {"del", "moveFrom", "Fallback", "instrText", "delInstrText", "delText", "rPrChange", "pPrChange", "tcPrChange"}
)
_HIGHLIGHTS: Final = {
    "black": "000000", "white": "ffffff", "yellow": "ffff00", "green": "00ff00", "cyan": "00ffff", "blue": "0000ff",
    "magenta": "ff00ff", "red": "ff0000", "lightGray": "c0c0c0",
}  # fmt: skip
_UNKNOWN: Final = "?"  # a ground that cannot be told: a text box, a table whose style shades it
_TABLE_ELEMENTS: Final = frozenset({"tbl", "tr", "tc", "tcPr", "tblStyle", "gridSpan", "vMerge", "tblHeader"})
_NOTE_KINDS: Final = {"footnote": "footnote", "endnote": "endnote", "comment": "comment"}
_MAX_FORM_CELL: Final = 300


@dataclass(slots=True)
class _Look:
    """How text looks, as far as a run, a paragraph or a style says."""

    colour: str | None = None
    ground: str | None = None
    points: float | None = None
    hidden: bool | None = None

    def take(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take an element of a run's, a paragraph's or a style's properties."""
        value = attributes.get("val", "")
        if name == "color":
            self.colour = value.lower()
            if not value and attributes.get("themeColor") == "background1":
                self.colour = WHITE
        elif name == "shd":
            self.ground = _fill(attributes)
        elif name == "highlight" and value != "none":
            self.ground = _HIGHLIGHTS.get(value, _UNKNOWN)
        elif name == "sz" and value.isdecimal():
            self.points = int(value) / 2
        elif name == "vanish":
            self.hidden = value not in _OFF

    def over(self, other: _Look) -> _Look:
        """Return this look with what it does not say taken from another."""
        return _Look(
            self.colour if self.colour is not None else other.colour,
            self.ground if self.ground is not None else other.ground,
            self.points if self.points is not None else other.points,
            self.hidden if self.hidden is not None else other.hidden,
        )

    def is_seen(self, ground: str | None) -> bool:
        """Say whether a person sees such text; `ground` is what it stands on if it has no ground of its own."""
        if self.hidden or (self.points is not None and self.points <= LEAST_POINTS):
            return False
        return is_seen(self.colour, self.ground if self.ground is not None else ground)


_LOOKS: Final = frozenset({"color", "shd", "highlight", "sz", "vanish"})


def _fill(attributes: Mapping[str, str]) -> str | None:
    """Return the colour of a shading; patterns and theme colours without a value cannot be told."""
    fill = attributes.get("fill", "auto").lower()
    if attributes.get("val", "clear") not in {"clear", "nil"} or (fill == "auto" and "themeFill" in attributes):
        return _UNKNOWN
    return None if fill == "auto" else fill


class _Style(msgspec.Struct, frozen=True):
    level: int | None = None  # of a heading; 0 is the document's title
    contents: bool = False  # a line of the table of contents
    item: bool = False


@dataclass(slots=True)
class _RawStyle:
    name: str = ""
    based_on: str = ""
    outline: int | None = None
    item: bool = False
    look: _Look = field(default_factory=_Look)
    shades: bool = False  # a table's style that shades some of its cells


class _Styles(Handler):
    """word/styles.xml: which style ids are headings, whatever the language of the Word that wrote them."""

    def __init__(self) -> None:
        self.raw: dict[str, _RawStyle] = {}
        self._current = _RawStyle()
        self._looks: dict[str, _Look] = {}
        self._paragraph_looks: dict[str, _Look] = {}
        self._defaults = _RawStyle()
        self._ordinary = ""  # the style of paragraphs that name none

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        value = attributes.get("val", "")
        if name == "style":
            self._current = self.raw[attributes.get("styleId", "")] = _RawStyle()
            if attributes.get("type") == "paragraph" and attributes.get("default", "0") not in _OFF:
                self._ordinary = attributes.get("styleId", "")
        elif name == "docDefaults":
            self._current = self._defaults
        elif name == "name":
            self._current.name = value.lower()
        elif name == "basedOn":
            self._current.based_on = value
        elif name == "outlineLvl":
            self._current.outline = _level(value)
        elif name == "numId":
            self._current.item = value not in _OFF
        elif name in _LOOKS:
            self._current.look.take(name, attributes)
            self._current.shades = self._current.shades or (name == "shd" and _fill(attributes) is not None)

    def look(self, style_id: str) -> _Look:
        """Return how text of a style looks."""
        if style_id not in self._looks:
            look = _Look()
            for raw in self._chain(style_id):
                look = look.over(raw.look)
            self._looks[style_id] = look
        return self._looks[style_id]

    def paragraph_look(self, style_id: str) -> _Look:
        """Return how the text of a paragraph looks whose runs say nothing of their own."""
        if style_id not in self._paragraph_looks:
            self._paragraph_looks[style_id] = self.look(style_id or self._ordinary).over(self._defaults.look)
        return self._paragraph_looks[style_id]

    def shades(self, style_id: str) -> bool:
        """Say whether a table's style shades cells."""
        return any(raw.shades for raw in self._chain(style_id))

    def _chain(self, style_id: str) -> list[_RawStyle]:
        """Return a style and the ones it is based on."""
        seen: set[str] = set()
        chain: list[_RawStyle] = []
        while style_id in self.raw and style_id not in seen:
            seen.add(style_id)
            chain.append(self.raw[style_id])
            style_id = chain[-1].based_on
        return chain

    def resolve(self, style_id: str) -> _Style:
        """Follow a style to the ones it is based on."""
        chain = self._chain(style_id)
        levels = [level for raw in chain if (level := _style_level(raw)) is not None]
        return _Style(
            level=levels[0] if levels else None,
            contents=any(_CONTENTS_NAME.fullmatch(raw.name) for raw in chain),
            item=any(raw.item for raw in chain) or any(raw.name.startswith("list ") for raw in chain),
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
    in_mark: bool = False  # the properties of the paragraph's mark, which shows no text
    in_run: bool = False
    look: _Look | None = None  # that the paragraph itself states
    run_look: _Look | None = None  # None when the run states nothing
    run_style: str = ""
    hidden: int = 0  # characters that no reader sees


@dataclass(slots=True)
class _OpenTable:
    rows: list[list[str]] = field(default_factory=list)
    cell: list[str] = field(default_factory=list)
    span: int = 1
    merged: bool = False  # the cell goes on from the row above
    header_rows: int = 0
    ground: str | None = None  # of the cell
    shaded: bool = False  # by its style, which cells cannot be told


class _Body(Handler):
    """Turns the elements of a story (body, note, header) into paragraphs and tables."""

    def __init__(
        self,
        on_paragraph: Callable[[Paragraph], None],
        on_table: Callable[[_OpenTable], None],
        styles: _Styles,
        on_hidden: Callable[[int], None],
    ) -> None:
        self._on_paragraph = on_paragraph
        self._on_table = on_table
        self._styles = styles
        self._on_hidden = on_hidden
        self._page_ground = WHITE
        self._in_cell_properties = False
        self._open: list[_OpenParagraph] = []
        self._tables: list[_OpenTable] = []
        self._skipped = 0
        self._boxes = 0
        self._in_text = False
        self._blockers: list[int] = []  # tables open around each text box: a box in a cell is no cell
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
        elif name in _TABLE_ELEMENTS or (name == "shd" and self._in_cell_properties):
            self._start_table(name, attributes)
        elif name in {"background", "txbxContent", "chart", "relIds"}:
            self._start_around(name, attributes)
        elif self._open:
            self._start_inside(self._open[-1], name, attributes)

    def _start_around(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "background":
            self._page_ground = attributes.get("color", WHITE).lower()
        elif name == "txbxContent":
            self._boxes += 1
        elif name == "chart" and "r:id" in attributes:
            self.charts.append(attributes["r:id"])
        elif name == "relIds" and "r:dm" in attributes:
            self.diagrams.append(attributes["r:dm"])

    def _start_inside(self, paragraph: _OpenParagraph, name: str, attributes: Mapping[str, str]) -> None:
        value = attributes.get("val", "")
        if name == "pPr":
            paragraph.in_properties = True
        elif name == "r":
            paragraph.in_run, paragraph.run_look, paragraph.run_style = True, None, ""
        elif paragraph.in_properties:
            if name == "pStyle":
                paragraph.style = value
            elif name == "outlineLvl":
                paragraph.level = _level(value)
            elif name == "numId":
                paragraph.item = value not in _OFF
            elif name == "rPr":
                paragraph.in_mark = True
            elif name == "shd" and not paragraph.in_mark:
                paragraph.look = _Look(ground=_fill(attributes))
        elif paragraph.in_run:
            self._start_in_run(paragraph, name, value, attributes)

    def _start_in_run(self, paragraph: _OpenParagraph, name: str, value: str, attributes: Mapping[str, str]) -> None:
        if name in _BREAKS:
            paragraph.parts.append(_BREAKS[name])
        elif name in _LOOKS:
            paragraph.run_look = paragraph.run_look or _Look()
            paragraph.run_look.take(name, attributes)
        elif name == "rStyle":
            paragraph.run_style = value
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
            table.cell, table.span, table.merged, table.ground = [], 1, False, None
        elif name == "tcPr":
            self._in_cell_properties = True
        elif self._in_cell_properties:
            self._start_in_cell(table, name, attributes)
        elif name == "tblStyle":
            table.shaded = self._styles.shades(attributes.get("val", ""))
        elif name == "tblHeader" and attributes.get("val", "") not in _OFF:
            table.header_rows = max(table.header_rows, len(table.rows))

    def _start_in_cell(self, table: _OpenTable, name: str, attributes: Mapping[str, str]) -> None:
        if name == "shd":
            table.ground = _fill(attributes)
        elif name == "gridSpan":
            span = attributes.get("val", "1")
            table.span = min(int(span), 64) if span.isdecimal() else 1
        elif name == "vMerge":
            table.merged = attributes.get("val", "continue") == "continue"

    def text(self, text: str) -> None:
        if not self._in_text or self._skipped or not self._open:
            return
        if self._is_seen(self._open[-1]):
            self._open[-1].parts.append(text)
        else:
            self._open[-1].hidden += len(text)

    def _is_seen(self, paragraph: _OpenParagraph) -> bool:
        look = self._styles.paragraph_look(paragraph.style)
        if paragraph.look:
            look = paragraph.look.over(look)
        if paragraph.run_style:
            look = self._styles.look(paragraph.run_style).over(look)
        if paragraph.run_look:
            look = paragraph.run_look.over(look)
        return look.is_seen(None if look.colour is None else self._ground())

    def _ground(self) -> str:
        """Return what the text stands on: its cell, the page, or something that cannot be told."""
        if self._boxes:
            return _UNKNOWN
        for table in reversed(self._tables):
            if table.ground is not None or table.shaded:
                return table.ground or _UNKNOWN
        return self._page_ground

    def end(self, name: str) -> None:
        if name in _SKIPPED:
            self._skipped -= 1
            return
        if self._skipped:
            return
        if name == "t":
            self._in_text = False
        elif name == "tcPr":
            self._in_cell_properties = False
        elif name == "txbxContent":
            self._boxes -= 1
        elif name in {"tbl", "tc"} and self._tables:
            self._end_table(name)
        elif self._open:
            self._end_inside(self._open[-1], name)

    def _end_inside(self, paragraph: _OpenParagraph, name: str) -> None:
        if name == "p":
            self._end_paragraph(self._open.pop())
        elif name == "pPr":
            paragraph.in_properties = paragraph.in_mark = False
        elif name == "rPr":
            paragraph.in_mark = False
        elif name == "r":
            paragraph.in_run = False

    def _end_paragraph(self, raw: _OpenParagraph) -> None:
        text = "".join(raw.parts)
        self._on_hidden(raw.hidden)
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

    def __init__(self, element: str, styles: _Styles, on_hidden: Callable[[int], None]) -> None:
        self._element = element
        self._body = _Body(self._take, lambda table: self._take_rows(table.rows), styles, on_hidden)
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
        body = _Body(self._paragraph, self._table, self._styles, self._builder.leave_out)
        self._package.parse(self._main, body)
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
        notes = _Notes(element, self._styles, self._builder.leave_out)
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
                    self._styles,
                    self._builder.leave_out,
                )
                self._package.parse(part, story)
                for text in texts:
                    if text not in seen:
                        seen.add(text)
                        self._builder.append(text, SegmentKind.FURNITURE, Locator(part=relation))
