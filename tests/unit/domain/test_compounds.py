"""German compounds."""

from __future__ import annotations

import pytest

from casebook.domain.compounds import Compounds
from casebook.domain.words import stem

VOCABULARY = frozenset(stem(word) for word in "Rechnung Eingang Wartung Plan Lager Bestand Auftrag".split())


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("Rechnungseingang", ["Rechnung", "Eingang"]),
        ("Lagerbestand", ["Lager", "Bestand"]),
        ("Auftragseingang", ["Auftrag", "Eingang"]),
    ],
)
def test_a_compound_is_split_into_known_words(word: str, parts: list[str]) -> None:
    assert list(Compounds(VOCABULARY).parts(stem(word))) == [stem(part) for part in parts]


@pytest.mark.parametrize("word", ["eingang", "wunderkind", "x", "lagerfeuer", "bestandlager"[:8]])
def test_what_has_no_two_known_parts_stays_whole(word: str) -> None:
    assert Compounds(VOCABULARY).parts(stem(word)) == ()


def test_expanding_puts_the_parts_behind_the_word() -> None:
    compounds = Compounds(VOCABULARY)
    assert compounds.expand(["kurz", stem("Lagerbestand")]) == [
        "kurz",
        stem("Lagerbestand"),
        stem("Lager"),
        stem("Bestand"),
    ]
    assert compounds.expand([]) == []
