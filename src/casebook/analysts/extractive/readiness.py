"""Readiness by dimension: what the documents show of strategy, data, technology, people, process and governance."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import msgspec

from casebook.analysts.extractive.claims import Claims
from casebook.analysts.extractive.corpus import Corpus
from casebook.analysts.extractive.phrases import Phrases
from casebook.analysts.extractive.statements import Statement
from casebook.domain.report import Dimension, DimensionAssessment, Readiness
from casebook.domain.submission import Submission
from casebook.domain.words import tokens

LABELS = {1: "initial", 2: "emerging", 3: "defined", 4: "managed", 5: "leading"}
NO_EVIDENCE = "no evidence found"
_QUOTES = 2  # a dimension
_LONG = 35  # words
_SINGLE_LEVELS = (2, 3)  # one statement alone never shows the best or the worst
_DENIALS = frozenset(
    tokens("no not without lacks lacking never kein keine keinen keiner nicht ohne nie fehlt fehlende")
)
_ONLY = frozenset(tokens("only nur"))  # "not only"
_NEAR = 2  # words


class _Sign(msgspec.Struct, frozen=True):
    """A statement that shows something of a dimension."""

    statement: Statement
    side: str  # "strong" or "weak"
    count: int  # of telling phrases


class _DimensionData(msgspec.Struct):
    signs: dict[str, list[str]]
    next: list[str]


def assess(submission: Submission, corpus: Corpus, claims: Claims) -> Readiness:
    """Assess all dimensions; a dimension of which nothing is said has no level."""
    signs = _signs_by_dimension(corpus)
    dimensions = tuple(_assess(dimension, signs[dimension], claims) for dimension in Dimension)
    levels = [assessed.level for assessed in dimensions if assessed.level]
    score = round(sum(25.0 * (level - 1) for level in levels) / len(levels), 1) if levels else None
    return Readiness(
        dimensions=dimensions,
        self_score=submission.readiness_score,
        self_category=submission.readiness_category,
        evidence_score=score,
        comment=_comment(submission.readiness_score, score),
    )


def _signs_by_dimension(corpus: Corpus) -> dict[Dimension, list[_Sign]]:
    """Find the statements that show something of each dimension, with "strong" or "weak"."""
    found: dict[Dimension, list[_Sign]] = defaultdict(list)
    for statement, _ in corpus.saying(_phrases()):
        if statement.tone.trivia > statement.tone.pain:
            continue
        for dimension, sides in _sides(statement).items():
            side = "weak" if sides["weak"] else "strong"  # a strength with a "but" in the same sentence is none
            found[dimension].append(_Sign(statement, side, sides[side]))
    return found


def _sides(statement: Statement) -> dict[Dimension, Counter[str]]:
    """Count what stands for either side of a dimension; what is denied ("keine Schnittstelle") stands for the other."""
    sides: dict[Dimension, Counter[str]] = defaultdict(Counter)
    for position, (dimension, side) in sorted(set(_phrases().find(statement.words))):
        before = statement.words[max(0, position - _NEAR) : position]
        denied = side == "strong" and not _DENIALS.isdisjoint(before) and _ONLY.isdisjoint(before)
        sides[dimension]["weak" if denied else side] += 1
    return sides


def _assess(dimension: Dimension, signs: Sequence[_Sign], claims: Claims) -> DimensionAssessment:
    advice = _data()[dimension].next
    if not signs:
        return DimensionAssessment(
            dimension=dimension, level=None, label=NO_EVIDENCE, claim_ids=(), next_level=advice[0]
        )
    strong = sum(sign.side == "strong" for sign in signs)
    level = round(1 + 4 * (strong + 0.5) / (len(signs) + 1))
    if len(signs) == 1:
        level = min(max(level, _SINGLE_LEVELS[0]), _SINGLE_LEVELS[1])
    shown = _telling(signs)
    ids = (claims.company("readiness", [statement], theme=dimension) for statement in shown)
    return DimensionAssessment(
        dimension=dimension,
        level=level,
        label=LABELS[level],
        claim_ids=tuple(claim_id for claim_id in ids if claim_id),
        next_level=advice[min(level, len(advice) - 1)],
    )


def _telling(signs: Sequence[_Sign]) -> list[Statement]:
    """Choose the statement that shows most for either side; a pain that only touches the dimension comes last."""
    chosen: list[Statement] = []
    for side in ("strong", "weak"):
        best = max(
            (sign for sign in signs if sign.side == side),
            key=lambda sign: (sign.count, len(sign.statement.words) <= _LONG, -sign.statement.number),
            default=None,
        )
        if best:
            chosen.append(best.statement)
    return chosen[:_QUOTES]


def _comment(own: float | None, found: float | None) -> str:
    """Say how the two scores go together; general words, the figures stand beside it."""
    if found is None:
        return "The documents say nothing that would place the company on the scale."
    if own is None:
        return "No score of the company's own was given."
    difference = own - found
    if abs(difference) < 15:  # noqa: PLR2004 - points of 100
        return "The company's own score and the documents agree."
    if difference > 0:
        return "The company rates itself higher than its documents show: ask for the evidence that is missing."
    return "The documents show more than the company credits itself with."


@cache
def _data() -> dict[str, _DimensionData]:
    data = files("casebook.analysts.extractive").joinpath("readiness.json").read_bytes()
    return msgspec.json.decode(data, type=dict[str, _DimensionData])


@cache
def _phrases() -> Phrases[tuple[Dimension, str]]:
    return Phrases(
        (phrase, (Dimension(dimension), sign))
        for dimension, content in _data().items()
        for sign, phrases in content.signs.items()
        for phrase in phrases
    )
