"""PDF: text in content order, one segment a paragraph, page by page.

The text is never rearranged: measured on public filings, only the order of the content keeps sentences whole.
Paragraphs are found by the lines' geometry; line ends inside a paragraph, hyphens among them, stay as they are.
"""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from statistics import median
from typing import Any, Final

import msgspec
import pypdfium2
import pypdfium2.raw as pdfium_c

from casebook.documents.limits import Limits, ReadError
from casebook.documents.ocr import HOW_TO_GET, OutOfTime, Recognised, Recognition
from casebook.documents.pdf_sight import HIDDEN, blank_hidden
from casebook.documents.text import HeadingPath, TextBuilder
from casebook.domain.document import Document, Locator, SegmentKind

# pdfium puts one of two marks in place of a hyphen at a line's end, often of the line end too.
_HYPHENS: Final = "\x02\ufffe"
_LINE_END = re.compile(f"[{_HYPHENS}](?:\r\n|\r|\n)?|\r\n|\r|\n")
_BULLET = re.compile(r"(?:[•◦▪‣●○■–—\-*·]|\d{1,3}[.)]|[a-z]\))\s+\S|[•◦▪‣●○■]")
_SENTENCE_END = re.compile(r"[.!?:;…]['\"»“”’)]*$")
_DIGITS = re.compile(r"\d+")
_HIDDEN_PASSAGE = re.compile(rf"{HIDDEN}(?:[\s{HIDDEN}]*{HIDDEN})?")
_PAGE_NUMBER = re.compile(r"(?:(?:page|seite|p\.|s\.)\s*)?[-–]?\s*#\s*[-–]?(?:\s*(?:of|von|/)\s*#)?", re.IGNORECASE)

_EDGE_SHARE: Final = 0.14  # of the page's height in which they stand
_PLACES: Final = 200  # steps of a page's height that count as "the same place"
_REPEATS: Final = 3  # pages that repeat a line before it is furniture
_SIZE_CHANGE: Final = 0.12
_HEADING_SIZE: Final = 1.15  # times the size of the body's text
_WIDE_GAP: Final = 1.3  # times the usual distance of lines
_FAR: Final = 2.2  # line heights: never one paragraph
_SHORT_LINE: Final = 0.8  # of the widest line of the block
_INDENT: Final = 0.8  # line heights
_BOLD: Final = 600  # font weight
_TINY: Final = 2.0  # points of a line's height: nobody reads that
_ORDINARY_PAGE: Final = 400  # points of the longer side
_MAX_HEADING: Final = 140  # characters
_MAX_HEADING_LINES: Final = 3
_SCAN_DPI: Final = 200
_MAX_SCAN_SIDE: Final = 2_000  # pixels
_NAMED_PAGES: Final = 12
_PASSWORD: Final = "password"  # noqa: S105  a word in pdfium's message


class _Line(msgspec.Struct, frozen=True):
    page: int
    text: str
    left: float  # points, from the page's left
    right: float
    base: float  # of the baseline, from the page's foot
    height: float  # of the font's box
    bold: bool
    place: float  # 0 at the page's foot, 1 at its head


def read_pdf(data: bytes, limits: Limits) -> Document:
    """Read a PDF; pages without a text layer are recognised when that is possible here.

    Raises:
        ReadError: if it is damaged or encrypted, or has no text that can be read.

    """
    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        reason = "damaged or cut off: open it in a PDF program and save it anew"
        raise ReadError("encrypted: save it without a password" if _PASSWORD in str(error) else reason) from error
    builder = TextBuilder(limits)
    total = len(pdf)
    if total > limits.pages:
        builder.warn(f"only the first {limits.pages:,} of {total:,} pages were read")
    pages = _Pages(pdf, builder)
    count = min(total, limits.pages)
    _write(builder, pages.read(count), pages.recognised, count)
    return builder.build(pages=count)


class _Pages:
    """Reads the lines of pages, and recognises those that are pictures."""

    def __init__(self, pdf: Any, builder: TextBuilder) -> None:  # noqa: ANN401  a package without types
        self._pdf = pdf
        self._builder = builder
        self._recognition = Recognition.start(builder.limits)
        self._characters = 0
        self.recognised: dict[int, list[Recognised]] = {}

    def read(self, count: int) -> list[_Line]:
        lines: list[_Line] = []
        pictures: list[int] = []
        broken: list[int] = []
        for number in range(1, count + 1):
            try:
                found = self._page(number)
            except pypdfium2.PdfiumError:
                broken.append(number)
                # A document that only claims to have pages: the rest will not be there either.
                if len(broken) > _NAMED_PAGES and not lines:
                    break
                continue
            if found is None:
                pictures.append(number)
            else:
                lines += found
            if self._characters > self._builder.limits.characters:
                self._builder.warn(f"only the first {number:,} pages were read")
                break
        if broken:
            self._builder.warn(f"{_pages(broken)} cannot be read: damaged")
        self._warn_of_pictures(pictures)
        return lines

    def _page(self, number: int) -> list[_Line] | None:
        """Return a page's lines; None when it is a picture that was not recognised."""
        page = self._pdf[number - 1]
        try:
            text_page = page.get_textpage()
            try:
                text = blank_hidden(page, text_page, text_page.get_text_range(errors="replace"))
                for passage in _HIDDEN_PASSAGE.findall(text):
                    self._builder.leave_out(passage.count(HIDDEN))
                lines = self._readable(list(_lines(text_page, text, number, page.get_height())), page)
            finally:
                text_page.close()
            self._characters += sum(len(line.text) for line in lines)
            if any(line.text.strip() for line in lines) or not _has_picture(page):
                return lines
            return self._recognise(page, number)
        finally:
            page.close()

    def _readable(self, lines: list[_Line], page: Any) -> list[_Line]:  # noqa: ANN401
        """Leave out lines too small to be read; on tiny pages all type is small."""
        if not any(line.height < _TINY for line in lines) or max(page.get_size()) < _ORDINARY_PAGE:
            return lines
        for small, run in groupby(lines, key=lambda line: line.height < _TINY):
            if small:
                self._builder.leave_out(sum(len(line.text) for line in run))
        return [line for line in lines if line.height >= _TINY]

    def _recognise(self, page: Any, number: int) -> list[_Line] | None:  # noqa: ANN401
        if not self._recognition.possible:
            return None
        longest = max(page.get_width(), page.get_height(), 1.0)
        bitmap = page.render(scale=min(_SCAN_DPI / 72, _MAX_SCAN_SIDE / longest), grayscale=True)
        try:
            rows = (ctypes.string_at(ctypes.addressof(bitmap.buffer) + row * bitmap.stride, bitmap.width)
                    for row in range(bitmap.height))  # fmt: skip
            image = b"P5 %d %d 255\n" % (bitmap.width, bitmap.height) + b"".join(rows)
        finally:
            bitmap.close()
        try:
            self.recognised[number] = self._recognition.read(image)
        except (OutOfTime, ValueError):
            return None
        return []

    def _warn_of_pictures(self, pictures: Sequence[int]) -> None:
        if not pictures:
            return
        verb = "has" if len(pictures) == 1 else "have"
        advice = "there was no time left to recognise the text" if self._recognition.possible else HOW_TO_GET
        self._builder.warn(f"{_pages(pictures)} {verb} no text layer; {advice}")


def _pages(numbers: Sequence[int]) -> str:
    """Name pages: "page 3", "pages 1-4, 7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    words = ", ".join("-".join(map(str, run)) for run in runs[:_NAMED_PAGES])
    more = ", ..." if len(runs) > _NAMED_PAGES else ""
    return f"{'page' if len(numbers) == 1 else 'pages'} {words}{more}"


def _has_picture(page: Any) -> bool:  # noqa: ANN401
    objects = page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=4)
    return next(iter(objects), None) is not None


def _lines(text_page: Any, text: str, number: int, page_height: float) -> Iterator[_Line]:  # noqa: ANN401
    """Cut a page's text at its line ends and measure each line; what is hidden is left out."""
    wide = not text.isascii() and max(text) > "\uffff"
    raw, box = text_page.raw, pdfium_c.FS_RECTF()
    start = 0
    for end in _LINE_END.finditer(text + "\n"):
        line = text[start : end.start()]
        stripped = _seen(line)
        if stripped:
            first = start + line.index(stripped)
            last = first + len(stripped) - 1
            if wide:  # pdfium counts UTF-16 units
                first, last = _units(text, first), _units(text, last)
            hyphen = "-" if end[0][0] in _HYPHENS else ""
            yield _measure(raw, box, (first, last), stripped.replace(HIDDEN, "") + hyphen, (number, page_height))
        start = end.end()


def _seen(line: str) -> str:
    """Take blanks and what is hidden off both ends."""
    line = line.strip()
    while line and HIDDEN in {line[0], line[-1]}:
        line = line.strip(HIDDEN).strip()
    return line


def _units(text: str, index: int) -> int:
    return len(text[:index].encode("utf-16-le", "surrogatepass")) // 2


def _measure(
    raw: Any,  # noqa: ANN401
    box: Any,  # noqa: ANN401
    ends: tuple[int, int],
    text: str,
    page: tuple[int, float],
) -> _Line:
    """Measure the line that starts and ends at these characters; `page` is its number and height."""
    number, page_height = page
    first = pdfium_c.FPDFText_GetCharIndexFromTextIndex(raw, ends[0])
    pdfium_c.FPDFText_GetLooseCharBox(raw, pdfium_c.FPDFText_GetCharIndexFromTextIndex(raw, ends[1]), box)
    right = box.right
    pdfium_c.FPDFText_GetLooseCharBox(raw, first, box)
    left, base = box.left, box.bottom
    return _Line(
        page=number,
        text=text,
        left=left,
        right=max(right, left),
        base=base,
        height=max(box.top - base, 1.0),
        bold=pdfium_c.FPDFText_GetFontWeight(raw, first) >= _BOLD,
        place=base / page_height if page_height > 0 else 0.5,
    )


def _write(builder: TextBuilder, lines: Sequence[_Line], recognised: dict[int, list[Recognised]], pages: int) -> None:
    body = _body_height(lines)
    furniture = _furniture([line for line in lines if line.height <= _HEADING_SIZE * body], pages)
    by_page: dict[int, list[_Line]] = {}
    for line in lines:
        by_page.setdefault(line.page, []).append(line)
    path = HeadingPath()
    for page in sorted(by_page.keys() | recognised.keys()):
        for block in _blocks(by_page.get(page, []), furniture):
            _write_block(builder, block, path, body, furniture=id(block[0]) in furniture)
        for found in recognised.get(page, []):
            builder.append(found.text, SegmentKind.PARAGRAPH, Locator(page=page, heading=path.path, box=found.box))


def _write_block(
    builder: TextBuilder, block: Sequence[_Line], path: HeadingPath, body: float, *, furniture: bool
) -> None:
    text = "\n".join(line.text for line in block)
    kind = SegmentKind.PARAGRAPH
    if furniture:
        kind = SegmentKind.FURNITURE
    elif _is_heading(block, text, body):
        kind = SegmentKind.HEADING
        # Larger type stands higher; bold type of the body's size stands lowest.
        path.enter(-round(block[0].height), text)
    elif _BULLET.match(text):
        kind = SegmentKind.LIST_ITEM
    builder.append(text, kind, Locator(page=block[0].page, heading=path.path))


def _is_heading(block: Sequence[_Line], text: str, body: float) -> bool:
    if len(block) > _MAX_HEADING_LINES or len(text) > _MAX_HEADING or not any(char.isalpha() for char in text):
        return False
    larger = all(line.height > _HEADING_SIZE * body for line in block)
    bold = all(line.bold for line in block) and not _SENTENCE_END.search(text)
    return larger or (bold and not _BULLET.match(text) and all(line.height > 0.95 * body for line in block))


def _body_height(lines: Iterable[_Line]) -> float:
    """Return the height of the type that most characters are set in."""
    weights: Counter[float] = Counter()
    for line in lines:
        weights[round(line.height * 2) / 2] += len(line.text)
    return weights.most_common(1)[0][0] if weights else 1.0


def _blocks(lines: Sequence[_Line], furniture: frozenset[int]) -> Iterator[list[_Line]]:
    """Put the lines of one page together to paragraphs."""
    if not lines:
        return
    usual = _usual_distance(lines)
    block = [lines[0]]
    for before, line in pairwise(lines):
        if (id(before) in furniture) != (id(line) in furniture) or _parts(block, before, line, usual):
            yield block
            block = []
        block.append(line)
    yield block


def _usual_distance(lines: Sequence[_Line]) -> float:
    """Return the usual distance of two lines in a paragraph, in line heights."""
    distances = [
        (before.base - line.base) / line.height
        for before, line in pairwise(lines)
        if 0.5 < (before.base - line.base) / line.height < _FAR  # noqa: PLR2004  neither one line nor two blocks
    ]
    # The smaller half: headings and gaps between paragraphs only add to the larger.
    return median(sorted(distances)[: len(distances) // 2 + 1]) if distances else 1.2


def _parts(block: Sequence[_Line], before: _Line, line: _Line, usual: float) -> bool:
    """Say whether a new paragraph starts with `line`."""
    distance = (before.base - line.base) / line.height
    if abs(line.height - before.height) > _SIZE_CHANGE * before.height or line.bold != before.bold:
        return not -0.3 < distance < 0.3  # noqa: PLR2004  a word in other type on the same line
    if distance > min(_WIDE_GAP * usual, _FAR) or distance < -1:
        return True
    if _BULLET.match(line.text):
        return True
    widest = max(item.right for item in block) - min(item.left for item in block)
    ended = bool(_SENTENCE_END.search(before.text))
    short = before.right - min(item.left for item in block) < _SHORT_LINE * widest
    indented = line.left - before.left > _INDENT * line.height and not _BULLET.match(block[0].text)
    return ended and ((short and len(block) > 1) or indented)


def _furniture(lines: Sequence[_Line], pages: int) -> frozenset[int]:
    """Return the ids of the lines that recur at the same place, at the head or the foot of pages."""
    if pages < 2:  # noqa: PLR2004
        return frozenset()
    edges = [line for line in lines if line.place < _EDGE_SHARE or line.place > 1 - _EDGE_SHARE]
    keys = {id(line): _edge_key(line) for line in edges}
    on_pages: dict[tuple[str, int], set[int]] = {}
    for line in edges:
        for step in (-1, 0, 1):  # rounding puts neighbours apart
            text, place = keys[id(line)]
            on_pages.setdefault((text, place + step), set()).add(line.page)
    needed = min(_REPEATS, max(2, -(-pages // 2)))
    return frozenset(id(line) for line in edges if keys[id(line)][0] and len(on_pages[keys[id(line)]]) >= needed)


def _edge_key(line: _Line) -> tuple[str, int]:
    """Return a line's text with its numbers made equal, and its place; "" when only numbers stand there."""
    text = _DIGITS.sub("#", " ".join(line.text.split()))
    letters = any(char.isalpha() for char in text)
    return (text if letters or _PAGE_NUMBER.fullmatch(text) else ""), round(line.place * _PLACES)
