"""The ship gates, on small reports made by hand."""

from __future__ import annotations

import json

import msgspec
import pytest
from msgspec.structs import replace

from casebook.domain.document import Locator, Outcome
from casebook.domain.report import Claim, ClaimKind, Report, ReportQuote, ReportSource
from casebook.report.gates import GROUNDING_WITH_MODEL, GateFigures, measure

TEXT = "We type 300 orders a day. It takes 4.5 hours, and 1 200 are late."
EMPTY = {
    "schema_version": "1.0",
    "run": {
        "id": "r", "company": "Acme", "company_slug": "acme", "created_at": "2026-01-01T00:00:00+00:00", "analyst": "a",
        "model": None, "catalogue": "", "inputs_digest": "", "seconds": 0.0, "cost_usd": 0.0, "model_calls": 0,
    },
    "coverage": {"files_received": 1, "files_read": 1, "files_used": 1, "passages": 1, "statements": 1},
    "grounding": {"claims": 0, "quoted": 0, "verified": 0, "dropped_quotes": 0, "instructions_ignored": 0},
    "summary": {"findings": [], "top_use_cases": [], "first_90_days": [], "biggest_risk": "", "not_established": []},
    "profile": {"fields": [], "contradictions": []},
    "readiness": {"dimensions": [], "self_score": None, "self_category": "", "evidence_score": None, "comment": ""},
    "inventory": {"systems": [], "data": []},
    "economics": {"assumptions": [], "estimates": [], "not_estimated": []},
    "governance": {"flags": [], "duties": [], "notice": ""},
    "method": {"steps": [], "limits": []},
    "use_cases": [], "rejected": [], "data_gaps": [], "roadmap": [], "open_questions": [], "claims": [], "quotes": [],
    "sources": [],
}  # fmt: skip


def _source(source_id: str = "S1", text_path: str | None = "data/text/a.txt") -> ReportSource:
    return ReportSource(
        id=source_id,
        name="a.txt",
        path=None,
        sha256="",
        size=1,
        media_type="text/plain",
        status=Outcome.READ,
        reason=None,
        pages=None,
        text_path=text_path,
        language="en",
        words=9,
        same_as=None,
        used=True,
    )


def _quote(text: str, quote_id: str = "Q1", source_id: str = "S1", moved: int = 0) -> ReportQuote:
    start = max(TEXT.find(text), 0) + moved
    return ReportQuote(
        id=quote_id,
        source_id=source_id,
        text=text,
        start=start,
        end=start + len(text),
        locator=Locator(line=1),
        theme="",
        before="",
        after="",
    )


def _claim(text: str, *quote_ids: str, kind: ClaimKind = ClaimKind.COMPANY) -> Claim:
    return Claim(id="C1", section="profile", text=text, quote_ids=quote_ids, kind=kind)


def _figures(*claims: Claim, quotes: tuple[ReportQuote, ...] = (), model: str | None = None) -> GateFigures:
    empty = msgspec.json.decode(json.dumps(EMPTY), type=Report)
    run = replace(empty.run, model=model)
    report = replace(empty, run=run, claims=claims, quotes=quotes, sources=(_source(), _source("S2", None)))
    return measure(report, {"S1": TEXT}.__getitem__)


def test_an_empty_report_passes() -> None:
    assert _figures().passed


def test_a_claim_in_the_words_of_its_quote_passes() -> None:
    assert _figures(_claim("“We type 300 orders a day.”", "Q1"), quotes=(_quote("We type 300 orders a day."),)).passed


@pytest.mark.parametrize(
    "text", ["We type 301 orders a day.", "we type 300 orders a day.", "We type  300 orders a day."]
)
def test_a_quote_that_differs_in_one_letter_is_not_exact(text: str) -> None:
    figures = _figures(quotes=(_quote(text), _quote("It takes 4.5 hours", "Q2")))
    assert figures.quote_exactness == 0.5
    assert figures.failures() == ["quote exactness 0.500 (needs 1.000)"]


def test_a_true_quote_at_a_wrong_place_is_not_exact() -> None:
    assert _figures(quotes=(_quote("We type 300 orders a day.", moved=1),)).quote_exactness == 0


@pytest.mark.parametrize("source_id", ["S2", "S9"])
def test_a_source_without_text_is_invented(source_id: str) -> None:
    figures = _figures(quotes=(_quote("We type 300 orders a day.", source_id=source_id),))
    assert figures.invented_sources == 1
    assert figures.failures()[-1] == "invented sources 1 (needs 0)"


def test_a_company_claim_needs_a_quote_that_stands() -> None:
    assert _figures(_claim("Orders are typed.")).grounding == 0
    assert _figures(_claim("Orders are typed.", "Q7")).grounding == 0
    assert _figures(_claim("Orders are typed.", "Q1"), quotes=(_quote("We type 301 orders a day."),)).grounding == 0


def test_general_knowledge_needs_no_quote() -> None:
    figures = _figures(_claim("Document capture saves 60 percent elsewhere.", kind=ClaimKind.GENERAL))
    assert figures.passed
    assert figures.claims == 0


@pytest.mark.parametrize("number", ["3000", "30", "4,5", "45", "1200", "2"])
def test_a_number_that_is_not_in_the_claims_own_quotes_fails(number: str) -> None:
    figures = _figures(_claim(f"About {number} of 300.", "Q1"), quotes=(_quote(TEXT),))
    assert figures.number_fidelity == 0.5


def test_a_number_of_another_claims_quote_does_not_count() -> None:
    quotes = (_quote("We type 300 orders a day."), _quote("It takes 4.5 hours", "Q2"))
    assert _figures(_claim("It takes 300 hours.", "Q2"), quotes=quotes).number_fidelity == 0


@pytest.mark.parametrize("number", ["300", "4.5", "1 200"])
def test_a_number_as_it_is_quoted_stands(number: str) -> None:
    assert _figures(_claim(f"It is {number}", "Q1"), quotes=(_quote(TEXT),)).number_fidelity == 1


def test_a_model_may_leave_two_claims_in_a_hundred_without_a_quote() -> None:
    claims = (*[_claim("We type 300 orders", "Q1")] * 98, *[_claim("Nobody said this")] * 2)
    quotes = (_quote("We type 300 orders a day."),)
    assert _figures(*claims, quotes=quotes, model="some-model").passed
    assert _figures(*claims, quotes=quotes, model="some-model").grounding_needed == GROUNDING_WITH_MODEL
    assert not _figures(*claims, quotes=quotes).passed
