"""Patterns that are searched only where they can be found: looking for parts of words costs a fraction of a search."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property


class GatedPattern:
    """A regular expression with parts of words of which every match has one, compiled when it is first needed.

    The parts are in small letters; case is ignored, and so is where a text is wrapped. A test takes each pattern apart
    and proves that its parts suffice.
    """

    def __init__(self, pattern: str, *, parts: str) -> None:
        """Take a pattern and its parts, with commas between them."""
        self.pattern = pattern
        self.parts = tuple(parts.split(", "))

    def search(self, text: str) -> re.Match[str] | None:
        """Return the first match."""
        return self._compiled.search(text) if self._may_match(text) else None

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Yield all matches."""
        return self._compiled.finditer(text) if self._may_match(text) else iter(())

    def _may_match(self, text: str) -> bool:
        plain = " ".join(text.lower().split())
        for part in self.parts:  # noqa: SIM110 - as a generator it takes twice as long
            if part in plain:
                return True
        return False

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)
