"""Questions to a company's documents: verbatim answers, or none."""

from __future__ import annotations

import pytest

from casebook.answering import CompanyEvidence, open_evidence, place_of
from casebook.domain.document import Locator
from casebook.errors import PermanentError
from casebook.run_records import RunRecords
from tests import samples
from tests.fakes import FakeLibrary, FakeStorage, FakeVectorStore

TEXTS = {
    "orders.txt": "Every order that comes by fax is typed into the ledger by hand. "
    "The clerks type about 85 orders a day. The canteen serves soup on Mondays and on Fridays.",
    "copy.txt": "The clerks type about 85 orders a day, as ever.",
    "other.txt": "Pumps are tested on a stand that is forty years old.",
}


@pytest.fixture
def evidence() -> CompanyEvidence:
    library = FakeLibrary(TEXTS)
    store = FakeVectorStore()
    store_id = store.build("acme", library.passages(), {source.id: source.name for source in library.sources()})
    return CompanyEvidence(library, store, store_id)


def test_an_answer_is_made_of_words_that_stand_in_the_documents(evidence: CompanyEvidence) -> None:
    answer = evidence.ask("How many orders do the clerks type?")
    assert answer.quotes[0].text == "The clerks type about 85 orders a day."
    texts = {source.id: TEXTS[source.name] for source in FakeLibrary(TEXTS).sources()}
    for quote in answer.quotes:
        assert texts[quote.source_id][quote.start : quote.end] == quote.text
        assert answer.sources[quote.source_id] in TEXTS
    assert [quote.id for quote in answer.quotes] == [f"Q{number + 1}" for number in range(len(answer.quotes))]


def test_what_was_said_already_is_not_said_again(evidence: CompanyEvidence) -> None:
    said = [quote.text for quote in evidence.ask("clerks type orders a day").quotes]
    assert sum("85 orders" in text for text in said) == 1


@pytest.mark.parametrize("question", ["Who is the president of France?", "many how often", "", "🙂"])
def test_what_the_documents_do_not_speak_of_has_no_answer(evidence: CompanyEvidence, question: str) -> None:
    assert evidence.ask(question).quotes == ()


def test_no_more_quotes_come_than_were_asked_for(evidence: CompanyEvidence) -> None:
    assert len(evidence.ask("orders typed by hand", 1).quotes) == 1


def test_a_passage_is_found_and_fetched_by_its_id(evidence: CompanyEvidence) -> None:
    found = evidence.search("test stand for pumps")[0]
    assert found.source == "other.txt"
    assert evidence.fetch(found.id).text == TEXTS["other.txt"]
    with pytest.raises(PermanentError, match="no passage"):
        evidence.fetch("S9:0-1")


def test_a_company_without_a_run_is_told_how_to_start_one() -> None:
    storage = FakeStorage()
    with pytest.raises(PermanentError, match="start one with casebook run"):
        open_evidence(
            "acme",
            storage,
            RunRecords(storage),
            store=FakeVectorStore(),
            library=lambda manifest, _storage, _slug: FakeLibrary(samples.TEXTS, manifest),
        )


def test_a_place_names_the_heading() -> None:
    assert place_of(Locator(page=3, heading="Prices")) == "page 3, under “Prices”"
    assert place_of(Locator()) == ""
