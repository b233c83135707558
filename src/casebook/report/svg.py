"""Drawing with SVG: the few shapes that charts need, the same bytes each time, no script and no style attribute.

Colours are presentation attributes, so that a picture stands by itself in a PDF; every shape also has a class, and a
style sheet that knows the classes may give it other colours (dark mode).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from html import escape

FONTS = "Noto Sans, Noto Sans Arabic, Noto Sans Hebrew, Noto Sans CJK SC, system-ui, sans-serif"
COLOURS = {  # class: what it is filled with
    "ch-ink": "#1d2430",
    "ch-soft": "#5b6575",
    "ch-field": "#f5f7fa",
    "ch-paper": "#ffffff",
    "ch-accent": "#0b5c7a",
    "ch-tint": "#cfe3eb",
    "ch-warn": "#a4520a",
}
LINES = {"ch-line": "#c3cad5", "ch-edge": "#0b5c7a", "ch-bound": "#a4520a"}  # class: what it is drawn with

_NARROW = frozenset("iljtfrI.,:;'|!()[]/ ·-")
_WIDE = frozenset("mwMWQ@%&—…")


def picture(kind: str, size: tuple[float, float], *, title: str, description: str, parts: Iterable[str]) -> str:
    """Put the parts into one picture, with words for those who cannot see it."""
    width, height = size
    return (
        f'<svg class="chart {kind}" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-labelledby="{kind}-title {kind}-desc" font-family="{FONTS}" font-size="12">'
        f'<title id="{kind}-title">{escape(title)}</title><desc id="{kind}-desc">{escape(description)}</desc>'
        f"{''.join(parts)}</svg>"
    )


def standalone(svg: str) -> str:
    """Make a file of its own of a picture that was drawn to stand in a page."""
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def label(  # noqa: PLR0913 - what a piece of text has
    text: str,
    x: float,
    y: float,
    *,
    colour: str = "ch-ink",
    size: float = 12,
    anchor: str = "start",
    bold: bool = False,
    turned: bool = False,
) -> str:
    """Write one line of text with its baseline at `y`."""
    place = f'transform="translate({x:g} {y:g}) rotate(-90)"' if turned else f'x="{x:g}" y="{y:g}"'
    weight = ' font-weight="700"' if bold else ""
    sized = f' font-size="{size:g}"' if size != 12 else ""  # noqa: PLR2004 - the picture's own
    at = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text class="{colour}" {place} fill="{COLOURS[colour]}"{sized}{at}{weight}>{escape(text)}</text>'


def box(  # noqa: PLR0913, PLR0917 - what a box has
    x: float, y: float, width: float, height: float, fill: str, edge: str | None = None, corner: float = 0
) -> str:
    """Draw a rectangle."""
    rounded = f' rx="{corner:g}"' if corner else ""
    return (
        f'<rect class="{fill}{f" {edge}" if edge else ""}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
        f'{rounded} fill="{COLOURS[fill]}"{_stroke(edge)}/>'
    )


def disc(  # noqa: PLR0913, PLR0917 - what a disc has
    x: float, y: float, radius: float, fill: str, edge: str | None = None, dashes: str = ""
) -> str:
    """Draw a circle."""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<circle class="{fill}{f" {edge}" if edge else ""}" cx="{x:g}" cy="{y:g}" r="{radius:g}" '
        f'fill="{COLOURS[fill]}"{_stroke(edge)}{dashed}/>'
    )


def line(points: Sequence[tuple[float, float]], edge: str, *, width: float = 1, dashes: str = "") -> str:
    """Draw a line through points."""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    path = "L".join(f"{round(x, 1):g} {round(y, 1):g}" for x, y in points)
    return f'<path class="{edge}" d="M{path}" fill="none" stroke="{LINES[edge]}" stroke-width="{width:g}"{dashed}/>'


def width_of(text: str, size: float = 12) -> float:
    """Guess how wide a text is set, without its font; rather too wide than too narrow."""
    return size * sum(_em(character) for character in text)


def shortened(text: str, width: float, size: float = 12) -> str:
    """Cut a text to a width, at a word where one is near."""
    text = " ".join(text.split())
    if width_of(text, size) <= width:
        return text
    kept = text
    while kept and width_of(f"{kept}…", size) > width:
        kept = kept[: max(0, min(len(kept) - 1, int(len(kept) * width / width_of(f"{kept}…", size))))]
    at_word, _, rest = kept.rpartition(" ")
    return f"{at_word if at_word and len(rest) < 10 else kept}…"  # noqa: PLR2004 - a longer rest is worth keeping


def wrapped(text: str, width: float, size: float = 12, *, lines: int = 2) -> list[str]:
    """Break a text into at most `lines` lines of a width; what does not fit is cut."""
    rows: list[str] = []
    rest = text.split()
    while rest and len(rows) < lines - 1:
        taken = 1
        while taken < len(rest) and width_of(" ".join(rest[: taken + 1]), size) <= width:
            taken += 1
        if width_of(rest[0], size) > width:
            break
        rows.append(" ".join(rest[:taken]))
        rest = rest[taken:]
    return [*rows, *([shortened(" ".join(rest), width, size)] if rest else [])]


def _stroke(edge: str | None) -> str:
    return f' stroke="{LINES[edge]}"' if edge else ""


def _em(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if unicodedata.combining(character):
        return 0.0
    if character in _NARROW:
        return 0.34
    if character in _WIDE:
        return 0.9
    return 0.68 if character.isupper() else 0.58
