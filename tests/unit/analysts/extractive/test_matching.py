"""How well passages fit patterns."""

from __future__ import annotations

import math

import pytest

from casebook.analysts.catalogue import Catalogue, Pattern
from casebook.analysts.extractive.matching import (
    COINCIDENCE,
    CONCEPT_WEIGHT,
    PAIR_WEIGHT,
    PART_WEIGHT,
    Features,
    PatternIndex,
    thesaurus,
    weigh_patterns,
)
from casebook.analysts.extractive.neighbours import neighbours
from casebook.domain.words import stem, tokens
from tests.unit.analysts.extractive.companies import CATALOGUE, DEFECTS, HOLIDAY, INVOICES, MAILS

INDEX = PatternIndex(CATALOGUE)


def fits(text: str, index: PatternIndex = INDEX) -> dict[int, float]:
    return index.fits(index.features.of(tokens(text)))


def best(text: str, index: PatternIndex = INDEX) -> int | None:
    found = fits(text, index)
    return max(found, key=lambda number: found[number], default=None)


def test_features_are_words_and_pairs_of_neighbours() -> None:
    found = Features(()).of(["zork", "blick", "zork"])
    assert found == {"zork": 2.0, "blick": 1.0, "zork blick": PAIR_WEIGHT, "blick zork": PAIR_WEIGHT}


def test_stop_words_numbers_and_letters_are_no_features_and_part_pairs() -> None:
    assert set(Features(()).of(["zork", "the", "blick", "12", "x", "plomp"])) == {"zork", "blick", "plomp"}


def test_compounds_give_their_parts() -> None:
    vocabulary = tokens("Rechnung Eingang")
    found = Features(vocabulary).of([stem("Rechnungseingang")])
    assert {found[part] for part in vocabulary} == {PART_WEIGHT}


def test_words_of_the_thesaurus_give_their_concept_in_both_languages() -> None:
    english = {feature for feature in Features(()).of(tokens("invoice")) if feature.startswith("#")}
    german = {feature for feature in Features(()).of(tokens("Rechnung")) if feature.startswith("#")}
    assert english & german
    assert Features(()).of(tokens("invoice"))[min(english & german)] == CONCEPT_WEIGHT
    assert {label for _, label in thesaurus().find(tokens("invoice"))} == english


@pytest.mark.parametrize(("text", "pattern"), [(INVOICES, 0), (MAILS, 1), (DEFECTS, 2)])
def test_a_need_fits_its_own_pattern_best(text: str, pattern: int) -> None:
    assert best(text) == pattern


@pytest.mark.parametrize(
    "text",
    ["Lieferantenrechnungen werden abgetippt.", "Jede Eingangsrechnung wird einzeln gegen die Bestellung geprüft."],
)
def test_german_texts_fit_as_well(text: str) -> None:
    assert best(text) == 0


def test_fits_run_from_zero_to_one() -> None:
    for text in (INVOICES, MAILS, DEFECTS, HOLIDAY):
        assert all(0 < fit <= 1.5 for fit in fits(text).values())
    assert fits("") == {}
    assert fits("zork blick") == {}


def test_a_pattern_fits_its_own_words_nearly_fully() -> None:
    for number, pattern in enumerate(CATALOGUE.patterns):
        assert best(pattern.search_text) == number


def test_a_single_rare_word_in_common_is_a_coincidence() -> None:
    small = Catalogue("two", (Pattern("a", "zork", "blick plomp"), Pattern("b", "frabble", "frabble")), "x")
    weights = weigh_patterns(small).vectors.vector(0)
    index = PatternIndex(small)
    one, two = index.fits({"zork": 1.0})[0], index.fits({"blick": 1.0, "plomp": 1.0})[0]
    assert one == pytest.approx((1 - COINCIDENCE) * weights["zork"])
    assert weights["zork"] > weights["blick"] == weights["plomp"]
    assert two == pytest.approx((2 - COINCIDENCE) * weights["blick"] / math.sqrt(2))


def test_related_words_fit_where_no_word_is_shared() -> None:
    word = stem("invoice")
    near = next(other for other, _ in neighbours().of(word) if other != word and "#" not in other)
    index = PatternIndex(Catalogue("one", (Pattern("a", near, near), Pattern("b", "zork", "blick")), "x"))
    assert near in {other for other, _ in neighbours().of(word)}
    assert index.features.of([word]).keys().isdisjoint({near})
    assert 0 in index.fits({word: 1.0})


def test_an_anti_signal_excludes_its_pattern() -> None:
    assert INDEX.excluded(tokens("There was a voice mail on the invoice.")) == {0}
    assert INDEX.excluded(tokens(INVOICES)) == set()


def test_patterns_are_like_themselves_and_unlike_others() -> None:
    assert INDEX.alike(0, 0) == pytest.approx(1)
    assert INDEX.alike(0, 3) < 0.2
    assert INDEX.alike(0, 1) == pytest.approx(INDEX.alike(1, 0))


def test_which_patterns_name_pains_is_known() -> None:
    plain = Catalogue("plain", (Pattern("a", "Turbine", "Turbine yield"), CATALOGUE.patterns[0]), "x")
    assert PatternIndex(plain).names_pains == [False, True]


def test_each_language_of_a_pattern_has_a_vector_of_length_one() -> None:
    vectors = weigh_patterns(CATALOGUE).vectors
    assert vectors.patterns == [0, 0, 1, 2, 3]
    for number in range(5):
        assert math.fsum(weight**2 for weight in vectors.vector(number).values()) == pytest.approx(1)


def test_rare_features_weigh_more() -> None:
    idf = weigh_patterns(CATALOGUE).idf
    assert idf[stem("turbine")] > idf[stem("customers")] or idf[stem("turbine")] > idf[stem("hand")]
    assert idf[stem("turbine")] <= weigh_patterns(CATALOGUE).unknown_idf


def test_a_pattern_in_one_unnamed_language_is_indexed_too() -> None:
    index = PatternIndex(Catalogue("csv", (Pattern("a", "Reading of invoices", "Invoices are read."),), "x"))
    assert best(INVOICES, index) == 0


def test_headings_share_their_features() -> None:
    assert INDEX.heading_features("Invoice reading") is INDEX.heading_features("Invoice reading")
    assert INDEX.heading_features("") == {}
