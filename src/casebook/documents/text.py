"""Canonical text: bytes -> characters, characters -> clean characters, pieces -> one text with segments."""

from __future__ import annotations

import codecs
import re
from typing import Final

from msgspec.structs import replace

from casebook.documents.limits import Limits
from casebook.domain.document import Document, Locator, Segment, SegmentKind, Table

NOWHERE: Final = Locator()

_CARRIAGE_RETURN = re.compile(r"\r\n?")
_OTHER_BREAKS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Invisible on the page, so they would only hide words from a search or carry words no reader sees: controls,
# soft hyphens, zero-width and bidirectional marks, annotation and tag characters, non-characters.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)

# Rows, items and lines of code follow each other closely; everything else gets a blank line.
_CLOSE: Final = frozenset({SegmentKind.TABLE_HEADER, SegmentKind.TABLE_ROW, SegmentKind.LIST_ITEM, SegmentKind.CODE})

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_COMMON_LETTERS: Final = frozenset("äöüßÄÖÜéèêëáàâåãíìîïóòôõøúùûçñæœÉÈÀÁÂÅÇØÆ")
_SAMPLE_BYTES: Final = 65_536
_WIDE_SHARE: Final = 0.35  # of the bytes in one of the two positions being NUL: UTF-16 without a mark
_FEW_BROKEN_LINES: Final = 0.5


def clean(text: str, *, line_break: str = "\n") -> str:
    r"""Return `text` with "\n" line ends and without characters that cannot be seen.

    Form feeds, vertical tabs and Unicode line separators become `line_break`.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _CARRIAGE_RETURN.sub("\n", text)
    text = _OTHER_BREAKS.sub(line_break, text)
    return _INVISIBLE.sub("", _SURROGATE.sub("\ufffd", text))


def clean_lines(text: str) -> list[str]:
    """Return the lines of `text`, cleaned, so that item n - 1 is line n of the file."""
    return clean(text, line_break=" ").split("\n")


def decode(data: bytes) -> tuple[str, str | None]:
    """Return the text of `data` and, when its encoding had to be guessed piece by piece, a warning."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace"), None
    if wide := _utf16_without_mark(data):
        return data.decode(wide, "replace"), None
    try:
        return data.decode(), None
    except UnicodeDecodeError:
        return _decode_other(data)


def is_wide(data: bytes) -> bool:
    """Say whether `data` looks like UTF-16 text, with or without a byte order mark."""
    return data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or bool(_utf16_without_mark(data))


def _utf16_without_mark(data: bytes) -> str | None:
    sample = data[: _SAMPLE_BYTES & ~1]
    half = max(len(sample) // 2, 1)
    even, odd = sample[::2].count(0) / half, sample[1::2].count(0) / half
    if odd > _WIDE_SHARE and even < odd / 4:
        return "utf-16-le"
    if even > _WIDE_SHARE and odd < even / 4:
        return "utf-16-be"
    return None


def _decode_other(data: bytes) -> tuple[str, str | None]:
    """Decode what is not UTF-8: wholly in an old code page, or UTF-8 with some lines in one."""
    lines = data.split(b"\n")
    marked = [line for line in lines if not line.isascii()]
    broken = [line for line in marked if not _is_utf8(line)]
    page = _best_code_page(b"\n".join(broken))
    if len(broken) > _FEW_BROKEN_LINES * len(marked):
        return data.decode(page, "replace"), None
    text = "\n".join(
        line.decode() if line.isascii() or _is_utf8(line) else line.decode(page, "replace") for line in lines
    )
    warning = f"lines not in the encoding of the others (UTF-8), read as {page}: {len(broken)}"
    return text, warning


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _best_code_page(data: bytes) -> str:
    sample = data[:_SAMPLE_BYTES]
    scores = {page: _letter_score(sample.decode(page, "replace")) for page in ("cp1252", "cp850", "mac_roman")}
    best = max(scores, key=lambda page: scores[page])
    return best if scores[best] > 0 else _guess(sample)


def _letter_score(text: str) -> int:
    """Count the letters of western languages that stand beside letters, less what cannot stand there."""
    score = 0
    for before, char, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if char.isascii() or not (before.isalpha() or after.isalpha()):
            continue
        if char in _COMMON_LETTERS and (not char.isupper() or not before.islower()):
            score += 1
        elif before.isalpha() and after.isalpha():
            score -= 1
    return score


def _guess(sample: bytes) -> str:
    # Imported here: it costs more to load than most files cost to read, and is needed for few.
    from charset_normalizer import from_bytes  # noqa: PLC0415

    best = from_bytes(sample).best()
    return best.encoding if best else "cp1252"


class TextBuilder:
    """Puts a document's canonical text together, piece by piece and in reading order."""

    def __init__(self, limits: Limits) -> None:
        """Start an empty document that stops growing at `limits.characters`."""
        self.limits = limits
        self.full = False  # the text has reached its limit: reading on is of no use
        self._parts: list[str] = []
        self._length = 0  # code points so far
        self._lines = 0  # line ends so far
        self._segments: list[Segment] = []
        self._tables: list[Table] = []
        self._warnings: dict[str, None] = {}
        self._hidden: list[int] = []  # the characters of each passage that no reader sees

    @property
    def empty(self) -> bool:
        """Whether no text has been added yet."""
        return not self._segments

    def append(self, text: str, kind: SegmentKind, locator: Locator = NOWHERE, *, at_line: int | None = None) -> None:
        """Add a segment; text with nothing to see adds nothing.

        With `at_line` the segment starts on that line of the canonical text (1 is the first), so that line n
        of the text is line n of a text file.
        """
        cleaned = clean(text)
        cleaned = cleaned.strip("\n").rstrip() if kind is SegmentKind.CODE else cleaned.strip()
        if not cleaned or self.full:
            return
        gap = self._gap(kind) if at_line is None else "\n" * max(at_line - 1 - self._lines, bool(self._segments))
        room = self.limits.characters - self._length - len(gap)
        if len(cleaned) > room:
            self.full = True
            self.warn(f"only the first {self.limits.characters:,} characters were read")
            cleaned = cleaned[: max(room, 0)].rstrip()
        if not cleaned:
            return
        self._parts += (gap, cleaned)
        start = self._length + len(gap)
        self._length = start + len(cleaned)
        self._lines += len(gap) + cleaned.count("\n")
        self._segments.append(Segment(start, self._length, kind, locator))

    def _gap(self, kind: SegmentKind) -> str:
        if not self._segments:
            return ""
        before = self._segments[-1].kind
        close = before in _CLOSE and (before is kind or kind is SegmentKind.TABLE_ROW)
        return "\n" if close else "\n\n"

    def add_table(self, table: Table) -> None:
        """Keep a table's records beside the text."""
        self._tables.append(table)

    def warn(self, warning: str) -> None:
        """Say once why the document was read only in part."""
        self._warnings[warning] = None

    def leave_out(self, characters: int) -> None:
        """Count a passage of so many characters that was left out because no reader sees it."""
        if characters:
            self._hidden.append(characters)

    def extend(self, document: Document, part: str) -> None:
        """Add the whole of another document, such as a mail's attachment, as `part` of this one."""
        for segment in document.segments:
            locator = segment.locator
            inner = f"{part}, {locator.part}" if locator.part else part
            self.append(document.text[segment.start : segment.end], segment.kind, replace(locator, part=inner))
        for table in document.tables:
            self.add_table(replace(table, name=f"{part}: {table.name}" if table.name else part))
        for warning in document.warnings:
            self.warn(f"{part}: {warning}")

    def build(self, pages: int | None = None) -> Document:
        """Return the document; `pages` is the number of its pages or slides."""
        if self._hidden:
            passages = f"{len(self._hidden):,} hidden passage{'s' if len(self._hidden) > 1 else ''}"
            self.warn(f"{passages} left out, of {sum(self._hidden):,} characters")
        return Document(
            text="".join(self._parts),
            segments=tuple(self._segments),
            pages=pages,
            tables=tuple(self._tables),
            warnings=tuple(self._warnings),
        )


class HeadingPath:
    """The headings above the place where a reader stands."""

    def __init__(self) -> None:
        """Start above the first heading."""
        self._levels: list[tuple[float, str]] = []

    def enter(self, level: float, text: str) -> None:
        """Go below a heading; `level` 1 is the highest, a larger number stands below it."""
        while self._levels and self._levels[-1][0] >= level:
            self._levels.pop()
        self._levels.append((level, " ".join(clean(text).split())[:_MAX_HEADING]))

    def __str__(self) -> str:
        """Join the headings, highest first."""
        return " > ".join(text for _, text in self._levels if text)

    @property
    def path(self) -> str | None:
        """The joined headings, None above the first."""
        return str(self) or None


_MAX_HEADING = 120
