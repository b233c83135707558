"""German compounds: "Rechnungseingang" also speaks of "Rechnung" and "Eingang"."""

from __future__ import annotations

from collections.abc import Container, Iterable

from casebook.domain.words import stem

_MIN_PART = 4
_MIN_COMPOUND = 9
_LINKS = ("", "s", "es", "n", "en", "er", "e")


class Compounds:
    """Splits stems whose two parts are known words; what cannot be split stays whole."""

    def __init__(self, vocabulary: Container[str]) -> None:
        """Take `vocabulary`, the stems that may be parts."""
        self._vocabulary = vocabulary
        self._parts: dict[str, tuple[str, ...]] = {}

    def parts(self, word: str) -> tuple[str, ...]:
        """Return the stems that the stem `word` is made of, none when it is not a compound."""
        known = self._parts.get(word)
        if known is None:
            known = self._parts[word] = self._split(word)
        return known

    def expand(self, words: Iterable[str]) -> list[str]:
        """Return `words`, each followed by its parts."""
        expanded: list[str] = []
        for word in words:
            expanded.append(word)
            if len(word) >= _MIN_COMPOUND:
                expanded.extend(self.parts(word))
        return expanded

    def _split(self, word: str) -> tuple[str, ...]:
        if len(word) < _MIN_COMPOUND:
            return ()
        for position in range(_MIN_PART, len(word) - _MIN_PART + 1):
            last = word[position:]
            first = self._known_first(word[:position]) if last in self._vocabulary else None
            if first:
                return first, last
        return ()

    def _known_first(self, part: str) -> str | None:
        for link in _LINKS:
            if part.endswith(link):
                root = stem(part[: len(part) - len(link)])
                if len(root) >= _MIN_PART and root in self._vocabulary:
                    return root
        return None
