"""How well a passage fits a pattern: TF-IDF over words, word pairs and concepts, in English and German at once."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from importlib.resources import files
from itertools import chain

import msgspec

from casebook.analysts.catalogue import Catalogue, Pattern, Texts
from casebook.analysts.extractive.neighbours import neighbours
from casebook.analysts.extractive.phrases import Phrases
from casebook.analysts.extractive.vectors import Postings, Vector, Vectors, in_columns
from casebook.analysts.extractive.wording import word_lists
from casebook.domain.compounds import Compounds
from casebook.domain.words import STOP_WORDS, stem, tokens

FIELD_WEIGHTS = {
    "title": 4.0,
    "summary": 1.5,
    "description": 1.0,
    "pain": 1.0,
    "data": 1.5,
    "system": 1.0,
    "volume": 1.0,
}
CONCEPT_WEIGHT = 0.7
PAIR_WEIGHT = 0.6
PART_WEIGHT = 0.7
RELATED_WEIGHT = 0.6  # of a word of related meaning, times its likeness
MAX_RELATED = 16  # words of related meaning for one word
COINCIDENCE = 0.6  # of the strongest shared feature that does not count

_BREAK = " 0 "  # a number between phrases: no pair and no concept reaches across it


@cache
def thesaurus() -> Phrases[str]:
    """Return the phrases of the thesaurus with the concept that each names."""
    data = files("casebook.analysts").joinpath("thesaurus.json").read_bytes()
    concepts = msgspec.json.decode(data, type=dict[str, dict[str, list[str]]])["concepts"]
    return Phrases((phrase, f"#{concept}") for concept, phrases in concepts.items() for phrase in phrases)


@cache
def _vague() -> frozenset[str]:
    """Return the stems of words that carry meaning but do not tell what a text is about."""
    return frozenset(stem(word) for word in word_lists().lists["vague"])


class Features:
    """Turns words into weighted features: stems, parts of compounds, pairs of neighbours, concepts."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        """Take the stems that may be parts of compounds."""
        self._compounds = Compounds(frozenset(vocabulary))

    def of(self, words: Sequence[str]) -> Vector:
        """Return the features of a text given as stems with its stop words."""
        features: dict[str, float] = defaultdict(float)
        last = ""
        for word in words:
            if word in STOP_WORDS or len(word) < 2 or word[0].isdigit():  # noqa: PLR2004
                last = ""
                continue
            features[word] += 1.0
            for part in self._compounds.parts(word):
                features[part] += PART_WEIGHT
            if last:
                features[f"{last} {word}"] += PAIR_WEIGHT
            last = word
        for _, concept in thesaurus().find(words):
            features[concept] += CONCEPT_WEIGHT
        return features

    def telling(self, features: AbstractSet[str]) -> AbstractSet[str]:
        """Leave out what does not tell what a text is about, and parts of compounds that are there too."""
        telling = features - _vague()
        return telling - {part for feature in telling for part in self._compounds.parts(feature)}


class PatternIndex:
    """All patterns of a catalogue as vectors, found by their features.

    A pattern described in several languages has a vector for each, and fits as well as its best one does.
    """

    def __init__(self, catalogue: Catalogue, weights: PatternWeights | None = None) -> None:
        """Index the patterns; `weights` are worked out unless they are given."""
        self.catalogue = catalogue
        self._weights = weights or weigh_patterns(catalogue)
        self.features = Features(self._weights.vocabulary)
        self.names_pains = [any(pattern.signals.pain.values()) for pattern in catalogue.patterns]
        self._anti_signals = Phrases(
            (phrase, number)
            for number, pattern in enumerate(catalogue.patterns)
            for phrases in pattern.anti_signals.values()
            for phrase in phrases
        )
        self._likeness = cache(self._likeness_to)
        self._related = cache(self._nearest)
        self._headings = cache(lambda heading: self.features.of(tokens(heading)))
        self._vectors = self._weights.vectors
        self._postings = Postings(self._vectors)
        self._vectors_of: dict[int, list[int]] = defaultdict(list)
        for number, pattern in enumerate(self._vectors.patterns):
            self._vectors_of[pattern].append(number)
        self._telling_words = cache(self._telling_words_of)

    def heading_features(self, heading: str) -> Vector:
        """Return the features of a heading; neighbouring passages share theirs."""
        return self._headings(heading)

    def excluded(self, words: Sequence[str]) -> set[int]:
        """Return the patterns whose words mean something else in this text, by their anti-signals."""
        return {number for _, number in self._anti_signals.find(words)}

    def fits(self, features: Vector) -> dict[int, float]:
        """Return how well each pattern fits that shares features with the text: about 0 to 1, more fits better.

        A cosine over the text's features and over words of related meaning. The strongest shared feature counts by less
        than half: one rare word in common is a coincidence, several are not.
        """
        patterns = self._vectors.patterns
        sums = [0.0] * len(patterns)
        strongest = [0.0] * len(patterns)
        for feature, weight in self._with_related(self._weights.weigh(features)).items():
            for number, other in self._postings[feature]:  # a run spends much of its time here
                shared = weight * other
                sums[number] += shared
                if shared > strongest[number]:  # noqa: PLR1730 - max() is a call
                    strongest[number] = shared
        best: dict[int, float] = {}
        for pattern, total, most in zip(patterns, sums, strongest, strict=True):
            fit = total - COINCIDENCE * most
            if fit > best.get(pattern, 0.0):
                best[pattern] = fit
        return best

    def _with_related(self, weighed: Vector) -> Vector:
        """Add the words of related meaning that patterns use, each as strongly as its nearest word in the text says.

        The text's own norm stays: a text is not longer for the words it might have used.
        """
        related: dict[str, float] = {}
        said = related.get
        for feature, weight in weighed.items():
            strength = RELATED_WEIGHT * weight
            for other, likeness in self._related(feature):
                near = strength * likeness
                if near > said(other, 0.0):
                    related[other] = near
        for feature, weight in weighed.items():
            related[feature] = said(feature, 0.0) + weight
        return related

    def _nearest(self, feature: str) -> tuple[tuple[str, float], ...]:
        """Find the nearest words that patterns use."""
        if feature.startswith("#") or " " in feature:
            return ()
        return tuple(neighbours().of(feature, among=self._postings.places)[:MAX_RELATED])

    def share_a_word(self, features: Vector, pattern: int) -> bool:
        """Tell whether a text and a pattern share a telling word, or a concept, to the letter."""
        return any(not self._telling_words(number).isdisjoint(features) for number in self._vectors_of[pattern])

    def _telling_words_of(self, number: int) -> frozenset[str]:
        return frozenset(word for word in self._vectors.features(number) if " " not in word) - _vague()

    def alike(self, first: int, second: int) -> float:
        """Return the best cosine of two patterns in any language, 0 to 1."""
        return self._likeness(second).get(first, 0.0)

    def _likeness_to(self, pattern: int) -> dict[int, float]:
        likeness: dict[int, float] = {}
        for number in self._vectors_of[pattern]:
            for other, score in self._cosines(self._vectors.vector(number)).items():
                likeness[other] = max(score, likeness.get(other, 0.0))
        return likeness

    def _cosines(self, vector: Vector) -> dict[int, float]:
        sums = [0.0] * len(self._vectors.patterns)
        for feature, weight in vector.items():
            for number, other in self._postings[feature]:
                sums[number] += weight * other
        best: dict[int, float] = {}
        for pattern, score in zip(self._vectors.patterns, sums, strict=True):
            if score > best.get(pattern, 0.0):
                best[pattern] = score
        return best


class PatternWeights(msgspec.Struct, frozen=True):
    """What is worked out of a catalogue before anything is matched."""

    vocabulary: frozenset[str]  # stems of all texts: they may be parts of compounds
    idf: dict[str, float]
    unknown_idf: float  # of a word that no pattern uses
    vectors: Vectors  # of the patterns, one for each language, of length 1

    def weigh(self, counts: Vector) -> Vector:
        """Weigh the features of a text by how telling they are; the result has length 1."""
        return _weigh(counts, self.idf, self.unknown_idf)


def _weigh(counts: Vector, idf: Mapping[str, float], unknown_idf: float) -> Vector:
    weighed = {
        feature: math.log1p(count) * idf.get(feature, 0.0 if " " in feature else unknown_idf)
        for feature, count in counts.items()
    }
    norm = math.sqrt(sum(weight * weight for weight in weighed.values())) or 1.0
    return {feature: weight / norm for feature, weight in weighed.items() if weight}


def weigh_patterns(catalogue: Catalogue) -> PatternWeights:
    """Work out the weights of a catalogue's features; takes some tenths of a second for a hundred patterns."""
    described = [
        (number, fields) for number, pattern in enumerate(catalogue.patterns) for fields in _descriptions(pattern)
    ]
    vocabulary = frozenset(word for _, fields in described for _, field in fields for word in field)
    features = Features(vocabulary)
    counts = [(number, _count(features, fields)) for number, fields in described]
    idf = _idf(counts, len(catalogue.patterns))
    unknown_idf = max(idf.values(), default=1.0)
    vectors = in_columns([(number, _weigh(count, idf, unknown_idf)) for number, count in counts])
    return PatternWeights(vocabulary, idf, unknown_idf, vectors)


def _count(features: Features, fields: Sequence[tuple[float, Sequence[str]]]) -> Vector:
    total: dict[str, float] = defaultdict(float)
    for weight, field in fields:
        for feature, count in features.of(field).items():
            total[feature] += weight * count
    return total


def _descriptions(pattern: Pattern) -> list[list[tuple[float, list[str]]]]:
    """Return the weighted texts of a pattern, for each language it is described in."""
    languages = list(pattern.description) if isinstance(pattern.description, dict) else [""]
    return [
        [(FIELD_WEIGHTS[field], tokens(text)) for field, text in _texts(pattern, language)] for language in languages
    ]


def _texts(pattern: Pattern, language: str) -> Iterator[tuple[str, str]]:
    yield "title", _in(pattern.title, language)
    yield "description", _in(pattern.description, language)
    if language in {"", "en"}:
        yield "summary", pattern.summary
    signals = pattern.signals
    for kind, phrases in (
        ("pain", signals.pain),
        ("data", signals.data),
        ("system", signals.system),
        ("volume", signals.volume),
    ):
        yield kind, _BREAK.join(phrases.get(language, ()) if language else chain.from_iterable(phrases.values()))


def _in(texts: Texts | str, language: str) -> str:
    return texts if isinstance(texts, str) else texts.get(language, "")


def _idf(counts: Sequence[tuple[int, Vector]], total: int) -> dict[str, float]:
    """Weigh features by how few patterns have them, whatever the language."""
    having: dict[str, set[int]] = defaultdict(set)
    for number, count in counts:
        for feature in count:
            having[feature].add(number)
    return {feature: math.log((total + 1) / (len(numbers) + 0.5)) for feature, numbers in having.items()}
