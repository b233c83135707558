"""What every vector store does."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from casebook.backends.vector_stores.embedded import EmbeddedVectorStore
from casebook.backends.vector_stores.openai_hosted import OpenAIVectorStore
from casebook.errors import StorageFailed
from casebook.observability.logs import Log
from casebook.ports import VectorStore
from tests.fakes import FakeStorage, FakeVectorStore
from tests.openai_server import KEY, serve_hosting
from tests.samples import passage

PASSAGES = [
    passage("Invoices are typed by hand into the ledger.", source_id="S1", start=0),
    passage("Pumps are tested in the hall.", source_id="S1", start=100),
    passage("Suppliers send invoices late and invoices get lost.", source_id="S2", start=0),
]
NAMES = {"S1": "handbook.md", "S2": "suppliers.txt"}


@pytest.fixture(params=["embedded", "openai", "fake"])
def store(request: pytest.FixtureRequest) -> Iterator[VectorStore]:
    if request.param == "openai":
        with serve_hosting() as hosting, openai.OpenAI(api_key=KEY, base_url=hosting.url, max_retries=0) as client:
            yield OpenAIVectorStore(client, FakeStorage(), log=Log(lambda _: None), sleep=lambda _: None)
    else:
        yield EmbeddedVectorStore(FakeStorage()) if request.param == "embedded" else FakeVectorStore()


def test_passages_that_share_words_with_the_query_are_found_best_first(store: VectorStore) -> None:
    hits = store.search(store.build("acme", PASSAGES, NAMES), "invoices lost", 5)
    assert [hit.passage_id for hit in hits] == [PASSAGES[2].id, PASSAGES[0].id]
    assert hits[0].score > hits[1].score


def test_at_most_as_many_hits_as_asked_for_are_returned(store: VectorStore) -> None:
    store_id = store.build("acme", PASSAGES, NAMES)
    assert len(store.search(store_id, "invoices", 1)) == 1
    assert list(store.search(store_id, "invoices", 0)) == []


@pytest.mark.parametrize("query", ["", "   ", "zebra", "?!"])
def test_a_query_that_fits_nothing_finds_nothing(store: VectorStore, query: str) -> None:
    assert list(store.search(store.build("acme", PASSAGES, NAMES), query, 5)) == []


def test_the_same_passages_keep_their_store_and_others_get_their_own(store: VectorStore) -> None:
    first = store.build("acme", PASSAGES, NAMES)
    assert store.build("acme", list(PASSAGES), dict(NAMES)) == first
    assert store.build("acme", PASSAGES[:2], NAMES) != first
    assert store.build("beta", PASSAGES, NAMES) != first


def test_companies_do_not_find_each_others_passages(store: VectorStore) -> None:
    acme = store.build("acme", PASSAGES[:2], NAMES)
    store.build("beta", PASSAGES[2:], NAMES)
    assert [hit.passage_id for hit in store.search(acme, "invoices", 5)] == [PASSAGES[0].id]


def test_no_passages_make_an_empty_store(store: VectorStore) -> None:
    assert list(store.search(store.build("acme", [], {}), "invoices", 5)) == []


def test_a_store_that_is_not_kept_is_gone_and_can_be_built_again(store: VectorStore) -> None:
    store_id, other = store.build("acme", PASSAGES, NAMES), store.build("beta", PASSAGES, NAMES)
    store.search(store_id, "invoices", 1)
    store.keep_only("acme", ())
    store.keep_only("acme", ())
    assert store.search(other, "invoices", 1)
    with pytest.raises(StorageFailed):
        store.search(store_id, "invoices", 1)
    assert store.search(store.build("acme", PASSAGES, NAMES), "invoices", 1)
