"""JSON and JSON Lines: lists of objects as records, everything else as "path: value" lines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from casebook.documents.limits import Limits, ReadError
from casebook.documents.tables import Row, TableBudget, write_table
from casebook.documents.text import TextBuilder, decode
from casebook.domain.document import Cell, Document, Locator, SegmentKind

_SAFE_DIGITS: Final = 18
_FLATTENED_LEVELS: Final = 2


def read_json(data: bytes, limits: Limits) -> Document:
    """Read JSON or JSON Lines.

    Raises:
        ReadError: if it is not JSON or nested deeper than `limits.depth`.

    """
    text, warning = decode(data)
    builder = TextBuilder(limits)
    if warning:
        builder.warn(warning)
    walker = _Walker(builder)
    try:
        walker.walk(_parse(text), (), 0)
    except RecursionError as error:
        message = f"the JSON is nested more than {limits.depth} levels deep: export it flatter"
        raise ReadError(message) from error
    return builder.build()


def _parse(text: str) -> object:
    try:
        return _load(text)
    except ValueError as error:
        if values := _parse_lines(text):
            return values
        place = f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else str(error)
        message = f"not valid JSON ({place}): export it again"
        raise ReadError(message) from error


def _parse_lines(text: str) -> list[object] | None:
    """Parse JSON Lines; None when a line is not JSON."""
    lines = [line for line in text.split("\n") if line.strip()]
    try:
        return [_load(line) for line in lines] if len(lines) > 1 else None
    except ValueError:
        return None


def _load(text: str) -> object:
    # "NaN" and "Infinity" are not JSON; they are kept as the words they are.
    return json.loads(text, object_pairs_hook=_object, parse_constant=str, parse_int=_integer)


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _SAFE_DIGITS else digits


def _object(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """Keep both values of a key given twice, the second as "key (2)"."""
    result: dict[str, object] = {}
    counts: dict[str, int] = {}
    for key, value in pairs:
        counts[key] = counts.get(key, 0) + 1
        result[key if counts[key] == 1 else f"{key} ({counts[key]})"] = value
    return result


class _Walker:
    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._budget = TableBudget(builder.limits.rows, builder.limits.cells)

    def walk(self, value: object, path: tuple[str, ...], depth: int) -> None:
        if depth > self._builder.limits.depth:
            raise RecursionError
        if self._builder.full:
            return
        if isinstance(value, dict):
            for key, inner in value.items():
                self.walk(inner, (*path, key), depth + 1)
        elif isinstance(value, list):
            self._list(value, path, depth)
        elif shown := _shown(value):
            self._append(path, shown, SegmentKind.PARAGRAPH)

    def _list(self, values: list[object], path: tuple[str, ...], depth: int) -> None:
        if values and all(isinstance(value, dict) for value in values):
            self._records([value for value in values if isinstance(value, dict)], path)
            return
        for value in values:
            if isinstance(value, dict | list):
                self.walk(value, path, depth + 1)
            elif shown := _shown(value):
                self._append(path, shown, SegmentKind.LIST_ITEM)

    def _append(self, path: tuple[str, ...], shown: str, kind: SegmentKind) -> None:
        name = ".".join(path)
        self._builder.append(f"{name}: {shown}" if name else shown, kind, Locator(part=name or None))

    def _records(self, records: Sequence[Mapping[str, object]], path: tuple[str, ...]) -> None:
        """Write a list of objects as a table; row 1 is its first object."""
        name = ".".join(path)
        flat = [_flatten(record, "", 0) for record in records[: self._builder.limits.rows + 1]]
        places: dict[str, int] = {}
        for record in flat:
            for key in record:
                places.setdefault(key, len(places))
        header = Row(0, range(len(places)), list(places), list(places))
        rows = [_row(number, record, places) for number, record in enumerate(flat, start=1)]
        write_table(
            self._builder,
            [header, *rows],
            name=name,
            locate=lambda number: Locator(row=number or None, part=name or None),
            budget=self._budget,
            header=True,
        )


def _row(number: int, record: Mapping[str, Cell], places: Mapping[str, int]) -> Row:
    filled = sorted((places[key], value) for key, value in record.items() if _shown(value))
    return Row(
        number, [place for place, _ in filled], [cell for _, cell in filled], [_shown(cell) for _, cell in filled]
    )


def _flatten(record: Mapping[str, object], prefix: str, level: int) -> dict[str, Cell]:
    """Turn an object into cells: objects inside become "outer.inner", lists one cell."""
    cells: dict[str, Cell] = {}
    for key, value in record.items():
        if isinstance(value, dict) and level < _FLATTENED_LEVELS:
            cells.update(_flatten(value, f"{prefix}{key}.", level + 1))
        elif isinstance(value, dict | list):
            cells[prefix + key] = _joined(value)
        else:
            cells[prefix + key] = value if isinstance(value, str | int | float) else None
    return cells


def _joined(value: object) -> str:
    if isinstance(value, dict):
        words = (f"{key}: {_joined(inner)}" for key, inner in value.items())
        return ", ".join(words)
    if isinstance(value, list):
        return "; ".join(_joined(inner) for inner in value)
    return _shown(value)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value).strip()
