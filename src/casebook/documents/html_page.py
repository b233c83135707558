"""Web pages: one streaming pass with the standard parser, no tree."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import islice
from typing import Final

from casebook.documents.css import Names, StyleSheet
from casebook.documents.limits import Limits
from casebook.documents.tables import TableBudget, grid, write_table
from casebook.documents.text import HeadingPath, TextBuilder, decode
from casebook.domain.document import Document, Locator, SegmentKind

_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_SILENT: Final = frozenset(
    {"script", "style", "template", "noscript", "head", "svg", "math", "iframe", "object", "select", "datalist"}
)
_FURNITURE: Final = frozenset({"nav", "footer", "header", "aside"})
_CONTENT: Final = frozenset({"main", "article"})
_BLOCKS: Final = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "div",
        "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
        "header", "hr", "html", "legend", "li", "main", "menu", "nav", "ol", "p", "pre", "section", "summary",
        "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
    }
)  # fmt: skip
_CLOSES_ITSELF: Final = frozenset({"li", "p", "dt", "dd", "tr", "td", "th", "option"})
_TABLE_PARTS: Final = frozenset({"table", "tr", "td", "th"})
_MAX_ATTRIBUTES: Final = 200  # of one element that are looked at
_HIDDEN_STYLE = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|opacity:0?(?:\.0+)?(?:;|$|!)"
    r"|font-size:(?:0(?:px|pt|em|rem|%)?|0?\.\d+(?:px|pt)|[12](?:\.\d+)?(?:px|pt))(?:;|$|!)"
)
_PALE_STYLE = re.compile(
    r"(?:^|;)color:(?:white|transparent|#fff(?:fff)?|rgba?\(255,255,255[^)]*\)|rgba\([^)]*,0(?:\.0+)?\))(?:;|$|!)"
)
_PALE_GROUND = re.compile(
    r"(?:^|;)background(?:-color)?:(?:none|transparent|inherit|initial|white|#fff(?:fff)?|rgba?\(255,255,255[^)]*\))(?:;|$|!)"
)
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([A-Za-z0-9_-]{2,40})""", re.IGNORECASE)
_CHARSET_BYTES: Final = 4_096
_SPACES = re.compile(r"[ \t\n\r\f\v]+")


def read_html(data: bytes, limits: Limits) -> Document:
    """Read a web page: title, headings, paragraphs, lists and tables; hidden text stays out."""
    text, warning = _decode(data)
    builder = TextBuilder(limits)
    if warning:
        builder.warn(warning)
    page = _Page(builder, StyleSheet(text))
    page.feed(text)
    page.close()
    page.finish()
    return builder.build()


def _decode(data: bytes) -> tuple[str, str | None]:
    declared = _CHARSET.search(data[:_CHARSET_BYTES])
    if declared:
        with suppress(LookupError, UnicodeError):  # the declaration is wrong, as it often is
            return data.decode(declared[1].decode("ascii")), None
    return decode(data)


@dataclass(slots=True)
class _Element:
    tag: str
    silent: bool
    hidden: bool
    painted: bool  # stands on a background of its own, so pale text can be read
    furniture: bool


@dataclass(slots=True)
class _OpenTable:
    rows: list[list[str]] = field(default_factory=list)
    header: bool | None = None
    layout: bool = False  # holds headings: it places blocks on the page and is no table


class _Page(HTMLParser):
    def __init__(self, builder: TextBuilder, sheet: StyleSheet) -> None:
        super().__init__(convert_charrefs=True)
        self._builder = builder
        self._sheet = sheet
        self._above: list[Names] = []  # the open elements, when there are rules for them
        self._path = HeadingPath()
        self._budget = TableBudget(builder.limits.rows, builder.limits.cells)
        self._stack = [_Element("", silent=False, hidden=False, painted=False, furniture=False)]
        self._counts: Counter[str] = Counter()
        self._parts: list[str] = []
        self._cell: list[str] = []
        self._table: _OpenTable | None = None
        self._title: list[str] | None = None
        self._hidden_characters = 0  # since the last block began

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._builder.full:
            return
        if tag == "title" and not self._counts["body"]:
            self._title = []
        if tag in _BLOCKS:
            self._flush()
        self._close_implied(tag)
        top = self._stack[-1]
        if tag == "br" and not top.silent:
            self._parts.append("\n")
        attributes = {key: value or "" for key, value in islice(attrs, _MAX_ATTRIBUTES)}
        if tag == "img" and not top.silent and not top.hidden and (alt := attributes.get("alt", "").strip()):
            self._parts.append(f" {alt} ")
        if tag not in _VOID:
            self._push(tag, top, attributes)
            if tag in _TABLE_PARTS and not self._stack[-1].silent:
                self._start_table(tag)

    def _push(self, tag: str, above: _Element, attributes: Mapping[str, str]) -> None:
        style = self._style(tag, attributes)
        painted = above.painted or "bgcolor" in attributes
        if "background" in style:
            painted = not _PALE_GROUND.search(style) or (above.painted and "transparent" in style)
        hidden = (
            above.hidden
            or "hidden" in attributes
            or attributes.get("aria-hidden", "").lower() == "true"
            or bool(_HIDDEN_STYLE.search(style))
            or (not painted and bool(_PALE_STYLE.search(style)))
        )
        furniture = (above.furniture or tag in _FURNITURE) and tag not in _CONTENT
        if tag in {"header", "footer"} and (self._counts["main"] or self._counts["article"]):
            furniture = above.furniture  # an article's own header is part of what it says
        silent = above.silent or tag in _SILENT
        self._counts[tag] += 1
        self._stack.append(_Element(tag, silent, hidden, painted, furniture))

    def _style(self, tag: str, attributes: Mapping[str, str]) -> str:
        """Return what the page's style sheets and the element itself say of its looks, the stronger last."""
        own = _SPACES.sub("", attributes.get("style", "")[:2_000]).lower()
        if not self._sheet:
            return own
        names = Names(tag, attributes.get("id", ""), frozenset(attributes.get("class", "").split()[:_MAX_ATTRIBUTES]))
        ruled = self._sheet.style_of(names, self._above)
        self._above.append(names)
        if not (own and ruled):
            return own or ruled
        stated = {part.partition(":")[0] for part in own.split(";")}
        return ";".join([*(part for part in ruled.split(";") if part.partition(":")[0] not in stated), own])

    def _close_implied(self, tag: str) -> None:
        """End what the start of `tag` ends: a list item the one before, a row the row before and its cell."""
        if tag in {"td", "th", "tr"} and self._stack[-1].tag in {"td", "th"}:
            self._pop()
        if tag in _CLOSES_ITSELF and self._stack[-1].tag == tag:
            self._pop()

    def _pop(self) -> None:
        top = self._stack[-1]
        if top.tag in _TABLE_PARTS and not top.silent:
            self._end_table(top.tag)
        self._stack.pop()
        if self._above:
            self._above.pop()
        self._counts[top.tag] -= 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "title" and self._title is not None:
            self._builder.append(_squeeze("".join(self._title)), SegmentKind.HEADING)
            self._title = None
        if tag in _BLOCKS:
            self._flush()
        if not self._counts[tag]:
            return
        while self._stack[-1].tag != tag:
            self._pop()
        self._pop()

    def handle_data(self, data: str) -> None:
        top = self._stack[-1]
        if self._title is not None:
            self._title.append(data)
        elif top.silent:
            return
        elif top.hidden:
            self._hidden_characters += len(data.strip())
        else:
            self._parts.append(data if self._counts["pre"] else _SPACES.sub(" ", data))

    def _start_table(self, tag: str) -> None:
        if self._counts["table"] > 1:
            return  # a table in a cell: its text is the cell's
        if tag == "table":
            self._table = _OpenTable()
        elif self._table is not None:
            self._cell = []
            if tag == "tr":
                self._table.rows.append([])
            elif tag == "th" and len(self._table.rows) == 1:
                self._table.header = True

    def _end_table(self, tag: str) -> None:
        if self._counts["table"] > 1 or self._table is None:
            return
        if tag in {"td", "th"} and self._table.rows:
            self._table.rows[-1].append("\n".join(self._cell))
            self._cell = []
        elif tag == "table":
            table, self._table = self._table, None
            self._write_table(table)

    def _write_table(self, table: _OpenTable) -> None:
        heading = self._path.path
        if table.layout or max((len(row) for row in table.rows), default=0) <= 1:
            for text in (cell for row in table.rows for cell in row):
                self._append(text, SegmentKind.PARAGRAPH)
            return
        write_table(
            self._builder,
            grid(table.rows),
            name=heading.rpartition(" > ")[2] if heading else "",
            locate=lambda row: Locator(row=row, heading=heading, part="table"),
            budget=self._budget,
            header=table.header,
            maybe_form=True,
        )

    def _flush(self) -> None:
        self._builder.leave_out(self._hidden_characters)
        self._hidden_characters = 0
        if not self._parts:
            return
        text = "".join(self._parts)
        self._parts = []
        preformatted = bool(self._counts["pre"])
        text = text if preformatted else "\n".join(_squeeze(line) for line in text.split("\n"))
        if not text.strip():
            return
        level = next((int(tag[1]) for tag in ("h1", "h2", "h3", "h4", "h5", "h6") if self._counts[tag]), None)
        if self._table is not None and self._counts["td"] + self._counts["th"]:
            self._table.layout = self._table.layout or level is not None
            self._cell.append(text.strip())
        elif level and not self._stack[-1].furniture:
            self._path.enter(level, text)
            self._append(text, SegmentKind.HEADING)
        elif preformatted:
            self._append(text, SegmentKind.CODE)
        else:
            in_list = self._counts["li"] or self._counts["dd"]
            self._append(text, SegmentKind.LIST_ITEM if in_list else SegmentKind.PARAGRAPH)

    def _append(self, text: str, kind: SegmentKind) -> None:
        kind = SegmentKind.FURNITURE if self._stack[-1].furniture else kind
        self._builder.append(text, kind, Locator(heading=self._path.path))

    def finish(self) -> None:
        """Write what is still open at the end of the page."""
        self._flush()
        if self._title:
            self._builder.append(_squeeze("".join(self._title)), SegmentKind.HEADING)
        while len(self._stack) > 1:
            self._pop()


def _squeeze(text: str) -> str:
    return _SPACES.sub(" ", text).strip()
