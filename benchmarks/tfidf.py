"""The baseline to beat: plain TF-IDF over words and pairs of words, and one-to-one assignment, best pair first."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

_WORD = re.compile(r"\b\w\w+\b")

Vector = dict[str, float]


class Tfidf:
    """Sublinear TF-IDF with smoothed idf and cosine, fitted on all texts that are compared."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Learn how many texts have each feature."""
        having = Counter(feature for text in texts for feature in set(_features(text)))
        self._idf = {feature: math.log((1 + len(texts)) / (1 + count)) + 1 for feature, count in having.items()}

    def vector(self, text: str) -> Vector:
        """Weigh a text's features; the length is 1."""
        counts = Counter(feature for feature in _features(text) if feature in self._idf)
        weighed = {feature: (1 + math.log(count)) * self._idf[feature] for feature, count in counts.items()}
        length = math.sqrt(sum(weight * weight for weight in weighed.values())) or 1.0
        return {feature: weight / length for feature, weight in weighed.items()}


def likenesses(passages: Sequence[str], patterns: Sequence[str]) -> list[dict[int, float]]:
    """Return, for each passage, its cosine with each pattern that shares a word with it."""
    model = Tfidf([*passages, *patterns])
    postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for number, pattern in enumerate(patterns):
        for feature, weight in model.vector(pattern).items():
            postings[feature].append((number, weight))
    found: list[dict[int, float]] = []
    for passage in passages:
        scores: dict[int, float] = defaultdict(float)
        for feature, weight in model.vector(passage).items():
            for number, other in postings.get(feature, ()):
                scores[number] += weight * other
        found.append(scores)
    return found


def assign(scores: Sequence[dict[int, float]], limit: int) -> list[tuple[int, int]]:
    """Take the best pair (passage, pattern) whose two sides are both free, up to `limit` times."""
    pairs = sorted((-score, passage, pattern) for passage, row in enumerate(scores) for pattern, score in row.items())
    taken: dict[int, int] = {}
    for _, passage, pattern in pairs:
        if len(taken) < limit and passage not in taken and pattern not in taken.values():
            taken[passage] = pattern
    return list(taken.items())


def _features(text: str) -> list[str]:
    words = _WORD.findall(text.lower())
    return [*words, *(f"{first} {second}" for first, second in pairwise(words))]
