"""Sparse vectors, kept in columns: few objects, so that reading them and going through them costs little."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

Vector = dict[str, float]


class Vectors(msgspec.Struct, frozen=True):
    """Vectors of features; each belongs to a pattern, and a pattern may have several."""

    patterns: Sequence[int]  # the number of the pattern of each vector
    names: Sequence[str]  # of the features, sorted
    contents: Sequence[array[int]]  # the features of each vector by their place in `names`, ascending
    bounds: array[int]  # where the vectors that have a feature start in `holders`; one more, where the last ones end
    holders: array[int]  # numbers of vectors, ascending for each feature
    weights: array[float]  # of the feature in those vectors

    def features(self, number: int) -> frozenset[str]:
        """Return the features of a vector."""
        return frozenset(map(self.names.__getitem__, self.contents[number]))

    def vector(self, number: int) -> Vector:
        """Return a vector with its weights."""
        places = (
            bisect_left(self.holders, number, self.bounds[place], self.bounds[place + 1])
            for place in self.contents[number]
        )
        return {
            self.names[feature]: self.weights[place]
            for feature, place in zip(self.contents[number], places, strict=True)
        }


class Postings(dict[str, Sequence[tuple[int, float]]]):
    """The numbers of the vectors that have a feature, with its weights; none for a feature that no vector has.

    Unpacked when a feature is first asked for: a text has few of them.
    """

    def __init__(self, vectors: Vectors) -> None:
        """Look features up in `vectors`."""
        super().__init__()
        self._vectors = vectors
        self.places = {name: place for place, name in enumerate(vectors.names)}  # of all features

    def __missing__(self, feature: str) -> Sequence[tuple[int, float]]:
        """Unpack the postings of a feature and keep them."""
        place = self.places.get(feature)
        if place is None:
            found: Sequence[tuple[int, float]] = ()
        else:
            columns, start, end = self._vectors, self._vectors.bounds[place], self._vectors.bounds[place + 1]
            found = tuple(zip(columns.holders[start:end], columns.weights[start:end], strict=True))
        self[feature] = found
        return found


def in_columns(vectors: Sequence[tuple[int, Mapping[str, float]]]) -> Vectors:
    """Put vectors, given with their patterns' numbers, into columns."""
    having: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for number, (_, vector) in enumerate(vectors):
        for feature, weight in vector.items():
            having[feature].append((number, weight))
    names = sorted(having)
    places = {name: place for place, name in enumerate(names)}
    bounds, holders, weights = array("I", [0]), array("I"), array("d")
    for name in names:
        holders.extend(number for number, _ in having[name])
        weights.extend(weight for _, weight in having[name])
        bounds.append(len(holders))
    return Vectors(
        patterns=[number for number, _ in vectors],
        names=names,
        contents=[array("I", sorted(places[feature] for feature in vector)) for _, vector in vectors],
        bounds=bounds,
        holders=holders,
        weights=weights,
    )
