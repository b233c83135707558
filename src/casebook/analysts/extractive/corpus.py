"""A company's corpus as the built-in analyst sees it: statements, and where they stand."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property

import msgspec
from msgspec.structs import replace

from casebook.analysts.extractive.asides import is_for_show, is_from_outside, is_of_others, is_of_rules, is_rule
from casebook.analysts.extractive.matching import thesaurus
from casebook.analysts.extractive.phrases import Label, Phrases
from casebook.analysts.extractive.statements import (
    Reader,
    Statement,
    read_statements,
    read_wordings,
    same_words,
    speaks_to_ai,
)
from casebook.domain.document import Source
from casebook.domain.words import STOP_WORDS
from casebook.ports import Library

_NO_BUSINESS, _BUSINESS = (
    0.06,
    0.12,
)  # concepts a word: stories, recipes and the like have .05 to .09, companies .12 to .17
_STRICT = 1.5  # half-way between stories and companies is nearer to stories
_NEED = 0.3  # of a sentence that sounds like a need
_TROUBLED = 0.045  # share of such sentences: companies have .06 to .26, other texts .00 to .07
_CALM = 0.4  # what is left without any: long handbooks have few
_LEAST_NEEDS = (
    6.0  # sentences, that a company's folder tells of: companies have 7 and more, terse ones say it in fewer words
)
_MOST_NEEDS = 0.15  # of all sentences, that are expected
_HALVINGS = 20
_MOST_LIFT = 2.0  # logits: odds times seven
_SURELY_BUSINESS, _SEVERAL = 0.5, 3  # business share, documents: from here on it is a company's folder
SHARED_IN = 3  # sources: a sentence that stands in so many is letterhead or a notice


class Corpus(msgspec.Struct, frozen=True, dict=True):
    """The usable statements of all sources, in order; what tells of others alone is not among them."""

    sources: tuple[Source, ...]
    statements: tuple[Statement, ...]
    instructions: int  # statements that talk to an AI system
    duplicates: int
    shared: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)  # sentences that stand in several sources

    @classmethod
    def read(cls, library: Library, reader: Reader = read_wordings) -> Corpus:
        """Read the statements of a library; `reader` reads what their wording tells."""
        found = read_statements(library.passages(), reader)
        plain = [statement for statement in found if not speaks_to_ai(statement.text)]
        sources = tuple(library.sources())
        outside = {source.id for source in sources if is_from_outside(source.name, library.text(source.id))}
        own = [one for one in plain if one.source_id not in outside and not is_of_others(one.text)]
        for_show = {source.id for source in sources if is_for_show(source.name)}
        of_rules = {source.id for source in sources if is_of_rules(source.name)}
        usable = tuple(_as_meant(one, for_show, of_rules) for one in own if len(one.origins) < SHARED_IN)
        repeats = sum(len(statement.origins) - 1 for statement in found)
        corpus = cls(
            sources=sources,
            statements=usable,
            instructions=len(found) - len(plain),
            duplicates=repeats + len(own) - len(usable),
            shared={same_words(one.text): one.origins for one in found if len(one.origins) > 1},
        )
        return replace(corpus, statements=corpus.in_proportion())

    def in_proportion(self) -> tuple[Statement, ...]:
        """Return the statements with their needs in proportion to each other and to what a company's folder tells of.

        Minutes and notes tell a need in a few plain words. Which sentences sound more like needs than others is told
        well all the same, so all are lifted by the same odds where hardly any would count.
        """
        wanted = min(_LEAST_NEEDS, _MOST_NEEDS * len(self.statements))
        told = len({one.source_id for one in self.statements})
        if (
            told < _SEVERAL
            or sum(one.need for one in self.statements) >= wanted
            or self.business_share < _SURELY_BUSINESS
        ):
            return self.statements
        lift = _lift([one.need for one in self.statements], wanted)
        return tuple(replace(one, need=_lifted(one.need, lift)) for one in self.statements)

    def origins_of(self, words: str) -> tuple[str, ...]:
        """Return the sources in which a sentence stands, given as `same_words`, if they are several."""
        return self.shared.get(words, ())

    @cached_property
    def business_share(self) -> float:
        """How far the texts speak of an organisation's affairs: 0 for stories and recipes, 1 for company documents.

        Measured by how many of the words that carry meaning name a concept of the thesaurus, and less when hardly a
        sentence sounds like a need: a popular book on physics has the words of an organisation, but not its troubles.
        """
        meaning = sum(word not in STOP_WORDS for statement in self.statements for word in statement.words)
        named = sum(len({concept for _, concept in thesaurus().find(statement.words)}) for statement in self.statements)
        share = named / meaning if meaning else 0.0
        spoken = min(1.0, max(0.0, (share - _NO_BUSINESS) / (_BUSINESS - _NO_BUSINESS)))
        needs = sum(statement.need >= _NEED for statement in self.statements)
        troubled = min(1.0, needs / (_TROUBLED * len(self.statements))) if self.statements else 0.0
        return float(spoken**_STRICT * max(_CALM, troubled))

    @cached_property
    def languages(self) -> dict[str, str]:
        """The language of each source, by its id."""
        return {source.id: source.language or "und" for source in self.sources}

    def saying(self, phrases: Phrases[Label]) -> list[tuple[Statement, Counter[Label]]]:
        """Return the statements in which some of `phrases` stand, with the labels found."""
        places = sorted({place for word in phrases.first_words for place in self._places.get(word, ())})
        candidates = (self.statements[place] for place in places)
        found = ((statement, Counter(label for _, label in phrases.find(statement.words))) for statement in candidates)
        return [(statement, labels) for statement, labels in found if labels]

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        """In which statements each stem stands."""
        places: dict[str, list[int]] = defaultdict(list)
        for number, statement in enumerate(self.statements):
            for word in set(statement.words):
                places[word].append(number)
        return places


def _lift(needs: Sequence[float], wanted: float) -> float:
    """Return the logits that make the needs sum up to `wanted`, at most the most; found by halving."""
    low, high = 0.0, _MOST_LIFT
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if sum(_lifted(need, middle) for need in needs) < wanted:
            low = middle
        else:
            high = middle
    return high


def _lifted(need: float, logits: float) -> float:
    return need and 1 / (1 + math.exp(-math.log(need / (1 - need)) - logits))


def _as_meant(statement: Statement, for_show: AbstractSet[str], of_rules: AbstractSet[str]) -> Statement:
    """Set aside what a document, by its source, demands, promises or shows off."""
    tells_pain = statement.tone.pain > 0 or statement.tone.goal > 0
    demanded = statement.source_id in of_rules and is_rule(statement.text, tells_pain=tells_pain)
    if demanded or statement.source_id in for_show:
        return replace(statement, need=0.0, aside=True)
    return statement
