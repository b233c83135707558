"""Markdown: the marks taken off, every line kept on its line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from casebook.documents.limits import Limits
from casebook.documents.text import HeadingPath, TextBuilder, clean_lines, decode
from casebook.domain.document import Document, Locator, SegmentKind

_LONG_LINE: Final = 20_000  # characters; inline marks are not looked for in longer lines
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+|$)")
_HEADING_END = re.compile(r"[ \t]+#+[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")
_QUOTE = re.compile(r"(?: {0,3}>[ \t]?)+")
_TABLE_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_FRONT_MATTER: Final = ("---", "+++")
_REFERENCE = re.compile(r" {0,3}\[[^\]]{1,200}\]:[ \t]*\S+.*")

_IMAGE = re.compile(r"!\[([^\[\]]{0,500})\]\([^()\s]{0,2000}(?:[ \t]+[^()]{0,300})?\)")
_LINK = re.compile(r"\[([^\[\]]{1,1000})\](?:\([^()\s]{0,2000}(?:[ \t]+[^()]{0,300})?\)|\[[^\[\]]{0,200}\])")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]{1,2000})>")
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]*(?:\s[^<>]{0,2000})?/?>")
_COMMENT = re.compile(r"<!--.*?(?:-->|$)")
_CODE = re.compile(r"(`{1,3})([^`]+)\1")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3})(?=[^\s*])([^*]+?)(?<=[^\s*])\1(?!\w)")
_UNDERSCORES = re.compile(r"(?<!\w)(_{1,3})(?=[^\s_])([^_]+?)(?<=[^\s_])\1(?!\w)")
_STRIKE = re.compile(r"~~(?=\S)([^~]+?)~~")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_CELL_END = re.compile(r"(?<!\\)\|")


def read_markdown(data: bytes, limits: Limits) -> Document:
    """Read a Markdown file; line n of the text is line n of the file, without its marks."""
    text, warning = decode(data)
    builder = TextBuilder(limits)
    if warning:
        builder.warn(warning)
    reader = _Reader(builder, clean_lines(text))
    reader.read()
    return builder.build()


@dataclass(slots=True)
class _Block:
    """Lines that go into one segment."""

    kind: SegmentKind
    first: int
    lines: list[str] = field(default_factory=list)


class _Reader:
    def __init__(self, builder: TextBuilder, lines: list[str]) -> None:
        self._builder = builder
        self._lines = lines
        self._path = HeadingPath()
        self._block: _Block | None = None
        self._fence: str | None = None
        self._in_comment = False
        self._in_table = False

    def read(self) -> None:
        start = self._front_matter()
        for number in range(start, len(self._lines) + 1):
            if self._builder.full:
                break
            self._line(number, self._lines[number - 1])
        self._flush()

    def _front_matter(self) -> int:
        """Keep the block of settings at the top as furniture; return the number of the line after it."""
        mark = self._lines[0].rstrip()
        if mark not in _FRONT_MATTER:
            return 1
        for number in range(2, min(len(self._lines), 200) + 1):
            if self._lines[number - 1].rstrip() == mark:
                for inner in range(2, number):
                    self._add(SegmentKind.FURNITURE, inner, self._lines[inner - 1])
                self._flush()
                return number + 1
        return 1

    def _line(self, number: int, line: str) -> None:
        if self._fenced(number, line):
            return
        line = self._without_comments(line)
        if not line.strip() or _REFERENCE.fullmatch(line):
            self._flush()
            self._in_table = False
        elif heading := _HEADING.match(line):
            self._heading(number, len(heading[1]), _HEADING_END.sub("", line[heading.end() :]))
        elif self._underlined(line):
            pass
        elif _RULE.fullmatch(line):
            self._flush()
        elif self._table_row(number, line):
            pass
        else:
            self._prose(number, line)

    def _fenced(self, number: int, line: str) -> bool:
        fence = _FENCE.match(line)
        if self._fence is None:
            if fence is None or self._in_comment:
                return False
            self._flush()
            self._fence = fence[1]
            return True
        if fence and fence[1].startswith(self._fence) and not line[fence.end() :].strip():
            self._flush()
            self._fence = None
        elif line.strip() or self._block:
            self._add(SegmentKind.CODE, number, line.rstrip())
        return True

    def _without_comments(self, line: str) -> str:
        if self._in_comment:
            _, mark, line = line.partition("-->")
            if not mark:
                return ""
            self._in_comment = False
        if "<!--" not in line:
            return line
        self._in_comment = line.rfind("<!--") > line.rfind("-->")
        return _COMMENT.sub("", line)

    def _heading(self, number: int, level: int, text: str) -> None:
        self._flush()
        text = _plain(text)
        self._path.enter(level, text)
        self._add(SegmentKind.HEADING, number, text)
        self._flush()

    def _underlined(self, line: str) -> bool:
        """Turn the paragraph line above "===" or "---" into a heading."""
        block = self._block
        mark = _UNDERLINE.fullmatch(line)
        if not mark or not block or block.kind is not SegmentKind.PARAGRAPH or len(block.lines) != 1:
            return False
        self._block = None
        self._heading(block.first, 1 if mark[1][0] == "=" else 2, block.lines[0])
        return True

    def _table_row(self, number: int, line: str) -> bool:
        following = self._lines[number] if number < len(self._lines) else ""
        if not self._in_table:
            if "|" not in line or "|" not in following or not _TABLE_RULE.fullmatch(following[:_LONG_LINE]):
                return False
            self._flush()
            self._in_table = True
            self._add(SegmentKind.TABLE_HEADER, number, _row(line))
        elif "|" not in line:
            self._in_table = False
            return False
        elif not _TABLE_RULE.fullmatch(line[:_LONG_LINE]):
            self._add(SegmentKind.TABLE_ROW, number, _row(line))
        self._flush()
        return True

    def _prose(self, number: int, line: str) -> None:
        if quote := _QUOTE.match(line):
            line = line[quote.end() :]
            if not line.strip():
                self._flush()
                return
        if item := _ITEM.match(line):
            self._flush()
            self._add(SegmentKind.LIST_ITEM, number, _plain(line[item.end() :]))
        elif not self._block and line.startswith(("    ", "\t")):
            self._add(SegmentKind.PARAGRAPH, number, line.strip())
        else:
            self._add(self._block.kind if self._block else SegmentKind.PARAGRAPH, number, _plain(line))

    def _add(self, kind: SegmentKind, number: int, text: str) -> None:
        text = text.rstrip() if kind is SegmentKind.CODE else text.strip()
        if self._block is None:
            if not text:
                return
            self._block = _Block(kind, number)
        self._block.lines.append(text)

    def _flush(self) -> None:
        if block := self._block:
            self._block = None
            locator = Locator(line=block.first, heading=self._path.path)
            self._builder.append("\n".join(block.lines), block.kind, locator, at_line=block.first)


def _row(line: str) -> str:
    cells = _CELL_END.split(line.strip().removeprefix("|").removesuffix("|"))
    return " | ".join(cell for cell in (_plain(cell).replace("\\|", "|").strip() for cell in cells) if cell)


def _plain(text: str) -> str:
    """Take the inline marks off one line; what stands between them stays as it is."""
    text = text.strip()
    if len(text) > _LONG_LINE or not any(mark in text for mark in "*_`[<~\\"):
        return text
    kept: list[str] = []
    parts = _CODE.split(text)
    # split() yields text, ticks, code, text, ticks, code, ..., text
    for index in range(0, len(parts), 3):
        kept.append(_inline(parts[index]))
        if index + 2 < len(parts):
            kept.append(parts[index + 2])
    return "".join(kept)


def _inline(text: str) -> str:
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    text = _AUTOLINK.sub(r"\1", text)
    text = _TAG.sub("", text)
    for _ in range(2):  # emphasis inside emphasis
        text = _EMPHASIS.sub(r"\2", text)
        text = _UNDERSCORES.sub(r"\2", text)
    text = _STRIKE.sub(r"\1", text)
    return _ESCAPE.sub(r"\1", text)
