"""Words for matching: forms of one word meet, different words do not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.domain.words import stem, terms, tokens


@pytest.mark.parametrize(
    "forms",
    [
        "invoice invoices Invoice INVOICES",
        "process processes",
        "delivery deliveries",
        "automate automation automating automated",
        "stop stopped stopping",
        "Rechnung Rechnungen",
        "Störung Störungen",
        "Kunde Kunden",
        "Lieferant Lieferanten",
        "prüfen prüft",
    ],
)
def test_forms_of_one_word_have_one_stem(forms: str) -> None:
    assert len({stem(form) for form in forms.split()}) == 1


@pytest.mark.parametrize("pair", ["invoice inventory", "Rechnung Rechner", "plan plant", "order orange", "Lager Lage"])
def test_different_words_keep_different_stems(pair: str) -> None:
    first, second = pair.split()
    assert stem(first) != stem(second)


def test_decomposed_letters_have_the_same_stem() -> None:
    assert stem(unicodedata.normalize("NFD", "Störungen")) == stem("Störungen")


def test_terms_are_the_words_that_carry_meaning() -> None:
    assert terms("The 12 invoices of a supplier are not checked.") == [
        stem("invoices"),
        stem("supplier"),
        stem("checked"),
    ]


def test_tokens_keep_numbers_and_stop_words_in_order() -> None:
    assert tokens("The 1,200 orders") == ["the", "1,200", stem("orders")]


@given(st.text(max_size=40))
def test_stems_are_never_longer_than_the_word_and_two_letters(text: str) -> None:
    for word in text.split():
        assert len(stem(word)) <= len(unicodedata.normalize("NFC", word).lower()) + 3


def test_terms_of_no_words_are_none() -> None:
    assert terms(" \n 12 ... ") == tokens("—") == []
