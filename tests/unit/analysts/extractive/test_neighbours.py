"""Words of related meaning."""

from __future__ import annotations

import struct
from itertools import pairwise

import msgspec
import pytest

from casebook.analysts.extractive.neighbours import Neighbours, neighbours
from casebook.domain.words import stem

SMALL = Neighbours(
    msgspec.msgpack.encode(
        {
            "words": "pump\nvalve\nsong",
            "width": 2,
            "neighbours": struct.pack("<6H", 1, 2, 0, 2, 0, 1),
            "likeness": bytes([255, 51, 255, 0, 0, 0]),
        }
    )
)


def test_neighbours_come_nearest_first_with_their_cosine() -> None:
    assert SMALL.of("pump") == [("valve", 1.0), ("song", 0.2)]


def test_no_likeness_is_no_neighbour() -> None:
    assert SMALL.of("valve") == [("pump", 1.0)]
    assert SMALL.of("song") == []


def test_an_unknown_word_has_no_neighbours() -> None:
    assert SMALL.of("umbrella") == []
    assert neighbours().of("qqqqqq") == []


@pytest.mark.parametrize(("word", "related"), [("Rechnung", "invoice"), ("invoice", "Rechnung"), ("customer", "Kunde")])
def test_the_shipped_file_joins_both_languages(word: str, related: str) -> None:
    assert stem(related) in dict(neighbours().of(stem(word)))


def test_the_shipped_cosines_are_in_order() -> None:
    found = [likeness for _, likeness in neighbours().of(stem("invoice"))]
    assert all(first >= second for first, second in pairwise(found))
    assert all(0 < likeness <= 1 for likeness in found)
