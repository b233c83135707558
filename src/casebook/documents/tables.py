"""Rows of cells -> lines of text ("Header: value | Header: value") and typed records."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Final

import msgspec
from msgspec.structs import replace

from casebook.documents.text import TextBuilder
from casebook.domain.document import Cell, Locator, SegmentKind, Table

SEPARATOR: Final = " | "
_SAMPLE_ROWS: Final = 30
_MAX_HEADER_CELL: Final = 80  # characters; longer cells are prose
_HEADER_SHARE: Final = 0.6  # of the usual width of a row
_TWO: Final = 2
_PERIOD = re.compile(r"(?:[^\W\d_]{1,9}[ .]{0,2}|Q[1-4][ /])?(?:19|20)\d\d|Q[1-4]")
_NUMBER_LIKE = re.compile(r"(?:[A-Z]{3})?[\s$€£%+-]*\d[\d.,:/\s-]*[%€$£]?")


class Row(msgspec.Struct, frozen=True):
    """The filled cells of one row. `columns` counts from 0, in step with `cells` and `shown`."""

    number: int  # in the file, from 1
    columns: Sequence[int]
    cells: Sequence[Cell]  # typed
    shown: Sequence[str]  # as a reader of the file sees them


@dataclass(slots=True)
class TableBudget:
    """What is left of a document's rows and cells; shared by all its tables."""

    rows: int
    cells: int

    def take(self, cells: int) -> bool:
        """Spend a row of `cells`; False when nothing is left for it."""
        self.rows -= 1
        self.cells -= cells
        return self.rows >= 0 and self.cells >= 0


@dataclass(slots=True)
class _Header:
    row: Row
    names: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        seen: Counter[str] = Counter()
        for column, shown in zip(self.row.columns, self.row.shown, strict=True):
            name = " ".join(shown.split())
            seen[name] += 1
            self.names[column] = name if seen[name] == 1 else f"{name} ({seen[name]})"


def text_row(number: int, values: Sequence[str]) -> Row:
    """Make a row of untyped cells; empty ones are left out."""
    filled = [(column, value) for column, value in enumerate(values) if value.strip()]
    columns, shown = [column for column, _ in filled], [value for _, value in filled]
    return Row(number, columns, shown, shown)


def grid(rows: Sequence[Sequence[str]]) -> list[Row]:
    """Number the rows of a table in a text from 1 and leave out the blank ones."""
    numbered = (text_row(number, values) for number, values in enumerate(rows, start=1))
    return [row for row in numbered if row.columns]


def column_letters(column: int) -> str:
    """Name a column as a spreadsheet does: 0 -> "A", 26 -> "AA"."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def write_table(  # noqa: PLR0913  all but two have one caller each that needs them
    builder: TextBuilder,
    rows: Iterable[Row],
    *,
    name: str,
    locate: Callable[[int], Locator],
    budget: TableBudget,
    header: bool | None = None,
    maybe_form: bool = False,
) -> None:
    """Write `rows` to `builder`: lines above the header, the header, one line a row; and the records.

    Args:
        builder: the document.
        rows: rows in order; blank rows are not among them.
        name: the table's name in the records.
        locate: the place of a row, by its number in the file.
        budget: rows and cells left for the document.
        header: True when the first row is known to be the header, False when there is none,
            None to find out.
        maybe_form: two columns of words may be a form (label, value), which has no header.

    """
    source = iter(rows)
    sample = list(islice(source, _SAMPLE_ROWS))
    at = _find_header(sample, maybe_form=maybe_form) if header is None else 0 if header and sample else None
    for row in sample[: at or 0]:
        builder.append(SEPARATOR.join(row.shown), SegmentKind.PARAGRAPH, locate(row.number))
    head = None
    if at is not None:
        head = _Header(sample[at])
        builder.append(SEPARATOR.join(head.names.values()), SegmentKind.TABLE_HEADER, locate(sample[at].number))
        at += 1
    writer = _Writer(builder, head, budget, locate)
    writer.write_all(chain(sample[at or 0 :], source))
    if (table := writer.table(name)) is not None:
        builder.add_table(table)


@dataclass(slots=True)
class _Writer:
    builder: TextBuilder
    header: _Header | None
    budget: TableBudget
    locate: Callable[[int], Locator]
    kept: list[Row] = field(default_factory=list)
    used: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.header:
            self.used.update(self.header.names)

    def write_all(self, rows: Iterable[Row]) -> None:
        """Write rows until they end or a limit stops it."""
        for row in rows:
            if self.builder.full:
                return
            if not self.budget.take(len(row.columns)):
                limits = self.builder.limits
                self.builder.warn(f"only the first {limits.rows:,} rows and {limits.cells:,} cells were read")
                return
            self._write(self._narrow(row))

    def _narrow(self, row: Row) -> Row:
        """Leave out the cells in columns over the limit; few rows have any."""
        limit = self.builder.limits.columns
        if len(self.used) + len(row.columns) <= limit or self.used.issuperset(row.columns):
            self.used.update(row.columns)
            return row
        places = []
        for place, column in enumerate(row.columns):
            if column in self.used or len(self.used) < limit:
                self.used.add(column)
                places.append(place)
        if len(places) < len(row.columns):
            self.builder.warn(f"only the first {limit:,} columns in use were read")
        return replace(
            row,
            columns=[row.columns[place] for place in places],
            cells=[row.cells[place] for place in places],
            shown=[row.shown[place] for place in places],
        )

    def _write(self, row: Row) -> None:
        if not row.columns:
            return
        names = self.header.names if self.header else {}
        line = SEPARATOR.join(
            f"{names[column]}: {shown}" if names.get(column) else shown
            for column, shown in zip(row.columns, row.shown, strict=True)
        )
        # A line alone in a sheet without columns is a sentence, not a record.
        alone = self.header is None and len(row.columns) == 1
        kind = SegmentKind.PARAGRAPH if alone else SegmentKind.TABLE_ROW
        self.builder.append(line, kind, self.locate(row.number))
        self.kept.append(row)

    def table(self, name: str) -> Table | None:
        """Return the records, None when there are none or they would be mostly empty."""
        columns = sorted(self.used)
        if not self.kept or len(columns) < _TWO:
            return None
        if len(columns) * len(self.kept) > self.builder.limits.cells:
            self.builder.warn(f"{name or 'a table'} is too sparse for records: kept as text only")
            return None
        names = self.header.names if self.header else {}
        place = {column: index for index, column in enumerate(columns)}
        return Table(
            name=name,
            header=tuple(names.get(column) or column_letters(column) for column in columns),
            rows=tuple(_dense(row, place) for row in self.kept),
            first_row=self.kept[0].number,
        )


def _dense(row: Row, place: dict[int, int]) -> tuple[Cell, ...]:
    values: list[Cell] = [None] * len(place)
    for column, cell in zip(row.columns, row.cells, strict=True):
        values[place[column]] = cell
    return tuple(values)


def _find_header(sample: Sequence[Row], *, maybe_form: bool) -> int | None:
    """Return the index of the row that names the columns of the rows below it."""
    if len(sample) < _TWO:
        return None
    width = max(sorted(len(row.columns) for row in sample)[len(sample) // 2], _TWO)
    for index, row in enumerate(sample[:-1]):
        if len(row.columns) >= max(_TWO, _HEADER_SHARE * width):
            form = maybe_form and not _describes(row, sample[index + 1 :])
            return index if _names_columns(row) and not form else None
    return None


def _names_columns(row: Row) -> bool:
    texts = [shown.strip() for shown in row.shown]
    if any(len(text) > _MAX_HEADER_CELL for text in texts) or len(set(texts)) < len(texts) - len(texts) // 4:
        return False
    words = sum(
        isinstance(cell, str) and not _NUMBER_LIKE.fullmatch(text) for cell, text in zip(row.cells, texts, strict=True)
    )
    periods = sum(bool(_NUMBER_LIKE.fullmatch(text) and _PERIOD.fullmatch(text)) for text in texts)
    return words >= 1 and words + periods == len(texts)


def _describes(header: Row, below: Sequence[Row]) -> bool:
    """Say whether a row heads a table rather than a form: three columns, or a column of numbers below."""
    if len(header.columns) > _TWO:
        return True
    columns = set(header.columns)
    return any(
        column in columns and (not isinstance(cell, str) or bool(_NUMBER_LIKE.fullmatch(cell.strip())))
        for row in below
        for column, cell in zip(row.columns, row.cells, strict=True)
    )
