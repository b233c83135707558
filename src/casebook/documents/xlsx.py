"""Workbooks: sheets in order, cells typed, rows as they stream by, so empty space costs nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Final

import msgspec

from casebook.documents.limits import Limits
from casebook.documents.ooxml import Handler, Package
from casebook.documents.tables import Row, TableBudget, write_table
from casebook.documents.text import TextBuilder
from casebook.domain.document import Cell, Document, Locator, SegmentKind

_BUILT_IN_DATES: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_BUILT_IN_PERCENTS: Final = frozenset({9, 10})
_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001  a workbook's dates have no time zone
_EPOCH_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001
_MAX_DATE: Final = 2_958_466  # days: the year 9999
_FORMAT_NOISE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h|m|s)[^\]]*\]', re.IGNORECASE)
_DATE_MARKS = re.compile(r"[ymdhs]", re.IGNORECASE)
_EXACT_INTEGER: Final = 2**53
_INDEX_DIGITS: Final = 9


class _Sheet(msgspec.Struct, frozen=True):
    name: str
    relation: str
    hidden: bool


class _Workbook(Handler):
    def __init__(self) -> None:
        self.sheets: list[_Sheet] = []
        self.epoch = _EPOCH

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "sheet":
            hidden = attributes.get("state", "visible") != "visible"
            self.sheets.append(_Sheet(attributes.get("name", ""), attributes.get("r:id", ""), hidden))
        elif name == "workbookPr" and attributes.get("date1904") in {"1", "true"}:
            self.epoch = _EPOCH_1904


class _Formats(Handler):
    """xl/styles.xml: for each cell style whether its numbers are dates ("d") or percentages ("%")."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self._codes: dict[str, str] = {}
        self._in_cell_formats = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "numFmt":
            self._codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._in_cell_formats = True
        elif name == "xf" and self._in_cell_formats:
            self.kinds.append(self._kind(attributes.get("numFmtId", "0")))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._in_cell_formats = False

    def _kind(self, number: str) -> str:
        if number not in self._codes:
            built_in = _index(number) or 0
            return "d" if built_in in _BUILT_IN_DATES else "%" if built_in in _BUILT_IN_PERCENTS else ""
        code = _FORMAT_NOISE.sub("", self._codes[number].partition(";")[0])
        if _DATE_MARKS.search(code) and code.lower() != "general":
            return "d"
        return "%" if "%" in code else ""


class _Strings(Handler):
    """xl/sharedStrings.xml; phonetic guides (rPh) are not text."""

    def __init__(self, limit: int) -> None:
        self.values: list[str] = []
        self._left = limit
        self._parts: list[str] = []
        self._in_text = False
        self._in_guide = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:  # noqa: ARG002
        if name == "t":
            self._in_text = True
        elif name == "rPh":
            self._in_guide = True

    def text(self, text: str) -> None:
        if self._in_text and not self._in_guide and self._left > 0:
            self._left -= len(text)
            self._parts.append(text)

    def end(self, name: str) -> None:
        if name == "t":
            self._in_text = False
        elif name == "rPh":
            self._in_guide = False
        elif name == "si":
            self.values.append("".join(self._parts))
            self._parts = []


@dataclass(slots=True)
class _Book:
    strings: list[str]
    kinds: list[str]
    epoch: datetime


@dataclass(slots=True)
class _OpenRow:
    number: int
    columns: list[int] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)


class _Rows(Handler):
    """A worksheet: its filled rows, up to the limits."""

    def __init__(self, book: _Book, budget: TableBudget) -> None:
        self.rows: list[Row] = []
        self.cut = False
        self._book = book
        self._budget = budget
        self._row = _OpenRow(0)
        self._column = -1
        self._type = "n"
        self._style = 0
        self._parts: list[str] | None = None
        self._value = ""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "c":
            reference = attributes.get("r")
            self._column = _column(reference) if reference else self._column + 1
            self._type = attributes.get("t", "n")
            self._style = _index(attributes.get("s", "")) or 0
            self._value = ""
        elif name in {"v", "t"}:
            self._parts = []
        elif name == "rPh":
            self._parts = None
        elif name == "row":
            self._row = _OpenRow(_index(attributes.get("r", "")) or self._row.number + 1)
            self._column = -1

    def text(self, text: str) -> None:
        if self._parts is not None:
            self._parts.append(text)

    def end(self, name: str) -> None:
        if name in {"v", "t"} and self._parts is not None:
            self._value += "".join(self._parts)
            self._parts = None
        elif name == "c":
            self._take()
        elif name == "row" and self._row.columns:
            row = self._row
            if self._budget.take(len(row.columns)):
                self.rows.append(Row(row.number, row.columns, row.cells, row.shown))
            else:
                self.cut = True

    def _take(self) -> None:
        if not self._value.strip():
            return
        kinds = self._book.kinds
        kind = kinds[self._style] if self._style < len(kinds) else ""
        cell, shown = _cell(self._value, self._type, kind, self._book)
        if shown.strip():
            self._row.columns.append(self._column)
            self._row.cells.append(cell)
            self._row.shown.append(shown)


def _index(text: str) -> int | None:
    """Return the number that a workbook gives to a row, a text or a style; None for what no workbook can hold."""
    return int(text) if text.isdecimal() and len(text) <= _INDEX_DIGITS else None


@cache
def _letters(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _column(reference: str) -> int:
    """Turn "AB12" into 27."""
    return _letters(reference.rstrip("0123456789").upper()[:3])


def _cell(value: str, kind: str, style: str, book: _Book) -> tuple[Cell, str]:
    """Return a cell's typed value and what it shows."""
    if kind == "s":
        index = _index(value.strip())
        text = book.strings[index].strip() if index is not None and index < len(book.strings) else ""
        return text, text
    if kind == "b":
        return value.strip() == "1", "true" if value.strip() == "1" else "false"
    if kind == "d":
        return value.strip(), value.strip().removesuffix("T00:00:00")
    if kind != "n":  # inline and formula strings, errors
        return value.strip(), value.strip()
    return _number(value, style, book.epoch)


def _number(value: str, style: str, epoch: datetime) -> tuple[Cell, str]:
    try:
        number = float(value)
    except ValueError:
        return value.strip(), value.strip()
    if style == "d" and 0 <= number < _MAX_DATE:
        text = _date(number, epoch)
        return text, text
    if style == "%":
        return number, f"{number * 100:.10g}%"
    if number.is_integer() and abs(number) < _EXACT_INTEGER:
        return int(number), str(int(number))
    return number, f"{number:.15g}"


def _date(number: float, epoch: datetime) -> str:
    moment = epoch + timedelta(days=int(number), seconds=round(number % 1 * 86_400))
    if number < 1 and epoch is _EPOCH:
        return moment.strftime("%H:%M")
    # The first workbook program took 1900 for a leap year, and all have kept its count.
    if epoch is _EPOCH and number < 60:  # noqa: PLR2004
        moment += timedelta(days=1)
    if moment.second:
        return moment.isoformat(sep=" ", timespec="seconds")
    return moment.isoformat(sep=" ", timespec="minutes") if moment.hour or moment.minute else f"{moment:%Y-%m-%d}"


class _SheetComments(Handler):
    """Comments of a sheet, old (t) and threaded (text), by the cell they stand at."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self._reference = ""
        self._parts: list[str] | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name in {"comment", "threadedComment"}:
            self._reference = attributes.get("ref", "")
        if name == "text":
            self._parts = []

    def text(self, text: str) -> None:
        if self._parts is not None:
            self._parts.append(text)

    def end(self, name: str) -> None:
        if name == "text" and self._parts is not None:
            self.found.append((self._reference, "".join(self._parts).strip()))
            self._parts = None


def read_xlsx(data: bytes, limits: Limits) -> Document:
    """Read a workbook (.xlsx, .xlsm).

    Raises:
        ReadError: if it is damaged, encrypted or unpacks to more than the limits allow.

    """
    package = Package(data, limits)
    builder = TextBuilder(limits)
    main = package.main_part("xl/workbook.xml")
    workbook = _Workbook()
    package.parse(main, workbook)
    book = _book(package, main, workbook.epoch)
    links = package.relations(main)
    budget = TableBudget(limits.rows, limits.cells)
    for sheet in workbook.sheets:
        if (link := links.get(sheet.relation)) and package.has(link.target):
            _write_sheet(builder, package, link.target, sheet, _Rows(book, budget))
    return builder.build()


def _book(package: Package, main: str, epoch: datetime) -> _Book:
    strings = _Strings(package.limits.characters)
    for part in package.related(main, "sharedStrings"):
        package.parse(part, strings)
    formats = _Formats()
    for part in package.related(main, "styles"):
        package.parse(part, formats)
    return _Book(strings.values, formats.kinds, epoch)


def _write_sheet(builder: TextBuilder, package: Package, part: str, sheet: _Sheet, rows: _Rows) -> None:
    hidden = "hidden sheet" if sheet.hidden else None
    package.parse(part, rows)
    limits = builder.limits
    if rows.cut:
        builder.warn(f"only the first {limits.rows:,} rows and {limits.cells:,} cells were read")
    if rows.rows:
        builder.append(sheet.name, SegmentKind.HEADING, Locator(sheet=sheet.name, part=hidden))
    write_table(
        builder,
        rows.rows,
        name=sheet.name,
        locate=lambda number: Locator(sheet=sheet.name, row=number, part=hidden),
        budget=TableBudget(limits.rows, limits.cells),
    )
    for kind in ("comments", "threadedComment"):
        for comments_part in package.related(part, kind):
            comments = _SheetComments()
            package.parse(comments_part, comments)
            for reference, text in comments.found:
                row = _index(re.sub(r"\D", "", reference)) or None
                builder.append(text, SegmentKind.COMMENT, Locator(sheet=sheet.name, row=row, part="comment"))
