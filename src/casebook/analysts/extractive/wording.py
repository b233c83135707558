"""How people say that something hurts, is wanted, is settled, or does not matter: the wording of statements."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import msgspec

from casebook.analysts.extractive.phrases import Phrases

_WEIGHTS = {"strong": 1.0, "weak": 0.4}


class Tone(msgspec.Struct, frozen=True):
    """How much of each kind of wording a sentence has; sums of weights, 0 when there is none."""

    pain: float = 0.0
    goal: float = 0.0
    constraint: float = 0.0
    resolved: float = 0.0
    trivia: float = 0.0
    work: float = 0.0  # people doing things with information or goods
    actor: float = 0.0  # who does it
    circumstance: float = 0.0  # how long, how often, until when


def tone(words: Sequence[str]) -> Tone:
    """Weigh the wording of a sentence, given as stems with its stop words. Each phrase counts once."""
    sums = {"pain": 0.0, "goal": 0.0, "constraint": 0.0, "resolved": 0.0, "trivia": 0.0,
            "work": 0.0, "actor": 0.0, "circumstance": 0.0}  # fmt: skip
    for _, kind, weight in dict.fromkeys(label for _, label in _phrases().find(words)):  # in order: sums are rounded
        sums[kind] += weight
    return Tone(**sums)


@cache
def _phrases() -> Phrases[tuple[str, str, float]]:
    data = files("casebook.analysts.extractive").joinpath("wording.json").read_bytes()
    wording = msgspec.json.decode(data, type=dict[str, dict[str, list[str]]])
    return Phrases(
        (phrase, (phrase, kind, _WEIGHTS[strength]))
        for kind, by_strength in wording.items()
        for strength, phrases in by_strength.items()
        for phrase in phrases
    )


class WordLists(msgspec.Struct, frozen=True):
    """Lists of words that the analyst looks for, as data."""

    lists: dict[str, list[str]]
    industries: dict[str, list[str]]  # functions of the catalogue that belong to one industry, and its words
    measured: list[list[str]]  # words of both languages that name the same thing to be counted


@cache
def word_lists() -> WordLists:
    """Return the word lists that ship with Casebook."""
    data = files("casebook.analysts.extractive").joinpath("word_lists.json").read_bytes()
    return msgspec.json.decode(data, type=WordLists)


@cache
def phrases_of(name: str) -> Phrases[str]:
    """Return the phrases of a word list, labelled with its name. Raises KeyError."""
    return Phrases((phrase, name) for phrase in word_lists().lists[name])
