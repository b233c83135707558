"""Patterns that are searched only where they can be found: looking for parts of words costs a fraction of a search."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property


def has_part(text: str, parts: Iterable[str]) -> bool:
    """Tell whether a text has one of `parts`, given in small letters; its case and where it is wrapped are ignored."""
    plain = " ".join(text.lower().split())
    for part in parts:  # noqa: SIM110 - as a generator it takes twice as long
        if part in plain:
            return True
    return False


class GatedPattern:
    """A regular expression with parts of words of which every match has one, compiled when it is first needed.

    The parts are looked for as `has_part` does. A test takes each pattern apart and proves that its parts suffice.
    """

    def __init__(self, pattern: str, *, parts: str) -> None:
        """Take a pattern and its parts, with commas between them."""
        self.pattern = pattern
        self.parts = tuple(parts.split(", "))

    def search(self, text: str) -> re.Match[str] | None:
        """Return the first match."""
        return self._compiled.search(text) if has_part(text, self.parts) else None

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Yield all matches."""
        return self._compiled.finditer(text) if has_part(text, self.parts) else iter(())

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)
