"""A worker process that draws pages of PDFs and finds where a quote stands on them. Speaks like the sandbox's.

A place is only told when the words are certain: the page's text, read as it was read for the report, holds the quote
letter by letter where the report says, or else at one place alone.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import zlib
from typing import Any, Final

import msgspec
import pypdfium2
import pypdfium2.raw as pdfium_c

from casebook.documents.limits import Limits
from casebook.documents.text import clean
from casebook.documents.worker import LENGTH_BYTES, confine, set_deadline

_HYPHENS: Final = "\x02\ufffe"  # pdfium's marks for a hyphen at a line's end; the reader writes "-"
_MAX_SIDE: Final = 1_800  # pixels
_LEVELS: Final = 32  # of brightness in each colour: half the bytes, and no eye sees it on a page of text
_GREY: Final = bytes(min(255, round(round(value * (_LEVELS - 1) / 255) * 255 / (_LEVELS - 1))) for value in range(256))
_MAX_RECTANGLES: Final = 400


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A page, and where on it a quote stands: `start` to `end` in `text`, the canonical text of that page."""

    path: str
    page: int  # 1 is the first
    text: str = ""
    start: int = 0
    end: int = 0
    width: int = 0  # of the picture in pixels; 0 is no picture
    limits: Limits


class Rectangle(msgspec.Struct, frozen=True, kw_only=True):
    """A place on a page, in points from its top left corner."""

    x: float
    y: float
    width: float
    height: float


class PageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A page's size in points, the quote's places if they are certain, and the picture as PNG."""

    width: float = 0.0
    height: float = 0.0
    rectangles: tuple[Rectangle, ...] = ()
    picture: bytes = b""
    reason: str = ""  # why there is nothing, when there is nothing


def main() -> None:
    """Serve requests until standard input ends."""
    incoming = sys.stdin.buffer
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not write between the frames
    decoder = msgspec.msgpack.Decoder(PageRequest)
    confined = False
    opened = _Opened()
    while len(length := incoming.read(LENGTH_BYTES)) == LENGTH_BYTES:
        request = decoder.decode(incoming.read(int.from_bytes(length)))
        if not confined:
            confine(request.limits)
            confined = True
        set_deadline(request.limits.seconds)
        frame = msgspec.msgpack.encode(_answer(opened, request))
        outgoing.write(len(frame).to_bytes(LENGTH_BYTES) + frame)
        outgoing.flush()


class _Opened:
    """The document that was asked for last: the next page is mostly of the same one."""

    def __init__(self) -> None:
        self._key: tuple[str, int, int] | None = None
        self._pdf: Any = None

    def get(self, path: str) -> Any:  # noqa: ANN401  a package without types
        facts = os.stat(path)  # noqa: PTH116  a string comes in
        key = (path, facts.st_mtime_ns, facts.st_size)
        if key != self._key:
            if self._pdf is not None:
                self._pdf.close()
            self._key, self._pdf = None, None
            self._pdf = pypdfium2.PdfDocument(path)
            self._key = key
        return self._pdf


def _answer(opened: _Opened, request: PageRequest) -> PageAnswer:
    try:
        pdf = opened.get(request.path)
        if not 1 <= request.page <= len(pdf):
            return PageAnswer(reason="the document has no such page")
        page = pdf[request.page - 1]
        try:
            width, height = page.get_size()
            return PageAnswer(
                width=width,
                height=height,
                rectangles=find(page, request.text, request.start, request.end) if request.end else (),
                picture=_draw(page, request.width) if request.width else b"",
            )
        finally:
            page.close()
    except (pypdfium2.PdfiumError, OSError):
        return PageAnswer(reason="the page cannot be drawn")
    except MemoryError:
        return PageAnswer(reason="the page needs more memory than is allowed")


def find(page: Any, text: str, start: int, end: int) -> tuple[Rectangle, ...]:  # noqa: ANN401
    """Return the rectangles of ``text[start:end]`` on the page; none when it is not certain where that stands."""
    text_page = page.get_textpage()
    try:
        letters, indexes = _letters(text_page.get_text_range(errors="replace"))
        place = _place(letters, text, start, end)
        if place is None:
            return ()
        raw = text_page.raw
        first, last = (pdfium_c.FPDFText_GetCharIndexFromTextIndex(raw, indexes[at]) for at in (place[0], place[1] - 1))
        if first < 0 or last < first:
            return ()
        count = min(text_page.count_rects(first, last - first + 1), _MAX_RECTANGLES)
        return _upright(page, [text_page.get_rect(number) for number in range(count)])
    finally:
        text_page.close()


def _letters(text: str) -> tuple[str, list[int]]:
    """Return what can be seen of a page's text, without blanks, and for each letter pdfium's index (UTF-16)."""
    letters: list[str] = []
    indexes: list[int] = []
    unit = 0
    for character in text:
        seen = "-" if character in _HYPHENS else clean(character).strip()
        if seen:
            letters.append(seen)
            indexes.append(unit)
        unit += 2 if character > "\uffff" else 1
    return "".join(letters), indexes


def _place(letters: str, text: str, start: int, end: int) -> tuple[int, int] | None:
    """Find the quote among the page's letters: where the offsets say, else where it stands alone."""
    wanted = "".join(text[start:end].split())
    if not wanted:
        return None
    before = len("".join(text[:start].split()))
    if letters[before : before + len(wanted)] == wanted:
        return before, before + len(wanted)
    found = letters.find(wanted)
    if found < 0 or letters.find(wanted, found + 1) >= 0:
        return None
    return found, found + len(wanted)


def _upright(page: Any, boxes: list[tuple[float, float, float, float]]) -> tuple[Rectangle, ...]:  # noqa: ANN401
    """Turn page coordinates (from the foot, unrotated, uncropped) into those of what is seen."""
    left, bottom, right, top = page.get_cropbox()
    turns = page.get_rotation() // 90
    rectangles = []
    for box in boxes:
        x0, y0, x1, y1 = box[0] - left, top - box[3], box[2] - left, top - box[1]
        for turn in range(turns):
            high = (top - bottom) if turn % 2 == 0 else (right - left)
            x0, y0, x1, y1 = high - y1, x0, high - y0, x1
        rectangles.append(Rectangle(x=round(x0, 2), y=round(y0, 2), width=round(x1 - x0, 2), height=round(y1 - y0, 2)))
    return tuple(rectangles)


def _draw(page: Any, width: int) -> bytes:  # noqa: ANN401
    across, down = page.get_size()
    scale = min(width / max(across, 1), _MAX_SIDE / max(across, down, 1))
    bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False)
    try:
        data = ctypes.string_at(ctypes.addressof(bitmap.buffer), bitmap.stride * bitmap.height).translate(_GREY)
        return _png(data, bitmap.width, bitmap.height, bitmap.stride, bitmap.n_channels)
    finally:
        bitmap.close()


def _png(data: bytes, width: int, height: int, stride: int, channels: int) -> bytes:
    """Write a PNG, in grey when the page has no colour: a third of the bytes."""
    rows = [data[start : start + width * channels] for start in range(0, stride * height, stride)]
    grey = channels == 1 or all(row[::channels] == row[1::channels] == row[2::channels] for row in rows)
    if grey and channels > 1:
        rows = [row[::channels] for row in rows]
    packed = zlib.compress(b"".join(b"\0" + row for row in rows), 6)
    head = struct.pack(">IIBBBBB", width, height, 8, 0 if grey else 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


if __name__ == "__main__":
    main()
