"""How wide the columns of a table should be, for formats that have to be told."""

from __future__ import annotations

import math

from casebook.report.blocks import Cite, Line, Table

_LONGEST_WORD = 18  # longer words are broken
_LONGEST_TEXT = 400


def widths(table: Table) -> list[float]:
    """Return the share of each column; they add up to 1. Words fit if they can, long texts get more room."""
    needs = [_need(name, [plain(row[column]) for row in table.rows]) for column, name in enumerate(table.header)]
    return [round(need / sum(needs), 4) for need in needs]


def plain(line: Line) -> str:
    """Return the words of a line, marks and all."""
    return "".join(part.quote_id if isinstance(part, Cite) else part.text for part in line)


def _need(name: str, texts: list[str]) -> float:
    longest = max(_longest(texts), _longest([name]))
    usual = sum(min(len(text), _LONGEST_TEXT) for text in texts) / max(1, len(texts))
    by_words = 1.15 * min(longest, _LONGEST_WORD) + 2.5
    return max(by_words, min(usual, 4.5 * math.sqrt(usual)))


def _longest(texts: list[str]) -> int:
    return max((len(word) for text in texts for word in text.split()), default=1)
