"""Plain text: paragraphs between blank lines."""

from __future__ import annotations

from casebook.documents.limits import Limits
from casebook.documents.text import TextBuilder, clean_lines, decode
from casebook.domain.document import Document, Locator, SegmentKind


def read_plain(data: bytes, limits: Limits) -> Document:
    """Read a text file; line n of the text is line n of the file."""
    text, warning = decode(data)
    builder = TextBuilder(limits)
    if warning:
        builder.warn(warning)
    block: list[str] = []
    lines = clean_lines(text)
    for number, line in enumerate([*lines, ""], start=1):
        if line.strip():
            block.append(line.rstrip())
        elif block:
            first = number - len(block)
            builder.append("\n".join(block), SegmentKind.PARAGRAPH, Locator(line=first), at_line=first)
            block.clear()
        if builder.full:
            break
    return builder.build()
