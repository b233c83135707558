"""Office files: a zip of XML parts, streamed part by part, every byte counted while it is unpacked."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final, NoReturn
from urllib.parse import unquote
from xml.parsers import expat

import msgspec

from casebook.documents.limits import Limits, ReadError
from casebook.documents.tables import TableBudget, text_row, write_table
from casebook.documents.text import TextBuilder
from casebook.domain.document import Locator

_CHUNK_BYTES: Final = 1 << 18
_ENCRYPTED: Final = 0x1
_BOMB: Final = "unpacks to far more than its size: it may be made to do harm; save it anew"
_DAMAGED: Final = "damaged or cut off: open it in the program it was made with and save it anew"
_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


class Relation(msgspec.Struct, frozen=True):
    """A link from one part to another."""

    kind: str  # the last word of its type: "slide", "footnotes", "chart", ...
    target: str  # the other part's name in the zip


class Handler:
    """Receives the elements of a part; names are local, without their namespace."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take the start of an element."""

    def end(self, name: str) -> None:
        """Take the end of an element."""

    def text(self, text: str) -> None:
        """Take character data."""


class Package:
    """The parts of an office file."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        """Open the zip.

        Raises:
            ReadError: if it is damaged, encrypted or has too many members.

        """
        self.limits = limits
        self._left = limits.unpacked_bytes
        try:
            self._zip = zipfile.ZipFile(BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OSError) as error:
            raise ReadError(_DAMAGED) from error
        members = self._zip.infolist()
        if len(members) > limits.zip_members:
            message = f"more than {limits.zip_members:,} parts inside: save it anew"
            raise ReadError(message)
        # Sizes can be understated, so real bytes are counted too; but an honest bomb is refused at once.
        if sum(member.file_size for member in members) > limits.unpacked_bytes:
            raise ReadError(_BOMB)
        self._members = {member.filename.lstrip("/"): member for member in members}
        # Names in relations are compared without regard to case, as the format asks for.
        self._folded = {name.lower(): name for name in self._members}

    def has(self, part: str) -> bool:
        """Say whether there is such a part."""
        return part.lower() in self._folded

    def names(self, prefix: str) -> list[str]:
        """Return the names of the parts below a folder, in the order of their numbers."""
        return sorted((name for name in self._members if name.startswith(prefix)), key=lambda name: (len(name), name))

    def chunks(self, part: str) -> Iterator[bytes]:
        """Unpack a part piece by piece.

        Raises:
            ReadError: if it is encrypted or damaged, or unpacks to more than the limits allow.

        """
        member = self._members[self._folded[part.lower()]]
        if member.flag_bits & _ENCRYPTED:
            message = "encrypted: save it without a password"
            raise ReadError(message)
        allowed = max(member.compress_size * self.limits.unpack_ratio, self.limits.unpack_floor_bytes)
        try:
            with self._zip.open(member) as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    self._left -= len(chunk)
                    allowed -= len(chunk)
                    if self._left < 0 or allowed < 0:
                        raise ReadError(_BOMB)
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise ReadError(_DAMAGED) from error

    def parse(self, part: str, handler: Handler) -> None:
        """Stream the XML of a part to `handler`; a part that is not there has no elements.

        Raises:
            ReadError: if it is not well formed, declares a document type or is nested too deep.

        """
        if not self.has(part):
            return
        parser = _parser(handler, self.limits.depth)
        try:
            for chunk in self.chunks(part):
                parser.Parse(chunk, False)  # noqa: FBT003  expat takes no keywords
            parser.Parse(b"", True)  # noqa: FBT003
        except expat.ExpatError as error:
            message = "the XML inside is damaged: open it in the program it was made with and save it anew"
            raise ReadError(message) from error

    def relations(self, part: str) -> dict[str, Relation]:
        """Return the links of a part by their ids; "" is the package itself."""
        folder, name = posixpath.split(part)
        handler = _Relations(folder)
        self.parse(posixpath.join(folder, "_rels", f"{name}.rels"), handler)
        return handler.found

    def related(self, part: str, kind: str) -> list[str]:
        """Return the parts that `part` links to as `kind`."""
        return [link.target for link in self.relations(part).values() if link.kind == kind and self.has(link.target)]

    def main_part(self, usual: str) -> str:
        """Return the part that the package names as its document.

        Raises:
            ReadError: if there is none.

        """
        for part in (*self.related("", "officeDocument"), usual):
            if self.has(part):
                return part
        message = "the document inside is missing: open it in the program it was made with and save it anew"
        raise ReadError(message)


class _LocalNames(dict[str, str]):
    """Names without their namespace, worked out once; those of relations, which share names, become "r:"."""

    def __missing__(self, name: str) -> str:
        local = ("r:" if name.startswith(_RELATIONS) else "") + name[name.rfind(" ") + 1 :]
        self[name] = local
        return local


def _parser(handler: Handler, max_depth: int) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    names = _LocalNames()
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > max_depth:
            message = f"nested more than {max_depth} levels deep: save it anew"
            raise ReadError(message)
        handler.start(names[name], {names[key]: value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(names[name])

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.text
    # Office files have no document type; entities are a way to blow up or to read other files.
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _refuse_doctype(*_: object) -> NoReturn:
    message = "the XML inside declares a document type, which office files never do: it may be made to do harm"
    raise ReadError(message)


class _Relations(Handler):
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.found: dict[str, Relation] = {}

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name != "Relationship" or attributes.get("TargetMode") == "External":
            return
        target = unquote(attributes.get("Target", ""))
        path = target.lstrip("/") if target.startswith("/") else posixpath.join(self._folder, target)
        kind = attributes.get("Type", "").rpartition("/")[2]
        self.found[attributes.get("Id", "")] = Relation(kind, posixpath.normpath(path))


@dataclass(slots=True)
class Chart:
    """The values of a chart as they were when it was saved."""

    title: str = ""
    categories: dict[int, str] = field(default_factory=dict)
    series: list[tuple[str, dict[int, str]]] = field(default_factory=list)


class _ChartHandler(Handler):
    """Collects c:title, c:ser / c:tx, c:cat (or c:xVal) and c:val (or c:yVal) from their caches."""

    _PLACES: Final = frozenset({"title", "tx", "cat", "xVal", "val", "yVal"})

    def __init__(self) -> None:
        self.chart = Chart()
        self._stack: list[str] = []
        self._name = ""
        self._values: dict[int, str] = {}
        self._index = 0
        self._text: list[str] | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name in self._PLACES:
            self._stack.append(name)
        elif name == "ser":
            self._stack.append(name)
            self._name, self._values = "", {}
        elif name == "pt":
            index = attributes.get("idx", "0")
            self._index = int(index) if index.isdecimal() else 0
        elif name in {"v", "t"}:
            self._text = []

    def text(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def end(self, name: str) -> None:
        if name in {"v", "t"} and self._text is not None:
            self._take("".join(self._text))
            self._text = None
        elif self._stack and name == self._stack[-1]:
            self._stack.pop()
            if name == "ser":
                self.chart.series.append((self._name, self._values))

    def _take(self, text: str) -> None:
        place = self._stack[-1] if self._stack else ""
        if "ser" not in self._stack:
            # An axis has a title of its own; only the chart's, which comes first, names it.
            if "title" in self._stack and not self.chart.series:
                self.chart.title += text
        elif place == "tx":
            self._name += text
        elif place in {"cat", "xVal"}:
            self.chart.categories.setdefault(self._index, text)
        elif place in {"val", "yVal"}:
            self._values[self._index] = text


def write_chart(builder: TextBuilder, package: Package, part: str, locator: Locator, budget: TableBudget) -> None:
    """Write a chart as a table: one row a category, one column a series."""
    handler = _ChartHandler()
    package.parse(part, handler)
    chart = handler.chart
    indexes = sorted({index for _, values in chart.series for index in values} | chart.categories.keys())
    header = [chart.title or "Category", *(name or f"Series {n}" for n, (name, _) in enumerate(chart.series, start=1))]
    rows = [text_row(0, header)]
    for number, index in enumerate(indexes, start=1):
        values = [_number(values.get(index, "")) for _, values in chart.series]
        rows.append(text_row(number, [chart.categories.get(index, str(number)), *values]))
    if chart.series:
        write_table(builder, rows, name=chart.title or "chart", locate=lambda _: locator, budget=budget, header=True)


def _number(text: str) -> str:
    """Show a cached value without the noise of binary fractions."""
    try:
        return f"{float(text):.10g}"
    except ValueError:
        return text


class _DiagramHandler(Handler):
    def __init__(self) -> None:
        self.paragraphs: list[str] = []
        self._parts: list[str] = []
        self._in_text = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:  # noqa: ARG002
        self._in_text = name == "t" or (self._in_text and name != "p")

    def text(self, text: str) -> None:
        if self._in_text:
            self._parts.append(text)

    def end(self, name: str) -> None:
        if name == "t":
            self._in_text = False
        elif name == "p" and self._parts:
            self.paragraphs.append("".join(self._parts))
            self._parts = []


def read_paragraphs(package: Package, part: str) -> list[str]:
    """Return the paragraphs (a:p) of a diagram or of a part without layout."""
    handler = _DiagramHandler()
    package.parse(part, handler)
    return [text for text in handler.paragraphs if text.strip()]
