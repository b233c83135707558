"""A passage: a short stretch of one document, the unit that is searched and quoted from."""

from __future__ import annotations

import msgspec

from casebook.domain.document import Locator, SegmentKind


class Passage(msgspec.Struct, frozen=True):
    """Whole sentences of one source, about 60 words. `start` and `end` are code points into its text."""

    source_id: str
    start: int
    end: int
    text: str  # the source's text from start to end
    kind: SegmentKind
    locator: Locator
    sentences: tuple[tuple[int, int], ...]  # their spans, also into the source's text
    places: tuple[Locator, ...] = ()  # where each sentence stands, when it is not the passage's own place

    def between(self, start: int, end: int) -> str:
        """Return the part of the source's text from `start` to `end`, both within the passage."""
        return self.text[start - self.start : end - self.start]

    def locate(self, position: int) -> Locator:
        """Say where the character at `position` of the source's text stands."""
        at = self.locator
        for (start, _), place in zip(self.sentences, self.places, strict=False):
            if start <= position:
                at = place
        return at

    @property
    def id(self) -> str:
        """Name the passage by its place, for example ``S3:1200-1584``."""
        return f"{self.source_id}:{self.start}-{self.end}"


class Hit(msgspec.Struct, frozen=True):
    """A passage that a search found; a higher `score` fits better, scores compare within one search."""

    passage_id: str
    score: float
