"""The report as PDF, set by typst from a template: outline, links inside, tags for screen readers, PDF/A and PDF/UA."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import msgspec

from casebook.errors import PermanentError
from casebook.report.blocks import (
    Block,
    Bullets,
    Chart,
    Cite,
    Evidence,
    Heading,
    Inline,
    Line,
    Link,
    Paragraph,
    QuoteBlock,
    Table,
    Text,
)
from casebook.report.charts import describe, draw
from casebook.report.columns import plain, widths
from casebook.report.extra import Imprint
from casebook.report.glyphs import BUNDLED, FAMILIES, families, missing, runs
from casebook.report.svg import standalone
from casebook.report.typesetting import PICTURE, Job, Jobs, Outcome

SECONDS: Final = 120
SHOWN_INSTEAD: Final = "□"  # of a character that no font has
_NAMED = 12
_LONG = 24  # longer words may be broken anywhere
_LONG_QUOTE = 1_500  # characters; a longer one may go over a page
_BREAK = "\u200b"
_RTL = frozenset({"R", "AL"})


class PdfFormat:
    """Writes PDFs with the bundled fonts and those of a folder of one's own."""

    def __init__(self, fonts: Path | None = None) -> None:
        """Use the fonts in `fonts` too."""
        self._fonts = fonts

    def write(self, blocks: Sequence[Block], imprint: Imprint) -> bytes:
        """Return the PDF. Raises PermanentError when it cannot be made."""
        return typeset_apart([pdf_job(blocks, imprint, fonts=self._fonts)], self._fonts)[0]

    def limits(self, blocks: Sequence[Block]) -> list[str]:
        """Name the characters that no font can show."""
        unknown = missing(texts_of(blocks), self._fonts)
        if not unknown:
            return []
        codes = ", ".join(f"U+{ord(character):04X}" for character in unknown[:_NAMED])
        more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
        scripts = sorted({unicodedata.name(character, "UNNAMED").split()[0].lower() for character in unknown})
        told = (
            f"{len(unknown)} characters ({', '.join(scripts[:_NAMED])}) cannot be shown in the PDF, which has an empty "
            f"box in their place: {codes}{more}. The HTML has them. Put fonts for them into a folder and name it in "
            "CASEBOOK_FONTS."
        )
        return [told]


def pdf_job(blocks: Iterable[Block], imprint: Imprint, *, fonts: Path | None = None) -> Job:
    """Say what typst is to set."""
    content = tuple(blocks)
    writer = _Writer(content, fonts)
    first = next((number for number, block in enumerate(content) if _is_section(block)), len(content))
    made_at = datetime.fromisoformat(imprint.created_at)
    title = next((block.text for block in content if isinstance(block, Heading)), imprint.title)
    report = {
        "title": writer.text(imprint.title),
        "heading": {"text": writer.text(title), "rtl": is_rtl(title)},
        "date": f"{made_at:%d %B %Y}".lstrip("0"),
        "run": writer.text(imprint.run_id),
        "fonts": [name.lower() for name in (*FAMILIES, *families(fonts))],
        "front": list(writer.blocks(block for block in content[:first] if not _is_title(block))),
        "blocks": list(writer.blocks(content[first:])),
    }
    template = files("casebook.report").joinpath("report.typ").read_text("utf-8")
    return Job(template=template, report=msgspec.json.encode(report).decode(), made_at=int(made_at.timestamp()))


def pictures(charts: Sequence[Chart], *, fonts: Path | None = None) -> list[bytes]:
    """Draw charts as PNG, for formats that know no SVG. Raises PermanentError."""
    jobs = [
        Job(
            template=PICTURE,
            report=msgspec.json.encode({"svg": _in_known_fonts(draw(chart), fonts)}).decode(),
            made_at=0,
            format="png",
        )
        for chart in charts
    ]
    return typeset_apart(jobs, fonts) if jobs else []


def typeset_apart(jobs: list[Job], fonts: Path | None, *, seconds: int = SECONDS) -> list[bytes]:
    """Have a process of its own set the files. Raises PermanentError when it fails or takes too long."""
    asked = Jobs(jobs=jobs, fonts=[str(path) for path in (BUNDLED, *([fonts] if fonts else []))], seconds=seconds)
    command = [sys.executable, "-m", "casebook.report.typesetting"]
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command, input=msgspec.msgpack.encode(asked), capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        message = f"setting it took more than {seconds} s"
        raise PermanentError(message) from error
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        message = f"the process that sets it ended early: {last[0]}"
        raise PermanentError(message)
    outcome = msgspec.msgpack.decode(done.stdout, type=Outcome)
    if outcome.error:
        raise PermanentError(outcome.error)
    return outcome.files


def is_rtl(text: str) -> bool:
    """Tell whether the first letter with a direction is written from right to left."""
    strong = (unicodedata.bidirectional(character) for character in text)
    return next((kind in _RTL for kind in strong if kind in {"L", *_RTL}), False)


def _is_section(block: Block) -> bool:
    return isinstance(block, Heading) and block.level == 2  # noqa: PLR2004 - the title is 1


def _is_card(heading: Heading) -> bool:
    """Tell whether a use case begins here."""
    return heading.anchor.startswith("u") and heading.anchor[1:].isdigit()


def _is_title(block: Block) -> bool:
    return isinstance(block, Heading) and block.level == 1


class _Writer:
    """Turns blocks into data for the template; knows which anchors there are, and which characters are not."""

    def __init__(self, blocks: Sequence[Block], fonts: Path | None) -> None:
        self.anchors = {block.anchor for block in blocks if isinstance(block, Heading) and block.anchor}
        self.anchors |= {block.quote_id.lower() for block in blocks if isinstance(block, Evidence)}
        self.fonts = fonts
        self.after_card = False
        self.missing = dict.fromkeys(map(ord, missing(texts_of(blocks), fonts)), SHOWN_INSTEAD)

    def blocks(self, blocks: Iterable[Block]) -> Iterator[dict[str, Any]]:
        for block in blocks:
            yield self.block(block)
            self.after_card = isinstance(block, Heading) and _is_card(block)

    def block(self, block: Block) -> dict[str, Any]:  # noqa: PLR0911 - one answer a kind of block
        match block:
            case Heading():
                said = {"text": self.text(block.text), "rtl": is_rtl(block.text), "anchor": block.anchor}
                return {"kind": "heading", "level": block.level, "card": _is_card(block), **said}
            case Paragraph():
                lead = self.after_card or all(isinstance(part, Text) and part.strong for part in block.line)
                return {"kind": "paragraph", "line": self.line(block.line), "general": block.general, "lead": lead}
            case Bullets():
                items = [self.line(item) for item in block.items]
                return {"kind": "bullets", "items": items, "numbered": block.numbered, "general": block.general}
            case QuoteBlock():
                cite = {"kind": "quote", "id": block.quote_id.lower(), "place": self.words(block.place)}
                return {**cite, **self.spoken(block.text, block.language)}
            case Table():
                return self.table(block)
            case Evidence():
                around = {"before": self.text(f"…{block.before}"), "after": self.text(f"{block.after}…")}
                place = {"place": self.words(block.place), "target": block.target}
                said = self.spoken(block.text, block.language)
                return {"kind": "evidence", "id": block.quote_id.lower(), **around, **place, **said}
            case _:
                return {"kind": "chart", "svg": _in_known_fonts(draw(block), self.fonts), "alt": describe(block)}

    def spoken(self, text: str, language: str) -> dict[str, Any]:
        """Say how the words of a document are set: their language and direction."""
        known = language if re.fullmatch(r"[a-z]{2,3}", language) and language != "und" else None
        return {"text": self.text(text), "language": known, "rtl": is_rtl(text), "long": len(text) > _LONG_QUOTE}

    def table(self, table: Table) -> dict[str, Any]:
        look = "tiles" if table.tiles else "plain" if any(table.header) else "facts"
        return {
            "kind": "table",
            "look": look,
            "header": [self.text(cell) for cell in table.header],
            "rows": [[self.line(cell) for cell in row] for row in table.rows],
            "numeric": sorted(table.numeric),
            "widths": widths(table),
        }

    def line(self, line: Line) -> list[dict[str, Any]]:
        return [self.inline(part) for part in line]

    def inline(self, part: Inline) -> dict[str, Any]:
        match part:
            case Cite():
                to = part.quote_id.lower()
                return {"kind": "cite", "to": to} if to in self.anchors else {**self.words(part.quote_id)}
            case Link():
                inside = part.target.startswith("#")
                if inside and part.target[1:] not in self.anchors:
                    return self.words(part.text)
                target = part.target.removeprefix("#")
                return {**self.words(part.text), "kind": "link", "to": target, "inside": inside}
            case Text():
                return self.words(part.text, strong=part.strong)

    def words(self, text: str, *, strong: bool = False) -> dict[str, Any]:
        return {"kind": "text", "text": self.text(text), "strong": strong, "rtl": is_rtl(text)}

    def text(self, text: str) -> str:
        """Flatten blanks, let long words break, and show what no font has as an empty box."""
        flat = re.sub(r"\s+", " ", text).translate(self.missing)
        return re.sub(rf"\S{{{_LONG},}}", lambda found: _breakable(found[0]), flat)


def _breakable(word: str) -> str:
    """Let a long word break after the marks within it, or anywhere when it has none."""
    marked = re.sub(r"([/_.\-\\])(?=\w)", rf"\1{_BREAK}", word)
    return re.sub(rf"([^\s{_BREAK}]{{{_LONG}}})(?=\w)", rf"\1{_BREAK}", marked)


def _in_known_fonts(svg: str, fonts: Path | None) -> str:
    """Name the font of each run of a picture's texts: left to itself, typst gives up on some mixtures."""
    shown = svg.translate(dict.fromkeys(map(ord, missing([svg], fonts)), SHOWN_INSTEAD))
    return standalone(re.sub(r"(?<=>)([^<>]+)(?=</text>)", lambda found: _spans(found[0], fonts), shown))


def _spans(text: str, fonts: Path | None) -> str:
    if text.isascii():
        return text
    return "".join(
        run if family == FAMILIES[0] else f'<tspan font-family="{escape(family)}">{run}</tspan>'
        for family, run in runs(text, fonts)
    )


def texts_of(blocks: Iterable[Block]) -> list[str]:
    """Return all words of the blocks."""
    return [text for block in blocks for text in _texts(block)]


def _texts(block: Block) -> list[str]:  # noqa: PLR0911 - one answer a kind of block
    match block:
        case Heading():
            return [block.text]
        case Paragraph():
            return [plain(block.line)]
        case Bullets():
            return [plain(item) for item in block.items]
        case QuoteBlock():
            return [block.text, block.place]
        case Table():
            return [*block.header, *(plain(cell) for row in block.rows for cell in row)]
        case Evidence():
            return [block.before, block.text, block.after, block.place]
        case _:
            return [draw(block)]
