"""What documents say, without the characters that show nothing, end a line elsewhere or turn the text around."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from casebook.domain.report import Report

# C0 and C1 controls, overrides and isolates of the writing direction, code points that are no characters
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")
_BLANKS = re.compile("[\x0b\x0c\x85\u2028\u2029]")


def printable(report: Report) -> Report:
    """Return the report as every format shows it; only the JSON keeps quotes letter by letter."""
    return msgspec.convert(_cleaned(msgspec.to_builtins(report)), Report)


def visible(text: str) -> str:
    """Return the part of a text that can be shown."""
    return _UNSEEN.sub("", _BLANKS.sub(" ", text))


def _cleaned(value: Any) -> Any:  # noqa: ANN401 - any JSON
    match value:
        case str():
            return visible(value)
        case dict():
            return {key: _cleaned(found) for key, found in value.items()}
        case list() | tuple():
            return [_cleaned(found) for found in value]
        case _:
            return value
