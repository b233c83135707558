"""How like a paragraph is to patterns that only describe themselves: a user's catalogue of titles and descriptions.

A pattern of the built-in catalogue names the pains by which it is recognised. An entry of an inventory only describes
an undertaking, and what fits it is a paragraph that speaks of the same matter. Its words decide: stems and pairs of
stems, weighed by how few of the catalogue's descriptions and of the company's paragraphs have them.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

from casebook.analysts.catalogue import Pattern
from casebook.domain.words import tokens

PAIR_COUNT = 0.3  # of a pair of words, where a word counts 1: a pair says again what its words said

Counts = dict[str, float]


class Descriptions:
    """The descriptions of patterns, found by the words of a paragraph."""

    def __init__(self, patterns: Sequence[tuple[int, Pattern]], paragraphs: Iterable[Sequence[str]]) -> None:
        """Take the patterns with their numbers, and the company's paragraphs, by which words are weighed too."""
        described = [
            (number, _count(tokens(f"{title}. {description}")))
            for number, pattern in patterns
            for title, description in _texts(pattern)
        ]
        told = [_count(words) for words in paragraphs]
        having = Counter(feature for counts in (*(counts for _, counts in described), *told) for feature in counts)
        total = len(described) + len(told)
        self._idf = {feature: math.log((1 + total) / (1 + count)) + 1 for feature, count in having.items()}
        self._unknown_idf = math.log(1 + total) + 1
        self._patterns = [number for number, _ in described]
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for place, (_, counts) in enumerate(described):
            for feature, weight in self._weigh(counts).items():
                self._postings[feature].append((place, weight))

    def likeness(self, words: Sequence[str]) -> dict[int, float]:
        """Return the cosine of a text, given as stems with its stop words, with each pattern that shares a word."""
        sums: dict[int, float] = defaultdict(float)
        for feature, weight in self._weigh(_count(words)).items():
            for place, other in self._postings.get(feature, ()):
                sums[place] += weight * other
        best: dict[int, float] = {}  # a pattern described in several languages is as like as its best one
        for place, likeness in sums.items():
            number = self._patterns[place]
            best[number] = max(likeness, best.get(number, 0.0))
        return best

    def _weigh(self, counts: Counts) -> Counts:
        weighed = {
            feature: (1 + math.log(count) if count > 1 else math.log1p(count) / math.log(2))
            * self._idf.get(feature, self._unknown_idf)
            for feature, count in counts.items()
        }
        length = math.sqrt(sum(weight * weight for weight in weighed.values())) or 1.0
        return {feature: weight / length for feature, weight in weighed.items()}


def _texts(pattern: Pattern) -> list[tuple[str, str]]:
    """Return title and description in each language."""
    if isinstance(pattern.description, str):
        return [(pattern.name, f"{pattern.summary} {pattern.description}")]
    titles = pattern.title if isinstance(pattern.title, dict) else {}
    return [(titles.get(language, pattern.name), text) for language, text in pattern.description.items()]


def _count(words: Sequence[str]) -> Counts:
    counts: Counts = defaultdict(float)
    plain = [word for word in words if len(word) > 1]
    for word in plain:
        counts[word] += 1.0
    for first, second in pairwise(plain):
        counts[f"{first} {second}"] += PAIR_COUNT
    return counts
