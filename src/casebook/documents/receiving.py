"""Take the files that come with a submission, handed in or shared by a link, and keep them under their digests."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from casebook.domain.company import slugify
from casebook.domain.document import Outcome, Source
from casebook.domain.run import Folder
from casebook.domain.submission import Submission
from casebook.errors import PermanentError, StorageFailed, TransientError
from casebook.ports import Inbox, IncomingFile, SharedFiles, Storage

Detect = Callable[[str, bytes], str]  # a name and the first bytes -> the media type

SHARED: Final = "Google Drive"  # in front of the names of files that were shared by a link
_TRIES: Final = 3  # of a file that changes while it is read
_HEAD_BYTES: Final = 8192
_FETCHES_AT_ONCE: Final = 8  # of files from afar
_NOT_CONFIGURED: Final = (
    "the link was not opened: this Casebook has no access to Google Drive. Set it up (docs/howto/google-drive.md) and "
    "run again, or hand the files in"
)
_EMPTY: Final = "the folder behind the link is empty, or nothing in it is shared with Casebook's account"


class _Fetched(msgspec.Struct, frozen=True):
    """What is known of a version of a file from afar, so that it is not fetched again."""

    path: str
    sha256: str
    size: int
    media_type: str


class _Arrival(msgspec.Struct, frozen=True):
    """A file on its way in: how it will be called, and where it comes from."""

    id: str
    file: IncomingFile
    inbox: Inbox
    shown: str


def receive(
    submission: Submission, *, inbox: Inbox, shared_files: SharedFiles | None, storage: Storage, detect: Detect
) -> list[Source]:
    """Keep all files and return them with what became of each; safe to repeat.

    Raises TransientError when what lies behind the link cannot be listed now, StorageFailed when nothing can be kept.
    """
    folder = submission.company_slug
    arrivals = _handed_in(inbox)
    shared, notice = _behind(submission.google_drive_link, shared_files, first=len(arrivals) + 1)
    fetched = _known(storage, folder) if shared else {}
    with _scratch(storage.locate(folder)) as scratch:
        keep = _Keeping(storage, detect, folder, scratch, fetched)
        sources = [keep(arrival) for arrival in arrivals]
        if shared:
            with ThreadPoolExecutor(_FETCHES_AT_ONCE) as pool:
                sources += pool.map(keep, shared)
    if shared:
        _remember(storage, folder, shared, sources[len(arrivals) :])
    return _with_twins(sources + notice)


def _handed_in(inbox: Inbox) -> list[_Arrival]:
    return [_Arrival(f"S{number}", file, inbox, file.name) for number, file in enumerate(inbox.files(), start=1)]


def _behind(link: str, shared_files: SharedFiles | None, *, first: int) -> tuple[list[_Arrival], list[Source]]:
    """List what lies behind the link; when it cannot be opened, the link itself is a source that was not kept."""
    if not link:
        return [], []
    try:
        opened = shared_files.open(link) if shared_files else None
        files = opened.files() if opened else []
    except PermanentError as error:
        return [], [_link_failed(first, str(error))]
    if opened is None or not files:
        return [], [_link_failed(first, _EMPTY if opened else _NOT_CONFIGURED)]
    arrivals = [
        _Arrival(f"S{number}", file, opened, f"{SHARED}/{file.name}") for number, file in enumerate(files, start=first)
    ]
    return arrivals, []


def _link_failed(number: int, reason: str) -> Source:
    return _not_kept(f"S{number}", IncomingFile(SHARED, 0), SHARED, Outcome.FAILED, reason)


def _with_twins(sources: Sequence[Source]) -> list[Source]:
    """Mark each source whose very bytes came before."""
    first_with: dict[str, str] = {}
    marked = []
    for source in sources:
        twin = source.id
        if source.sha256 and source.status is Outcome.READ:
            twin = first_with.setdefault(source.sha256, source.id)
        marked.append(source if twin == source.id else replace(source, same_as=twin))
    return marked


class _Keeping(msgspec.Struct, frozen=True):
    """Copies files into ``data/files`` under their digests, or writes down why not."""

    storage: Storage
    detect: Detect
    folder: str
    scratch: Path
    fetched: dict[str, _Fetched]

    def __call__(self, arrival: _Arrival) -> Source:
        incoming = arrival.file
        if incoming.reason:
            return _not_kept(arrival.id, incoming, arrival.shown, Outcome.SKIPPED, incoming.reason)
        known = self.fetched.get(incoming.version or "")
        if known and self.storage.exists(f"{self.folder}/{known.path}"):
            return _kept(arrival, known)
        copy = self.scratch / arrival.id
        try:
            _fetch(arrival.inbox, incoming.name, copy)
        except StorageFailed:
            raise  # of the place it is copied to, which says nothing about the file
        except PermanentError as error:
            return _not_kept(arrival.id, incoming, arrival.shown, Outcome.FAILED, str(error))
        return _kept(arrival, self._adopt(copy, incoming.name))

    def _adopt(self, copy: Path, name: str) -> _Fetched:
        digest = _file_digest(copy)
        with copy.open("rb") as file:
            media_type = self.detect(name, file.read(_HEAD_BYTES))
        path = f"{Folder.DATA}/files/{digest[:16]}-{_file_name(name)}"
        size = copy.stat().st_size
        if self.storage.exists(f"{self.folder}/{path}"):
            copy.unlink()
        else:
            self.storage.adopt(copy, f"{self.folder}/{path}")
        return _Fetched(path, digest, size, media_type)


def _kept(arrival: _Arrival, facts: _Fetched) -> Source:
    return Source(
        id=arrival.id,
        name=_shown(arrival.shown),
        path=facts.path,
        sha256=facts.sha256,
        size=facts.size,
        media_type=facts.media_type,
        status=Outcome.READ,
    )


def _not_kept(source_id: str, incoming: IncomingFile, name: str, status: Outcome, reason: str) -> Source:
    return Source(
        id=source_id,
        name=_shown(name),
        path=None,
        sha256="",
        size=incoming.size,
        media_type="",
        status=status,
        reason=reason,
    )


def _known(storage: Storage, folder: str) -> dict[str, _Fetched]:
    """Read what earlier runs fetched, by version."""
    key = f"{folder}/{Folder.DATA}/fetched.json"
    if not storage.exists(key):
        return {}
    try:
        return msgspec.json.decode(storage.read(key), type=dict[str, _Fetched])
    except msgspec.DecodeError:
        return {}  # damaged: fetch again


def _remember(storage: Storage, folder: str, arrivals: Sequence[_Arrival], sources: Sequence[Source]) -> None:
    kept = {
        arrival.file.version: _Fetched(source.path, source.sha256, source.size, source.media_type)
        for arrival, source in zip(arrivals, sources, strict=True)
        if arrival.file.version and source.path
    }
    storage.write(f"{folder}/{Folder.DATA}/fetched.json", msgspec.json.encode(kept))


@contextmanager
def _scratch(owner: str) -> Iterator[Path]:
    """Lend an empty folder in the system's temp folder, the same for each run of `owner`.

    So a run clears what a killed one left there. Raises StorageFailed.
    """
    try:
        folder = Path(tempfile.gettempdir(), f"casebook-{hashlib.sha256(os.fsencode(owner)).hexdigest()[:16]}")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
    except OSError as error:
        message = f"cannot use the folder for temporary files: {error.strerror}: set TMPDIR to another one"
        raise StorageFailed(message) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fetch(inbox: Inbox, name: str, target: Path) -> None:
    for attempt in range(_TRIES):
        try:
            inbox.fetch(name, target)
        except TransientError as error:
            if attempt == _TRIES - 1:
                raise PermanentError(str(error)) from error
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                message = f"cannot copy a file to {target.parent}: {error.strerror}: free some space or set TMPDIR"
                raise StorageFailed(message) from error
            raise PermanentError(error.strerror or "it cannot be read") from error
        else:
            return


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _file_name(name: str) -> str:
    """Make a short safe file name that a person still recognises."""
    stem, _, suffix = name.rsplit("/", 1)[-1].rpartition(".")
    if not stem:
        stem, suffix = suffix, ""
    kept_suffix = re.sub(r"[^a-z0-9]", "", suffix.lower())[:8]
    return f"{slugify(stem)}.{kept_suffix}" if kept_suffix else slugify(stem)


def _shown(name: str) -> str:
    """Make a name safe to print: no control characters, no overrides of the text direction."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in name)
