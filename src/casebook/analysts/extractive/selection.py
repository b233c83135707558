"""Which patterns the evidence speaks for: one-to-one assignment of statements to patterns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from casebook.analysts.extractive.matching import PatternIndex, Vector
from casebook.analysts.extractive.statements import Statement

CONTEXT_WEIGHT = 0.7  # of the rest of the passage beside the sentence itself
OWN_SHARE = 0.3  # of a fit that comes from the sentence alone, without its passage
HEADING_WEIGHT = 0.3
NEED_FLOOR = 0.1  # what a perfect fit counts for when the sentence does not sound like a need at all
SUPPORT = (1.0, 0.45, 0.25, 0.15)  # what the best, second, ... statement adds to a pattern's score
MAX_QUOTES = 4
LIKENESS_PENALTY = 0.9  # how much a pattern loses that resembles one already chosen
FLOOR = 0.03  # a use case whose best statement scores less is not written
SUPPORT_SHARE = 0.45  # of the best statement's score and own fit, below which a statement does not support it


@dataclass(frozen=True, slots=True)
class Match:
    """A statement that speaks for a pattern."""

    statement: Statement
    fit: float  # how well the pattern fits the sentence in its passage, 0 to 1
    own: float  # how well it fits the sentence alone
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
    own = [index.features.of(statement.words) for statement in statements]
    contexts: dict[int, Vector] = defaultdict(lambda: defaultdict(float))
    for statement, features in zip(statements, own, strict=True):
        context = contexts[statement.number]
        for feature, count in features.items():
            context[feature] += count
    return [
        _matches(statement, features, contexts[statement.number], index)
        for statement, features in zip(statements, own, strict=True)
    ]


def _matches(statement: Statement, own: Vector, context: Vector, index: PatternIndex) -> dict[int, Match]:
    """Match one statement, by itself and with its passage and heading."""
    features = dict(own)
    for feature, count in context.items():
        features[feature] = features.get(feature, 0.0) + CONTEXT_WEIGHT * count
    for feature, count in index.heading_features(statement.passage.locator.heading or "").items():
        features[feature] = features.get(feature, 0.0) + HEADING_WEIGHT * count
    weight = NEED_FLOOR + (1 - NEED_FLOOR) * statement.need
    alone = index.fits(own)
    found: dict[int, Match] = {}
    for pattern, fit in index.fits(features).items():
        own_fit = alone.get(pattern, 0.0)
        mixed = OWN_SHARE * own_fit + (1 - OWN_SHARE) * fit
        found[pattern] = Match(statement, mixed, own_fit, mixed * weight)
    return found


def select(
    matched: Sequence[dict[int, Match]], index: PatternIndex, limit: int, *, floor: float = FLOOR
) -> tuple[list[Candidate], list[Candidate]]:
    """Choose at most `limit` patterns, best first, each statement for one pattern only.

    A pattern is chosen only if one statement scores `floor` or more. Returns the chosen ones and the next best ones that were left out.
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
        candidates = (
            _candidate(pattern, found, taken, penalty[pattern]) for pattern, found in by_pattern.items()
        )
        best = max(
            (candidate for candidate in candidates if candidate.matches and candidate.matches[0].score >= floor),
            key=lambda candidate: (candidate.score, -candidate.pattern),
            default=None,
        )
        if best is None:
            break
        chosen.append(replace(best, runner_up=_runner_up(best, by_pattern, matched)))
        by_pattern.pop(best.pattern)
        taken |= {id(match.statement) for match in best.matches}
        for pattern in by_pattern:
            penalty[pattern] = min(penalty[pattern], 1 - LIKENESS_PENALTY * index.alike(pattern, best.pattern))
    rest = sorted(
        (_candidate(pattern, found, taken, penalty[pattern]) for pattern, found in by_pattern.items()),
        key=lambda candidate: (-candidate.score, candidate.pattern),
    )
    return chosen, [candidate for candidate in rest if candidate.matches]


def _candidate(pattern: int, found: Sequence[tuple[int, Match]], taken: set[int], penalty: float) -> Candidate:
    """Put together what speaks for a pattern, each passage once."""
    kept: list[Match] = []
    for _, match in found:
        if id(match.statement) in taken:
            continue
        if len(kept) == MAX_QUOTES or (kept and match.score < SUPPORT_SHARE * kept[0].score):
            break
        if kept and match.own < SUPPORT_SHARE * kept[0].own:
            continue
        if any(match.statement.number == other.statement.number for other in kept):
            continue
        kept.append(match)
    score = sum(share * match.score for share, match in zip(SUPPORT, kept, strict=False))
    return Candidate(pattern, score * penalty, tuple(kept), 0.0)


def _runner_up(
    best: Candidate, by_pattern: dict[int, list[tuple[int, Match]]], matched: Sequence[dict[int, Match]]
) -> float:
    """The best score that another pattern reaches with the first statement of `best`."""
    first = best.matches[0]
    number = next(number for number, match in by_pattern[best.pattern] if match is first)
    return max((match.score for other, match in matched[number].items() if other != best.pattern), default=0.0)
