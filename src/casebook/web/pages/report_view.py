"""The report for the screen: the same blocks as every format, sorted into sections and cards, with living citations."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from casebook.domain.report import Report, ReportQuote, ReportSource, UseCase
from casebook.report.blocks import Block, Heading, Table
from casebook.report.html import fragment
from casebook.report.layout import lay_out

_CITE: Final = re.compile(r'<a class="cite" href="#(q[0-9]+)">')  # ours alone: what documents say is escaped
_TAG: Final = re.compile(r"<[^>]+>")
_OWN: Final = {"", "use-cases", "sources", "evidence"}  # sections that the page writes itself


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A section of the report, as HTML that was escaped when it was written."""

    anchor: str
    title: str
    content: str


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A use case: what one reads first, and the rest."""

    use_case: UseCase
    problem: str
    rest: str
    words: str  # all of it in lower case, to search in


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """A file with its quotes."""

    source: ReportSource
    quotes: Sequence[ReportQuote]


class ReportView(msgspec.Struct, frozen=True, kw_only=True):
    """What the report's page shows."""

    report: Report
    before: Sequence[Section]  # the use cases
    cards: Sequence[Card]
    after: Sequence[Section]
    sources: Sequence[SourceView]
    functions: Sequence[str]
    horizons: Sequence[str]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader looks for; empty is everything."""

    text: str = ""
    function: str = ""
    horizon: str = ""

    @property
    def everything(self) -> bool:
        """Tell whether nothing is left out."""
        return not (self.text or self.function or self.horizon)

    def admits(self, card: Card) -> bool:
        """Tell whether a use case is looked for."""
        return (
            (not self.function or card.use_case.function == self.function)
            and (not self.horizon or card.use_case.horizon == self.horizon)
            and self.text.casefold() in card.words
        )


def view_of(report: Report, run_address: str) -> ReportView:
    """Lay a report out for the screen; citations lead to the sources below `run_address`."""
    sections = list(_sections(lay_out(report)))
    places = {quote.id: quote.source_id for quote in report.quotes}
    titles = [anchor for anchor, _ in sections]
    middle = titles.index("use-cases")
    shown = [
        Section(anchor=anchor, title=_title(blocks), content=_linked(_written(blocks[1:]), places, run_address))
        for anchor, blocks in sections
    ]
    use_cases = {use_case.id.lower(): use_case for use_case in report.use_cases}
    cards = [
        _card(use_cases[anchor], blocks, places, run_address)
        for anchor, blocks in _cut(sections[middle][1], 3)
        if anchor in use_cases
    ]
    return ReportView(
        report=report,
        before=[section for section in shown[:middle] if section.anchor not in _OWN],
        cards=cards,
        after=[section for section in shown[middle:] if section.anchor not in _OWN],
        sources=[
            SourceView(source=source, quotes=[quote for quote in report.quotes if quote.source_id == source.id])
            for source in report.sources
        ],
        functions=sorted({use_case.function for use_case in report.use_cases}),
        horizons=list(dict.fromkeys(str(use_case.horizon) for use_case in report.use_cases)),
    )


def _sections(blocks: Sequence[Block]) -> Iterator[tuple[str, list[Block]]]:
    yield from _cut(blocks, 2)


def _cut(blocks: Sequence[Block], level: int) -> Iterator[tuple[str, list[Block]]]:
    """Cut at the headings of a level; what stands before the first has no anchor."""
    anchor = ""
    found: list[Block] = []
    for block in blocks:
        if isinstance(block, Heading) and block.level == level:
            yield anchor, found
            anchor, found = block.anchor, []
        found.append(block)
    yield anchor, found


def _title(blocks: Sequence[Block]) -> str:
    return blocks[0].text if blocks and isinstance(blocks[0], Heading) else ""


def _card(use_case: UseCase, blocks: Sequence[Block], places: Mapping[str, str], address: str) -> Card:
    # Heading and table of figures are drawn by the page; of the rest the problem comes first.
    figures = next((block for block in blocks if isinstance(block, Table)), None)
    body = [block for block in blocks[1:] if block is not figures]
    headings = [number for number, block in enumerate(body) if isinstance(block, Heading)]
    split = headings[1] if len(headings) > 1 else len(body)
    problem, rest = (_linked(_written(part), places, address) for part in (body[:split], body[split:]))
    words = html.unescape(_TAG.sub(" ", f"{use_case.title} {use_case.function} {problem} {rest}"))
    return Card(use_case=use_case, problem=problem, rest=rest, words=words.casefold())


def _written(blocks: Sequence[Block]) -> str:
    return "\n".join(fragment(block) for block in blocks)


def _linked(written: str, places: Mapping[str, str], address: str) -> str:
    """Let each citation lead to its source."""

    def link(match: re.Match[str]) -> str:
        quote_id = match[1].upper()
        place = f"{address}/sources/{places[quote_id]}?q={quote_id}"
        return f'<a class="cite" href="{place}" data-quote="{quote_id}">'

    return _CITE.sub(link, written)
