"""The report as one HTML file: no script, nothing loaded from anywhere, everything escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib.resources import files

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
from casebook.report.charts import draw

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def to_html(blocks: Iterable[Block], *, title: str) -> str:
    """Write the blocks as one page with a table of contents."""
    content = tuple(blocks)
    style = files("casebook.report").joinpath("report.css").read_text("utf-8")
    contents = "".join(
        f'<li><a href="#{block.anchor}">{escape(block.text)}</a></li>'
        for block in content
        if isinstance(block, Heading) and block.level == 2 and block.anchor  # noqa: PLR2004
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body>"
        f'<nav aria-label="Contents"><ol>{contents}</ol></nav><main>\n'
        + "\n".join(_block(block) for block in content)
        + "\n</main></body></html>\n"
    )


def fragment(block: Block) -> str:
    """Write one block, to stand in a page of someone else's."""
    return _block(block)


def _block(block: Block) -> str:  # noqa: PLR0911 - one answer a kind of block
    match block:
        case Heading():
            anchor = f' id="{escape(block.anchor)}"' if block.anchor else ""
            return f"<h{block.level}{anchor} dir=auto>{escape(block.text)}</h{block.level}>"
        case Paragraph():
            return f"<p{_general(block.general)}>{_line(block.line)}</p>"
        case Bullets():
            tag = "ol" if block.numbered else "ul"
            items = "".join(f"<li>{_line(item)}</li>" for item in block.items)
            return f"<{tag}{_general(block.general)}>{items}</{tag}>"
        case QuoteBlock():
            return (
                f"<blockquote><p dir=auto{_lang(block.language)}>“{escape(block.text)}”{_cite(block.quote_id)}</p>"
                f"<footer dir=auto>{escape(block.place)}</footer></blockquote>"
            )
        case Table():
            return _table(block)
        case OpportunityMap() | ReadinessChart() | RoadmapChart():
            return f'<figure tabindex="0">{draw(block)}</figure>'
        case Evidence():
            return _evidence(block)


def _line(line: Line) -> str:
    return "".join(_inline(part) for part in line)


def _inline(part: Inline) -> str:
    match part:
        case Cite():
            return _cite(part.quote_id)
        case Link():
            return f'<a href="{escape(part.target)}">{escape(part.text)}</a>'
        case Text():
            return f"<strong>{escape(part.text)}</strong>" if part.strong else f"<bdi>{escape(part.text)}</bdi>"


def _cite(quote_id: str) -> str:
    return f'\u2060<a class="cite" href="#{quote_id.lower()}">{quote_id}</a>'


def _general(general: bool) -> str:  # noqa: FBT001 - a mark on the element
    return ' class="general"' if general else ""


def _lang(language: str) -> str:
    return f' lang="{escape(language)}"' if language and language != "und" else ""


def _table(table: Table) -> str:
    header = "".join(f"<th scope=col>{escape(cell)}</th>" if cell else "<td></td>" for cell in table.header)
    head = f"<thead><tr>{header}</tr></thead>" if any(table.header) else ""
    kind = "" if any(table.header) else ' class="facts"'
    rows = "".join(
        f"<tr>{''.join(_cell(cell, column, table) for column, cell in enumerate(row))}</tr>" for row in table.rows
    )
    return f'<div class="scroll" tabindex="0"><table{kind}>{head}<tbody>{rows}</tbody></table></div>'


def _cell(cell: Line, column: int, table: Table) -> str:
    numeric = ' class="number"' if column in table.numeric else ""
    return f"<td{numeric}>{_line(cell)}</td>"


def _evidence(evidence: Evidence) -> str:
    place = escape(evidence.place)
    where = f'<a href="{escape(evidence.target)}">{place}</a>' if evidence.target else place
    return (
        f'<section class="evidence" id="{evidence.quote_id.lower()}"><h3>{evidence.quote_id}</h3>'
        f'<p class="place">{where}</p>'
        f"<p dir=auto{_lang(evidence.language)}><span>…{escape(evidence.before)}</span>"
        f"<mark>{escape(evidence.text)}</mark>"
        f"<span>{escape(evidence.after)}…</span></p></section>"
    )
