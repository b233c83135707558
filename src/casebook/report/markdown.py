"""The report as Markdown (GitHub's dialect). What comes from documents is escaped and stays text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from casebook.report.blocks import (
    Block,
    Bullets,
    Cite,
    Evidence,
    Heading,
    Inline,
    Line,
    Link,
    OpportunityMap,
    Paragraph,
    QuoteBlock,
    ReadinessChart,
    RoadmapChart,
    Table,
    Text,
)
from casebook.report.charts import LEVELS

_SPECIAL = re.compile(r"([\\`*_{}\[\]#|~!])")
_LIST_MARK = re.compile(r"^(\s*(?:\d+(?=[.)](?:\s|$)))?)([-+.)](?=\s|$|--))")
_URL = re.compile(r"(?i)\b((?:https?|ftp)(?=:/)|www(?=\.\S)|(?:mailto|javascript|data)(?=:\S))")
_JOIN = "\u2060"  # keeps a mark on the line of the word before it


def to_markdown(blocks: Iterable[Block]) -> str:
    """Write the blocks as one Markdown text."""
    return "\n\n".join(_block(block) for block in blocks) + "\n"


def _block(block: Block) -> str:  # noqa: PLR0911 - one answer a kind of block
    match block:
        case Heading():
            anchor = f'<a id="{block.anchor}"></a>\n\n' if block.anchor else ""
            return f"{anchor}{'#' * block.level} {_escape(block.text)}"
        case Paragraph():
            return _line(block.line, italic=block.general)
        case Bullets():
            return "\n".join(
                f"{f'{number}.' if block.numbered else '-'} {_line(item, italic=block.general)}"
                for number, item in enumerate(block.items, start=1)
            )
        case QuoteBlock():
            return f"> “{_escape(block.text)}”{_cite(block.quote_id)}  \n> — {_escape(block.place)}"
        case Table():
            return _table(block)
        case OpportunityMap():
            return _map(block)
        case ReadinessChart():
            return _bars(block)
        case RoadmapChart():
            return _plan(block)
        case Evidence():
            return _evidence(block)


def _line(line: Line, *, italic: bool = False) -> str:
    return "".join(_inline(part, italic=italic) for part in line)


def _inline(part: Inline, *, italic: bool = False) -> str:
    match part:
        case Cite():
            return _cite(part.quote_id)
        case Link():
            return f"[{_escape(part.text)}]({part.target})"
        case Text():
            marks = "**" if part.strong else "_" if italic else ""
            return _marked(_escape(part.text), marks)


def _marked(text: str, marks: str) -> str:
    """Set the marks inside the blanks: Markdown wants them at the words."""
    core = text.strip()
    if not marks or not core:
        return text
    start = text.index(core)
    return f"{text[:start]}{marks}{core}{marks}{text[start + len(core) :]}"


def _cite(quote_id: str) -> str:
    return f"{_JOIN} [\\[{quote_id}\\]](#{quote_id.lower()})"


def _table(table: Table) -> str:
    rule = "|".join("---:" if column in table.numeric else "---" for column in range(len(table.header)))
    header = " | ".join(_escape(cell) for cell in table.header)
    rows = (f"| {' | '.join(_line(cell) for cell in row)} |" for row in table.rows)
    return "\n".join([f"| {header} |", f"|{rule}|", *rows])


def _map(chart: OpportunityMap) -> str:
    """Draw the map with letters; the table below it has the figures."""
    width, height = 60, 16
    cells = [[" "] * (width + 1) for _ in range(height + 1)]
    for point in sorted(chart.points, key=lambda point: (-point.value, -point.feasibility)):
        row, column = height - round(point.value * height), round(point.feasibility * (width - 4))
        while any(cell != " " for cell in cells[row][column : column + len(point.label) + 1]):
            row, column = (row, column + 1) if column < width - 4 else (min(row + 1, height), 0)
        cells[row][column : column + len(point.label)] = point.label
    lines = [f"{'1' if number == 0 else ' '} |{''.join(row).rstrip()}" for number, row in enumerate(cells)]
    return "\n".join(["```text", "value", *lines, f"0 +{'-' * width}> feasibility 1", "```"])


def _bars(chart: ReadinessChart) -> str:
    """Draw the levels with letters; the table below has the words."""
    scores = (("Own score", chart.own), ("From the documents", chart.found))
    rows = [f"{name:18} {'none' if score is None else f'{score:g} of 100'}" for name, score in scores]
    rows += [
        f"{rating.name:18} {'█' * (rating.level or 0)}{'░' * (LEVELS - (rating.level or 0))} {rating.level or '-'}"
        for rating in chart.ratings
    ]
    return "\n".join(["```text", *rows, "```"])


def _plan(chart: RoadmapChart) -> str:
    """Draw which use case is due when; the lists below have the words."""
    rows = [
        f"{horizon:12} {' '.join(milestone.label + '!' * bool(milestone.gate) for milestone in milestones)}"
        for horizon, milestones in chart.phases
    ]
    return "\n".join(["```text", *rows, "```"])


def _evidence(evidence: Evidence) -> str:
    place = _escape(evidence.place)
    where = f"[{place}]({evidence.target})" if evidence.target else place
    return (
        f'<a id="{evidence.quote_id.lower()}"></a>**{evidence.quote_id}** {where}  \n'
        f"…{_escape(evidence.before)}**{_escape(evidence.text).strip()}**{_escape(evidence.after)}…"
    )


def _escape(text: str) -> str:
    """Make document text plain: no markup, no HTML, no link that a renderer makes by itself."""
    flat = " ".join(text.split()) or " "[: len(text)]
    lead = " " if text[:1].isspace() and flat.strip() else ""
    trail = " " if text[-1:].isspace() and flat.strip() else ""
    flat = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    flat = _SPECIAL.sub(r"\\\1", flat)
    flat = _URL.sub(rf"\1{_JOIN}", flat)
    return lead + _LIST_MARK.sub(r"\1\\\2", flat) + trail
