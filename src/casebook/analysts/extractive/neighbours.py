"""Words of related meaning, from a file that was distilled from a sentence model beforehand.

Matching needs no model for it: the file lists, for each stem, its nearest stems with their cosine, English and German
together. `benchmarks/distil_neighbours.py` made it and says how.
"""

from __future__ import annotations

import struct
from collections.abc import Container
from functools import cache
from importlib.resources import files

import msgspec


class _File(msgspec.Struct, frozen=True):
    words: str
    width: int
    neighbours: bytes
    likeness: bytes


class Neighbours:
    """Looks up the stems nearest in meaning to a stem."""

    def __init__(self, data: bytes) -> None:
        """Read the file's content."""
        file = msgspec.msgpack.decode(data, type=_File)
        self._words = file.words.split("\n")
        self._places = {word: number for number, word in enumerate(self._words)}
        self._width = file.width
        self._neighbours = file.neighbours
        self._likeness = file.likeness

    def of(self, word: str, among: Container[str] | None = None) -> list[tuple[str, float]]:
        """Return the nearest stems of a stem with their cosine, nearest first; none when the stem is not known.

        With `among` only those that are in it.
        """
        place = self._places.get(word)
        if place is None:
            return []
        first, width = place * self._width, self._width
        near = struct.unpack_from(f"<{width}H", self._neighbours, first * 2)
        likeness = self._likeness[first : first + width]
        words = self._words
        return [
            (words[number], cosine / 255)
            for number, cosine in zip(near, likeness, strict=True)
            if cosine and (among is None or words[number] in among)
        ]


@cache
def neighbours() -> Neighbours:
    """Return the neighbours that ship with Casebook."""
    return Neighbours(files("casebook.analysts.extractive").joinpath("neighbours.msgpack").read_bytes())
