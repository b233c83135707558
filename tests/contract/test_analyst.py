"""What every analyst does."""

from __future__ import annotations

from functools import partial

import msgspec
import pytest
from msgspec.structs import replace

from casebook.analysts.catalogue import built_in_catalogue
from casebook.analysts.extractive.analyst import ExtractiveAnalyst
from casebook.domain.analysis import Analysis, Portfolio
from casebook.domain.evidence import EvidenceBase
from casebook.domain.quote import Quote
from casebook.domain.report import Claim, ClaimKind
from casebook.ports import Analyst, Library, Search
from tests.fakes import FakeAnalyst, FakeJournal, FakeLibrary, FakeVectorStore
from tests.samples import SUBMISSION
from tests.scripted_model import ScriptedModel, model_analyst

TEXTS = {
    "purchase.md": (
        "Every invoice from our suppliers is typed into the ledger by hand, and it takes eight minutes each.\n"
        "We receive 1,200 invoices a month and about 4 percent of them are booked with a wrong amount.\n"
        "The clerks complain that checking invoices against orders is slow and full of errors."
    ),
    "service.txt": (
        "Customers wait three days for an answer because all e-mails are sorted by hand.\n"
        "Our support team answers the same questions again and again.\n"
        "We want to reduce the time to the first answer."
    ),
    "lager.md": (
        "Die Bestände im Lager stimmen nicht, weil Entnahmen erst am Abend von Hand gebucht werden.\n"
        "Der Einkauf bestellt deshalb häufig zu viel, und das kostet uns 40.000 Euro im Jahr."
    ),
}


@pytest.fixture(params=["extractive", "model", "fake"])
def analyst(request: pytest.FixtureRequest) -> Analyst:
    if request.param == "model":
        return model_analyst(ScriptedModel(), FakeJournal())
    return ExtractiveAnalyst(built_in_catalogue()) if request.param == "extractive" else FakeAnalyst()


@pytest.fixture
def library() -> Library:
    return FakeLibrary(TEXTS)


def think(analyst: Analyst, library: Library, *, at_most: int = 5) -> tuple[Analysis, EvidenceBase, Portfolio]:
    store = FakeVectorStore()
    store_id = store.build("acme", library.passages(), {source.id: source.name for source in library.sources()})

    search: Search = partial(store.search, store_id)
    submission = replace(SUBMISSION, use_cases_count=at_most)
    analysis = analyst.analyze(submission, library, search)
    evidence = analyst.extract(submission, library, search, analysis)
    return analysis, evidence, analyst.propose(submission, library, search, analysis, evidence)


def test_what_was_found_outlives_the_process(analyst: Analyst, library: Library) -> None:
    for found in think(analyst, library):
        assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found


def test_every_quote_stands_in_its_source(analyst: Analyst, library: Library) -> None:
    analysis, evidence, portfolio = think(analyst, library)
    quotes: list[Quote] = [*analysis.quotes, *(item.quote for item in evidence.items), *portfolio.quotes]
    assert quotes
    for quote in quotes:
        assert library.text(quote.source_id)[quote.start : quote.end] == quote.text


def test_claims_rest_on_quotes_that_are_there(analyst: Analyst, library: Library) -> None:
    for part in think(analyst, library)[::2]:
        known = {quote.id for quote in part.quotes}
        assert len(known) == len(part.quotes)
        for claim in part.claims:
            assert known.issuperset(claim.quote_ids)
            assert claim.quote_ids or claim.kind is ClaimKind.GENERAL


def test_claim_ids_are_used_once_and_refer_to_claims_that_are_there(analyst: Analyst, library: Library) -> None:
    analysis, _, portfolio = think(analyst, library)
    claims: list[Claim] = [*analysis.claims, *portfolio.claims]
    known = {claim.id for claim in claims}
    assert len(known) == len(claims)
    assert known.issuperset(analysis.flags)
    for use_case in portfolio.use_cases:
        assert known.issuperset((*use_case.claim_ids, *use_case.baseline.claim_ids))
        assert all(known.issuperset(need.claim_ids) for need in use_case.data)


@pytest.mark.parametrize("at_most", [1, 2])
def test_there_are_at_most_as_many_use_cases_as_asked_for(analyst: Analyst, library: Library, at_most: int) -> None:
    _, _, portfolio = think(analyst, library, at_most=at_most)
    assert 1 <= len(portfolio.use_cases) <= at_most
    assert [use_case.rank for use_case in portfolio.use_cases] == list(range(1, len(portfolio.use_cases) + 1))
    assert len({use_case.id for use_case in portfolio.use_cases}) == len(portfolio.use_cases)


def test_scores_run_from_zero_to_one_and_are_the_sum_of_their_parts(analyst: Analyst, library: Library) -> None:
    _, _, portfolio = think(analyst, library)
    for use_case in portfolio.use_cases:
        for score in (use_case.value, use_case.feasibility):
            assert 0 <= score.score <= 1
            assert score.score == pytest.approx(sum(part.weight * part.value for part in score.parts), abs=0.01)
        assert use_case.quote_ids


def test_the_same_documents_lead_to_the_same_thoughts(analyst: Analyst, library: Library) -> None:
    assert think(analyst, library) == think(analyst, FakeLibrary(TEXTS))


def test_an_analyst_says_who_it_is(analyst: Analyst) -> None:
    facts = analyst.facts()
    assert facts.name
    assert facts.catalogue
