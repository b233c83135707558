"""The one way in: name and bytes of a file -> Document. Each format has a module of its own.

`detect` tells a file's kind by its bytes, then by its name. `read_bytes` reads in this process;
`Sandbox.read_all` (sandbox.py) reads files from outside in worker processes.
"""

from __future__ import annotations

import os
import stat
from functools import cache
from importlib import import_module
from pathlib import Path, PurePath
from typing import Final, Protocol, cast

from msgspec.structs import replace

from casebook.documents.limits import Limits, ReadError
from casebook.documents.text import is_wide
from casebook.domain.document import Document

__all__ = ["HEAD_BYTES", "Limits", "ReadError", "Reader", "detect", "read_bytes", "read_file", "reader_for"]

HEAD_BYTES: Final = 8_192  # of a file, enough for `detect`


class Reader(Protocol):
    """Reads the bytes of one format."""

    def __call__(self, data: bytes, limits: Limits) -> Document:
        """Return the document, or raise `ReadError` with a reason for the person who gave the file."""
        ...


PLAIN: Final = "text/plain"
MARKDOWN: Final = "text/markdown"
CSV: Final = "text/csv"
TSV: Final = "text/tab-separated-values"
JSON: Final = "application/json"
HTML: Final = "text/html"
MAIL: Final = "message/rfc822"
PDF: Final = "application/pdf"
_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
DOCX: Final = _OFFICE + "wordprocessingml.document"
PPTX: Final = _OFFICE + "presentationml.presentation"
XLSX: Final = _OFFICE + "spreadsheetml.sheet"
ODS: Final = "application/vnd.oasis.opendocument.spreadsheet"
DOC: Final = "application/msword"
PPT: Final = "application/vnd.ms-powerpoint"
XLS: Final = "application/vnd.ms-excel"
OLE: Final = "application/x-ole-storage"
UNKNOWN: Final = "application/octet-stream"

# media type -> "module:function"; modules are loaded when the first file of their format comes.
_READERS: Final = {
    PLAIN: "plain:read_plain",
    MARKDOWN: "markdown:read_markdown",
    CSV: "delimited:read_delimited",
    TSV: "delimited:read_delimited",
    JSON: "json_data:read_json",
    HTML: "html_page:read_html",
    MAIL: "mail:read_mail",
    PDF: "pdf:read_pdf",
    DOCX: "docx:read_docx",
    PPTX: "pptx:read_pptx",
    XLSX: "xlsx:read_xlsx",
    ODS: "legacy:read_ods",
    OLE: "legacy:read_ole",
    DOC: "legacy:read_ole",
    PPT: "legacy:read_ole",
    XLS: "legacy:read_ole",
    "image/png": "image:read_image",
    "image/jpeg": "image:read_image",
    "image/tiff": "image:read_image",
    "image/bmp": "image:read_image",
    "image/webp": "image:read_image",
}

TEXT_TYPES: Final = frozenset({PLAIN, MARKDOWN, CSV, TSV, JSON})  # simple enough to be read in any process

_SUFFIXES: Final = {
    ".txt": PLAIN, ".text": PLAIN, ".log": PLAIN, ".rst": PLAIN, ".adoc": PLAIN, ".tex": PLAIN, ".srt": PLAIN,
    ".vtt": PLAIN, ".yaml": PLAIN, ".yml": PLAIN, ".ini": PLAIN, ".toml": PLAIN, ".ics": PLAIN, ".vcf": PLAIN,
    ".md": MARKDOWN, ".markdown": MARKDOWN, ".mdown": MARKDOWN,
    ".csv": CSV, ".tsv": TSV, ".tab": TSV,
    ".json": JSON, ".jsonl": JSON, ".ndjson": JSON,
    ".html": HTML, ".htm": HTML, ".xhtml": HTML,
    ".eml": MAIL,
    ".pdf": PDF,
    ".docx": DOCX, ".docm": DOCX, ".dotx": DOCX,
    ".pptx": PPTX, ".pptm": PPTX, ".ppsx": PPTX, ".potx": PPTX,
    ".xlsx": XLSX, ".xlsm": XLSX, ".xltx": XLSX,
    ".ods": ODS, ".doc": DOC, ".dot": DOC, ".ppt": PPT, ".pps": PPT, ".xls": XLS, ".xlt": XLS,
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".tif": "image/tiff", ".tiff": "image/tiff",
    ".bmp": "image/bmp", ".webp": "image/webp",
}  # fmt: skip

_OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_TYPES: Final = frozenset({DOC, PPT, XLS})
_ZIP_MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06")
_ZIP_TYPES: Final = (
    (b"word/", DOCX),
    (b"ppt/", PPTX),
    (b"xl/workbook.bin", "application/vnd.ms-excel.sheet.binary.macroEnabled.12"),
    (b"xl/", XLSX),
    (b"opendocument.spreadsheet", ODS),
    (b"opendocument.text", "application/vnd.oasis.opendocument.text"),
    (b"opendocument.presentation", "application/vnd.oasis.opendocument.presentation"),
)
_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"GIF8", "image/gif"),
    (b"{\\rtf", "application/rtf"),
    (b"MZ", "application/x-msdownload"),
    (b"\x7fELF", "application/x-executable"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"%!PS", "application/postscript"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"\x1aE\xdf\xa3", "video/x-matroska"),
)
_ADVICE: Final = {
    "application/zip": "an archive: unpack it and add the files themselves",
    "application/gzip": "an archive: unpack it and add the files themselves",
    "application/x-7z-compressed": "an archive: unpack it and add the files themselves",
    "application/vnd.rar": "an archive: unpack it and add the files themselves",
    "application/x-msdownload": "a program, not a document: it was not opened",
    "application/x-executable": "a program, not a document: it was not opened",
    "application/rtf": "a rich text file: save it as .docx",
    "application/postscript": "a PostScript file: save it as PDF",
    "application/vnd.oasis.opendocument.text": "an OpenDocument text: save it as .docx",
    "application/vnd.oasis.opendocument.presentation": "an OpenDocument presentation: save it as .pptx",
    "application/vnd.ms-excel.sheet.binary.macroEnabled.12": "a binary workbook: save it as .xlsx",
    "application/xml": "an XML file: save what it holds as .csv or .docx",
    "application/vnd.sqlite3": "a database: export its tables as CSV",
    "image/gif": "a GIF picture: save it as PNG if it shows text",
    "image/heic": "a HEIC picture: save it as JPEG if it shows text",
    "image/svg+xml": "a drawing: save it as PDF if it holds text",
    "audio/mpeg": "a sound recording: add its transcript",
    "audio/ogg": "a sound recording: add its transcript",
    "audio/wav": "a sound recording: add its transcript",
    "video/mp4": "a film: add its transcript",
    "video/x-matroska": "a film: add its transcript",
}
_HTML_HEAD: Final = (b"<!doctype html", b"<html", b"<head", b"<body")
_BINARY_SHARE: Final = 0.02  # control bytes that text does not have
_TEXT_CONTROLS: Final = bytes(range(32)).translate(None, b"\t\n\x0b\x0c\r\x1a\x1b")
_DAMAGED: Final = "damaged: open it in the program it was made with and save it anew"


def promised(name: str) -> str | None:
    """Return the media type that a file's name promises, None when it promises none."""
    return _SUFFIXES.get(PurePath(name.lower()).suffix)


def detect(name: str, head: bytes) -> str:
    """Return the media type of a file from its first `HEAD_BYTES` bytes, then from its name."""
    named = promised(name)
    if head.startswith(_OLE_MAGIC):
        return named if named in _OLE_TYPES else OLE
    if head.startswith(_ZIP_MAGIC):
        return _zip_type(head, named)
    if magic := _by_magic(head):
        return magic
    if not _is_text(head):
        return PDF if named == PDF and b"%PDF-" in head else UNKNOWN
    return _text_type(name, head, named)


def _zip_type(head: bytes, named: str | None) -> str:
    for mark, media_type in _ZIP_TYPES:
        if mark in head:
            return media_type
    return named if named in {DOCX, PPTX, XLSX, ODS} else "application/zip"


def _by_magic(head: bytes) -> str | None:
    # A PDF may have a few bytes before its mark, but a page that only speaks of PDF is not one.
    if head.lstrip(b"\xef\xbb\xbf \t\r\n\0").startswith(b"%PDF-") or (
        b"%PDF-" in head[:1024] and not _is_text(head[:1024])
    ):
        return PDF
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    if head.startswith(b"RIFF"):
        return "image/webp" if head[8:12] == b"WEBP" else "audio/wav"
    if head[4:8] == b"ftyp":
        return "image/heic" if head[8:12] in {b"heic", b"heix", b"mif1"} else "video/mp4"
    return "image/bmp" if head.startswith(b"BM") and not _is_text(head) else None


def _is_text(head: bytes) -> bool:
    if is_wide(head) or head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return True
    controls = len(head) - len(head.translate(None, _TEXT_CONTROLS))
    return controls <= _BINARY_SHARE * len(head)


def _text_type(name: str, head: bytes, named: str | None) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:512].lower()
    if start.startswith(_HTML_HEAD) and named not in {PLAIN, MARKDOWN, MAIL}:
        return HTML
    if named in TEXT_TYPES or named in {HTML, MAIL}:
        return named
    if start.startswith(b"<?xml") or name.lower().endswith(".xml"):
        return HTML if b"<html" in start else "application/xml"
    return "image/svg+xml" if start.startswith(b"<svg") else PLAIN


def reader_for(media_type: str) -> Reader:
    """Return the reader of a media type.

    Raises:
        ReadError: marked as skipped, if Casebook has none.

    """
    if media_type not in _READERS:
        raise ReadError(_ADVICE.get(media_type, "not a kind of file Casebook reads"), skipped=True)
    return _load(_READERS[media_type])


@cache
def _load(place: str) -> Reader:
    module, _, function = place.partition(":")
    # By name and when needed: the modules for office files and PDF cost more to load than a text file to read.
    return cast("Reader", getattr(import_module(f"casebook.documents.{module}"), function))


def read_bytes(name: str, data: bytes, limits: Limits | None = None, *, media_type: str | None = None) -> Document:
    """Read a file's bytes in this process. Files from outside belong into the `Sandbox`.

    Args:
        name: the file's name, for its suffix.
        data: the whole file.
        limits: caps; the defaults if None.
        media_type: as `detect` found it, if it is known already.

    Raises:
        ReadError: if it cannot be read, with what to do about it. Nothing else is raised but MemoryError.

    """
    limits = limits or Limits()
    if not data.strip(b"\0 \t\r\n"):
        message = "the file is empty" if not data else "there is no text in the file"
        raise ReadError(message)
    if len(data) > limits.file_bytes:
        message = f"larger than {limits.file_bytes >> 20} MiB: split it"
        raise ReadError(message)
    media_type = media_type or detect(name, data[:HEAD_BYTES])
    reader = reader_for(media_type)
    try:
        document = reader(data, limits)
    except (ReadError, MemoryError):
        raise
    except Exception as error:  # readers and the libraries below them meet any damage a file can have
        raise ReadError(_DAMAGED) from error
    if not document.segments:
        raise ReadError("; ".join(document.warnings) or "there is no text in the file")
    return _warn_of_name(document, name, media_type)


def _warn_of_name(document: Document, name: str, media_type: str) -> Document:
    """Say so when the content is of another kind than the name."""
    suffix = PurePath(name.lower()).suffix
    named = _SUFFIXES.get(suffix)
    if named in {None, media_type} or {named, media_type} <= {OLE, *_OLE_TYPES}:
        return document
    if media_type in TEXT_TYPES:
        if named in TEXT_TYPES:
            return document
        warning = f"the name ends in {suffix} but there is only plain text in it: if it should hold more, save it anew"
        return replace(document, warnings=(*document.warnings, warning))
    actual = next((known[1:].upper() for known, kind in _SUFFIXES.items() if kind == media_type), "another format")
    warning = f"the name ends in {suffix} but the file is {actual}: read as {actual}"
    return replace(document, warnings=(*document.warnings, warning))


def read_file(path: Path, size_limit: int, *, head_only: bool = False) -> bytes:
    """Return the bytes of an ordinary file; never follows a link, never waits on a pipe or a device.

    Raises:
        ReadError: if it is not an ordinary file, may not be read or is larger than `size_limit` bytes.

    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise ReadError(_open_reason(path, error)) from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            message = "not an ordinary file"
            raise ReadError(message, skipped=True)
        if status.st_size > size_limit and not head_only:
            message = f"larger than {size_limit >> 20} MiB: split it"
            raise ReadError(message)
        return file.read(HEAD_BYTES if head_only else size_limit + 1)


def _open_reason(path: Path, error: OSError) -> str:
    if path.is_symlink():
        return "a link to another place, which is not followed: add the file itself"
    if isinstance(error, PermissionError):
        return "no permission to read it: change its permissions"
    return "it cannot be opened: check that it is still there"
