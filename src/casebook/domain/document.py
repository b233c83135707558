"""A document: its canonical text, and what each stretch of that text is and where it stands."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    """What became of a file. Every file received has exactly one."""

    READ = "read"
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"


class SegmentKind(StrEnum):
    """What a stretch of text is in its document."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE_HEADER = "table_header"
    TABLE_ROW = "table_row"
    NOTE = "note"  # speaker notes, footnotes, endnotes
    COMMENT = "comment"  # a reviewer's comment
    FURNITURE = "furniture"  # page headers and footers, navigation
    CODE = "code"


Box = tuple[float, float, float, float]  # left, top, right, bottom, as shares of the page from its top left corner


class Locator(msgspec.Struct, frozen=True):
    """Where in the original file a reader finds a stretch of text; all numbers start at 1."""

    page: int | None = None
    slide: int | None = None
    sheet: str | None = None
    row: int | None = None
    line: int | None = None
    heading: str | None = None  # the path of headings above, joined by " > "
    part: str | None = None  # "speaker notes", "comment", "footnote", "attachment x.txt", ...
    box: Box | None = None  # of the paragraph, where text was recognised in a picture

    def describe(self) -> str:
        """Say the place in words, for example ``page 3, Prices`` or ``sheet Stock, row 14``."""
        words = [
            f"{name} {value}"
            for name, value in (
                ("page", self.page),
                ("slide", self.slide),
                ("sheet", self.sheet),
                ("row", self.row),
                ("line", self.line),
            )
            if value is not None
        ]
        return ", ".join([*words, *([self.part] if self.part else [])])


class Segment(msgspec.Struct, frozen=True):
    """A stretch of the canonical text: `start` to `end` in code points, never empty, never overlapping."""

    start: int
    end: int
    kind: SegmentKind
    locator: Locator


Cell = str | int | float | bool | None


class Table(msgspec.Struct, frozen=True):
    """A table as records: one row a record, the header kept."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    first_row: int  # the row number, in the file, of rows[0]


class Document(msgspec.Struct, frozen=True):
    r"""What a reader made of a file.

    `text` is canonical: NFC is not applied, line ends are "\n", control characters but "\n" and "\t" are
    gone. All offsets in Casebook are code points into it.
    """

    text: str
    segments: tuple[Segment, ...]
    pages: int | None = None  # pages or slides, where the format has them
    tables: tuple[Table, ...] = ()
    warnings: tuple[str, ...] = ()  # why it was read only in part


class Source(msgspec.Struct, frozen=True):
    """A file that was received, and what became of it. Paths are relative to the company's folder."""

    id: str  # "S1", "S2", ... in the order of names
    name: str  # as the company calls it, with its sub-folder
    path: str | None  # the copy kept in data/, None when it was not kept
    sha256: str
    size: int  # bytes
    media_type: str
    status: Outcome
    reason: str | None = None
    pages: int | None = None
    text_path: str | None = None
    segments_path: str | None = None
    records_path: str | None = None
    language: str | None = None  # ISO 639-1, "und" when it cannot be told
    words: int = 0
    same_as: str | None = None  # the id of a source with the very same bytes


class Manifest(msgspec.Struct, frozen=True):
    """What `setup` kept: every file received with its outcome. `digest` tells one corpus from another."""

    sources: tuple[Source, ...]
    digest: str

    @property
    def readable(self) -> tuple[Source, ...]:
        """The sources that have text, each content once."""
        return tuple(source for source in self.sources if source.text_path and not source.same_as)
