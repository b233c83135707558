"""The steps that hand their work to the analyst or the vector store."""

from __future__ import annotations

from casebook.steps import part_a, part_b, quotes, vector_store
from tests.fakes import FakeAnalyst, FakeLibrary, FakeVectorStore
from tests.samples import PAIN, SUBMISSION

LIBRARY = FakeLibrary()


def test_a_vector_store_is_built_once_for_the_same_corpus() -> None:
    store = FakeVectorStore()
    first = vector_store.build("acme", library=LIBRARY, store=store)
    assert vector_store.build("acme", library=FakeLibrary(), store=store) == first
    assert store.built == 1


def test_the_thinking_steps_return_what_the_analyst_found() -> None:
    analyst = FakeAnalyst()
    analysis = part_a.analyze(SUBMISSION, library=LIBRARY, search=lambda _query, _limit: (), analyst=analyst)
    evidence = quotes.extract(
        SUBMISSION, library=LIBRARY, search=lambda _query, _limit: (), analysis=analysis, analyst=analyst
    )
    portfolio = part_b.generate(
        SUBMISSION,
        library=LIBRARY,
        search=lambda _query, _limit: (),
        analysis=analysis,
        evidence=evidence,
        analyst=analyst,
    )
    assert analysis.quotes[0].text == evidence.items[0].quote.text == portfolio.quotes[0].text == PAIN
