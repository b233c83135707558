"""Finding phrases in a text."""

from __future__ import annotations

import pytest

from casebook.analysts.extractive.phrases import MAX_GAP, Phrases
from casebook.domain.words import tokens


def found(text: str, *phrases: str) -> list[str]:
    return [label for _, label in Phrases((phrase, phrase) for phrase in phrases).find(tokens(text))]


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("typed by hand", "It is typed by hand."),
        ("typed by hand", "TYPED BY HAND"),
        ("invoice", "All invoices were lost."),
        ("Rechnung", "Die Rechnungen fehlen."),
        ("re-type", "They re-type it."),
        ("tippen … ab", "Wir tippen jede Woche Rechnungen ab."),
        ("nicht … gefunden", "Es wird nicht gefunden."),
    ],
)
def test_a_phrase_is_found_in_any_inflection(phrase: str, text: str) -> None:
    assert found(text, phrase) == [phrase]


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("by hand", "by our hand"),
        ("by hand", "by"),
        ("hand", "a handle"),
        ("tippen … ab", "Wir tippen es."),
        ("tippen … ab", "Ab und zu tippen wir."),
    ],
)
def test_other_words_are_not_found(phrase: str, text: str) -> None:
    assert not found(text, phrase)


@pytest.mark.parametrize(("words", "there"), [(0, True), (MAX_GAP, True), (MAX_GAP + 1, False)])
def test_a_gap_takes_a_few_words(words: int, *, there: bool) -> None:
    text = " ".join(["start", *["filler"] * words, "finish"])
    assert bool(found(text, "start … finish")) is there


def test_places_and_all_labels_are_told() -> None:
    phrases = Phrases([("late", 1), ("late", 2), ("very late", 3)])
    assert sorted(phrases.find(tokens("It is very late"))) == [(2, 3), (3, 1), (3, 2)]


def test_a_text_without_a_first_word_has_no_phrase() -> None:
    phrases = Phrases([("typed by hand", 1), ("late", 2)])
    assert set(phrases.first_words) == {*tokens("typed"), *tokens("late")}
