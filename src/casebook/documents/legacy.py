"""Formats of older office programs: Excel 97 (.xls) and OpenDocument sheets; the others with advice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

from casebook.documents.limits import Limits, ReadError
from casebook.documents.ooxml import Package
from casebook.documents.tables import Row, TableBudget, write_table
from casebook.documents.text import TextBuilder
from casebook.domain.document import Cell, Document, Locator, SegmentKind

_DAMAGED: Final = "damaged or cut off: open it in the program it was made with and save it as .xlsx"
_ENCRYPTED: Final = "encrypted: save it without a password"


def _stream(name: str) -> bytes:
    return name.encode("utf-16-le")


# Names of the streams in an OLE container that tell what it is, the encrypted ones first.
_CONTENTS: Final = (
    (_stream("EncryptedPackage"), _ENCRYPTED, False),
    (_stream("WordDocument"), "an old Word file (.doc): save it as .docx", False),
    (_stream("PowerPoint Document"), "an old PowerPoint file (.ppt): save it as .pptx", False),
    (_stream("__properties_version1.0"), "an Outlook message (.msg): save it as .eml", False),
)


def read_ole(data: bytes, limits: Limits) -> Document:
    """Read an Excel 97 workbook, or say what the OLE container holds and what to do.

    Raises:
        ReadError: if it is not a workbook, or a damaged or encrypted one.

    """
    for name, reason, skipped in _CONTENTS:
        if name in data:
            raise ReadError(reason, skipped=skipped)
    if _stream("Workbook") in data or _stream("Book") in data:
        return _read_workbook(data, limits)
    message = "an old office file that is not a workbook: save it as .docx, .pptx or PDF"
    raise ReadError(message)


def read_ods(data: bytes, limits: Limits) -> Document:
    """Read an OpenDocument spreadsheet.

    Raises:
        ReadError: if it is damaged, encrypted or unpacks to more than the limits allow.

    """
    package = Package(data, limits)
    # The library unpacks without counting, so count first.
    for part in ("content.xml", "META-INF/manifest.xml"):
        if package.has(part):
            for chunk in package.chunks(part):
                if b"encryption-data" in chunk:
                    raise ReadError(_ENCRYPTED)
    return _read_workbook(data, limits)


def _read_workbook(data: bytes, limits: Limits) -> Document:
    builder = TextBuilder(limits)
    budget = TableBudget(limits.rows, limits.cells)
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(data))
        for sheet in book.sheets_metadata:
            hidden = None if sheet.visible == SheetVisibleEnum.Visible else "hidden sheet"
            builder.append(sheet.name, SegmentKind.HEADING, Locator(sheet=sheet.name, part=hidden))
            write_table(
                builder,
                _rows(book, sheet.name),
                name=sheet.name,
                locate=lambda number, name=sheet.name, part=hidden: Locator(sheet=name, row=number, part=part),  # type: ignore[misc]
                budget=budget,
            )
    except PasswordError as error:
        raise ReadError(_ENCRYPTED) from error
    except CalamineError as error:
        raise ReadError(_DAMAGED) from error
    return builder.build()


def _rows(book: CalamineWorkbook, name: str) -> Iterator[Row]:
    sheet = book.get_sheet_by_name(name)
    for number, values in enumerate(sheet.iter_rows(), start=(sheet.start or (0, 0))[0] + 1):
        columns: list[int] = []
        cells: list[Cell] = []
        for column, value in enumerate(values):
            if value not in {"", None}:
                columns.append(column)
                cells.append(_cell(value))
        if columns:
            yield Row(number, columns, cells, [_shown(cell) for cell in cells])


def _cell(value: Cell | time | date | datetime | timedelta) -> Cell:
    if isinstance(value, datetime):
        midnight = value.time() == time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _shown(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return f"{cell:.15g}" if isinstance(cell, float) else str(cell).strip()
