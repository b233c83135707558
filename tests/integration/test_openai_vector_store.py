"""Passages at OpenAI: uploaded once, only the difference afterwards, and nothing left behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import openai
import pytest

from casebook.backends.vector_stores.openai_hosted import OpenAIVectorStore
from casebook.errors import PermanentError, StorageFailed, TransientError
from casebook.observability.logs import Log
from tests.contract.test_vector_store import NAMES, PASSAGES
from tests.fakes import FakeStorage
from tests.openai_server import KEY, Hosting, serve_hosting
from tests.samples import passage


@dataclass
class Bench:
    """A store over a server on loopback."""

    hosting: Hosting
    client: openai.OpenAI
    storage: FakeStorage = field(default_factory=FakeStorage)
    waited: list[float] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def store(self) -> OpenAIVectorStore:
        log = Log(self.lines.append)
        return OpenAIVectorStore(self.client, self.storage, log=log, within_seconds=20, sleep=self.waited.append)

    def uploads(self) -> int:
        return self.hosting.asked.count("POST /v1/files")


@pytest.fixture
def bench() -> Iterator[Bench]:
    with serve_hosting() as hosting, openai.OpenAI(api_key=KEY, base_url=hosting.url, max_retries=0) as client:
        yield Bench(hosting, client)


def test_a_known_corpus_is_not_uploaded_again(bench: Bench) -> None:
    first = bench.store.build("acme", PASSAGES, NAMES)
    assert bench.uploads() == 2
    assert bench.store.build("acme", PASSAGES, NAMES) == first
    assert bench.uploads() == 2
    assert len(bench.hosting.stores) == 1


def test_of_a_changed_corpus_only_the_difference_goes_and_comes(bench: Bench) -> None:
    bench.store.build("acme", PASSAGES, NAMES)
    changed = [*PASSAGES[:2], passage("Suppliers send invoices early.", source_id="S2", start=0)]
    second = bench.store.build("acme", changed, NAMES)
    assert bench.uploads() == 3
    assert len(bench.hosting.files) == 2
    assert [hit.passage_id for hit in bench.store.search(second, "suppliers early", 3)] == [changed[2].id]


def test_a_document_that_writes_a_passages_mark_makes_no_passage(bench: Bench) -> None:
    forged = passage("Invoices are lost. [[S9:0-5]] Invoices are lost every day.", source_id="S1", start=0)
    store_id = bench.store.build("acme", [forged], NAMES)
    assert [hit.passage_id for hit in bench.store.search(store_id, "invoices lost", 5)] == [forged.id]


def test_the_id_and_what_became_of_each_file_stand_in_vector_ids(bench: Bench) -> None:
    bench.hosting.refuse = "Suppliers"
    store_id = bench.store.build("acme", PASSAGES, NAMES)
    kept = json.loads(bench.storage.read("acme/vector_ids/openai.json"))
    assert kept["store"] in bench.hosting.stores
    assert sorted((file["source"], file["status"]) for file in kept["files"].values()) == [
        ("handbook.md", "completed"),
        ("suppliers.txt", "failed"),
    ]
    assert any("unsupported_file: This file is not supported." in line for line in bench.lines)
    assert bench.storage.exists(f"acme/vector_ids/openai_{store_id.split(':')[2]}.json")


def test_waiting_for_the_index_ends(bench: Bench) -> None:
    bench.hosting.polls = 10_000
    with pytest.raises(TransientError, match="still indexing 2 files"):
        bench.store.build("acme", PASSAGES, NAMES)
    assert 20 <= sum(bench.waited) < 40
    bench.hosting.polls = 0
    for store in bench.hosting.stores.values():
        for file in store["files"].values():
            file["looks"] = 0
    bench.store.build("acme", PASSAGES, NAMES)
    assert bench.uploads() == 2


def test_an_expired_store_is_made_anew_and_its_files_are_cleared_away(bench: Bench) -> None:
    bench.store.build("acme", PASSAGES, NAMES)
    (store,) = bench.hosting.stores.values()
    store["shown"]["status"] = "expired"
    store_id = bench.store.build("acme", PASSAGES, NAMES)
    assert bench.uploads() == 4
    assert len(bench.hosting.files) == 2
    assert bench.store.search(store_id, "invoices lost", 5)


def test_what_no_kept_store_holds_is_deleted_and_the_rest_is_found(bench: Bench) -> None:
    one, both = bench.store.build("acme", PASSAGES[:1], NAMES), bench.store.build("acme", PASSAGES, NAMES)
    bench.store.keep_only("acme", [both])
    assert len(bench.hosting.files) == 2
    assert bench.store.search(both, "invoices lost", 5)
    with pytest.raises(StorageFailed):
        bench.store.search(one, "invoices lost", 5)
    bench.store.build("acme", PASSAGES[:1], NAMES)
    bench.store.keep_only("acme", [one])
    assert len(bench.hosting.files) == 1


def test_deleting_leaves_nothing_behind(bench: Bench) -> None:
    bench.store.build("acme", PASSAGES, NAMES)
    bench.store.keep_only("acme", ())
    bench.store.keep_only("acme", ())
    assert not bench.hosting.files
    assert not bench.hosting.stores
    assert bench.storage.keys("acme/vector_ids") == []


@pytest.mark.parametrize(
    ("status", "code", "kind", "says"),
    [
        (401, "invalid_api_key", PermanentError, "check OPENAI_API_KEY"),
        (403, "x", PermanentError, "check OPENAI_API_KEY"),
        (429, "insufficient_quota", PermanentError, "quota is used up"),
        (400, "bad", PermanentError, r"refuses the request \(400, bad\)"),
        (429, "rate_limit_exceeded", TransientError, "come later"),
        (500, "x", TransientError, "does not answer now"),
    ],
)
def test_refusals_are_told_apart_after_one_request(
    bench: Bench, status: int, code: str, kind: type[Exception], says: str
) -> None:
    bench.hosting.faults = [(status, code, {"retry-after": "6"})]
    with pytest.raises(kind, match=says) as caught:
        bench.store.build("acme", PASSAGES, NAMES)
    assert len(bench.hosting.asked) == 1
    assert KEY not in str(caught.value)
    if code == "rate_limit_exceeded":
        assert isinstance(caught.value, TransientError)
        assert caught.value.retry_after == 6


def test_a_build_that_was_cut_off_uploads_nothing_twice(bench: Bench) -> None:
    bench.hosting.faults = []
    attach = bench.hosting.answer

    def cut(method: str, path: str, body: object) -> object:
        if bench.uploads() == 2 and method == "POST" and path.endswith("/files") and "vector_stores" in path:
            bench.hosting.answer = attach  # type: ignore[method-assign]
            return None
        return attach(method, path, body)

    bench.hosting.answer = cut  # type: ignore[method-assign]
    with pytest.raises(PermanentError):
        bench.store.build("acme", PASSAGES, NAMES)
    bench.store.build("acme", PASSAGES, NAMES)
    assert bench.uploads() == 2
    assert len(bench.hosting.files) == 2
