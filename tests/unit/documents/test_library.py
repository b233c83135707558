"""The documents of a company, read back."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from casebook.documents.library import StoredLibrary
from casebook.domain.document import Manifest, Outcome, Table
from casebook.errors import StorageFailed
from tests import samples
from tests.fakes import FakeLibrary, FakeStorage

TEXT = "One thing is late.\nAnother is lost."
DOCUMENT = samples.document(TEXT)
TABLE = Table("Orders", ("id",), ((1,), (None,)), 2)
KEPT = {
    "acme/data/text/1.txt": TEXT.encode(),
    "acme/data/text/1.txt.segments": msgspec.json.encode(DOCUMENT.segments),
    "acme/data/records/1.json": msgspec.json.encode([TABLE]),
}
READ = replace(samples.source(1, "a.txt"), records_path="data/records/1.json")
FAILED = samples.source(2, "b.pdf", status=Outcome.FAILED)
TWIN = replace(samples.source(3, "a again.txt"), same_as="S1")


@pytest.fixture
def library() -> StoredLibrary:
    return StoredLibrary(Manifest((READ, FAILED, TWIN), "d"), FakeStorage(KEPT), "acme")


def test_what_was_kept_is_read_back(library: StoredLibrary) -> None:
    assert library.text("S1") == TEXT
    assert library.segments("S1") == DOCUMENT.segments
    assert library.tables("S1") == (TABLE,)


def test_passages_are_those_of_each_content_once(library: StoredLibrary) -> None:
    assert {passage.source_id for passage in library.passages()} == {"S1"}
    assert library.passages() == tuple(FakeLibrary({"a.txt": TEXT}).passages())


def test_a_source_that_was_not_read_has_nothing(library: StoredLibrary) -> None:
    assert library.text("S2") == ""
    assert list(library.segments("S2")) == []
    assert list(library.tables("S2")) == []


def test_all_sources_are_listed_in_order(library: StoredLibrary) -> None:
    assert [source.id for source in library.sources()] == ["S1", "S2", "S3"]


def test_a_text_is_read_from_the_storage_once() -> None:
    storage = FakeStorage(KEPT)
    library = StoredLibrary(Manifest((READ,), "d"), storage, "acme")
    before = library.text("S1")
    storage.kept.clear()
    assert library.text("S1") == before
    with pytest.raises(StorageFailed):
        library.segments("S1")
