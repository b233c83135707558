"""Setup: take the files, keep them, read them, and write down what became of each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import msgspec
from msgspec.structs import replace

from casebook.documents.receiving import receive
from casebook.domain.document import Document, Manifest, Outcome, Source
from casebook.domain.language import detect_language
from casebook.domain.run import Folder, Stage
from casebook.domain.submission import Submission
from casebook.errors import NoReadableDocuments
from casebook.ports import DocumentReader, Inbox, NotRead, Progress, ReadRequest, SharedFiles, Storage

READER_VERSION = "3"  # part of the key under which texts are kept: raise it when readers read differently


class _KeptText(msgspec.Struct, frozen=True):
    """What is kept beside a text, so that an unchanged file is not read again."""

    digests: dict[str, str]  # sha256 of the text, the segments and the records, by path in the company's folder
    pages: int | None
    warnings: tuple[str, ...]
    language: str
    words: int


def prepare(  # noqa: PLR0913 - the tools that files pass through
    submission: Submission,
    *,
    inbox: Inbox,
    shared_files: SharedFiles | None,
    storage: Storage,
    reader: DocumentReader,
    progress: Progress,
) -> Manifest:
    """Keep and read all files of `inbox`, and those behind the submission's link.

    Safe to repeat: files that were fetched or read before are not fetched or read again.

    Raises TransientError when what lies behind the link cannot be listed now, NoReadableDocuments when there is
    nothing a report could rest on, after everything is written down.
    """
    folder = submission.company_slug
    sources = receive(submission, inbox=inbox, shared_files=shared_files, storage=storage, detect=reader.detect)
    sources = _read_all(sources, storage=storage, reader=reader, folder=folder, progress=progress)
    manifest = Manifest(sources=tuple(sources), digest=_digest(sources))
    _write_company_info(submission, manifest, storage)
    if not manifest.readable:
        raise NoReadableDocuments(_why_nothing(sources))
    return manifest


def _read_all(
    sources: Sequence[Source], *, storage: Storage, reader: DocumentReader, folder: str, progress: Progress
) -> list[Source]:
    """Read what is kept, each content once, and fill in what became of it."""
    done = {source.id: _from_before(source, storage, folder) for source in sources}
    known = {source_id: source for source_id, source in done.items() if source}
    unread = [s for s in sources if s.id not in known and s.status is Outcome.READ and not s.same_as]
    by_id = {source.id: source for source in sources}
    progress(Stage.SETUP, len(known), len(known) + len(unread))
    with ExitStack() as lent:
        requests = [
            ReadRequest(s.id, s.name, lent.enter_context(storage.local_copy(f"{folder}/{s.path}")), s.media_type)
            for s in unread
        ]
        for request, result in reader.read_all(requests):
            source = by_id[request.source_id]
            known[source.id] = (
                _failed(source, result) if isinstance(result, NotRead) else _keep_text(source, result, storage, folder)
            )
            progress(Stage.SETUP, len(known), len(by_id), request.name)
    return list(_in_order(sources, known))


def _in_order(sources: Sequence[Source], known: dict[str, Source]) -> Iterator[Source]:
    for source in sources:
        if source.same_as:
            twin = known[source.same_as]
            yield replace(twin, id=source.id, name=source.name, path=source.path, same_as=source.same_as)
        else:
            yield known.get(source.id, source)


def _failed(source: Source, result: NotRead) -> Source:
    status = Outcome.SKIPPED if result.skipped else Outcome.FAILED
    return replace(source, status=status, reason=result.reason)


def _keep_text(source: Source, document: Document, storage: Storage, folder: str) -> Source:
    """Keep text, segments and records; a document without words is one that could not be read."""
    if not document.text.strip():
        reason = "; ".join(document.warnings) or "it contains no text"
        return replace(source, status=Outcome.FAILED, reason=reason, pages=document.pages)
    stem = _text_stem(source)
    kept = {
        f"{Folder.DATA}/text/{stem}.txt": document.text.encode(),
        f"{Folder.DATA}/text/{stem}.segments.json": msgspec.json.encode(document.segments),
    }
    if document.tables:
        kept[f"{Folder.DATA}/records/{stem}.json"] = msgspec.json.encode(document.tables)
    for path, data in kept.items():
        storage.write(f"{folder}/{path}", data)
    facts = _KeptText(
        digests={path: hashlib.sha256(data).hexdigest() for path, data in kept.items()},
        pages=document.pages,
        warnings=document.warnings,
        language=detect_language(document.text),
        words=len(document.text.split()),
    )
    storage.write(f"{folder}/{Folder.DATA}/text/{stem}.kept.json", msgspec.json.encode(facts))
    return _with_text(source, facts)


def _from_before(source: Source, storage: Storage, folder: str) -> Source | None:
    """Find what an earlier run made of the same content, wholly read and unchanged since."""
    key = f"{folder}/{Folder.DATA}/text/{_text_stem(source)}.kept.json"
    if source.status is not Outcome.READ or source.same_as or not storage.exists(key):
        return None
    try:
        facts = msgspec.json.decode(storage.read(key), type=_KeptText)
    except msgspec.DecodeError:
        return None  # cut off while it was written: read the file again
    if facts.warnings:
        return None  # what was missing then (text recognition, say) may be there now
    whole = all(
        storage.exists(f"{folder}/{path}") and hashlib.sha256(storage.read(f"{folder}/{path}")).hexdigest() == digest
        for path, digest in facts.digests.items()
    )
    return _with_text(source, facts) if whole else None


def _with_text(source: Source, kept: _KeptText) -> Source:
    stem = _text_stem(source)
    records_path = f"{Folder.DATA}/records/{stem}.json"
    return replace(
        source,
        status=Outcome.PARTIAL if kept.warnings else Outcome.READ,
        reason="; ".join(kept.warnings) or None,
        pages=kept.pages,
        text_path=f"{Folder.DATA}/text/{stem}.txt",
        segments_path=f"{Folder.DATA}/text/{stem}.segments.json",
        records_path=records_path if records_path in kept.digests else None,
        language=kept.language,
        words=kept.words,
    )


def _text_stem(source: Source) -> str:
    kind = hashlib.sha256(f"{READER_VERSION}\0{source.media_type}".encode()).hexdigest()[:4]
    return f"{source.sha256[:16]}-{kind}"


def _digest(sources: Sequence[Source]) -> str:
    facts = sorted(f"{source.name}\0{source.sha256}\0{source.status}\0{source.text_path}" for source in sources)
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def _write_company_info(submission: Submission, manifest: Manifest, storage: Storage) -> None:
    info = {
        "company_slug": submission.company_slug,
        **msgspec.to_builtins(submission),
        "files": [
            {"id": source.id, "name": source.name, "status": source.status, "reason": source.reason}
            for source in manifest.sources
        ],
    }
    data = msgspec.json.format(msgspec.json.encode(info), indent=2)
    storage.write(f"{submission.company_slug}/{Folder.DATA}/company_info.json", data)


def _why_nothing(sources: Sequence[Source]) -> str:
    if not sources:
        return "There are no files: give a folder that holds the company's documents."
    reasons = "; ".join(f"{source.name}: {source.reason}" for source in sources[:5])
    more = f"; and {len(sources) - 5} more" if len(sources) > 5 else ""  # noqa: PLR2004
    return f"None of the {len(sources)} files could be read ({reasons}{more})."
