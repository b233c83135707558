"""Which patterns the evidence speaks for: one-to-one assignment of statements to patterns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from heapq import nlargest

from casebook.analysts.extractive.cues import Cues
from casebook.analysts.extractive.descriptions import Descriptions
from casebook.analysts.extractive.matching import PatternIndex
from casebook.analysts.extractive.statements import Statement
from casebook.analysts.extractive.vectors import Vector
from casebook.ports import Search

CONTEXT_WEIGHT = 1.0  # of the passage beside the sentence itself
OWN_SHARE = 0.45  # of a fit that comes from the sentence alone, without its passage
HEADING_WEIGHT = 0.3
RELATED_SHARE = 1.0  # of words near in meaning, in how like a paragraph is to a description
CHANCE = 0.08  # likeness that a paragraph has with some description by its common words alone
LEAST_DESCRIBED = 0.06  # likeness of a paragraph and a description, below which it is chance
NEED_SHARE = 0.45  # of what such a likeness counts for that depends on the sentence sounding like a need
FIT_BASE = 0.06  # what any fit counts for: a clear need is told by its wording, whatever pattern fits it
NEED_FLOOR = 0.05  # what a fit counts for when the sentence does not sound like a need at all
KEPT_PATTERNS = 12  # best patterns kept for each statement
MATCH_ALL = 3_000  # statements; of more, only those that sound like needs or that the search finds are matched,
# and where all patterns name pains, only those that sound like needs: no other could reach the floor
LEAST_IN_COMMON = 1  # features to the letter: related words alone prove nothing
NEED_FROM = 0.03
FOUND_PER_PATTERN = 20  # passages
SUPPORT = (1.0, 0.45, 0.25, 0.15)  # what the best, second, ... statement adds to a pattern's score
MAX_QUOTES = 4
LIKENESS_PENALTY = 0.9  # how much a pattern loses that resembles one already chosen
DESCRIBED_FLOOR = 0.075  # the same for a pattern that names no pains
FLOOR = 0.045  # a use case whose best statement scores less is not written
LEAST_FIT = 0.03  # of the statement that carries a use case; looser fits are accidents of wording
LEAST_SUPPORT = 0.08  # of a statement beside it
LEAST_SHARE = 0.8  # a statement carries only patterns that fit it nearly as well as the best one does,
SERVED_SHARE = 0.8  # a statement that fits a chosen pattern so well is served by it
SUPPORT_FIT_SHARE = 0.8  # and supports only those that fit it not much worse
SUPPORT_SHARE = 0.45  # of the best statement's score and own fit, below which a statement does not support it


@dataclass(frozen=True, slots=True)
class Match:
    """A statement that speaks for a pattern."""

    statement: Statement
    fit: float  # how well the pattern fits the sentence in its passage, 0 to 1
    own: float  # how well it fits the sentence alone
    score: float  # fit x how much it sounds like a need
    share: float = 1.0  # of the fit with the pattern that fits the statement best


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pattern with the statements assigned to it, best first."""

    pattern: int
    score: float
    matches: tuple[Match, ...]
    runner_up: float  # the best score that another pattern reaches with the same first statement


def match_statements(
    statements: Sequence[Statement],
    index: PatternIndex,
    search: Search | None = None,
    weights: Sequence[float] | None = None,
) -> list[dict[int, Match]]:
    """Score every statement against the patterns it shares words with; the best few are kept.

    `weights` has one factor for each pattern. Of a large corpus, statements that neither sound like needs nor lie where
    `search` finds a pattern's words have none.
    """
    worth = _worth_matching(statements, index, search)
    described = _match_described(statements, worth, index)
    if not any(index.names_pains):
        return [described.get(place, {}) for place in range(len(statements))]
    passages = {statements[place].number for place in worth}
    own = {
        place: index.features.of(statement.words)
        for place, statement in enumerate(statements)
        if statement.number in passages
    }
    matched = set(worth)
    cues = Cues(index.catalogue)
    contexts: dict[int, Vector] = defaultdict(lambda: defaultdict(float))
    for place, features in own.items():
        context = contexts[statements[place].number]
        for feature, count in features.items():
            context[feature] += count
    return [
        _matches(statement, own[place], contexts[statement.number], index, weights=weights, cues=cues)
        | described.get(place, {})
        if place in matched
        else {}
        for place, statement in enumerate(statements)
    ]


def _match_described(
    statements: Sequence[Statement], worth: Sequence[int], index: PatternIndex
) -> dict[int, dict[int, Match]]:
    """Match statements to the patterns that name no pains: the whole paragraph says which undertaking it speaks of."""
    patterns = [entry for entry in enumerate(index.catalogue.patterns) if not index.names_pains[entry[0]]]
    if not patterns:
        return {}
    paragraphs: dict[int, list[str]] = defaultdict(list)
    for statement in statements:
        paragraphs[statement.paragraph] += statement.words
    descriptions = Descriptions(patterns, paragraphs.values())
    rows = cache(lambda paragraph: _likest(descriptions, paragraphs[paragraph], index))
    return {place: _described(statements[place], rows(statements[place].paragraph), descriptions) for place in worth}


def _likest(descriptions: Descriptions, words: Sequence[str], index: PatternIndex) -> dict[int, float]:
    """Find the likest patterns of a paragraph, by its own words and, less, by words near to them in meaning."""
    fits = index.fits(index.features.of(words))
    alike = descriptions.likeness(words)
    found = {
        pattern: max(0.0, alike.get(pattern, 0.0) - CHANCE) + RELATED_SHARE * fits.get(pattern, 0.0)
        for pattern in alike.keys() | fits.keys()
    }
    excluded = index.excluded(words)
    likely = [pattern for pattern in found if found[pattern] >= LEAST_DESCRIBED and pattern not in excluded]
    best = nlargest(KEPT_PATTERNS, likely, key=lambda pattern: (found[pattern], -pattern))
    return {pattern: found[pattern] for pattern in best}


def _described(statement: Statement, fits: dict[int, float], descriptions: Descriptions) -> dict[int, Match]:
    own = descriptions.likeness(statement.words)
    most = max(fits.values(), default=1.0)
    worth = 1 - NEED_SHARE * (1 - statement.need)
    return {
        pattern: Match(statement, fit, own.get(pattern, 0.0), fit * worth, fit / most) for pattern, fit in fits.items()
    }


def _worth_matching(statements: Sequence[Statement], index: PatternIndex, search: Search | None) -> list[int]:
    describing = not all(index.names_pains)  # patterns that a mere description can match
    if describing and len(statements) <= MATCH_ALL:
        return [place for place, statement in enumerate(statements) if not statement.aside]
    found = {
        hit.passage_id
        for number, pattern in enumerate(index.catalogue.patterns)
        if search and not index.names_pains[number]
        for hit in search(pattern.search_text, FOUND_PER_PATTERN)
    }
    return [
        place
        for place, statement in enumerate(statements)
        if not statement.aside and (statement.need >= NEED_FROM or statement.passage.id in found)
    ]


def _matches(  # noqa: PLR0913 - everything a match depends on
    statement: Statement,
    own: Vector,
    context: Vector,
    index: PatternIndex,
    *,
    weights: Sequence[float] | None,
    cues: Cues,
) -> dict[int, Match]:
    """Match one statement, by itself and with its passage and heading."""
    features = dict(own)
    for feature, count in context.items():
        features[feature] = features.get(feature, 0.0) + CONTEXT_WEIGHT * count
    for feature, count in index.heading_features(statement.passage.locator.heading or "").items():
        features[feature] = features.get(feature, 0.0) + HEADING_WEIGHT * count
    excluded = index.excluded(statement.words)
    fits = index.fits(features)
    cued = cues.of(statement.words)
    worth = NEED_FLOOR + (1 - NEED_FLOOR) * statement.need
    if (FIT_BASE + max((*fits.values(), *cued.values()), default=0.0)) * worth < FLOOR / 2:
        return {}
    alone = index.fits(own)
    found: dict[int, Match] = {}
    for pattern in sorted(fits.keys() | cued.keys()):
        if pattern in excluded or not index.names_pains[pattern]:
            continue
        own_fit = alone.get(pattern, 0.0)
        mixed = OWN_SHARE * own_fit + (1 - OWN_SHARE) * fits.get(pattern, 0.0)
        mixed = (mixed + cued.get(pattern, 0.0)) * (weights[pattern] if weights else 1.0)
        found[pattern] = Match(statement, mixed, own_fit, (FIT_BASE + mixed) * worth)
    best = nlargest(KEPT_PATTERNS, found, key=lambda pattern: (found[pattern].score, -pattern))
    most = max((found[pattern].fit for pattern in best), default=1.0)
    return {
        pattern: replace(found[pattern], share=found[pattern].fit / most)
        for pattern in best
        if pattern in cued or index.in_common(features, pattern) >= LEAST_IN_COMMON
    }


def select(
    matched: Sequence[dict[int, Match]], index: PatternIndex, limit: int, *, floor: float = FLOOR
) -> tuple[list[Candidate], list[Candidate]]:
    """Choose at most `limit` patterns, best first, each statement for one pattern only.

    A pattern is chosen only if one statement scores `floor` or more. Returns the chosen ones, and the
    next best ones that were left out.
    """
    by_pattern: dict[int, list[tuple[int, Match]]] = defaultdict(list)
    for number, matches in enumerate(matched):
        for pattern, match in matches.items():
            by_pattern[pattern].append((number, match))
    for found in by_pattern.values():
        found.sort(key=lambda entry: (-entry[1].score, entry[0]))
        del found[24:]
    ease = [1.0 if names_pains else DESCRIBED_FLOOR / FLOOR for names_pains in index.names_pains]
    taken: set[int] = set()
    chosen: list[Candidate] = []
    penalty: dict[int, float] = defaultdict(lambda: 1.0)
    while len(chosen) < limit:
        candidates = (_candidate(pattern, found, taken, penalty[pattern]) for pattern, found in by_pattern.items())
        best = max(
            (candidate for candidate in candidates if _is_carried(candidate, floor * ease[candidate.pattern])),
            key=lambda candidate: (candidate.score, -candidate.pattern),
            default=None,
        )
        if best is None:
            break
        chosen.append(replace(best, runner_up=_runner_up(best, by_pattern, matched)))
        taken |= _served(best, by_pattern)
        by_pattern.pop(best.pattern)
        if not index.names_pains[best.pattern]:
            continue  # entries of an inventory may resemble each other: each has a paragraph of its own
        for pattern in by_pattern:
            penalty[pattern] = min(penalty[pattern], 1 - LIKENESS_PENALTY * index.alike(pattern, best.pattern))
    rest = sorted(
        (_candidate(pattern, found, taken, penalty[pattern]) for pattern, found in by_pattern.items()),
        key=lambda candidate: (-candidate.score, candidate.pattern),
    )
    return chosen, [candidate for candidate in rest if candidate.matches]


def _served(best: Candidate, by_pattern: dict[int, list[tuple[int, Match]]]) -> set[int]:
    """The statements that a chosen pattern serves: those quoted, and all others that fit it about as well as any.

    They speak of the same need in other words, and found no use case of their own.
    """
    quoted = {id(match.statement) for match in best.matches}
    alike = {id(match.statement) for _, match in by_pattern[best.pattern] if match.share >= SERVED_SHARE}
    return quoted | alike


def _is_carried(candidate: Candidate, floor: float) -> bool:
    """Tell whether one of the statements is clear enough to carry a use case."""
    return bool(candidate.matches) and candidate.matches[0].score >= floor


def _candidate(pattern: int, found: Sequence[tuple[int, Match]], taken: set[int], penalty: float) -> Candidate:
    """Put together what speaks for a pattern, each passage once."""
    kept: list[Match] = []
    for _, match in found:
        if id(match.statement) in taken or match.share < (SUPPORT_FIT_SHARE if kept else LEAST_SHARE):
            continue
        if match.fit < (LEAST_SUPPORT if kept else LEAST_FIT):
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
