"""Claims and their quotes."""

from __future__ import annotations

from msgspec.structs import replace

from casebook.analysts.extractive.claims import Claims, one_line
from casebook.domain.report import ClaimKind
from tests.unit.analysts.extractive.companies import INVOICES, MAILS, statement


def test_a_claim_says_what_its_statements_say() -> None:
    claims = Claims("A")
    first, second = statement(), statement(MAILS, source_id="S2", start=50)
    assert claims.company("profile", [first, second]) == "A1"
    (claim,) = claims.claims
    assert claim.text == f"“{INVOICES}” “{MAILS}”"
    assert claim.quote_ids == (first.key, second.key)
    assert (claim.section, claim.kind) == ("profile", ClaimKind.COMPANY)


def test_a_lead_introduces_the_quotes() -> None:
    claims = Claims("B")
    claims.company("summary", [statement()], lead="In the documents:")
    assert claims.claims[0].text == f"In the documents: “{INVOICES}”"


def test_quotes_are_cut_once_and_keep_their_first_theme() -> None:
    claims = Claims("A")
    one = statement(start=70)
    claims.company("profile", [one], theme="finance")
    claims.company("readiness", [one], theme="data")
    assert [claim.id for claim in claims.claims] == ["A1", "A2"]
    (quote,) = claims.quotes
    assert (quote.start, quote.end, quote.text, quote.theme) == (70, 70 + len(INVOICES), INVOICES, "finance")
    assert claims.quote(one) is quote


def test_a_quote_that_does_not_stand_there_is_dropped_and_counted() -> None:
    claims = Claims("A")
    wrong = replace(statement(), text="Every invoice is read by a machine.")
    assert claims.company("profile", [wrong]) is None
    assert (claims.claims, claims.quotes, claims.dropped) == ((), (), 1)
    assert claims.company("profile", [replace(wrong, start=1), statement()]) == "A1"
    assert len(claims.claims[0].quote_ids) == 1


def test_without_statements_there_is_no_claim() -> None:
    assert Claims("A").company("profile", []) is None


def test_quotes_are_printed_on_one_line_and_kept_as_they_stand() -> None:
    claims = Claims("A")
    wrapped = INVOICES.replace(" typed ", "\n  typed ")
    claims.company("profile", [statement(wrapped)])
    assert claims.quotes[0].text == wrapped
    assert claims.claims[0].text == f"“{INVOICES}”" == f"“{one_line(wrapped)}”"
