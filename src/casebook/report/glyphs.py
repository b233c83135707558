"""The fonts of the PDF: where they lie, and which characters they can show."""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

BUNDLED = Path(str(files("casebook.report").joinpath("fonts")))
FAMILIES = (
    "Noto Sans",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Math",
    "Noto Sans Symbols",
    "Noto Sans Symbols2",
    "Noto Emoji",
)
_SUFFIXES = frozenset({".ttf", ".otf", ".ttc", ".otc"})
_COLLECTION = b"ttcf"
_JOINED = frozenset({"Cf", "Mn", "Me"})  # drawn onto the character before them, or not at all
_SILENT = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs", "Mn", "Me"})


def font_files(folder: Path | None) -> list[Path]:
    """Return the bundled fonts and those of a folder of one's own."""
    found = [path for place in (BUNDLED, *([folder] if folder else [])) for path in place.rglob("*")]
    return sorted(path for path in found if path.suffix.lower() in _SUFFIXES)


def missing(texts: Iterable[str], folder: Path | None) -> list[str]:
    """Return the characters that no font can show, sorted."""
    used = {character for text in texts for character in text if ord(character) > 0x7E}  # noqa: PLR2004 - ASCII is there
    known = coverage(tuple(font_files(folder)))
    return sorted(
        character
        for character in used
        if ord(character) not in known and unicodedata.category(character) not in _SILENT
    )


def runs(text: str, folder: Path | None) -> list[tuple[str, str]]:
    """Cut a text into runs of one font family each; marks stay with what they are drawn onto."""
    found: list[tuple[str, str]] = []
    for character in text:
        joined = unicodedata.category(character) in _JOINED and bool(found)
        family = found[-1][0] if joined else _family_with(ord(character), folder)
        if found and found[-1][0] == family:
            found[-1] = (family, found[-1][1] + character)
        else:
            found.append((family, character))
    return found


@lru_cache(maxsize=10_000)
def _family_with(code: int, folder: Path | None) -> str:
    by_family = {name: path for path in font_files(folder) for name in _names(path.read_bytes())}
    order = [*FAMILIES, *families(folder)]
    return next((name for name in order if name in by_family and code in coverage((by_family[name],))), FAMILIES[0])


@lru_cache(maxsize=64)
def coverage(fonts: tuple[Path, ...]) -> frozenset[int]:
    """Return the code points that some of the fonts can show."""
    return frozenset(code for path in fonts for code in _codes(path.read_bytes()))


def _codes(data: bytes) -> Iterator[int]:
    """Read the table of characters of each font in a file; a file that is none has no characters."""
    try:
        starts = struct.unpack_from(f">{_count(data)}I", data, 12) if data[:4] == _COLLECTION else (0,)
        for start in starts:
            yield from _of_font(data, start)
    except (struct.error, IndexError):
        return


def _count(data: bytes) -> int:
    return int(struct.unpack_from(">I", data, 8)[0])


def _of_font(data: bytes, start: int) -> Iterator[int]:
    (tables,) = struct.unpack_from(">H", data, start + 4)
    for number in range(tables):
        tag, _, offset, _ = struct.unpack_from(">4sIII", data, start + 12 + 16 * number)
        if tag == b"cmap":
            yield from _of_cmap(data, offset)


def _of_cmap(data: bytes, start: int) -> Iterator[int]:
    (tables,) = struct.unpack_from(">H", data, start + 2)
    offsets = {struct.unpack_from(">I", data, start + 8 + 8 * number)[0] for number in range(tables)}
    for offset in sorted(offsets):
        (kind,) = struct.unpack_from(">H", data, start + offset)
        if kind == 4:  # noqa: PLR2004 - the formats of the OpenType specification
            yield from _segments(data, start + offset)
        elif kind == 12:  # noqa: PLR2004
            yield from _groups(data, start + offset)


def _segments(data: bytes, start: int) -> Iterator[int]:
    """Format 4: segments of the first plane; a glyph of 0 is none."""
    count = struct.unpack_from(">H", data, start + 6)[0] // 2
    ends = struct.unpack_from(f">{count}H", data, start + 14)
    begins = struct.unpack_from(f">{count}H", data, start + 16 + 2 * count)
    deltas = struct.unpack_from(f">{count}H", data, start + 16 + 4 * count)
    at = start + 16 + 6 * count
    shifts = struct.unpack_from(f">{count}H", data, at)
    for number, (begin, end, delta, shift) in enumerate(zip(begins, ends, deltas, shifts, strict=True)):
        for code in range(begin, min(end, 0xFFFE) + 1):
            if not shift:
                glyph = (code + delta) & 0xFFFF
            else:
                (glyph,) = struct.unpack_from(">H", data, at + 2 * number + shift + 2 * (code - begin))
            if glyph:
                yield code


def _groups(data: bytes, start: int) -> Iterator[int]:
    """Format 12: groups of all planes."""
    (count,) = struct.unpack_from(">I", data, start + 12)
    for number in range(count):
        begin, end, glyph = struct.unpack_from(">III", data, start + 16 + 12 * number)
        yield from range(begin + (glyph == 0), min(end, 0x10FFFF) + 1)


def families(folder: Path | None) -> list[str]:
    """Return the names of the font families in a folder of one's own, sorted."""
    if folder is None:
        return []
    paths = [path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES]
    return sorted({name for path in paths for name in _names(path.read_bytes())})


def _names(data: bytes) -> Iterator[str]:
    try:
        starts = struct.unpack_from(f">{_count(data)}I", data, 12) if data[:4] == _COLLECTION else (0,)
        for start in starts:
            yield from _family(data, start)
    except (struct.error, IndexError):
        return


def _family(data: bytes, start: int) -> Iterator[str]:
    """Read the family's name for typesetting (16) or, without it, the plain one (1)."""
    (tables,) = struct.unpack_from(">H", data, start + 4)
    for number in range(tables):
        tag, _, offset, _ = struct.unpack_from(">4sIII", data, start + 12 + 16 * number)
        if tag != b"name":
            continue
        count, texts = struct.unpack_from(">HH", data, offset + 2)
        found: dict[int, str] = {}
        for record in range(count):
            platform, _, _, name, length, at = struct.unpack_from(">6H", data, offset + 6 + 12 * record)
            if platform == 3 and name in {1, 16}:  # noqa: PLR2004 - Windows, whose texts are UTF-16
                found.setdefault(name, data[offset + texts + at :][:length].decode("utf-16-be", "replace"))
        yield from ([found[16]] if 16 in found else [found[1]] if 1 in found else [])  # noqa: PLR2004
