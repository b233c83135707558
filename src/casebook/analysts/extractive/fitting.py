"""How well statements fit the patterns of a catalogue: the sentence, its passage, its heading, and how it is worded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from heapq import nlargest

import msgspec

from casebook.analysts.extractive.cues import Cues
from casebook.analysts.extractive.descriptions import Descriptions
from casebook.analysts.extractive.matching import PatternIndex
from casebook.analysts.extractive.vectors import Vector

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
LEAST_SCORE = 0.0225  # half of what carries a use case: a statement below it would not even stand beside one that does


class Told(msgspec.Struct, frozen=True, array_like=True):
    """What is looked at of a statement."""

    words: tuple[str, ...]  # stems, with stop words
    passage: int  # its number in the corpus
    paragraph: int
    heading: str
    need: float


class Fit(msgspec.Struct, frozen=True, array_like=True):
    """How well a pattern fits a statement."""

    pattern: int
    fit: float  # to the sentence in its passage, 0 to 1
    own: float  # to the sentence alone
    score: float  # fit x how much it sounds like a need
    share: float  # of the fit of the pattern that fits best


def fit_all(
    told: Sequence[Told], wanted: Sequence[int], index: PatternIndex, weights: Sequence[float] | None = None
) -> list[list[Fit]]:
    """Fit the patterns to those statements of a corpus whose places are `wanted`; the best few for each, best first.

    `weights` has one factor for each pattern.
    """
    described = _fit_described(told, wanted, index)
    if not any(index.names_pains):
        return [described[place] for place in wanted]
    passages = {told[place].passage for place in wanted}
    own = {place: index.features.of(one.words) for place, one in enumerate(told) if one.passage in passages}
    cues = Cues(index.catalogue)
    contexts: dict[int, Vector] = defaultdict(lambda: defaultdict(float))
    for place, features in own.items():
        context = contexts[told[place].passage]
        for feature, count in features.items():
            context[feature] += count
    return [
        _fits(told[place], own[place], contexts[told[place].passage], index, weights=weights, cues=cues)
        + described.get(place, [])
        for place in wanted
    ]


def _fit_described(told: Sequence[Told], wanted: Sequence[int], index: PatternIndex) -> dict[int, list[Fit]]:
    """Fit the patterns that name no pains: the whole paragraph says which undertaking it speaks of."""
    patterns = [entry for entry in enumerate(index.catalogue.patterns) if not index.names_pains[entry[0]]]
    if not patterns:
        return {}
    paragraphs: dict[int, list[str]] = defaultdict(list)
    for one in told:
        paragraphs[one.paragraph] += one.words
    descriptions = Descriptions(patterns, paragraphs.values())
    rows = cache(lambda paragraph: _likest(descriptions, paragraphs[paragraph], index))
    return {place: _described(told[place], rows(told[place].paragraph), descriptions) for place in wanted}


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


def _described(one: Told, fits: dict[int, float], descriptions: Descriptions) -> list[Fit]:
    own = descriptions.likeness(one.words)
    most = max(fits.values(), default=1.0)
    worth = 1 - NEED_SHARE * (1 - one.need)
    return [Fit(pattern, fit, own.get(pattern, 0.0), fit * worth, fit / most) for pattern, fit in fits.items()]


def _fits(  # noqa: PLR0913 - everything a fit depends on
    one: Told,
    own: Vector,
    context: Vector,
    index: PatternIndex,
    *,
    weights: Sequence[float] | None,
    cues: Cues,
) -> list[Fit]:
    """Fit one statement, by itself and with its passage and heading."""
    features = dict(own)
    for feature, count in context.items():
        features[feature] = features.get(feature, 0.0) + CONTEXT_WEIGHT * count
    for feature, count in index.heading_features(one.heading).items():
        features[feature] = features.get(feature, 0.0) + HEADING_WEIGHT * count
    excluded = index.excluded(one.words)
    fits = index.fits(features)
    cued = cues.of(one.words)
    worth = NEED_FLOOR + (1 - NEED_FLOOR) * one.need
    if (FIT_BASE + max((*fits.values(), *cued.values()), default=0.0)) * worth < LEAST_SCORE:
        return []
    alone = index.fits(own)
    found: list[tuple[float, int, float, float]] = []
    for pattern in fits.keys() | cued.keys():
        if pattern in excluded or not index.names_pains[pattern]:
            continue
        own_fit = alone.get(pattern, 0.0)
        mixed = OWN_SHARE * own_fit + (1 - OWN_SHARE) * fits.get(pattern, 0.0)
        mixed = (mixed + cued.get(pattern, 0.0)) * (weights[pattern] if weights else 1.0)
        found.append(((FIT_BASE + mixed) * worth, -pattern, mixed, own_fit))
    best = nlargest(KEPT_PATTERNS, found)
    most = max((fit for _, _, fit, _ in best), default=1.0)
    return [
        Fit(-number, fit, own_fit, score, fit / most)
        for score, number, fit, own_fit in best
        if -number in cued or index.share_a_word(features, -number)  # related words alone prove nothing
    ]
