"""Find many phrases in a text at once, in any inflection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from casebook.domain.words import tokens

GAP = "…"  # in a phrase: up to MAX_GAP other words
MAX_GAP = 5

Label = TypeVar("Label")


class Phrases(Generic[Label]):
    """Phrases with labels. A phrase is words, compared by their stems; "…" stands for a few other words."""

    def __init__(self, labelled: Iterable[tuple[str, Label]]) -> None:
        """Take pairs of phrase and label; a phrase may have several labels."""
        self._starting_with: dict[str, list[tuple[tuple[str, ...], Label]]] = defaultdict(list)
        for phrase, label in labelled:
            first, *rest = [part for word in phrase.split() for part in _parts(word)]
            self._starting_with[first].append((tuple(rest), label))

    @property
    def first_words(self) -> Iterable[str]:
        """The stems with which phrases start: a text without any of them has no phrase."""
        return self._starting_with.keys()

    def find(self, words: Sequence[str]) -> Iterator[tuple[int, Label]]:
        """Yield the position and label of each phrase in `words`, the stems of a text with its stop words."""
        starting_with = self._starting_with
        for position, word in enumerate(words):
            for rest, label in starting_with.get(word, ()):
                if not rest or _follows(words, position + 1, rest):
                    yield position, label


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
