"""Passages in a vector store hosted by OpenAI: uploaded once by content, and only the difference when a corpus changes.

Each source becomes one text file of records, a passage a record under its id, so that what a search returns can be
led back to passages of ours; the words of a report are always cut from our own texts, never from the store's. Polling
is ours and bounded: the SDK's own has no end.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import msgspec
import openai

from casebook.domain.passage import Hit, Passage
from casebook.domain.run import Folder
from casebook.domain.words import tokens
from casebook.errors import PermanentError, TransientError
from casebook.observability.logs import Log
from casebook.ports import Storage

_KIND: Final = "openai:"  # in front of a store's id
_CORPUS: Final = f"/{Folder.VECTOR_IDS}/openai_"
_VERSION: Final = 1  # of the records' form: raise it when it changes
_CHUNK_TOKENS: Final = 400
_OVERLAP_TOKENS: Final = 100
_MOST_RESULTS: Final = 50
_POLL_SECONDS: Final = 1.0
_LONGEST_POLL_SECONDS: Final = 15.0
_MARK: Final = re.compile(r"\[\[([A-Z]\d+:\d+-\d+)\]\]")
_QUOTA: Final = "insufficient_quota"


class _Uploaded(msgspec.Struct, frozen=True):
    """A source's records at OpenAI: what became of them."""

    file_id: str
    source: str  # its name
    status: str  # uploaded, in_progress, completed or failed
    reason: str | None = None


@dataclass(slots=True)
class _Hosted:
    """What a company has at OpenAI: its store, and its files by content."""

    store: str
    files: dict[str, _Uploaded] = field(default_factory=dict)


class _Corpus(msgspec.Struct, frozen=True):
    """What one store id of ours stands for: contents within a hosted store."""

    store: str
    contents: list[str]


class OpenAIVectorStore:
    """A `VectorStore` at OpenAI, or at a server that speaks as it does. Nothing is tried again here."""

    def __init__(  # noqa: PLR0913 - what it keeps in, calls, tells and waits with
        self,
        client: openai.OpenAI,
        storage: Storage,
        *,
        log: Log,
        expires_days: int = 30,
        within_seconds: float = 600.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Call with `client`, made with ``max_retries=0``. A store unused for `expires_days` goes by itself."""
        self._client = client
        self._storage = storage
        self._log = log
        self._expires_days = expires_days
        self._within_seconds = within_seconds
        self._sleep = sleep

    def build(self, company_slug: str, passages: Sequence[Passage], names: Mapping[str, str]) -> str:
        """Upload what is not there yet, take away what is no longer wanted, and wait until it can be searched.

        Raises TransientError, after which what was uploaded is known; PermanentError when OpenAI refuses.
        """
        wanted = _records(passages, names)
        corpus = hashlib.sha256("\n".join(sorted(wanted)).encode()).hexdigest()[:24]
        store_id = f"{_KIND}{company_slug}:{corpus}"
        hosted = self._hosted(company_slug)
        self._upload(company_slug, hosted, wanted)
        self._remove(company_slug, hosted, [content for content in hosted.files if content not in wanted])
        self._storage.write(
            _corpus_key(store_id), msgspec.json.encode(_Corpus(hosted.store, sorted(wanted))), durable=True
        )
        return store_id

    def search(self, store_id: str, query: str, limit: int) -> Sequence[Hit]:
        """Return at most `limit` passages, best first. Raises TransientError or PermanentError."""
        if limit < 1 or not query.strip():
            return []
        corpus = msgspec.json.decode(self._storage.read(_corpus_key(store_id)), type=_Corpus)
        with _told_apart():
            page = self._client.vector_stores.search(
                corpus.store, query=query, max_num_results=min(_MOST_RESULTS, limit)
            )
        found: dict[str, float] = {}
        for result in page.data:
            if (result.attributes or {}).get("content") not in corpus.contents:
                continue  # of another state of the documents
            text = "\n".join(part.text for part in result.content)
            for place, passage_id in enumerate(_best_first(text, query)):
                score = result.score / (1 + place)
                found[passage_id] = max(found.get(passage_id, 0.0), score)
        best = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:limit]
        return [Hit(passage_id, round(score, 4)) for passage_id, score in best]

    def keep_only(self, company_slug: str, store_ids: Sequence[str]) -> None:
        """Delete, of what the company has hosted, all files that none of these stores holds; the last with the store.

        Nothing happens to what is gone already.
        """
        kept = {_corpus_key(store_id) for store_id in store_ids if store_id.startswith(_KIND)}
        found = [key for key in self._storage.keys(f"{company_slug}/{Folder.VECTOR_IDS}") if _CORPUS in key]
        corpora = [msgspec.json.decode(self._storage.read(key), type=_Corpus) for key in found if key in kept]
        wanted = {content for corpus in corpora for content in corpus.contents}
        key = _hosted_key(company_slug)
        if self._storage.exists(key):
            hosted = msgspec.json.decode(self._storage.read(key), type=_Hosted)
            self._remove(company_slug, hosted, [content for content in hosted.files if content not in wanted])
            if not wanted:
                with _gone_already(), _told_apart():
                    self._client.vector_stores.delete(hosted.store)
                self._storage.remove(key)
        for corpus in found:
            if corpus not in kept:
                self._storage.remove(corpus)

    def _hosted(self, company_slug: str) -> _Hosted:
        """Find the company's store, or create one: the first time, or when it has expired."""
        key = _hosted_key(company_slug)
        known = msgspec.json.decode(self._storage.read(key), type=_Hosted) if self._storage.exists(key) else None
        if known and self._is_there(known.store):
            return known
        with _told_apart():
            created = self._client.vector_stores.create(
                name=f"casebook {company_slug}"[:256],
                expires_after={"anchor": "last_active_at", "days": self._expires_days},
                metadata={"company": company_slug[:512]},
            )
        hosted = _Hosted(created.id)
        if known:
            self._remove(company_slug, known, list(known.files))
        self._note(company_slug, hosted)
        return hosted

    def _is_there(self, store: str) -> bool:
        try:
            with _told_apart():
                return self._client.vector_stores.retrieve(store).status != "expired"
        except _GoneError:
            return False

    def _upload(self, company_slug: str, hosted: _Hosted, wanted: Mapping[str, tuple[str, str]]) -> None:
        """Upload and attach what is not there; each is noted at once: a file that nobody knows costs for ever."""
        for content, (source, text) in wanted.items():
            if content not in hosted.files:
                with _told_apart():
                    file = self._client.files.create(file=(f"{content[:16]}.md", text.encode()), purpose="assistants")
                hosted.files[content] = _Uploaded(file.id, source, "uploaded")
                self._note(company_slug, hosted)
            if hosted.files[content].status == "uploaded":
                self._attach(hosted, content)
                self._note(company_slug, hosted)
        waiting = {content: file.file_id for content, file in hosted.files.items() if file.status == "in_progress"}
        self._wait_for(company_slug, hosted, waiting)

    def _attach(self, hosted: _Hosted, content: str) -> None:
        file = hosted.files[content]
        with _told_apart():
            self._client.vector_stores.files.create(
                hosted.store,
                file_id=file.file_id,
                attributes={"content": content, "source": file.source[:512]},
                chunking_strategy={
                    "type": "static",
                    "static": {"max_chunk_size_tokens": _CHUNK_TOKENS, "chunk_overlap_tokens": _OVERLAP_TOKENS},
                },
            )
        hosted.files[content] = _Uploaded(file.file_id, file.source, "in_progress")

    def _wait_for(self, company_slug: str, hosted: _Hosted, waiting: dict[str, str]) -> None:
        """Ask until all files are indexed or refused, for a bounded time."""
        waited, pause = 0.0, _POLL_SECONDS
        while waiting:
            for content, file_id in list(waiting.items()):
                with _told_apart():
                    state = self._client.vector_stores.files.retrieve(file_id, vector_store_id=hosted.store)
                if state.status == "in_progress":
                    continue
                reason = f"{state.last_error.code}: {state.last_error.message}" if state.last_error else state.status
                uploaded = hosted.files[content]
                done = state.status == "completed"
                hosted.files[content] = _Uploaded(
                    file_id, uploaded.source, "completed" if done else "failed", None if done else reason
                )
                if not done:
                    self._log.warning("not searchable", company=company_slug, file=uploaded.source, reason=reason)
                self._note(company_slug, hosted)
                del waiting[content]
            if waiting and waited >= self._within_seconds:
                message = f"OpenAI is still indexing {len(waiting)} files after {waited:.0f} s"
                raise TransientError(message)
            if waiting:
                self._sleep(pause)
                waited, pause = waited + pause, min(pause * 1.5, _LONGEST_POLL_SECONDS)

    def _remove(self, company_slug: str, hosted: _Hosted, contents: Sequence[str]) -> None:
        """Delete files for good: from the store and from the account, where they would be paid for."""
        for content in contents:
            file_id = hosted.files[content].file_id
            with _gone_already(), _told_apart():
                self._client.vector_stores.files.delete(file_id, vector_store_id=hosted.store)
            with _gone_already(), _told_apart():
                self._client.files.delete(file_id)
            del hosted.files[content]
            self._note(company_slug, hosted)

    def _note(self, company_slug: str, hosted: _Hosted) -> None:
        data = msgspec.json.format(msgspec.json.encode(hosted), indent=1)
        self._storage.write(_hosted_key(company_slug), data, durable=True)


def open_client(key: str, base_url: str | None) -> openai.OpenAI:
    """Return a client that sends each request once."""
    return openai.OpenAI(api_key=key, base_url=base_url or None, max_retries=0)


def _hosted_key(company_slug: str) -> str:
    return f"{company_slug}/{Folder.VECTOR_IDS}/openai.json"


def _corpus_key(store_id: str) -> str:
    _, company_slug, corpus = store_id.split(":")
    return f"{company_slug}{_CORPUS}{corpus}.json"


def _records(passages: Sequence[Passage], names: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return, by digest of the content, each source's name and its passages as records."""
    by_source: dict[str, list[Passage]] = defaultdict(list)
    for passage in passages:
        by_source[passage.source_id].append(passage)
    records = {}
    for source_id, found in by_source.items():
        name = names[source_id]
        parts = [
            f"[[{passage.id}]] {_unmarked(passage.locator.heading or '')}\n{_unmarked(passage.text)}"
            for passage in found
        ]
        text = "\n\n".join([f"# {_unmarked(name)}", *parts])
        records[hashlib.sha256(f"{_VERSION}\0{text}".encode()).hexdigest()] = (name, text)
    return records


def _unmarked(text: str) -> str:
    """Take away what would be read as the mark of a passage."""
    return _MARK.sub(r"[\1]", text)


def _best_first(text: str, query: str) -> list[str]:
    """Order the passages of a chunk by how many of the query's words they hold; cut-off beginnings have no id."""
    marks = list(_MARK.finditer(text))
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    wanted = set(tokens(query))
    scored = [
        (-len(wanted & set(tokens(text[mark.end() : end]))), place, mark[1])
        for place, (mark, end) in enumerate(zip(marks, ends, strict=True))
    ]
    return [passage_id for _, _, passage_id in sorted(scored)]


class _GoneError(PermanentError):
    """It is not there any more."""


@contextmanager
def _gone_already() -> Iterator[None]:
    """Let something be gone that was to be deleted."""
    with suppress(_GoneError):
        yield


@contextmanager
def _told_apart() -> Iterator[None]:
    """Turn the client's exceptions into ours; what they say may repeat what was sent, so it is not passed on."""
    try:
        yield
    except openai.NotFoundError as error:
        raise _GoneError from error
    except openai.RateLimitError as error:
        if error.code == _QUOTA:
            message = "OpenAI's quota is used up: add credit, then run again"
            raise PermanentError(message) from error
        message = "OpenAI asks to come later"
        raise TransientError(message, retry_after=_retry_after(error.response.headers)) from error
    except (openai.APIConnectionError, openai.InternalServerError, openai.ConflictError) as error:
        message = f"OpenAI does not answer now: {type(error).__name__}"
        raise TransientError(message) from error
    except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
        message = "OpenAI refuses the key: check OPENAI_API_KEY"
        raise PermanentError(message) from error
    except openai.APIStatusError as error:
        message = f"OpenAI refuses the request ({error.status_code}, {error.code or 'no code'})"
        raise PermanentError(message) from error


def _retry_after(headers: Mapping[str, str]) -> float | None:
    value = headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() else None
