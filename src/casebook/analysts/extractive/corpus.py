"""A company's corpus as the built-in analyst sees it: statements, and where they stand."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from casebook.analysts.extractive.phrases import Phrases
from casebook.analysts.extractive.statements import Statement, read_statements, speaks_to_ai
from casebook.domain.document import Source
from casebook.ports import Library

SHARED_IN = 3  # sources: a sentence that stands in so many is letterhead or a notice


@dataclass(frozen=True)
class Corpus:
    """The usable statements of all sources, in order."""

    sources: tuple[Source, ...]
    statements: tuple[Statement, ...]
    instructions: int  # statements that talk to an AI system
    duplicates: int

    @classmethod
    def read(cls, library: Library) -> Corpus:
        """Read the statements of a library."""
        found = read_statements(library.passages())
        plain = [statement for statement in found if not speaks_to_ai(statement.text)]
        usable = tuple(statement for statement in plain if len(statement.origins) < SHARED_IN)
        repeats = sum(len(statement.origins) - 1 for statement in found)
        return cls(
            sources=tuple(library.sources()),
            statements=usable,
            instructions=len(found) - len(plain),
            duplicates=repeats + len(plain) - len(usable),
        )

    @cached_property
    def languages(self) -> dict[str, str]:
        """The language of each source, by its id."""
        return {source.id: source.language or "und" for source in self.sources}

    def saying(self, phrases: Phrases[str]) -> list[tuple[Statement, Counter[str]]]:
        """Return the statements in which some of `phrases` stand, with the labels found."""
        found = ((statement, Counter(label for _, label in phrases.find(statement.words))) for statement in self.statements)
        return [(statement, labels) for statement, labels in found if labels]
