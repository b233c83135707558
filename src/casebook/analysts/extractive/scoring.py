"""Value, feasibility and confidence, with every weight and the reason for every part in the open."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import msgspec

from casebook.analysts.catalogue import Pattern
from casebook.analysts.extractive.corpus import Corpus
from casebook.analysts.extractive.selection import Candidate
from casebook.analysts.extractive.statements import Statement
from casebook.analysts.extractive.systems import named_systems
from casebook.analysts.extractive.wording import phrases_of
from casebook.domain.evidence import Unit
from casebook.domain.report import Confidence, Level, Readiness, Score, ScorePart
from casebook.domain.words import terms

VALUE_WEIGHTS = {"pain": 0.35, "volume": 0.30, "strategy": 0.20, "breadth": 0.15}
FEASIBILITY_WEIGHTS = {"data": 0.35, "systems": 0.25, "readiness": 0.20, "effort": 0.20}
SWING = 0.2  # each weight is moved by this share, up and down, to see how far the ranking holds

_EASE = {"S": 1.0, "M": 0.6, "L": 0.2}
_UNKNOWN_READINESS = 0.4
_HIGH, _MEDIUM = 0.67, 0.4
_CLEAR_FIT, _CLEAR_MARGIN = 0.66, 0.25
_SURE_FIT = 0.3  # fits of this size name the right pattern nearly always


class Scored(msgspec.Struct, frozen=True):
    """Value and feasibility of a candidate."""

    value: Score
    feasibility: Score

    @property
    def priority(self) -> float:
        """Value x feasibility."""
        return self.value.score * self.feasibility.score


def score_value(candidate: Candidate, strategic: Sequence[Statement], strategy_words: frozenset[str]) -> Score:
    """Score what there is to win: pain, volume, strategy, breadth."""
    statements = [match.statement for match in candidate.matches]
    strongest = max((statement.need for statement in statements), default=0.0)
    volume, volume_why = _volume(statements)
    hits = len({word for statement in statements for word in terms(statement.text)} & strategy_words)
    named = any(statement in strategic for statement in statements)
    strategy = 1.0 if named else min(hits, 5) / 10
    sources = len({origin for statement in statements for origin in statement.origins})
    return _score(
        VALUE_WEIGHTS,
        {
            "pain": (strongest, "how strongly the quotes tell of a need"),
            "volume": (volume, volume_why),
            "strategy": (
                strategy,
                "a stated goal of the company" if named else "words in common with the form and the stated goals",
            ),
            "breadth": (min(sources, 3) / 3, "how many documents speak of it, up to three"),
        },
    )


def score_feasibility(
    pattern: Pattern, candidate: Candidate, data_found: Sequence[bool], readiness: Readiness, form_score: float | None
) -> Score:
    """Score how well it can be done here: data, systems, readiness, effort."""
    statements = [match.statement for match in candidate.matches]
    systems = any(True for statement in statements for _ in named_systems(f"{statement.text} {statement.passage.text}"))
    known = [score for score in (form_score, readiness.evidence_score) if score is not None]
    ready = sum(known) / len(known) / 100 if known else _UNKNOWN_READINESS
    return _score(
        FEASIBILITY_WEIGHTS,
        {
            "data": (
                sum(data_found) / len(data_found) if data_found else 0.0,
                "share of the data it needs that the documents speak of",
            ),
            "systems": (1.0 if systems else 0.3, "a system is named" if systems else "no system is named"),
            "readiness": (ready, "mean of the company's own score and the documents'"),
            "effort": (_EASE.get(pattern.effort, 0.6), f"effort band {pattern.effort}"),
        },
    )


def _volume(statements: Sequence[Statement]) -> tuple[float, str]:
    quantities = [quantity for statement in statements for quantity in statement.quantities]
    if any(quantity.period for quantity in quantities):
        return 1.0, "a figure over time is quoted"
    if any(quantity.each or quantity.unit in {Unit.HOURS, Unit.MONEY} for quantity in quantities):
        return 0.7, "a duration or a cost is quoted"
    if quantities:
        return 0.4, "a figure is quoted"
    return 0.0, "no figure is quoted"


def _score(weights: dict[str, float], values: dict[str, tuple[float, str]]) -> Score:
    parts = tuple(
        ScorePart(name=name, weight=weights[name], value=round(value, 2), why=why)
        for name, (value, why) in values.items()
    )
    return Score(score=round(sum(part.weight * part.value for part in parts), 3), parts=parts)


def confidence(candidate: Candidate) -> Confidence:
    """Tell how sure the match is: fit, quotes, independent sources, distance to the next best pattern."""
    count = len(candidate.matches)
    sources = len({match.statement.source_id for match in candidate.matches})
    best = candidate.matches[0]
    margin = max(0.0, 1 - candidate.runner_up / best.score) if best.score else 0.0
    strength = min(best.fit / _SURE_FIT, 1.0)
    score = (
        0.35 * strength
        + 0.2 * min(count, 3) / 3
        + 0.15 * min(sources, 2) / 2
        + 0.15 * margin
        + 0.15 * best.statement.need
    )
    if strength <= _CLEAR_FIT and margin <= _CLEAR_MARGIN:
        score = min(score, _MEDIUM - 0.01)  # loosely, and close to another pattern: not more than a guess
    why = [
        "the words fit well" if strength > _CLEAR_FIT else "the words fit loosely",
        "several quotes" if count > 1 else "a single quote",
        "from more than one document" if sources > 1 else "from one document",
        "clearly ahead of the next pattern" if margin > _CLEAR_MARGIN else "close to another pattern",
    ]
    return Confidence(score=round(score, 2), level=level(score), why=", ".join(why))


def level(score: float) -> Level:
    """Put a score from 0 to 1 into words."""
    return Level.HIGH if score >= _HIGH else Level.MEDIUM if score >= _MEDIUM else Level.LOW


def rank_ranges(scored: Sequence[Scored]) -> list[tuple[int, int]]:
    """Return the best and worst rank of each when single weights are moved by `SWING`; `scored` comes in order."""
    ranks = [[rank] for rank, _ in enumerate(scored, start=1)]
    for changed in _variants():
        priorities = [_again(entry.value, changed) * _again(entry.feasibility, changed) for entry in scored]
        order = sorted(range(len(scored)), key=lambda number: (-round(priorities[number], 6), number))
        for rank, number in enumerate(order, start=1):
            ranks[number].append(rank)
    return [(min(found), max(found)) for found in ranks]


@cache
def _variants() -> tuple[tuple[str, float], ...]:
    names = (*VALUE_WEIGHTS, *FEASIBILITY_WEIGHTS)
    return (("", 1.0), *((name, factor) for name in names for factor in (1 - SWING, 1 + SWING)))


def _again(score: Score, changed: tuple[str, float]) -> float:
    name, factor = changed
    weights = {part.name: part.weight * (factor if part.name == name else 1) for part in score.parts}
    total = sum(weights.values())
    return sum(weights[part.name] * part.value for part in score.parts) / total


def strategic_statements(corpus: Corpus) -> list[Statement]:
    """Return the statements that name a goal of the company."""
    return [statement for statement, _ in corpus.saying(phrases_of("stated_goals"))]
