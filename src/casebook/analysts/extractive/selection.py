"""Which patterns the evidence speaks for: one-to-one assignment of statements to patterns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from casebook.analysts.extractive.matching import PatternIndex, Vector
from casebook.analysts.extractive.statements import Statement
from casebook.domain.words import tokens

CONTEXT_WEIGHT = 0.35  # of the rest of the passage beside the sentence itself
HEADING_WEIGHT = 0.3
NEED_FLOOR = 0.2  # what a perfect fit counts for when the sentence does not sound like a need at all
SUPPORT = (1.0, 0.45, 0.25, 0.15)  # what the best, second, ... statement adds to a pattern's score
MAX_QUOTES = 4
LIKENESS_PENALTY = 0.9  # how much a pattern loses that resembles one already chosen
FLOOR = 0.07  # below this score there is no use case


@dataclass(frozen=True, slots=True)
class Match:
    """A statement that speaks for a pattern."""

    statement: Statement
    fit: float  # cosine with the pattern
    score: float  # fit x how much it sounds like a need


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pattern with the statements assigned to it, best first."""

    pattern: int
    score: float
    matches: tuple[Match, ...]
    runner_up: float  # the best score that another pattern reaches with the same first statement


def match_statements(statements: Sequence[Statement], index: PatternIndex) -> list[dict[int, Match]]:
    """Score every statement against every pattern it shares words with."""
    passages: dict[int, Vector] = {}
    matched: list[dict[int, Match]] = []
    for statement in statements:
        features = dict(index.features.of(statement.words))
        context = passages.get(statement.number)
        if context is None:
            context = passages[statement.number] = _context(statement, index)
        for feature, count in context.items():
            features[feature] = features.get(feature, 0.0) + count
        weight = NEED_FLOOR + (1 - NEED_FLOOR) * statement.need
        matched.append(
            {
                pattern: Match(statement, fit, fit * weight)
                for pattern, fit in index.fits(features).items()
            }
        )
    return matched


def _context(statement: Statement, index: PatternIndex) -> Vector:
    features: dict[str, float] = defaultdict(float)
    for feature, count in index.features.of(tokens(statement.passage.text)).items():
        features[feature] += CONTEXT_WEIGHT * count
    for feature, count in index.features.of(tokens(statement.passage.locator.heading or "")).items():
        features[feature] += HEADING_WEIGHT * count
    return features


def select(matched: Sequence[dict[int, Match]], index: PatternIndex, limit: int) -> tuple[list[Candidate], list[Candidate]]:
    """Choose at most `limit` patterns, best first, each statement for one pattern only.

    Returns the chosen ones and the next best ones that were left out.
    """
    by_pattern: dict[int, list[tuple[int, Match]]] = defaultdict(list)
    for number, matches in enumerate(matched):
        for pattern, match in matches.items():
            by_pattern[pattern].append((number, match))
    for found in by_pattern.values():
        found.sort(key=lambda entry: (-entry[1].score, entry[0]))
        del found[24:]
    taken: set[int] = set()
    chosen: list[Candidate] = []
    penalty: dict[int, float] = defaultdict(lambda: 1.0)
    while len(chosen) < limit:
        best = max(
            (_candidate(pattern, found, taken, matched, penalty[pattern]) for pattern, found in by_pattern.items()),
            key=lambda candidate: (candidate.score, -candidate.pattern),
            default=None,
        )
        if best is None or best.score < FLOOR:
            break
        chosen.append(best)
        by_pattern.pop(best.pattern)
        taken |= {id(match.statement) for match in best.matches}
        for pattern in by_pattern:
            penalty[pattern] = min(penalty[pattern], 1 - LIKENESS_PENALTY * index.alike(pattern, best.pattern))
    rest = sorted(
        (_candidate(pattern, found, taken, matched, penalty[pattern]) for pattern, found in by_pattern.items()),
        key=lambda candidate: (-candidate.score, candidate.pattern),
    )
    return chosen, [candidate for candidate in rest if candidate.matches]


def _candidate(
    pattern: int,
    found: Sequence[tuple[int, Match]],
    taken: set[int],
    matched: Sequence[dict[int, Match]],
    penalty: float,
) -> Candidate:
    """Put together what speaks for a pattern, from different passages, preferring other sources."""
    free = [(number, match) for number, match in found if id(match.statement) not in taken]
    kept: list[Match] = []
    for _, match in free:
        if len(kept) == MAX_QUOTES or (kept and match.score < 0.4 * kept[0].score):
            break
        if any(match.statement.number == other.statement.number for other in kept):
            continue
        kept.append(match)
    score = sum(share * match.score for share, match in zip(SUPPORT, kept, strict=False))
    runner_up = 0.0
    if free:
        runner_up = max((match.score for other, match in matched[free[0][0]].items() if other != pattern), default=0.0)
    return Candidate(pattern, score * penalty, tuple(kept), runner_up)
