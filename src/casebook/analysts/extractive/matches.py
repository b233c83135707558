"""Which statements speak for which patterns of a catalogue."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from casebook.analysts.extractive.fitting import Fit, Told, fit_all
from casebook.analysts.extractive.matching import PatternIndex
from casebook.analysts.extractive.statements import Statement
from casebook.ports import Search

MATCH_ALL = 3_000  # statements; of more, only those that sound like needs or that the search finds are matched,
# and where all patterns name pains, only those that sound like needs: no other could reach the floor
NEED_FROM = 0.03
FOUND_PER_PATTERN = 20  # passages

Fitter = Callable[[Sequence[Told], Sequence[int], PatternIndex, Sequence[float] | None], list[list[Fit]]]


class Match(msgspec.Struct, frozen=True):
    """A statement that speaks for a pattern."""

    statement: Statement
    fit: float  # how well the pattern fits the sentence in its passage, 0 to 1
    own: float  # how well it fits the sentence alone
    score: float  # fit x how much it sounds like a need
    share: float = 1.0  # of the fit with the pattern that fits the statement best


def match_statements(
    statements: Sequence[Statement],
    index: PatternIndex,
    search: Search | None = None,
    weights: Sequence[float] | None = None,
    fitter: Fitter = fit_all,
) -> list[dict[int, Match]]:
    """Score every statement against the patterns it shares words with; the best few are kept.

    `weights` has one factor for each pattern; `fitter` does the work. Of a large corpus, statements that neither sound
    like needs nor lie where `search` finds a pattern's words have none.
    """
    wanted = _worth_matching(statements, index, search)
    told = [
        Told(one.words, one.number, one.paragraph, one.passage.locator.heading or "", one.need) for one in statements
    ]
    matched: list[dict[int, Match]] = [{} for _ in statements]
    for place, fits in zip(wanted, fitter(told, wanted, index, weights), strict=True):
        statement = statements[place]
        matched[place] = {one.pattern: Match(statement, one.fit, one.own, one.score, one.share) for one in fits}
    return matched


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
