"""Presentations: slides in the order they are shown, with notes, tables, charts, diagrams and comments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from casebook.documents.limits import Limits
from casebook.documents.ooxml import Handler, Package, read_paragraphs, write_chart
from casebook.documents.tables import TableBudget, grid, write_table
from casebook.documents.text import TextBuilder
from casebook.domain.document import Document, Locator, SegmentKind

_TITLES: Final = frozenset({"title", "ctrTitle"})
_FURNITURE: Final = frozenset({"ftr", "hdr", "dt", "sldNum"})
_BULLETED: Final = frozenset({"body", "obj"})


@dataclass(slots=True)
class _Shape:
    placeholder: str | None = None  # its type, "obj" when it has none of its own
    paragraphs: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    charts: list[str] = field(default_factory=list)  # relation ids
    diagrams: list[str] = field(default_factory=list)


class _Slides(Handler):
    """ppt/presentation.xml: the relation ids of the slides, in the order they are shown."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "sldId":
            self.ids.append(attributes.get("r:id", ""))


class _Slide(Handler):
    """The shapes of a slide or of its notes, in document order."""

    def __init__(self) -> None:
        self.hidden = False
        self.shapes: list[_Shape] = []
        self._open: list[_Shape] = []
        self._parts: list[str] = []
        self._in_text = False
        self._skipped = 0
        self._in_cell = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "Fallback":
            self._skipped += 1
        if self._skipped:
            return
        if name in {"sld", "notes"}:
            self.hidden = attributes.get("show") in {"0", "false"}
        elif name in {"sp", "graphicFrame", "cxnSp"}:
            self._open.append(_Shape())
            self.shapes.append(self._open[-1])
        elif self._open:
            self._start_inside(self._open[-1], name, attributes)

    def _start_inside(self, shape: _Shape, name: str, attributes: Mapping[str, str]) -> None:
        if name == "ph":
            shape.placeholder = attributes.get("type", "obj")
        elif name == "t":
            self._in_text = True
        elif name == "br":
            self._parts.append("\n")
        elif name == "tr":
            shape.rows.append([])
        elif name == "tc" and shape.rows:
            shape.rows[-1].append("")
            self._in_cell = True
        elif name == "chart" and "r:id" in attributes:
            shape.charts.append(attributes["r:id"])
        elif name == "relIds" and "r:dm" in attributes:
            shape.diagrams.append(attributes["r:dm"])

    def text(self, text: str) -> None:
        if self._in_text and not self._skipped:
            self._parts.append(text)

    def end(self, name: str) -> None:
        if name == "Fallback":
            self._skipped -= 1
        if self._skipped or not self._open:
            return
        if name == "t":
            self._in_text = False
        elif name == "p":
            self._end_paragraph(self._open[-1])
        elif name == "tc":
            self._in_cell = False
        elif name in {"sp", "graphicFrame", "cxnSp"}:
            self._open.pop()

    def _end_paragraph(self, shape: _Shape) -> None:
        text = "".join(self._parts).strip()
        self._parts = []
        if not text:
            return
        if self._in_cell:
            row = shape.rows[-1]
            row[-1] = f"{row[-1]}\n{text}" if row[-1] else text
        else:
            shape.paragraphs.append(text)


class _Comments(Handler):
    """Comments of a slide, in the old form (p:text) and the new one (a:t)."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._parts: list[str] | None = None
        self._depth = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:  # noqa: ARG002
        if name in {"text", "txBody"}:
            self._parts = []
        elif name == "p" and self._parts:
            self._parts.append("\n")

    def text(self, text: str) -> None:
        if self._parts is not None:
            self._parts.append(text)

    def end(self, name: str) -> None:
        if name in {"text", "txBody"} and self._parts is not None:
            self.texts.append("".join(self._parts).strip())
            self._parts = None


def read_pptx(data: bytes, limits: Limits) -> Document:
    """Read a presentation (.pptx, .pptm, .ppsx).

    Raises:
        ReadError: if it is damaged, encrypted or unpacks to more than the limits allow.

    """
    package = Package(data, limits)
    return _Reader(package, TextBuilder(limits)).read()


class _Reader:
    def __init__(self, package: Package, builder: TextBuilder) -> None:
        self._package = package
        self._builder = builder
        self._budget = TableBudget(builder.limits.rows, builder.limits.cells)

    def read(self) -> Document:
        limits = self._builder.limits
        main = self._package.main_part("ppt/presentation.xml")
        order = _Slides()
        self._package.parse(main, order)
        links = self._package.relations(main)
        parts = [links[key].target for key in order.ids if key in links and self._package.has(links[key].target)]
        if len(parts) > limits.pages:
            self._builder.warn(f"only the first {limits.pages:,} of {len(parts):,} slides were read")
        for number, part in enumerate(parts[: limits.pages], start=1):
            if self._builder.full:
                break
            self._slide(number, part)
        return self._builder.build(pages=len(parts))

    def _slide(self, number: int, part: str) -> None:
        slide = _Slide()
        self._package.parse(part, slide)
        titles = [shape for shape in slide.shapes if shape.placeholder in _TITLES and shape.paragraphs]
        heading = " ".join(" ".join(shape.paragraphs) for shape in titles).replace("\n", " ") or None
        where = Locator(slide=number, heading=heading, part="hidden slide" if slide.hidden else None)
        for shape in titles:
            self._builder.append("\n".join(shape.paragraphs), SegmentKind.HEADING, where)
        for shape in slide.shapes:
            if shape not in titles:
                self._shape(shape, part, where)
        self._beside(number, heading, part)

    def _shape(self, shape: _Shape, part: str, where: Locator) -> None:
        kind = SegmentKind.PARAGRAPH
        if shape.placeholder in _FURNITURE:
            kind = SegmentKind.FURNITURE
        elif shape.placeholder in _BULLETED:
            kind = SegmentKind.LIST_ITEM
        for text in shape.paragraphs:
            self._builder.append(text, kind, where)
        if shape.rows:
            write_table(
                self._builder,
                grid(shape.rows),
                name=where.heading or f"slide {where.slide}",
                locate=lambda row: Locator(slide=where.slide, row=row, heading=where.heading, part="table"),
                budget=self._budget,
                maybe_form=True,
            )
        if shape.charts or shape.diagrams:
            self._graphics(shape, part, where)

    def _graphics(self, shape: _Shape, part: str, where: Locator) -> None:
        links = self._package.relations(part)
        for link in (links[key] for key in shape.charts if key in links):
            chart = Locator(slide=where.slide, heading=where.heading, part="chart")
            write_chart(self._builder, self._package, link.target, chart, self._budget)
        for link in (links[key] for key in shape.diagrams if key in links):
            diagram = Locator(slide=where.slide, heading=where.heading, part="diagram")
            for text in read_paragraphs(self._package, link.target):
                self._builder.append(text, SegmentKind.LIST_ITEM, diagram)

    def _beside(self, number: int, heading: str | None, part: str) -> None:
        """Write what belongs to a slide but is not on it: speaker notes and comments."""
        for notes_part in self._package.related(part, "notesSlide"):
            notes = _Slide()
            self._package.parse(notes_part, notes)
            where = Locator(slide=number, heading=heading, part="speaker notes")
            for shape in notes.shapes:
                if shape.placeholder == "body":
                    for text in shape.paragraphs:
                        self._builder.append(text, SegmentKind.NOTE, where)
        for comments_part in self._package.related(part, "comments"):
            comments = _Comments()
            self._package.parse(comments_part, comments)
            for text in comments.texts:
                self._builder.append(text, SegmentKind.COMMENT, Locator(slide=number, heading=heading, part="comment"))
