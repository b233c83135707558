"""Pictures of text: scans and photographs, read by character recognition."""

from __future__ import annotations

from typing import Final

from casebook.documents.limits import Limits, ReadError
from casebook.documents.ocr import HOW_TO_GET, OutOfTime, Recognition
from casebook.documents.text import TextBuilder
from casebook.domain.document import Document, Locator, SegmentKind

_JPEG_SIZES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})


def read_image(data: bytes, limits: Limits) -> Document:
    """Read the text in a picture.

    Raises:
        ReadError: if it is too large, cannot be decoded, shows no text, or nothing here recognises text.

    """
    width, height = _size(data)
    if width * height > limits.pixels:
        message = f"a picture of more than {limits.pixels / 1e6:.0f} megapixels: save it smaller"
        raise ReadError(message)
    recognition = Recognition.start(limits)
    if not recognition.possible:
        message = f"a picture: to read text in pictures {HOW_TO_GET}"
        raise ReadError(message)
    try:
        paragraphs = recognition.read(data)
    except OutOfTime as error:
        message = "recognising its text took too long: save it smaller"
        raise ReadError(message) from error
    except ValueError as error:
        message = "the picture is damaged: save it anew"
        raise ReadError(message) from error
    builder = TextBuilder(limits)
    for paragraph in paragraphs:
        builder.append(paragraph.text, SegmentKind.PARAGRAPH, Locator(page=1, box=paragraph.box))
    if builder.empty:
        message = "a picture without text that could be recognised"
        raise ReadError(message)
    return builder.build(pages=1)


def _size(data: bytes) -> tuple[int, int]:
    """Read the size in pixels from a PNG's or JPEG's header; (0, 0) for others, which memory limits."""
    if data.startswith(b"\x89PNG"):
        return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    if data.startswith(b"\xff\xd8"):
        place = 2
        while place + 9 < len(data) and data[place] == 0xFF:  # noqa: PLR2004
            if data[place + 1] in _JPEG_SIZES:
                return int.from_bytes(data[place + 7 : place + 9]), int.from_bytes(data[place + 5 : place + 7])
            place += 2 + int.from_bytes(data[place + 2 : place + 4])
    return 0, 0
