"""Vector store: make the passages searchable."""

from __future__ import annotations

from casebook.ports import Library, VectorStore


def build(company_slug: str, *, library: Library, store: VectorStore) -> str:
    """Build the company's vector store and return its id; an unchanged corpus keeps its store."""
    names = {source.id: source.name for source in library.sources()}
    return store.build(company_slug, library.passages(), names)
