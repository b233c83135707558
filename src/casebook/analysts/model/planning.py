"""From the model's plan to use cases that may be written: evidence that is there, and that speaks for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from casebook.analysts.catalogue import Pattern
from casebook.analysts.extractive.fitting import NEED_FLOOR
from casebook.analysts.extractive.matches import Match
from casebook.analysts.extractive.matching import PatternIndex
from casebook.analysts.extractive.proposals import NOT_IN_CATALOGUE
from casebook.analysts.extractive.selection import Candidate
from casebook.analysts.extractive.statements import Statement
from casebook.analysts.model.answers import Plan, Planned
from casebook.analysts.model.checking import Checker
from casebook.analysts.model.pool import Pool
from casebook.domain.analysis import Checked

MAX_EVIDENCE = 4  # statements of a use case
LEAST_FIT = 0.04  # with a pattern; looser than without a model, which reads what words alone do not show
FLOOR_SHARE = 0.5  # of the score that a use case needs without a model
OWN_NEED = 0.3  # how much a statement must sound like a need to carry a use case that no pattern covers


class Intended(msgspec.Struct, frozen=True):
    """A use case to be written: its pattern, its evidence, and the title that the model gave it."""

    pattern: Pattern
    candidate: Candidate
    title: str

    @property
    def statements(self) -> list[Statement]:
        """What speaks for it, strongest first."""
        return [match.statement for match in self.candidate.matches]


class Planning:
    """Turns a plan into use cases to be written."""

    def __init__(self, pool: Pool, index: PatternIndex, checker: Checker, *, floor: float) -> None:
        """Cite `pool`; no use case is written whose best statement scores less than a share of `floor`."""
        self._pool = pool
        self._index = index
        self._checker = checker
        self._floor = floor * FLOOR_SHARE
        self._numbers = {pattern.id: number for number, pattern in enumerate(index.catalogue.patterns)}

    def faults(self, plan: Plan) -> list[str]:
        """Say what is wrong with a plan."""
        return [fault for planned in plan.use_cases for fault in self._faults(planned)]

    def intended(self, plan: Plan, *, at_most: int, note: Callable[[Checked], None]) -> list[Intended]:
        """Return what may be written, in the plan's order: each pattern once, each statement for one use case."""
        kept: list[Intended] = []
        taken: set[str] = set()
        removed = 0
        for planned in plan.use_cases:
            found = self._intended(planned, taken)
            if found is None or any(_same(found, other) for other in kept):
                removed += 1
            elif len(kept) < at_most:
                kept.append(found)
                taken |= {statement.key for statement in found.statements}
        note(Checked(removed_claims=removed))
        return kept

    def _faults(self, planned: Planned) -> list[str]:
        if planned.pattern and planned.pattern not in self._numbers:
            return [f"there is no pattern {planned.pattern[:40]!r}."]
        cited = self._pool.cited(planned.evidence)
        if not cited:
            return [f"“{planned.title[:60]}” cites no evidence that exists."]
        if self._candidate(planned, cited) is None:
            return [f"“{planned.title[:60]}”: the evidence cited does not tell of this need."]
        return self._checker.proposal(planned.title, _words(cited), self._pattern(planned)) if planned.title else []

    def _intended(self, planned: Planned, taken: set[str]) -> Intended | None:
        if planned.pattern and planned.pattern not in self._numbers:
            return None
        cited = [statement for statement in self._pool.cited(planned.evidence) if statement.key not in taken]
        candidate = self._candidate(planned, cited) if cited else None
        if candidate is None:
            return None
        pattern = self._pattern(planned)
        sound = planned.title and not self._checker.proposal(planned.title, _words(cited), pattern)
        if not planned.pattern and not sound:
            return None  # nothing would be left of it
        return Intended(pattern, candidate, " ".join(planned.title.split()) if sound else "")

    def _pattern(self, planned: Planned) -> Pattern:
        """Return the pattern, or one made of the title: what the catalogue would say of it is not known."""
        if planned.pattern:
            return self._index.catalogue.patterns[self._numbers[planned.pattern]]
        title = " ".join(planned.title.split())
        return Pattern(id="", title=title, description=title)

    def _candidate(self, planned: Planned, cited: Sequence[Statement]) -> Candidate | None:
        number = self._numbers.get(planned.pattern, NOT_IN_CATALOGUE)
        matches = [self._match(statement, number) for statement in cited]
        telling = [match for match in matches if match.fit >= LEAST_FIT]
        telling.sort(key=lambda match: -match.score)
        if not telling or telling[0].score < self._floor:
            return None
        kept = telling[:MAX_EVIDENCE]
        return Candidate(number, kept[0].score, tuple(kept), 0.0)

    def _match(self, statement: Statement, pattern: int) -> Match:
        """Tell how well a statement fits; without a pattern only the need that it tells of counts."""
        if pattern == NOT_IN_CATALOGUE:
            fit = LEAST_FIT if statement.need >= OWN_NEED else 0.0
            return Match(statement, fit, fit, statement.need * LEAST_FIT)
        words = self._index.features.of(statement.words)
        own = self._index.fits(words).get(pattern, 0.0)
        context = dict(words)
        for feature, count in self._index.heading_features(statement.passage.locator.heading or "").items():
            context[feature] = context.get(feature, 0.0) + 0.3 * count
        fit = max(own, self._index.fits(context).get(pattern, 0.0))
        return Match(statement, fit, own, fit * (NEED_FLOOR + (1 - NEED_FLOOR) * statement.need))


def _same(found: Intended, other: Intended) -> bool:
    if found.pattern.id or other.pattern.id:
        return found.pattern.id == other.pattern.id
    return found.title.lower() == other.title.lower()


def _words(statements: Sequence[Statement]) -> list[str]:
    return [statement.text for statement in statements]
