"""CSV and TSV: any delimiter, any quoting, German or English numbers and dates."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from casebook.documents.limits import Limits, ReadError
from casebook.documents.tables import Row, TableBudget, write_table
from casebook.documents.text import TextBuilder, clean, decode
from casebook.domain.document import Cell, Document, Locator

_DELIMITERS: Final = (";", "\t", ",", "|")
_SAMPLE_CHARACTERS: Final = 65_536
_SAMPLE_LINES: Final = 50
_DECIDING_ROWS: Final = 2_000
_POINT = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?")
_COMMA = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?")
_SURE_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+,\d+|\d+,(?:\d{1,2}|\d{4,})|\d{1,3}(?:\.\d{3}){2,})")
_SURE_POINT = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+\.\d+|\d+\.(?:\d{1,2}|\d{4,})|\d{1,3}(?:,\d{3}){2,})")
_GERMAN_DATE = re.compile(r"(0?[1-9]|[12]\d|3[01])\.(0?[1-9]|1[0-2])\.((?:19|20)\d\d)")
_KEPT_AS_TEXT = re.compile(r"[+-]?0\d.*|\+.*|.*\d{16}.*")  # postcodes, phone and account numbers


def read_delimited(data: bytes, limits: Limits) -> Document:
    """Read a CSV or TSV file; a row's number is the line of the file it starts on.

    Raises:
        ReadError: if the file's quoting cannot be followed.

    """
    text, warning = decode(data)
    builder = TextBuilder(limits)
    if warning:
        builder.warn(warning)
    lines = text.splitlines(keepends=True) if "\r" in text else text.split("\n")
    delimiter, first = _dialect(lines)
    rows = list(_rows(lines[first:], first, delimiter, builder))
    write_table(
        builder,
        _typed(rows, german=_is_german(rows, delimiter)),
        name="",
        locate=lambda number: Locator(row=number),
        budget=TableBudget(limits.rows, limits.cells),
    )
    return builder.build()


def _dialect(lines: Sequence[str]) -> tuple[str, int]:
    """Return the delimiter and the number of lines to leave out before the first row."""
    if lines and (named := re.fullmatch(r"sep=(.)\s*", lines[0])):
        return named[1], 1
    sample = [line[:_SAMPLE_CHARACTERS] for line in lines[:_SAMPLE_LINES] if line.strip()]
    return max(_DELIMITERS, key=lambda mark: _consistency(sample, mark)), 0


def _consistency(sample: Sequence[str], delimiter: str) -> tuple[float, int]:
    """Rate a delimiter: the share of rows as wide as the usual row, then that width."""
    try:
        widths = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
    except csv.Error:
        return 0.0, 0
    if not widths:
        return 0.0, 0
    usual = sorted(widths)[len(widths) // 2]
    return (widths.count(usual) / len(widths), usual) if usual > 1 else (0.0, 0)


def _rows(lines: Iterable[str], skipped: int, delimiter: str, builder: TextBuilder) -> Iterator[tuple[int, list[str]]]:
    limits = builder.limits
    csv.field_size_limit(limits.characters)
    reader = csv.reader((line if line.endswith("\n") else line + "\n" for line in lines), delimiter=delimiter)
    budget = TableBudget(limits.rows + 1, limits.cells)
    number = skipped + 1
    try:
        for values in reader:
            if len(values) > limits.columns:
                builder.warn(f"only the first {limits.columns:,} columns were read")
                del values[limits.columns :]
            if any(values):
                if not budget.take(len(values)):
                    builder.warn(f"only the first {limits.rows:,} rows and {limits.cells:,} cells were read")
                    return
                yield number, [clean(value).strip() for value in values]
            number = skipped + reader.line_num + 1
    except csv.Error as error:
        message = "a quoted field does not end, or a field is too long: save the table anew as CSV or XLSX"
        raise ReadError(message) from error


def _is_german(rows: Sequence[tuple[int, Sequence[str]]], delimiter: str) -> bool:
    """Decide once for the file whether "," or "." is the decimal mark."""
    comma = point = 0
    for _, values in rows[:_DECIDING_ROWS]:
        for value in values:
            comma += bool(_SURE_COMMA.fullmatch(value))
            point += bool(_SURE_POINT.fullmatch(value))
    return comma > point if comma != point else delimiter == ";"


def _typed(rows: Sequence[tuple[int, list[str]]], *, german: bool) -> Iterator[Row]:
    width = max((len(values) for _, values in rows), default=0)
    kinds = [_column_kind([values[column] for _, values in rows[1:] if column < len(values)], german=german)
             for column in range(width)]  # fmt: skip
    for number, values in rows:
        columns = [column for column, value in enumerate(values) if value]
        shown = [values[column] for column in columns]
        cells = [_cell(values[column], kinds[column], german=german) for column in columns]
        if columns:
            yield Row(number, columns, cells, shown)


def _column_kind(values: Iterable[str], *, german: bool) -> str:
    """Say what all values of a column are: "number", "date" or "text"."""
    number = _COMMA if german else _POINT
    kinds = set()
    for value in values:
        if not value:
            continue
        if number.fullmatch(value) and not _KEPT_AS_TEXT.fullmatch(value):
            kinds.add("number")
        else:
            kinds.add("date" if _GERMAN_DATE.fullmatch(value) else "text")
        if "text" in kinds or len(kinds) > 1:
            return "text"
    return kinds.pop() if kinds else "text"


def _cell(value: str, kind: str, *, german: bool) -> Cell:
    if kind == "date" and (date := _GERMAN_DATE.fullmatch(value)):
        return f"{date[3]}-{int(date[2]):02}-{int(date[1]):02}"
    if kind != "number" or not (_COMMA if german else _POINT).fullmatch(value):
        return value
    plain = value.replace(".", "").replace(",", ".") if german else value.replace(",", "")
    return float(plain) if "." in plain else int(plain)
