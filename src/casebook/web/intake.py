"""A request's body -> fields and files: streamed to disk, hashed while it is written, flushed before it counts."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import os
import re
import time
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser, parse_options_header
from starlette.requests import Request

from casebook.domain.intake import RECEIVED, UploadedFile
from casebook.domain.submission import Submission
from casebook.errors import DiskFull, InvalidSubmission, StorageFailed, TransientError
from casebook.web.limits import Limits
from casebook.web.problems import FieldError, Problem

# Other names that form tools give to the fields, in the order in which they are believed. Case, blanks, dashes and
# underscores do not count.
ALIASES: Mapping[str, Sequence[str]] = {
    "company_name": ("companyname", "company", "name"),
    "company_description": ("companydescription", "description"),
    "use_cases_count": ("usecasescount", "usecases", "numberofusecasestogenerate", "numberofusecases"),
    "readiness_score": ("readinessscore", "overallreadinessscore", "readiness"),
    "readiness_category": ("readinesscategory",),
    "report_expectations": ("reportexpectations",),
    "google_drive_link": ("googledrivelink",),
    "notify": ("notify", "notifyemail"),
}
JSON_FIELD = "json_data"

_BUFFER_BYTES = 256 * 1024
_LARGE_JSON = 16 * 1024  # bytes; forms are smaller
_LARGE_READER = ThreadPoolExecutor(1, "large-json")  # so that others are answered meanwhile; more would be in their way
_MAX_NAME_CHARACTERS = 200
_MAX_NAME_BYTES = 255
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_EXTENSION = re.compile(r"[a-z0-9]{1,8}")

Fields = dict[str, Any]


@dataclass(slots=True)
class Received:
    """What came in so far. `files` lie flushed in the folder of received files."""

    fields: Fields = field(default_factory=dict)
    files: list[UploadedFile] = field(default_factory=list)
    size: int = 0  # bytes of the body
    json: bytes = b""  # the body, when it is one JSON object

    @property
    def as_json(self) -> str:
        """All fields as JSON, those too that nobody knows."""
        return self.json.decode() if self.json else json.dumps(self.fields)

    def let_go_of_fields(self) -> None:
        """Hold a JSON body alone from now on: what it was parsed to can be twenty times as large."""
        if self.json:
            self.fields.clear()


async def body_of(request: Request, limits: Limits, most: int) -> AsyncIterator[bytes]:
    """Yield the body piece by piece; one that is too long or too slow ends with Problem: 413 or 408."""
    size, begun = 0, time.monotonic()
    stream = request.stream()
    while True:
        # Until when what has come so far is enough: the first seconds are free, then there is a least rate.
        enough_until = begun + max(limits.slow_after_seconds, size / limits.slow_bytes_per_second)
        until = min(time.monotonic() + limits.idle_seconds, enough_until, begun + limits.body_seconds)
        try:
            async with asyncio.timeout(max(until - time.monotonic(), 0)):
                piece = await anext(stream, None)
        except TimeoutError as error:
            raise _too_slow() from error
        if piece is None:
            return
        size += len(piece)
        if size > most:
            raise too_large(most)
        yield piece


def check_head(request: Request, limits: Limits) -> tuple[str, str, int]:
    """Return media type, boundary and greatest size of the body. Raises Problem: 400, 413, 415."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, "unsupported-encoding", "Send the body without content encoding.")
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind == "application/json":
        if options.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
            raise Problem(415, "unsupported-charset", "Send JSON in UTF-8.")
        most = limits.json_bytes
    elif kind == "multipart/form-data":
        if not 0 < len(options.get("boundary", "")) <= 200:  # noqa: PLR2004 - RFC 2046 allows 70
            raise Problem(400, "bad-multipart", "The content type of a form has a boundary.")
        most = limits.request_bytes
    else:
        raise Problem(415, "unsupported-type", "Send application/json or multipart/form-data.")
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length[:20]) > most:
        raise too_large(most)
    return kind, options.get("boundary", ""), most


async def read_json(body: AsyncIterator[bytes], received: Received, limits: Limits) -> None:
    """Read the fields of a JSON object. Raises Problem: 400, 413."""
    data = bytearray()
    async for piece in body:
        data += piece
    received.size = len(data)
    received.json = bytes(data)
    read = partial(_flat_fields, received.json, limits.json_fields)
    large = len(data) > _LARGE_JSON
    received.fields.update(await asyncio.get_running_loop().run_in_executor(_LARGE_READER, read) if large else read())


async def read_form(  # noqa: PLR0913 - where it comes from, where it goes
    body: AsyncIterator[bytes],
    boundary: str,
    received: Received,
    *,
    run_id: str,
    folder: ReceivedFolder,
    limits: Limits,
    look: Callable[[Fields], None] = lambda _: None,
) -> None:
    """Read a form's fields and files; afterwards all files are on disk for good.

    `look` is shown the fields after each; what it raises ends the reading.
    """
    reader = _FormReader(received, run_id=run_id, folder=folder, limits=limits, look=look)
    try:
        with PushMultipartParser(
            boundary,
            max_header_size=limits.part_header_bytes,
            max_segment_size=limits.file_bytes,
            max_segment_count=limits.files + limits.fields,
            strict=False,  # strict, it refuses a last line end that comes in a packet of its own
        ) as parser:
            async for piece in body:
                if not piece:
                    continue  # which would tell the parser that this was all
                received.size += len(piece)
                for event in parser.parse(piece):
                    await reader.take(event)
    except ParserLimitReached as error:
        raise Problem(413, "too-large", "A part of the form is too large, or there are too many parts.") from error
    except (MultipartError, UnicodeError) as error:
        raise Problem(400, "bad-multipart", "The form is damaged or cut off: send it again.") from error
    finally:
        reader.close()
    if received.files:
        await asyncio.to_thread(folder.flush)


async def read_file(body: AsyncIterator[bytes], *, stem: str, name: str, folder: ReceivedFolder) -> UploadedFile:
    """Read one file; afterwards it is on disk for good, as ``stem.path``. Raises TransientError, StorageFailed."""
    writer = _FileWriter(folder, f"{stem}.001", name)
    buffer = bytearray()
    try:
        async for piece in body:
            buffer += piece
            if len(buffer) >= _BUFFER_BYTES:
                await asyncio.to_thread(writer.write, bytes(buffer), last=False)
                buffer.clear()
        file = await asyncio.to_thread(writer.write, bytes(buffer), last=True)
    except BaseException:
        writer.abandon()
        raise
    await asyncio.to_thread(folder.flush)
    assert file is not None  # noqa: S101 - it was the last piece
    return file


def parse_json(data: bytes) -> Fields:
    """Read a JSON object strictly: UTF-8, each name once, no NaN. Raises Problem: 400."""
    try:
        found = json.loads(data.decode(), object_pairs_hook=_each_once, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise Problem(400, "bad-json", "The body is not JSON in UTF-8 with each name once.") from error
    if not isinstance(found, dict):
        raise Problem(400, "bad-json", "The body is a JSON object with the form's fields.")
    return found


def _flat_fields(data: bytes, most: int) -> Fields:
    """Read a JSON object's own fields: no field is a list or an object, so what these hold is left in the body."""
    found = parse_json(data)
    if len(found) > most:
        raise _too_many_parts()
    return {name: type(value)() if isinstance(value, list | dict) else value for name, value in found.items()}


def parse_fields(fields: Fields) -> Submission:
    """Make a submission of the fields, whatever their names. Raises Problem: 422, naming the fields."""
    by_alias: dict[str, tuple[str, Any]] = {}
    for name, value in fields.items():
        by_alias.setdefault(re.sub(r"[\s_-]+", "", name).lower(), (name, value))
    errors: list[FieldError] = []
    parsed: dict[str, Any] = {}
    for canonical, aliases in ALIASES.items():
        name, value = next((by_alias[alias] for alias in aliases if alias in by_alias), (canonical, None))
        if value is None or value == "":
            continue
        try:
            parsed[canonical] = _PARSERS.get(canonical, _as_text)(value)
        except ValueError as error:
            errors.append(FieldError(_pointer(name), str(error)))
    if "company_name" not in parsed and not errors:
        errors.append(FieldError("/company_name", "is missing: give the company's name"))
    if not errors:
        try:
            return Submission.parse(**parsed)
        except InvalidSubmission as error:
            canonical = str(error).partition(" ")[0]
            errors.append(FieldError(_pointer(canonical), str(error)))
    raise Problem(422, "invalid-fields", "Some fields cannot be accepted.", errors=errors)


def shown_name(name: str) -> str:
    """Make a sender's file name safe to show: no control and format characters, no way out of a folder.

    Sub-folders stay, for they tell files of one name apart; no file is ever opened under this name.
    """
    printable = "".join(c for c in name if unicodedata.category(c)[0] != "C")
    parts = (part.strip(" .") for part in re.split(r"[/\\]", printable))
    kept = "/".join(part for part in parts if part)[-_MAX_NAME_CHARACTERS:]
    while len(kept.encode()) > _MAX_NAME_BYTES:
        kept = kept[1:]
    return kept.strip("/ ") or "file"


class ReceivedFolder:
    """The folder of received files, opened once: no link put in its place later leads elsewhere."""

    def __init__(self, outputs: Path) -> None:
        """Open the folder below `outputs`, making it when needed. Raises StorageFailed."""
        self.path = outputs / RECEIVED
        with disk_errors():
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)

    def create(self, name: str) -> BinaryIO:
        """Make a new file to write to."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.fdopen(os.open(name, flags, 0o600, dir_fd=self._descriptor), "wb", buffering=0)

    def rename(self, name: str, other: str) -> None:
        """Give a file its final name."""
        os.rename(name, other, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def link(self, name: str, other: str) -> None:
        """Give a file a second name. Raises FileNotFoundError when there is none."""
        os.link(name, other, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor, follow_symlinks=False)

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        with suppress(OSError):
            os.unlink(name, dir_fd=self._descriptor)

    def flush(self) -> None:
        """Make all names last."""
        with disk_errors():
            os.fsync(self._descriptor)

    def free_bytes(self) -> int:
        """Return how much may still be written."""
        facts = os.fstatvfs(self._descriptor)
        return facts.f_bavail * facts.f_frsize

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._descriptor)


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turn the disk's errors into ours; after an I/O error nothing that was flushed can be trusted."""
    try:
        yield
    except FileNotFoundError:
        raise  # what is not there does not tell of a broken disk
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(retry_after=60) from error
        if error.errno in {errno.EMFILE, errno.ENFILE}:  # nothing was opened, so nothing was lost
            message = "too many files are open"
            raise TransientError(message, retry_after=5) from error
        message = f"cannot write to the folder of received files: {error.strerror}"
        raise StorageFailed(message) from error


class _FormReader:
    """Puts a form's parts where they belong, one after the other."""

    def __init__(
        self,
        received: Received,
        *,
        run_id: str,
        folder: ReceivedFolder,
        limits: Limits,
        look: Callable[[Fields], None],
    ) -> None:
        self._received = received
        self._look = look
        self._run_id = run_id
        self._folder = folder
        self._limits = limits
        self._segment: MultipartSegment | None = None
        self._buffer = bytearray()
        self._writer: _FileWriter | None = None
        self._fields = 0

    async def take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        if isinstance(event, MultipartSegment):
            self._begin(event)
        elif event is None:
            await self._end()
        else:
            self._buffer += event
            if self._segment is not None and self._segment.filename is None:
                most = self._limits.json_bytes if self._segment.name == JSON_FIELD else self._limits.field_bytes
                if len(self._buffer) > most:
                    raise too_large(most)
            elif len(self._buffer) >= _BUFFER_BYTES:
                await self._write(last=False)

    def close(self) -> None:
        """Let go of a file that was not finished."""
        if self._writer is not None:
            self._writer.abandon()

    def _begin(self, segment: MultipartSegment) -> None:
        self._segment = segment
        self._buffer.clear()
        if segment.filename is None:
            self._fields += 1
        one_too_many = segment.filename is not None and len(self._received.files) >= self._limits.files
        if one_too_many or self._fields > self._limits.fields:
            raise _too_many_parts()

    async def _end(self) -> None:
        segment = self._segment
        if segment is None:
            return
        if segment.filename is not None:
            if segment.filename or self._buffer or self._writer:  # an empty file input of a browser has neither
                await self._write(last=True)
            return
        try:
            text = self._buffer.decode()
        except UnicodeDecodeError as error:
            raise Problem(400, "bad-multipart", "The form's fields are not in UTF-8.") from error
        name = segment.name or ""
        found = parse_json(bytes(self._buffer)) if name == JSON_FIELD else {name: text}
        if found.keys() & self._received.fields.keys():
            raise Problem(400, "field-twice", "A field is given twice.")
        self._received.fields.update(found)
        self._look(self._received.fields)

    async def _write(self, *, last: bool) -> None:
        number = len(self._received.files) + 1
        if self._writer is None:
            name = shown_name((self._segment.filename if self._segment else "") or "")
            self._writer = _FileWriter(self._folder, f"{self._run_id}.{number:03d}", name)
        data = bytes(self._buffer)
        self._buffer.clear()
        file = await asyncio.to_thread(self._writer.write, data, last=last)
        if file is not None:
            self._writer = None
            self._received.files.append(file)


class _FileWriter:
    """One file on its way to disk."""

    def __init__(self, folder: ReceivedFolder, stem: str, name: str) -> None:
        self._folder = folder
        self._stem = stem
        self._name = name
        self._digest = hashlib.sha256()
        self._size = 0
        self._file: BinaryIO | None = None

    def write(self, data: bytes, *, last: bool) -> UploadedFile | None:
        """Write a piece; with the last the file is flushed and has its name. Raises TransientError, StorageFailed."""
        with disk_errors():
            if self._file is None:
                self._file = self._folder.create(f"{self._stem}.part")
            self._digest.update(data)
            self._size += len(data)
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
            return self._finish(self._file) if last else None

    def abandon(self) -> None:
        if self._file is not None:
            self._file.close()
        self._folder.remove(f"{self._stem}.part")

    def _finish(self, file: BinaryIO) -> UploadedFile:
        os.fsync(file.fileno())
        file.close()
        digest = self._digest.hexdigest()
        suffix = self._name.rpartition(".")[2].lower()
        number = self._stem.rpartition(".")[2]
        path = f"{number}-{digest[:12]}.{suffix if _EXTENSION.fullmatch(suffix) else 'bin'}"
        self._folder.rename(f"{self._stem}.part", f"{self._stem.rpartition('.')[0]}.{path}")
        return UploadedFile(id=number, name=self._name, path=path, size=self._size, sha256=digest)


def too_large(most: int) -> Problem:
    """Return the answer to what is larger than `most` bytes."""
    return Problem(413, "too-large", f"At most {most} bytes are taken here.")


def _too_many_parts() -> Problem:
    return Problem(413, "too-many-parts", "The form has too many fields or files.")


def _too_slow() -> Problem:
    return Problem(408, "too-slow", "The body came too slowly.")


def _each_once(pairs: list[tuple[str, Any]]) -> Fields:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a name twice"
        raise ValueError(message)
    return found


def _refuse_constant(_: str) -> None:
    message = "not a number"
    raise ValueError(message)


def _pointer(name: str) -> str:
    known = any(re.sub(r"[\s_-]+", "", name).lower() in aliases for aliases in ALIASES.values())
    return f"/{name}" if known else "/"


def _as_text(value: object) -> str:
    if not isinstance(value, str):
        message = "is a text"
        raise ValueError(message)  # noqa: TRY004 - all that is wrong with a field is told in the same way
    if _CONTROLS.search(value):
        message = "holds control characters"
        raise ValueError(message)
    return value


def _as_count(value: object) -> int:
    number = _as_number(value, "is a whole number")
    if number != int(number):
        message = "is a whole number"
        raise ValueError(message)
    return int(number)


def _as_score(value: object) -> float:
    return _as_number(value, "is a number")


def _as_number(value: object, otherwise: str) -> float:
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,9}(\.[0-9]{1,9})?\s*", value):
        return float(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9:  # noqa: PLR2004
        return float(value)
    raise ValueError(otherwise)


_PARSERS: Mapping[str, Callable[[object], object]] = {"use_cases_count": _as_count, "readiness_score": _as_score}
