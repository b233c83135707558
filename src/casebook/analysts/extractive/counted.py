"""What a number counts: where the words end that name it, in English and German."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.domain.words import STOP_WORDS

_WORD = re.compile(r"\s*(?P<word>[^\W\d_]+(?:[-/][^\W\d_]+)*)")
_MAX_WORDS = 4
_SINGULAR_ENDINGS = ("ss", "us", "is")
_NO_PLURALS = frozenset("always perhaps sometimes besides afterwards towards across as has was does yes".split())
_OTHER_PLURALS = frozenset("people staff men women children data criteria media feet".split())


def end_of_counted(text: str, start: int) -> int:
    """Return where the name of what is counted ends; `start` is where its first word starts.

    More than one thing is counted by a plural: an English name ends with its first word in s ("typing errors", "sales
    orders"), a German one with its first noun, which has a capital ("fehlerhafte Adressen").
    """
    words = list(_words(text, start))
    for place, (word, end) in enumerate(words):
        following = words[place + 1 :]
        if _is_plural(word):
            return _end_of_compound(end, following)
        if word[0].isupper():
            return _end_of_compound(end, following[:1])
    return words[0][1] if words else start


def _end_of_compound(end: int, following: list[tuple[str, int]]) -> int:
    """Go on over plurals that stand right behind: "sales orders", "SAP orders"."""
    for word, next_end in following:
        if not _is_plural(word):
            break
        end = next_end
    return end


def _words(text: str, start: int) -> Iterator[tuple[str, int]]:
    """Yield the words from `start` with their ends, up to a mark or a word that names nothing."""
    for _ in range(_MAX_WORDS):
        found = _WORD.match(text, start)
        if not found or found["word"].lower() in STOP_WORDS:
            return
        start = found.end()
        yield found["word"], start


def _is_plural(word: str) -> bool:
    last = re.split(r"[-/]", word.lower())[-1]
    if last in _OTHER_PLURALS:
        return True
    return len(last) > 3 and last.endswith("s") and not last.endswith(_SINGULAR_ENDINGS) and last not in _NO_PLURALS  # noqa: PLR2004
