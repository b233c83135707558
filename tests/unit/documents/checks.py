"""What must hold for every document, whatever was read."""

from __future__ import annotations

from casebook.domain.document import Document, SegmentKind


def check(document: Document) -> None:
    """Assert that the segments lie in order, apart and inside the text, and that the text is clean."""
    end = 0
    for segment in document.segments:
        assert end <= segment.start < segment.end <= len(document.text)
        assert document.text[end : segment.start].strip() == ""
        assert document.text[segment.start : segment.end].strip()
        end = segment.end
    assert end == len(document.text)
    assert not set(document.text) & {"\r", "\0", "\u202e", "\u200b", "\x0c"}
    assert not any("\ud800" <= char <= "\udfff" for char in document.text)
    for table in document.tables:
        assert all(len(row) == len(table.header) for row in table.rows)


def pieces(document: Document, kind: SegmentKind | None = None) -> list[str]:
    """Return the segments' texts, of one kind if it is given."""
    return [document.text[s.start : s.end] for s in document.segments if kind in {None, s.kind}]
