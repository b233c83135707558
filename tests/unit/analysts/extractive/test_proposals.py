"""Part B: what is proposed, what is left out and why, and what is asked."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from casebook.analysts.catalogue import Catalogue
from casebook.analysts.extractive.corpus import Corpus
from casebook.analysts.extractive.matches import Match, match_statements
from casebook.analysts.extractive.matching import PatternIndex
from casebook.analysts.extractive.proposals import MAX_REJECTED, floors_for, propose
from casebook.analysts.extractive.selection import DESCRIBED_FLOOR, FLOOR
from casebook.domain.analysis import Portfolio
from casebook.domain.report import Horizon, Level, Screening, UseCase
from tests.unit.analysts.extractive.companies import (
    CATALOGUE,
    DEFECTS,
    HOLIDAY,
    INVOICE_PATTERN,
    INVOICES,
    MAIL_PATTERN,
    MAILS,
    corpus,
    form,
    readiness,
)

STORY = (
    "Emma and her little brother ran along the beach and talked about their grandmother.",
    "He laughed, threw a pebble at a gull and hit a crab instead.",
)


def proposed(found: Corpus, *, asked: int = 3, catalogue: Catalogue = CATALOGUE) -> Portfolio:
    index = PatternIndex(catalogue)
    return propose(form(use_cases=asked), found, match_statements(found.statements, index), index, readiness())


def only(pattern_changes: dict[str, object]) -> UseCase:
    """Propose the one use case of a changed pattern."""
    changed = msgspec.structs.replace(INVOICE_PATTERN, **pattern_changes)
    catalogue = replace(CATALOGUE, patterns=(changed, *CATALOGUE.patterns[1:]))
    (use_case,) = proposed(corpus(INVOICES), catalogue=catalogue).use_cases
    return use_case


def forced(
    *rows: dict[int, float],
    asked: int = 3,
    text: str = INVOICES,
    catalogue: Catalogue = CATALOGUE,
    fits: tuple[float, ...] = (),
) -> Portfolio:
    """Propose from made-up scores and fits: one document with one statement for each row."""
    found = corpus(*(f"{text[:-1]}, says number {number}." for number in range(len(rows))))
    fit_of = dict(zip((one.key for one in found.statements), fits, strict=False))
    matched = [
        {pattern: Match(one, fit_of.get(one.key, 0.2), 0.2, score) for pattern, score in row.items()}
        for one, row in zip(found.statements, rows, strict=True)
    ]
    return propose(form(use_cases=asked), found, matched, PatternIndex(catalogue), readiness())


def test_needs_become_ranked_use_cases_on_their_own_quotes() -> None:
    found = proposed(corpus(INVOICES, MAILS, DEFECTS))
    assert {one.pattern_id for one in found.use_cases} == {"invoice-reading", "mail-sorting", "visual-inspection"}
    assert [(one.id, one.rank) for one in found.use_cases] == [("U1", 1), ("U2", 2), ("U3", 3)]
    quotes = {quote.id: quote.text for quote in found.quotes}
    by_pattern = {one.pattern_id: [quotes[quote_id] for quote_id in one.quote_ids] for one in found.use_cases}
    assert by_pattern["invoice-reading"] == [INVOICES]
    assert all(one.rank_range[0] <= one.rank <= one.rank_range[1] for one in found.use_cases)
    priorities = [one.priority for one in found.use_cases]
    assert priorities == sorted(priorities, reverse=True)


def test_guesses_stand_behind_the_rest_whatever_their_priority() -> None:
    """The first two fit loosely, and another pattern nearly as well; small efforts give them the highest priority."""
    catalogue = replace(
        CATALOGUE,
        patterns=tuple(
            msgspec.structs.replace(pattern, effort="L" if number == 2 else "S")
            for number, pattern in enumerate(CATALOGUE.patterns)
        ),
    )
    found = forced({0: 0.9, 3: 0.85}, {1: 0.8, 3: 0.75}, {2: 0.5}, catalogue=catalogue, fits=(0.05, 0.05, 0.3))
    sure, *guesses = found.use_cases
    assert (sure.pattern_id, sure.rank_range) == (CATALOGUE.patterns[2].id, (1, 1))
    assert [one.is_guess for one in found.use_cases] == [False, True, True]
    assert all(one.priority > sure.priority and one.rank_range[0] > 1 for one in guesses)
    assert all(one.rank_range[0] <= one.rank <= one.rank_range[1] for one in guesses)


def test_there_are_fewer_than_asked_for_when_the_evidence_is_thin() -> None:
    found = proposed(corpus(INVOICES, HOLIDAY), asked=9)
    assert [one.pattern_id for one in found.use_cases] == ["invoice-reading"]
    assert [one for one in found.open_questions if one.use_case_id is None and one.impact is Level.HIGH]


def test_there_are_never_more_than_asked_for() -> None:
    found = proposed(corpus(INVOICES, MAILS, DEFECTS), asked=1)
    assert len(found.use_cases) == 1
    assert not [one for one in found.open_questions if one.use_case_id is None]


@pytest.mark.parametrize("texts", [(), (HOLIDAY,), STORY])
def test_nothing_is_proposed_without_evidence(texts: tuple[str, ...]) -> None:
    found = proposed(corpus(*texts))
    assert (found.use_cases, found.economics.estimates, found.economics.assumptions) == ((), (), ())
    assert len(found.open_questions) == 1


def test_texts_that_do_not_speak_of_business_need_more_evidence() -> None:
    assert len(forced({0: FLOOR * 2}).use_cases) == 1
    assert forced({0: FLOOR * 2}, text=STORY[0]).use_cases == ()


@pytest.mark.parametrize("level", ["high", "prohibited_check"])
def test_what_may_be_high_risk_has_a_gate_and_comes_last(level: str) -> None:
    found = only({"ai_act": Screening(level=level, rule="r", source="s", as_of="2026-01-01")})
    assert found.gate
    assert "EU AI Act" in found.gate
    assert found.horizon is Horizon.LATER


def test_what_is_not_screened_says_so() -> None:
    found = only({})
    assert (found.gate, found.ai_act.level) == (None, "not screened")
    assert only({"ai_act": Screening(level="minimal", rule="r", source="s", as_of="t")}).gate is None


def test_small_efforts_come_first_and_large_ones_wait() -> None:
    small, middle, large = (only({"effort": effort}) for effort in "SML")
    assert small.horizon is Horizon.NOW
    assert middle.horizon is (Horizon.NOW if middle.feasibility.score >= 0.5 else Horizon.NEXT)
    assert large.horizon is (Horizon.NEXT if large.feasibility.score >= 0.5 else Horizon.LATER)
    assert small.feasibility.score > middle.feasibility.score > large.feasibility.score


def test_data_is_looked_for_and_its_absence_is_a_gap() -> None:
    found = proposed(corpus(INVOICES))
    invoices, photographs = found.use_cases[0].data
    assert (invoices.found, photographs.found) == (True, False)
    texts = {claim.id: claim.text for claim in found.claims}
    assert texts[invoices.claim_ids[0]] == f"“{INVOICES}”"
    assert [(gap.text, gap.use_case_ids) for gap in found.data_gaps] == [("Photographs of machines", ("U1",))]


def test_systems_named_in_the_quotes_and_usual_ones_are_kept_apart() -> None:
    usual = only({"systems": ["ERP"]})
    assert (usual.systems, usual.usual_systems) == ((), ("ERP",))
    named = proposed(corpus("Every invoice from our suppliers is typed into SAP by hand, which takes all day."))
    assert named.use_cases[0].systems == ("SAP",)


def test_a_quoted_figure_is_the_baseline_and_else_it_is_asked_for() -> None:
    unknown = proposed(corpus(INVOICES.replace("two clerks all day", "ages")))
    assert unknown.use_cases[0].baseline.claim_ids == ()
    assert unknown.open_questions[0].text == INVOICE_PATTERN.baseline_question
    known = proposed(corpus("Every month 1,200 invoices from suppliers are typed by hand, and many are wrong."))
    assert known.use_cases[0].baseline.claim_ids
    assert INVOICE_PATTERN.baseline_question not in [one.text for one in known.open_questions]


def test_figures_are_estimated_and_what_has_none_is_named() -> None:
    figure = "Typing each supplier invoice into the ledger by hand takes the clerks 30 hours a week."
    found = proposed(corpus(figure, MAILS))
    (estimate,) = found.economics.estimates
    assert "“30 hours a week”" in estimate.calculation
    assert estimate.base == 480
    others = {one.id for one in found.use_cases} - {estimate.use_case_id}
    assert set(found.economics.not_estimated) == others
    assert found.economics.assumptions


def test_questions_that_move_most_come_first() -> None:
    found = proposed(corpus(INVOICES, MAILS, DEFECTS), asked=9)
    order = [Level.HIGH, Level.MEDIUM, Level.LOW]
    places = [order.index(one.impact) for one in found.open_questions]
    assert places == sorted(places)
    assert len(set(places)) > 1


def test_who_stands_behind_the_number_asked_for_is_told_so() -> None:
    (rejected,) = forced({0: 0.9}, {1: 0.4}, {1: 0.3}, asked=1).rejected
    assert (rejected.pattern_id, rejected.title) == ("mail-sorting", MAIL_PATTERN.name)
    assert rejected.reason == "Ranked behind the number of use cases asked for."


def test_who_comes_after_the_number_asked_for_is_shown_with_its_quote() -> None:
    (rejected,) = forced({0: 0.9}, {1: 0.4}, asked=1).rejected
    assert rejected.reason.startswith("Ranked behind")
    assert len(rejected.quote_ids) == 1


def test_what_does_not_reach_the_floor_is_not_said_to_be_outranked() -> None:
    """Its statements together score more than the floor, but none of them alone."""
    (rejected,) = forced({0: 0.5}, {1: FLOOR * 0.9}, {1: FLOOR * 0.8}).rejected
    assert "none of them tells of a need clearly enough" in rejected.reason


@pytest.mark.parametrize(("share", "raised"), [(1.0, 1.0), (0.65, 1.0), (0.4, 3.4), (0.0, 216.0)])
def test_descriptions_need_more_only_where_texts_are_hardly_of_business(share: float, raised: float) -> None:
    found = corpus(INVOICES)
    found.__dict__["business_share"] = share  # worked out once, when it is first asked for
    floors = floors_for(found)
    assert floors.descriptions == pytest.approx(DESCRIBED_FLOOR * raised, rel=0.02)
    assert floors.needs == pytest.approx(FLOOR / max(share, 0.1))


def test_what_resembles_a_chosen_pattern_is_told_so() -> None:
    twin = msgspec.structs.replace(INVOICE_PATTERN, id="twin")
    catalogue = replace(CATALOGUE, patterns=(*CATALOGUE.patterns, twin))
    (rejected,) = forced({0: 0.9, 4: 0.8}, {4: 0.3}, asked=1, catalogue=catalogue).rejected
    assert rejected.pattern_id == "twin"
    assert rejected.reason == "Resembles “Invoice reading”, which the evidence fits better."


def test_far_weaker_candidates_are_not_named() -> None:
    assert forced({0: 0.5}, {1: FLOOR / 3}).rejected == ()


def test_rejected_candidates_are_few() -> None:
    others = tuple(msgspec.structs.replace(INVOICE_PATTERN, id=f"other-{number}") for number in range(MAX_REJECTED + 5))
    rows = [{number: 0.5} for number in range(len(others))]
    found = forced(*rows, asked=1, catalogue=replace(CATALOGUE, patterns=others))
    assert len(found.rejected) == MAX_REJECTED
