"""What of a PDF page's text a person cannot see: white on white, transparent, not drawn at all, or too small.

Text that may be hidden is looked for among the page's objects, which is cheap; only when there is some, the page is
drawn: where no ink stands, nothing is seen. So white type on a dark bar is kept, and so is the text layer of a scan,
which is not drawn itself but stands over its picture.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final

import pypdfium2.raw as pdfium_c

HIDDEN: Final = "\0"  # stands for each character that is not seen
_NOT_DRAWN: Final = frozenset({pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium_c.FPDF_TEXTRENDERMODE_CLIP})
_PALE: Final = 240  # of 255 in each colour
_TRANSPARENT: Final = 12  # of 255
_INK: Final = 12  # of 255 between the darkest and the lightest spot
_SCALE: Final = 1.5  # pixels a point
_MAX_SIDE: Final = 1_500  # pixels
_MANY_OBJECTS: Final = 5_000  # of a page: then its characters are looked at instead
_MAX_DEPTH: Final = 4

_Run = list[tuple[int, int]]  # characters by their place in the text (UTF-16) and pdfium's index


def blank_hidden(page: Any, text_page: Any, text: str) -> str:  # noqa: ANN401  a package without types
    """Return a page's text with `HIDDEN` in place of each UTF-16 unit that a person cannot see."""
    objects = _Objects()
    if not objects.suspect(page.raw):
        return text
    runs = list(_suspect_runs(text_page.raw, text, objects))
    if not runs:
        return text
    drawn = _Drawn(page)
    hidden = [place for run in runs if not drawn.has_ink(text_page.raw, run) for place, _ in run]
    units = bytearray(text.encode("utf-16-le", "surrogatepass"))
    for place in hidden:
        units[2 * place : 2 * place + 2] = b"\0\0"
    return units.decode("utf-16-le", "surrogatepass")


class _Objects:
    """Tells of objects whether they are text that may be hidden."""

    def __init__(self) -> None:
        self._colour = (ctypes.c_uint * 4)()
        part = ctypes.POINTER(ctypes.c_uint)
        self._parts = [ctypes.cast(ctypes.byref(self._colour, 4 * place), part) for place in range(4)]

    def suspect(self, page: Any) -> bool:  # noqa: ANN401
        """Say whether a page may have hidden text."""
        count = pdfium_c.FPDFPage_CountObjects(page)
        get = pdfium_c.FPDFPage_GetObject
        return count > _MANY_OBJECTS or self._any((get(page, place) for place in range(count)), 0)

    def _any(self, items: Iterable[Any], depth: int) -> bool:
        # Most of a page's objects are plain text: three calls for each, and no more.
        mode_of, may_hide = pdfium_c.FPDFTextObj_GetTextRenderMode, self._may_hide
        for item in items:
            mode = mode_of(item)
            if may_hide(item, mode) if mode >= 0 else self._holds(item, depth):
                return True
        return False

    def _holds(self, item: Any, depth: int) -> bool:  # noqa: ANN401
        """Look into a form, which is a group of objects."""
        if depth == _MAX_DEPTH or pdfium_c.FPDFPageObj_GetType(item) != pdfium_c.FPDF_PAGEOBJ_FORM:
            return False
        count = pdfium_c.FPDFFormObj_CountObjects(item)
        get = pdfium_c.FPDFFormObj_GetObject
        return count > _MANY_OBJECTS or self._any((get(item, place) for place in range(count)), depth + 1)

    def may_hide(self, item: Any) -> bool:  # noqa: ANN401
        """Say whether a text object is not drawn, transparent or pale."""
        return self._may_hide(item, pdfium_c.FPDFTextObj_GetTextRenderMode(item))

    def _may_hide(self, item: Any, mode: int) -> bool:  # noqa: ANN401
        if mode in _NOT_DRAWN:
            return True
        pdfium_c.FPDFPageObj_GetFillColor(item, *self._parts)
        red, green, blue, alpha = self._colour
        return alpha <= _TRANSPARENT or (red >= _PALE and green >= _PALE and blue >= _PALE)


def _suspect_runs(raw: Any, text: str, objects: _Objects) -> Iterator[_Run]:  # noqa: ANN401
    """Yield the characters of each object that may be hidden, line by line."""
    known: dict[int | None, bool] = {None: False}
    ends = {
        place for place, character in enumerate(text.encode("utf-16-le", "surrogatepass")[::2]) if character in b"\r\n"
    }
    found: list[tuple[int | None, int, int]] = []
    for index in range(pdfium_c.FPDFText_CountChars(raw)):
        place = pdfium_c.FPDFText_GetTextIndexFromCharIndex(raw, index)
        if place < 0 or place in ends:
            continue
        item = pdfium_c.FPDFText_GetTextObject(raw, index)
        address = ctypes.cast(item, ctypes.c_void_p).value
        if address not in known:
            known[address] = objects.may_hide(item)
        found.append((address, place, index))
    for address, run in groupby(found, key=lambda entry: entry[0]):
        if known[address]:
            yield [(place, index) for _, place, index in run]


class _Drawn:
    """A page as it is seen, in shades of grey."""

    def __init__(self, page: Any) -> None:  # noqa: ANN401
        width, height = page.get_size()
        scale = min(_SCALE, _MAX_SIDE / max(width, height, 1.0))
        bitmap = page.render(scale=scale, grayscale=True)
        try:
            self._width, self._height, self._stride = bitmap.width, bitmap.height, bitmap.stride
            self._pixels = ctypes.string_at(ctypes.addressof(bitmap.buffer), bitmap.stride * bitmap.height)
        finally:
            bitmap.close()
        self._page = page.raw

    def has_ink(self, raw: Any, run: _Run) -> bool:  # noqa: ANN401
        """Say whether anything can be told from its ground where these characters stand."""
        corners = [corner for _, index in run for corner in self._corners(raw, index)]
        if not corners:
            return True
        left, right = min(x for x, _ in corners), max(x for x, _ in corners)
        top, bottom = min(y for _, y in corners), max(y for _, y in corners)
        columns = slice(max(left, 0), min(right + 1, self._width))
        rows = range(max(top, 0), min(bottom + 1, self._height))
        seen = b"".join(self._pixels[row * self._stride : row * self._stride + self._width][columns] for row in rows)
        return bool(seen) and max(seen) - min(seen) > _INK

    def _corners(self, raw: Any, index: int) -> Iterator[tuple[int, int]]:  # noqa: ANN401
        """Yield two corners of a character in pixels; nothing for a blank."""
        left, right, bottom, top = (ctypes.c_double() for _ in range(4))
        if not pdfium_c.FPDFText_GetCharBox(raw, index, left, right, bottom, top) or right.value <= left.value:
            return
        across, down = ctypes.c_int(), ctypes.c_int()
        for x, y in ((left, bottom), (right, top)):
            pdfium_c.FPDF_PageToDevice(self._page, 0, 0, self._width, self._height, 0, x.value, y.value, across, down)
            yield across.value, down.value
