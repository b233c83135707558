"""Verbatim quotes, and the one way to make them.

A quote is located by folding both sides (Unicode NFKC, white space, dashes, quotation marks, hyphens at line ends)
and looking for the folded words exactly. What is kept is the raw stretch of the source, so a reader who opens the
source finds it letter by letter. There is no fuzzy matching: matchers that tolerate differences also accept quotes
whose numbers were changed.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property, lru_cache

import msgspec

from casebook.domain.document import Locator
from casebook.domain.passage import Passage
from casebook.errors import QuoteNotFound

MIN_QUOTE_CHARACTERS = 12  # shorter strings stand in any text by chance
MAX_GAP_CHARACTERS = 400  # what an ellipsis inside a quote may leave out

_FOLD_ONE = {
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-"),
    **dict.fromkeys(map(ord, "\u00ab\u00bb\u201c\u201d\u201e\u201f\u2033\u301d\u301e\uff02"), '"'),
    **dict.fromkeys(map(ord, "\u2018\u2019\u201a\u201b\u2032\u2039\u203a\u00b4\u0060\uff07"), "'"),
    **dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"), ""),  # soft hyphen, zero-width
}
_PLAIN = "(?:[!-,.-_a-~äöüÄÖÜß]|-(?![ \\t]*\\n))+"  # folds to itself; the rest is looked at one by one
_TOKEN = re.compile(
    rf"(?P<plain>{_PLAIN}(?: {_PLAIN})*)(?![\u0300-\u036f])"
    r"|(?P<line_hyphen>(?<=[^\W\d_])[-\u2010\u00ad][ \t]*\n\s*(?=[^\W\d_]))"
    r"|(?P<blank>\s+)"
    r"|(?P<cluster>.[\u0300-\u036f]*)",
    re.DOTALL,
)
_NUMBER_MARK = re.compile(r"\d[.,]\d")
_ELLIPSIS = re.compile(r"\s*(?:\[\s*(?:\.{3}|…)\s*\]|\(\s*(?:\.{3}|…)\s*\)|\.{3,}|…)\s*")
_BLANK_NOT_BETWEEN_DIGITS = re.compile(r"(?<!\d) | (?!\d)")


class FoldedText:
    """A text made comparable, and the way back: each folded character knows the raw one it came from.

    Folding a text costs time in its length; finding a quote in it then costs microseconds, so keep one of these
    for a text that is searched often.
    """

    def __init__(self, text: str) -> None:
        """Fold `text` with hyphens at line ends joined ("ware-" + "house" -> "warehouse")."""
        self.raw = text
        self.folded, self._offsets = _fold_with_offsets(text, join_hyphens=True)

    def find(self, words: str) -> tuple[int, int]:
        """Find where `words` stand, as code points (start, end) into the raw text.

        Raises QuoteNotFound when they do not stand there, or when an ellipsis in them leaves out too much.
        """
        parts = [part for part in _ELLIPSIS.split(words.strip()) if part]
        if not parts:
            raise QuoteNotFound
        spans = [self._find_part(parts[0], 0)]
        for part in parts[1:]:
            spans.append(self._find_part(part, spans[-1][1]))
            if spans[-1][0] - spans[-2][1] > MAX_GAP_CHARACTERS:
                raise QuoteNotFound
        return spans[0][0], spans[-1][1]

    def _find_part(self, words: str, after: int) -> tuple[int, int]:
        for view in self._views():
            wanted = view.prepare(words)
            position = bisect_left(view.offsets, after)
            while wanted and (position := view.text.find(wanted, position)) >= 0:
                start, end = self._raw_span(view, position, position + len(wanted))
                if not (is_inside_word(self.raw, start) or is_inside_word(self.raw, end)):
                    return start, end
                position += 1
        raise QuoteNotFound

    def _views(self) -> Iterator[_View]:
        """The readings of the text, the costly ones only when they are asked for."""
        yield _View(self.folded, self._offsets)
        yield self._hyphens_kept
        yield self._squeezed

    def _raw_span(self, view: _View, start: int, end: int) -> tuple[int, int]:
        """Go back to the raw text: up to where the next folded character starts, less trailing blanks."""
        raw_start = view.offsets[start]
        raw_end = view.offsets[end] if end < len(view.offsets) else len(self.raw)
        return raw_start, raw_start + len(self.raw[raw_start:raw_end].rstrip())

    @cached_property
    def _hyphens_kept(self) -> _View:
        """The other reading of a hyphen at a line end: "two-" + "stage" -> "two-stage"."""
        return _View(*_fold_with_offsets(self.raw, join_hyphens=False))

    @cached_property
    def _squeezed(self) -> _View:
        """Blanks left out, but between digits: PDFs set blanks inside words ("Balance Shee t")."""
        kept = [
            index
            for index, character in enumerate(self.folded)
            if character != " " or not _is_droppable(self.folded, index)
        ]
        text = "".join(self.folded[index] for index in kept)
        return _View(text, array("L", (self._offsets[index] for index in kept)), squeeze=True)


class _View(msgspec.Struct, frozen=True):
    text: str
    offsets: array[int]
    squeeze: bool = False

    def prepare(self, words: str) -> str:
        folded = fold(words).strip()
        return _BLANK_NOT_BETWEEN_DIGITS.sub("", folded) if self.squeeze else folded


def _is_droppable(text: str, index: int) -> bool:
    around = text[max(0, index - 1) : index], text[index + 1 : index + 2]
    return not (around[0].isdigit() and around[1].isdigit())


def is_inside_word(text: str, place: int) -> bool:
    """Tell whether a cut before ``text[place]`` parts a word or a number, so that another one would be left."""
    if not 0 < place < len(text):
        return False
    if text[place - 1].isalnum() and text[place].isalnum():
        return True
    return any(_NUMBER_MARK.match(text, start) for start in (place - 1, place - 2) if start >= 0)


def fold(text: str) -> str:
    """Fold `text` for comparison; see the module's text for what is folded. Letter case is kept."""
    return _fold_with_offsets(text, join_hyphens=True)[0]


def _fold_with_offsets(text: str, *, join_hyphens: bool) -> tuple[str, array[int]]:
    """Return the folded text and, for each of its characters, the raw index it came from."""
    pieces: list[str] = []
    offsets = array("L")
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "plain":
            pieces.append(token.group())
            offsets.extend(range(token.start(), token.end()))
            continue
        folded = _fold_token(token, join_hyphens=join_hyphens)
        if folded == " " and (not pieces or pieces[-1] == " "):
            continue
        if folded:
            pieces.append(folded)
            offsets.extend([token.start()] * len(folded))
    return "".join(pieces), offsets


def _fold_token(token: re.Match[str], *, join_hyphens: bool) -> str:
    if token.lastgroup == "blank":
        return " "
    if token.lastgroup == "line_hyphen":
        return "" if join_hyphens else "-"
    compatible = unicodedata.normalize("NFKC", token.group().translate(_FOLD_ONE))
    return " ".join(compatible.translate(_FOLD_ONE).split()) if compatible.strip() else ""


_folded = lru_cache(maxsize=256)(FoldedText)  # the quotes of a passage come one after the other


class Quote(msgspec.Struct, frozen=True):
    """Words that stand in a source, letter by letter: ``source text[start:end] == text``."""

    id: str
    source_id: str
    text: str
    start: int
    end: int
    locator: Locator
    theme: str

    @classmethod
    def cut(cls, words: str, passage: Passage, *, id: str = "", theme: str = "") -> Quote:  # noqa: A002
        """Cut `words` out of `passage`; the only way to make a quote.

        Raises QuoteNotFound unless the words stand in the passage after folding, or when they are too short to be
        evidence.
        """
        if len(words.strip()) < MIN_QUOTE_CHARACTERS:
            raise QuoteNotFound
        start = passage.text.find(words)  # most words come as they stand; folding is for the rest
        end = start + len(words)
        if start < 0 or is_inside_word(passage.text, start) or is_inside_word(passage.text, end):
            start, end = _folded(passage.text).find(words)
        return cls(
            id=id,
            source_id=passage.source_id,
            text=passage.text[start:end],
            start=passage.start + start,
            end=passage.start + end,
            locator=passage.locate(passage.start + start),
            theme=theme,
        )
