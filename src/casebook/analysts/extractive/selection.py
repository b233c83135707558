"""Which patterns the evidence speaks for: one-to-one assignment of statements to patterns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import replace

from casebook.analysts.extractive.matches import Match
from casebook.analysts.extractive.matching import PatternIndex

SUPPORT = (1.0, 0.45, 0.25, 0.15)  # what the best, second, ... statement adds to a pattern's score
MAX_QUOTES = 4
LIKENESS_PENALTY = 0.9  # how much a pattern loses that resembles one already chosen
UNLIKE = 0.7  # of a pattern's score that must be left, or it resembles one already chosen too much to wait for
FLOOR = 0.045  # a use case whose best statement scores less is not written
DESCRIBED_FLOOR = 0.075  # the same for a pattern that names no pains
LEAST_FIT = 0.03  # of the statement that carries a use case; looser fits are accidents of wording
LEAST_SUPPORT = 0.08  # of a statement beside it
LEAST_SHARE = 0.8  # a statement carries only patterns that fit it nearly as well as the best one does,
SERVED_SHARE = 0.8  # a statement that fits a chosen pattern so well is served by it
SUPPORT_FIT_SHARE = 0.8  # and supports only those that fit it not much worse
SUPPORT_SHARE = 0.45  # of the best statement's score and own fit, below which a statement does not support it


class Candidate(msgspec.Struct, frozen=True):
    """A pattern with the statements assigned to it, best first."""

    pattern: int
    score: float
    matches: tuple[Match, ...]
    runner_up: float  # the best score that another pattern reaches with the same first statement


class Floors(msgspec.Struct, frozen=True):
    """What the best statement of a use case must score."""

    needs: float = FLOOR  # for a pattern that names pains
    descriptions: float = DESCRIBED_FLOOR  # for one that only describes itself

    def of(self, pattern: int, index: PatternIndex) -> float:
        """Return the floor of a pattern."""
        return self.needs if index.names_pains[pattern] else self.descriptions


_FLOORS = Floors()


def select(
    matched: Sequence[dict[int, Match]], index: PatternIndex, limit: int, *, floors: Floors = _FLOORS
) -> tuple[list[Candidate], list[Candidate]]:
    """Choose at most `limit` patterns, best first, each statement for one pattern only.

    A pattern is chosen only if one statement reaches its floor. Where that gives fewer than asked for, a need that
    could carry a use case of its own is not quoted in another one. Returns the chosen ones, and the next best ones
    that were left out.
    """
    chosen, others = _select(matched, index, limit, floors, {})
    homes = _homes(matched, index, floors.needs) if len(chosen) < limit else {}
    return _select(matched, index, limit, floors, homes) if homes else (chosen, others)


def _select(
    matched: Sequence[dict[int, Match]], index: PatternIndex, limit: int, floors: Floors, homes: Mapping[int, int]
) -> tuple[list[Candidate], list[Candidate]]:
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
        guests = _guests(homes, by_pattern, penalty)
        candidates = (
            _candidate(pattern, found, taken, penalty[pattern], guests) for pattern, found in by_pattern.items()
        )
        best = max(
            (candidate for candidate in candidates if _is_carried(candidate, floors.of(candidate.pattern, index))),
            key=lambda candidate: (candidate.score, -candidate.pattern),
            default=None,
        )
        if best is None:
            break
        chosen.append(replace(best, runner_up=_runner_up(best, by_pattern, matched)))
        taken |= _served(best, by_pattern, guests)
        by_pattern.pop(best.pattern)
        if not index.names_pains[best.pattern]:
            continue  # entries of an inventory may resemble each other: each has a paragraph of its own
        for pattern in by_pattern:
            penalty[pattern] = min(penalty[pattern], 1 - LIKENESS_PENALTY * index.alike(pattern, best.pattern))
    rest = sorted(
        (_candidate(pattern, found, taken, penalty[pattern], {}) for pattern, found in by_pattern.items()),
        key=lambda candidate: (-candidate.score, candidate.pattern),
    )
    return chosen, [candidate for candidate in rest if candidate.matches]


def _homes(matched: Sequence[dict[int, Match]], index: PatternIndex, least: float) -> dict[int, int]:
    """Return the pattern that each clear need fits best, by the id of its statement."""
    homes: dict[int, int] = {}
    for row in matched:
        best = max(row, key=lambda pattern: (row[pattern].score, -pattern), default=None)
        if best is not None and index.names_pains[best] and row[best].score >= least:
            homes[id(row[best].statement)] = best
    return homes


def _guests(homes: Mapping[int, int], by_pattern: Mapping[int, object], penalty: Mapping[int, float]) -> dict[int, int]:
    """Return the needs that wait for their pattern: it is not chosen yet, and resembles none that is."""
    return {
        statement: pattern
        for statement, pattern in homes.items()
        if pattern in by_pattern and penalty.get(pattern, 1.0) >= UNLIKE
    }


def _served(best: Candidate, by_pattern: dict[int, list[tuple[int, Match]]], guests: Mapping[int, int]) -> set[int]:
    """The statements that a chosen pattern serves: those quoted, and all others that fit it about as well as any.

    They speak of the same need in other words, and found no use case of their own.
    """
    quoted = {id(match.statement) for match in best.matches}
    alike = {id(match.statement) for _, match in by_pattern[best.pattern] if match.share >= SERVED_SHARE}
    return quoted | {statement for statement in alike if guests.get(statement, best.pattern) == best.pattern}


def _is_carried(candidate: Candidate, floor: float) -> bool:
    """Tell whether one of the statements is clear enough to carry a use case."""
    return bool(candidate.matches) and candidate.matches[0].score >= floor


def _candidate(
    pattern: int,
    found: Sequence[tuple[int, Match]],
    taken: set[int],
    penalty: float,
    guests: Mapping[int, int],
) -> Candidate:
    """Put together what speaks for a pattern, each passage once; of the `guests` only those at home here support it."""
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
        if kept and guests.get(id(match.statement), pattern) != pattern:
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
