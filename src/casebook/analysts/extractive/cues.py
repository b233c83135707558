"""Cues: words by which people of many trades tell which undertaking they speak of, without knowing its name.

A pattern's description cannot name a separator, a lift and a cooling unit; its cues can. `cues.json` lists them for the
patterns of the built-in catalogue, in English and German.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import msgspec

from casebook.analysts.catalogue import Catalogue
from casebook.analysts.extractive.phrases import Phrases

CUE_WEIGHT = 0.06  # of one cue, where fits are about 0 to 0.3
MAX_CUES = 3


class Cues:
    """Finds the patterns of a catalogue by their cues."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Take the cues of those patterns that have some."""
        phrases = all_cues()
        self._phrases = Phrases(
            (phrase, (number, phrase))
            for number, pattern in enumerate(catalogue.patterns)
            for phrase in phrases.get(pattern.id, ())
        )

    def of(self, words: Sequence[str]) -> dict[int, float]:
        """Return what the cues in a sentence, given as stems with its stop words, add to the fit of each pattern."""
        found: dict[int, set[str]] = {}
        for _, (number, phrase) in self._phrases.find(words):
            found.setdefault(number, set()).add(phrase)
        return {number: CUE_WEIGHT * min(MAX_CUES, len(said)) for number, said in found.items()}


@cache
def all_cues() -> dict[str, list[str]]:
    """Return the cues that ship with Casebook, by the id of their pattern."""
    data = files("casebook.analysts.extractive").joinpath("cues.json").read_bytes()
    return msgspec.json.decode(data, type=dict[str, list[str]])
