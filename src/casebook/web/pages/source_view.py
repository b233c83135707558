"""A source around a quote: the page, the slide, the row or the passage, with the quote's own letters marked.

The marks come from the offsets at which the quote was verified, in the very text that was kept then.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
from msgspec.structs import replace

from casebook.documents.page_worker import PageAnswer, Rectangle
from casebook.domain.document import Box, Cell, Segment, SegmentKind, Source, Table
from casebook.domain.intake import StoredSubmission
from casebook.domain.report import Report, ReportQuote
from casebook.errors import StorageFailed
from casebook.web.pages.desk import Desk
from casebook.web.pages.run_view import RunViews

PDF: Final = "application/pdf"
PICTURE_WIDTH: Final = 1000  # pixels

_AROUND: Final = 900  # characters shown before and after a quote
_ROWS_AROUND: Final = 3
_COLUMNS: Final = 12
_BEGINNING: Final = 4_000  # characters of a source that is opened without a quote
_CELL_CHARACTERS: Final = 300
_PICTURES: Final = 48  # kept in memory, about a hundred kilobytes each


class Piece(msgspec.Struct, frozen=True):
    """A stretch of text; `marked` when it belongs to the quote."""

    text: str
    marked: bool = False


class Paragraph(msgspec.Struct, frozen=True):
    """A segment of the source, cut where the quote begins and ends."""

    kind: SegmentKind
    pieces: Sequence[Piece]
    row: int | None = None


class Excerpt(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of a table around a quote."""

    name: str
    header: Sequence[str]
    rows: Sequence[tuple[int, bool, Sequence[str]]]  # number, whether the quote stands in it, cells


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of a source."""

    source: Source
    quote: ReportQuote | None
    place: str
    paragraphs: Sequence[Paragraph]
    excerpt: Excerpt | None
    page: PageAnswer | None
    page_number: int
    earlier: ReportQuote | None
    later: ReportQuote | None
    quotes: Sequence[ReportQuote]  # of this source


@dataclass(slots=True)
class SourceViews:
    """Opens sources. Its methods read files and ask the page worker: not for the event loop."""

    desk: Desk
    views: RunViews
    _pictures: OrderedDict[tuple[str, int], bytes] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, stored: StoredSubmission, report: Report, source_id: str, quote_id: str) -> SourceView | None:
        """Return a source as a report saw it, around a quote or from its beginning; None when it is not there."""
        source = self.source(stored, source_id)
        quote = next((found for found in report.quotes if found.id == quote_id), None)
        if source is None or (quote_id and (quote is None or quote.source_id != source_id)):
            return None
        text, segments = self._text(stored, source)
        number = (quote.locator.page if quote else 1) or 0
        order = {found.id: index for index, found in enumerate(report.quotes)}
        index = order[quote.id] if quote else -1
        return SourceView(
            source=source,
            quote=quote,
            place=quote.locator.describe() if quote else "",
            paragraphs=paragraphs(text, around(segments, quote), quote),
            excerpt=self._excerpt(stored, source, quote),
            page=self._page(stored, source, quote, text, segments) if number and source.media_type == PDF else None,
            page_number=number,
            earlier=report.quotes[index - 1] if index > 0 else None,
            later=report.quotes[index + 1] if 0 <= index < len(report.quotes) - 1 else None,
            quotes=[found for found in report.quotes if found.source_id == source_id],
        )

    def source(self, stored: StoredSubmission, source_id: str) -> Source | None:
        """Return what the run's set-up kept of a source."""
        run = self.desk.parts.find_run(stored.company_slug, stored.run_id)
        manifest = self.views.manifest(run)
        return next((source for source in manifest.sources if source.id == source_id), None) if manifest else None

    def picture(self, stored: StoredSubmission, source: Source, number: int) -> bytes:
        """Return a page as PNG, empty when it cannot be drawn."""
        key = (source.sha256, number)
        with self._lock:
            if key in self._pictures:
                self._pictures.move_to_end(key)
                return self._pictures[key]
        if not source.path or source.media_type != PDF:
            return b""
        try:
            with self.desk.parts.storage.local_copy(f"{stored.company_slug}/{source.path}") as path:
                picture = self.desk.reader.draw(path, number, PICTURE_WIDTH).picture
        except StorageFailed:
            return b""
        with self._lock:
            if picture:
                self._pictures[key] = picture
            while len(self._pictures) > _PICTURES:
                self._pictures.popitem(last=False)
        return picture

    def _page(
        self,
        stored: StoredSubmission,
        source: Source,
        quote: ReportQuote | None,
        text: str,
        segments: Sequence[Segment],
    ) -> PageAnswer | None:
        """Find out where on its page a quote stands; nothing is marked when that is not certain."""
        if not source.path:
            return None
        number = (quote.locator.page if quote else 1) or 1
        on_page = [segment for segment in segments if segment.locator.page == number]
        start, end = (on_page[0].start, on_page[-1].end) if on_page else (0, 0)
        span = (max(quote.start - start, 0), min(quote.end, end) - start) if quote and on_page else (0, 0)
        try:
            with self.desk.parts.storage.local_copy(f"{stored.company_slug}/{source.path}") as path:
                answer = self.desk.reader.find(path, number, text[start:end], span)
        except StorageFailed:
            return None
        if not (answer.width and answer.height):
            return None
        if quote and quote.locator.box and not answer.rectangles:
            return replace(answer, rectangles=(rectangle_of(quote.locator.box, answer),))
        return answer

    def _text(self, stored: StoredSubmission, source: Source) -> tuple[str, Sequence[Segment]]:
        if not source.text_path or not source.segments_path:
            return "", ()
        try:
            text = self.desk.parts.storage.read(f"{stored.company_slug}/{source.text_path}").decode()
            data = self.desk.parts.storage.read(f"{stored.company_slug}/{source.segments_path}")
        except StorageFailed:
            return "", ()
        return text, msgspec.json.decode(data, type=tuple[Segment, ...])

    def _excerpt(self, stored: StoredSubmission, source: Source, quote: ReportQuote | None) -> Excerpt | None:
        if not source.records_path or quote is None or quote.locator.row is None:
            return None
        try:
            data = self.desk.parts.storage.read(f"{stored.company_slug}/{source.records_path}")
        except StorageFailed:
            return None
        return excerpt(msgspec.json.decode(data, type=tuple[Table, ...]), quote.locator.sheet, quote.locator.row)


def rectangle_of(box: Box, page: PageAnswer) -> Rectangle:
    """Return the place of a recognised paragraph on a page."""
    left, top, right, bottom = box
    return Rectangle(
        x=round(left * page.width, 2),
        y=round(top * page.height, 2),
        width=round((right - left) * page.width, 2),
        height=round((bottom - top) * page.height, 2),
    )


def around(segments: Sequence[Segment], quote: ReportQuote | None) -> Sequence[Segment]:
    """Return the segments to show: the quote's slide, the rows beside its row, or the passage around it."""
    if quote is None:
        return [segment for segment in segments if segment.end <= _BEGINNING] or segments[:1]
    touched = [at for at, found in enumerate(segments) if found.start < quote.end and quote.start < found.end]
    if not touched:
        return ()
    first, last = touched[0], touched[-1]
    if slide := segments[first].locator.slide:
        return [found for found in segments if found.locator.slide == slide]
    if segments[first].kind in {SegmentKind.TABLE_ROW, SegmentKind.TABLE_HEADER}:
        return segments[max(first - _ROWS_AROUND, 0) : last + _ROWS_AROUND + 1]
    start, end = quote.start - _AROUND, quote.end + _AROUND
    return [found for at, found in enumerate(segments) if (found.end > start and found.start < end) or at in touched]


def paragraphs(text: str, segments: Sequence[Segment], quote: ReportQuote | None) -> Sequence[Paragraph]:
    """Cut the segments where the quote begins and ends."""
    return [Paragraph(segment.kind, tuple(_pieces(text, segment, quote)), segment.locator.row) for segment in segments]


def _pieces(text: str, segment: Segment, quote: ReportQuote | None) -> Sequence[Piece]:
    if quote is None or quote.end <= segment.start or segment.end <= quote.start:
        return [Piece(text[segment.start : segment.end])]
    start, end = max(segment.start, quote.start), min(segment.end, quote.end)
    found = (Piece(text[segment.start : start]), Piece(text[start:end], marked=True), Piece(text[end : segment.end]))
    return [piece for piece in found if piece.text]


def excerpt(tables: Sequence[Table], sheet: str | None, row: int) -> Excerpt | None:
    """Return the rows around `row`, as its file numbers them."""
    for table in tables:
        at = row - table.first_row
        if (sheet is None or table.name == sheet) and 0 <= at < len(table.rows):
            first = max(at - _ROWS_AROUND, 0)
            return Excerpt(
                name=table.name,
                header=table.header[:_COLUMNS],
                rows=[
                    (table.first_row + number, number == at, [_cell(cell) for cell in table.rows[number][:_COLUMNS]])
                    for number in range(first, min(at + _ROWS_AROUND + 1, len(table.rows)))
                ],
            )
    return None


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    text = f"{cell:g}" if isinstance(cell, float) else str(cell)
    return text if len(text) <= _CELL_CHARACTERS else f"{text[:_CELL_CHARACTERS]}…"
