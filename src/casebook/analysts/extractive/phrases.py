"""Find many phrases in a text at once, in any inflection.

The stems of the phrases that ship with Casebook are worked out beforehand: there are thousands, needed at each start.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Generic, TypeVar

import msgspec

from casebook.domain.words import tokens

STEMS_FILE = "phrase_stems.msgpack"  # beside this module, written by `prebuilt`

GAP = "…"  # in a phrase: up to MAX_GAP other words
MAX_GAP = 5

Label = TypeVar("Label")


class Phrases(Generic[Label]):
    """Phrases with labels. A phrase is words, compared by their stems; "…" stands for a few other words."""

    def __init__(self, labelled: Iterable[tuple[str, Label]]) -> None:
        """Take pairs of phrase and label; a phrase may have several labels."""
        self._starting_with: dict[str, list[tuple[tuple[str, ...], Label]]] = defaultdict(list)
        known = _stems_worked_out_before()
        for phrase, label in labelled:
            first, *rest = (known.get(phrase) or stems_of(phrase)).split(" ")
            self._starting_with[first].append((tuple(rest), label))

    @property
    def first_words(self) -> Iterable[str]:
        """The stems with which phrases start: a text without any of them has no phrase."""
        return self._starting_with.keys()

    def find(self, words: Sequence[str]) -> Iterator[tuple[int, Label]]:
        """Yield the position and label of each phrase in `words`, the stems of a text with its stop words."""
        starting_with = self._starting_with
        if starting_with.keys().isdisjoint(words):
            return
        for position, word in enumerate(words):
            for rest, label in starting_with.get(word, ()):
                if not rest or _follows(words, position + 1, rest):
                    yield position, label


class _File(msgspec.Struct, frozen=True):
    digest: str  # of the code that makes stems
    phrases: str  # a line each
    stems: str  # a line for each phrase


def stems_of(phrase: str) -> str:
    """Return the stems of a phrase with blanks between them, gaps as they are."""
    return " ".join(part for word in phrase.split() for part in _parts(word))


def pack_stems(phrases: Iterable[str]) -> bytes:
    """Write the stems of phrases as bytes; the same phrases give the same bytes."""
    wanted = sorted({phrase for phrase in phrases if "\n" not in phrase and stems_of(phrase)})
    return msgspec.msgpack.encode(_File(_digest(), "\n".join(wanted), "\n".join(map(stems_of, wanted))))


@cache
def _stems_worked_out_before() -> Mapping[str, str]:
    resource = files(__package__).joinpath(STEMS_FILE)
    if not resource.is_file():
        return {}
    file = msgspec.msgpack.decode(resource.read_bytes(), type=_File)
    if file.digest != _digest():
        return {}
    return dict(zip(file.phrases.split("\n"), file.stems.split("\n"), strict=True))


def _digest() -> str:
    return hashlib.sha256(files("casebook.domain").joinpath("words.py").read_bytes()).hexdigest()


def _parts(word: str) -> list[str]:
    return [GAP] if word == GAP else tokens(word)


def _follows(words: Sequence[str], position: int, rest: Sequence[str]) -> bool:
    for number, wanted in enumerate(rest):
        if wanted == GAP:
            return any(
                _follows(words, start, rest[number + 1 :])
                for start in range(position, min(position + MAX_GAP + 1, len(words)))
            )
        if position >= len(words) or words[position] != wanted:
            return False
        position += 1
    return True
