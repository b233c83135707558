"""The report as a sequence of blocks: what is said in which order, without a format."""

from __future__ import annotations

import msgspec

from casebook.domain.report import Level


class Text(msgspec.Struct, frozen=True):
    """Words. They may come from a document and are always escaped by the format."""

    text: str
    strong: bool = False


class Cite(msgspec.Struct, frozen=True):
    """A mark that leads to a quote in the evidence appendix."""

    quote_id: str


class Link(msgspec.Struct, frozen=True):
    """A link inside the report (``#anchor``) or to a file beside it."""

    text: str
    target: str


Inline = Text | Cite | Link
Line = tuple[Inline, ...]


class Heading(msgspec.Struct, frozen=True):
    """A heading; level 1 is the report's title."""

    level: int
    text: str
    anchor: str = ""


class Paragraph(msgspec.Struct, frozen=True):
    """A paragraph; `general` marks general knowledge that is not about this company."""

    line: Line
    general: bool = False


class Bullets(msgspec.Struct, frozen=True):
    """A list."""

    items: tuple[Line, ...]
    numbered: bool = False
    general: bool = False


class QuoteBlock(msgspec.Struct, frozen=True):
    """A quote with the place it stands at."""

    text: str
    quote_id: str
    place: str
    language: str


class Table(msgspec.Struct, frozen=True):
    """A table; the cells of a row are lines."""

    header: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]
    numeric: frozenset[int] = frozenset()  # columns set flush right
    tiles: bool = False  # one row of figures to be seen at a glance


class Point(msgspec.Struct, frozen=True):
    """A use case on the opportunity map; both figures from 0 to 1."""

    label: str
    title: str
    value: float
    feasibility: float
    ranks: tuple[int, int] = (1, 1)  # the best and the worst it may take
    confidence: Level = Level.HIGH


class OpportunityMap(msgspec.Struct, frozen=True):
    """Value over feasibility."""

    points: tuple[Point, ...]


class Rating(msgspec.Struct, frozen=True):
    """The level of one dimension, 1 to 5, with a word for it; None when there is no evidence."""

    name: str
    level: int | None
    label: str


class ReadinessChart(msgspec.Struct, frozen=True):
    """Levels by dimension; the company's own score and that of the documents, both of 100."""

    ratings: tuple[Rating, ...]
    own: float | None
    found: float | None


class Milestone(msgspec.Struct, frozen=True):
    """A use case on the roadmap: what must come first, and why it may not start as it stands."""

    label: str
    title: str
    first: tuple[str, ...] = ()
    gate: str | None = None


class RoadmapChart(msgspec.Struct, frozen=True):
    """Milestones by stretch of time."""

    phases: tuple[tuple[str, tuple[Milestone, ...]], ...]


Chart = OpportunityMap | ReadinessChart | RoadmapChart


class Evidence(msgspec.Struct, frozen=True):
    """A quote in the appendix: its words with what stands around them, and where to open them."""

    quote_id: str
    before: str
    text: str
    after: str
    place: str
    target: str | None
    language: str


Block = Heading | Paragraph | Bullets | QuoteBlock | Table | Chart | Evidence


def words(text: str, *, strong: bool = False) -> Line:
    """Make a line of one text."""
    return (Text(text, strong=strong),)
