"""The built-in analyst: patterns and evidence, no model, no network."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import msgspec

from casebook.analysts.catalogue import Catalogue
from casebook.analysts.extractive.claims import Claims
from casebook.analysts.extractive.corpus import Corpus
from casebook.analysts.extractive.gathering import gather
from casebook.analysts.extractive.industries import industry_weights
from casebook.analysts.extractive.inventory import take_inventory
from casebook.analysts.extractive.matches import Match, match_statements
from casebook.analysts.extractive.matching import PatternIndex
from casebook.analysts.extractive.prebuilt import open_index
from casebook.analysts.extractive.profile import describe
from casebook.analysts.extractive.proposals import propose
from casebook.analysts.extractive.readiness import assess
from casebook.analysts.extractive.side_by_side import fit_side_by_side, read_side_by_side
from casebook.analysts.extractive.wording import phrases_of
from casebook.domain.analysis import Analysis, AnalystFacts, Portfolio
from casebook.domain.evidence import EvidenceBase
from casebook.domain.submission import Submission
from casebook.ports import Library, Search

NAME = "extractive"


class Matching(msgspec.Struct, frozen=True):
    """A corpus matched to the catalogue: what other analysts build on."""

    corpus: Corpus
    matched: list[dict[int, Match]]
    index: PatternIndex


_MAX_FLAGS = 6


class ExtractiveAnalyst:
    """An `Analyst` that matches statements to the patterns of a catalogue and says only what it can quote."""

    def __init__(
        self,
        catalogue: Catalogue,
        index: Callable[[], PatternIndex] | None = None,
        *,
        processes: int | None = None,
    ) -> None:
        """Think with the patterns of `catalogue`; `index` returns them ready for matching, made if not given.

        Many statements are read and fitted to them in several processes, at most `processes`; one a core if None.
        """
        self._catalogue = catalogue
        self._processes = processes
        self._open_index = index or cache(partial(open_index, catalogue))
        self._read: tuple[Library, Corpus] | None = None
        self._matches: tuple[Corpus, list[dict[int, Match]]] | None = None

    def facts(self) -> AnalystFacts:
        """Say who is thinking."""
        return AnalystFacts(name=NAME, catalogue=self._catalogue.describe(), remarks=self._catalogue.remarks)

    def for_run(self, run_id: str) -> ExtractiveAnalyst:  # noqa: ARG002 - it costs nothing, whichever run it is
        """Return an analyst for one run: what it remembers of a company is not shared with other runs."""
        return ExtractiveAnalyst(self._catalogue, self._open_index, processes=self._processes)

    def analyze(self, submission: Submission, library: Library, search: Search) -> Analysis:
        """Part A: profile, readiness, inventory."""
        corpus = self._corpus(library)
        claims = Claims("A")
        profile = describe(submission, corpus, search, claims)
        readiness = assess(submission, corpus, claims)
        inventory = take_inventory(library, corpus, claims)
        flagged = sorted(
            corpus.saying(phrases_of("governance_flags")),
            key=lambda entry: (entry[0].tone.trivia, -len(entry[0].words)),
        )
        flags = (claims.company("governance", [statement], theme="governance") for statement, _ in flagged[:_MAX_FLAGS])
        return Analysis(
            profile=profile,
            readiness=readiness,
            inventory=inventory,
            flags=tuple(flag for flag in flags if flag),
            claims=claims.claims,
            quotes=claims.quotes,
        )

    def extract(
        self,
        submission: Submission,
        library: Library,
        search: Search,
        analysis: Analysis,  # noqa: ARG002
    ) -> EvidenceBase:
        """Quotes: pains, goals, volumes, constraints, systems."""
        corpus = self._corpus(library)
        return gather(corpus, self._matched(submission, corpus, search), self._catalogue)

    def propose(
        self,
        submission: Submission,
        library: Library,
        search: Search,
        analysis: Analysis,
        evidence: EvidenceBase,  # noqa: ARG002
    ) -> Portfolio:
        """Part B: the use cases that the evidence speaks for."""
        corpus = self._corpus(library)
        return propose(submission, corpus, self._matched(submission, corpus, search), self._index, analysis.readiness)

    def corpus(self, library: Library) -> Corpus:
        """Return the statements of a library, which is read once."""
        return self._corpus(library)

    def matching(self, submission: Submission, library: Library, search: Search) -> Matching:
        """Return the statements of a library with the patterns they fit, which are matched once."""
        corpus = self._corpus(library)
        return Matching(corpus, self._matched(submission, corpus, search), self._index)

    @property
    def _index(self) -> PatternIndex:
        return self._open_index()

    def _corpus(self, library: Library) -> Corpus:
        """Read a library once; the three parts of a run share it."""
        if self._read is None or self._read[0] is not library:
            reader = partial(read_side_by_side, processes=self._processes)
            self._read = (library, Corpus.read(library, reader))
        return self._read[1]

    def _matched(self, submission: Submission, corpus: Corpus, search: Search) -> list[dict[int, Match]]:
        """Match a corpus once."""
        if self._matches is None or self._matches[0] is not corpus:
            weights = industry_weights(self._catalogue, submission, corpus.statements)
            fitter = partial(fit_side_by_side, processes=self._processes)
            self._matches = (corpus, match_statements(corpus.statements, self._index, search, weights, fitter))
        return self._matches[1]
