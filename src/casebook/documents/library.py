"""The documents of one company, read back from the storage as they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache

import msgspec

from casebook.documents.passages import cut_passages
from casebook.domain.document import Manifest, Segment, Source, Table
from casebook.domain.passage import Passage
from casebook.ports import Storage


class StoredLibrary:
    """A `Library` over what `setup` kept; texts are read once and kept in memory."""

    def __init__(self, manifest: Manifest, storage: Storage, company_slug: str) -> None:
        """Read from the company's folder in `storage`."""
        self._manifest = manifest
        self._storage = storage
        self._folder = company_slug
        self._by_id = {source.id: source for source in manifest.sources}
        self.text = lru_cache(maxsize=None)(self._text)
        self.segments = lru_cache(maxsize=None)(self._segments)

    def sources(self) -> Sequence[Source]:
        """Return all sources, in order of their ids."""
        return self._manifest.sources

    def _text(self, source_id: str) -> str:
        path = self._by_id[source_id].text_path
        return self._storage.read(f"{self._folder}/{path}").decode() if path else ""

    def _segments(self, source_id: str) -> Sequence[Segment]:
        path = self._by_id[source_id].segments_path
        if not path:
            return ()
        return msgspec.json.decode(self._storage.read(f"{self._folder}/{path}"), type=tuple[Segment, ...])

    def tables(self, source_id: str) -> Sequence[Table]:
        """Return the source's tables."""
        path = self._by_id[source_id].records_path
        if not path:
            return ()
        return msgspec.json.decode(self._storage.read(f"{self._folder}/{path}"), type=tuple[Table, ...])

    def passages(self) -> Sequence[Passage]:
        """Return the passages of all sources, in order; equal files are read once."""
        return self._passages

    @cached_property
    def _passages(self) -> tuple[Passage, ...]:
        return tuple(
            passage
            for source in self._manifest.readable
            for passage in cut_passages(source.id, self.text(source.id), self.segments(source.id))
        )
