"""Cut a document into passages: whole sentences of about 60 words under one heading.

Small passages find better than whole pages: measured on public filings, 60 words found a third more than a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec.structs import replace

from casebook.domain.document import Locator, Segment, SegmentKind
from casebook.domain.passage import Passage
from casebook.domain.sentences import sentence_spans

TARGET_WORDS = 60
MAX_CHARACTERS = 900  # of one passage; longer sentences (lists without marks, tables as text) are cut at blanks
MAX_ROWS = 3_000  # of one table; further rows repeat the same kind of content and stay in the records
MIN_ROW_WORDS = 4

_LIST_MARK = re.compile(r"(?:[-*•–▪◦·]|\d{1,2}[.)])\s+(?=\S)")
_CELL_HEADER = re.compile(r"[^:|\n]{1,40}: ")
_PROSE = {SegmentKind.PARAGRAPH, SegmentKind.LIST_ITEM}
_ALONE = {SegmentKind.NOTE, SegmentKind.COMMENT}


def cut_passages(source_id: str, text: str, segments: Sequence[Segment]) -> list[Passage]:
    """Cut the text of one source; headings and furniture are context, not passages."""
    passages: list[Passage] = []
    rows = 0
    for group in _groups(segments):
        kind = group[0].kind
        if kind is SegmentKind.TABLE_ROW:
            rows += 1
            if rows > MAX_ROWS or len(text[group[0].start : group[0].end].split()) < MIN_ROW_WORDS:
                continue
        passages.extend(_windows(source_id, text, group))
    return passages


def _groups(segments: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Put neighbouring prose under one heading and on one page together; all else stands alone."""
    group: list[Segment] = []
    for segment in segments:
        if group and not _belongs(group[-1], segment):
            yield group
            group = []
        if segment.kind in _PROSE or segment.kind in _ALONE or segment.kind is SegmentKind.TABLE_ROW:
            group.append(segment)
    if group:
        yield group


def _belongs(last: Segment, segment: Segment) -> bool:
    return (
        last.kind in _PROSE
        and segment.kind in _PROSE
        and last.locator.heading == segment.locator.heading
        and last.locator.page == segment.locator.page
        and last.locator.slide == segment.locator.slide
        and last.locator.part == segment.locator.part
    )


def _windows(source_id: str, text: str, group: Sequence[Segment]) -> Iterator[Passage]:
    """Fill passages with whole sentences; a passage's locator is that of the segment it starts in."""
    window: list[tuple[int, int, Segment]] = []
    words = 0
    for span in _sentences(text, group):
        size = text.count(" ", span[0], span[1]) + 1
        too_long = window and span[1] - window[0][0] > MAX_CHARACTERS
        if window and (words + size > TARGET_WORDS or too_long):
            yield _passage(source_id, text, window)
            window, words = [], 0
        window.append(span)
        words += size
    if window:
        yield _passage(source_id, text, window)


def _sentences(text: str, group: Sequence[Segment]) -> Iterator[tuple[int, int, Segment]]:
    for segment in group:
        for start, end in sentence_spans(text, segment.start, segment.end):
            if segment.kind is SegmentKind.TABLE_ROW:
                start = _after_header(text, start, end)  # noqa: PLW2901 - the cell, not its column's name
            start = _after_mark(text, start, end)  # noqa: PLW2901 - the words, not the mark of the list
            for piece_start, piece_end in pairwise(_cuts(text, start, end)):
                yield piece_start, piece_end, segment


def _after_mark(text: str, start: int, end: int) -> int:
    mark = _LIST_MARK.match(text, start, end)
    return mark.end() if mark else start


def _after_header(text: str, start: int, end: int) -> int:
    """Step over "Remark: " in front of a cell of prose; short cells keep the name that explains them."""
    header = _CELL_HEADER.match(text, start, end)
    return header.end() if header and text.count(" ", header.end(), end) >= MIN_ROW_WORDS else start


def _cuts(text: str, start: int, end: int) -> list[int]:
    """Cut what has no sentence ends at blanks, so that no passage grows without bound."""
    cuts = [start]
    while end - cuts[-1] > MAX_CHARACTERS:
        blank = text.rfind(" ", cuts[-1] + 1, cuts[-1] + MAX_CHARACTERS)
        cuts.append(blank if blank > cuts[-1] else cuts[-1] + MAX_CHARACTERS)
    return [*cuts, end]


def _passage(source_id: str, text: str, window: Sequence[tuple[int, int, Segment]]) -> Passage:
    start, end, segment = window[0][0], window[-1][1], window[0][2]
    sentences = tuple((first, last) for first, last, _ in window)
    places = tuple(_place(text, first, where) for first, _, where in window)
    return Passage(source_id, start, end, text[start:end], segment.kind, places[0], sentences, places)


def _place(text: str, start: int, segment: Segment) -> Locator:
    """Where a sentence stands: its own line, where the format has lines."""
    line = segment.locator.line
    lines_down = text.count("\n", segment.start, start) if line is not None else 0
    return replace(segment.locator, line=line + lines_down) if line is not None and lines_down else segment.locator
