"""Cost and benefit from quoted figures."""

from __future__ import annotations

import pytest

from casebook.analysts.extractive.economics import (
    A_YEAR,
    ASSUMPTIONS,
    COST_SHARE,
    SHARE,
    WORKING_YEAR,
    Basis,
    estimate,
    find_basis,
)
from casebook.domain.evidence import Period
from tests.unit.analysts.extractive.companies import INVOICES, statement


def basis(*texts: str) -> Basis:
    found = find_basis([statement(text, number=number) for number, text in enumerate(texts)])
    assert found
    return found


@pytest.mark.parametrize(
    ("text", "amount", "working"),
    [
        ("She spends two hours a day on typing.", 440, "“two hours a day” × 220 a year"),
        ("That costs the team 6 hours per week.", 276, "“6 hours per week” × 46 a year"),
        ("Das kostet uns 30 Stunden pro Monat.", 360, "“30 Stunden pro Monat” × 12 a year"),
        ("We lose 100 hours per quarter to it.", 400, "“100 hours per quarter” × 4 a year"),
        ("Das sind 900 Stunden im Jahr für alle.", 900, "“900 Stunden im Jahr”"),
    ],
)
def test_hours_over_time_become_hours_a_year(text: str, amount: float, working: str) -> None:
    found = basis(text)
    assert (found.unit, found.working) == ("hours a year", working)
    assert found.amounts == pytest.approx((amount, amount, amount))


def test_a_count_times_a_duration_becomes_hours_a_year() -> None:
    found = basis("We receive 1,200 invoices a month from suppliers.", INVOICES, "It takes five minutes per invoice.")
    assert found.amounts[1] == pytest.approx(1200)
    assert found.working == "“1,200 invoices a month” × 12 a year × “five minutes per invoice”"
    assert [one.number for one in found.statements] == [0, 2]


def test_count_and_duration_of_one_statement_rest_on_it_once() -> None:
    found = basis("We type 50 orders a day, which takes 12 minutes per order.")
    assert found.amounts[1] == pytest.approx(50 * 220 * 0.2)
    assert len(found.statements) == 1


def test_money_over_time_becomes_money_a_year() -> None:
    found = basis("Penalties cost us 3,000 EUR per month, they say.")
    assert (found.amounts[1], found.unit) == (36_000, "EUR a year")


def test_a_range_is_worked_out_by_its_ends_and_its_middle() -> None:
    found = estimate("U1", basis("We type 80 to 120 orders a day, which takes four to six minutes per order."), [])
    assert found.calculation == (
        "“80 to 120 orders a day” × 220 a year × “four to six minutes per order”, a range by its lower end / middle / "
        "upper end, × 20% / 35% / 50%"
    )
    hours = (80 * 220 * 4 / 60 * 0.2, 100 * 220 * 5 / 60 * 0.35, 120 * 220 * 6 / 60 * 0.5)
    assert (found.low, found.base, found.high) == pytest.approx(hours, rel=0.05)


def test_hours_come_before_money() -> None:
    found = basis("It costs us 3,000 EUR per month, they say.", "She spends two hours a day on typing.")
    assert found.unit == "hours a year"


@pytest.mark.parametrize(
    "texts",
    [
        (),
        ("Customers wait three days for an answer.",),
        ("Every day customers wait three weeks for an answer.",),
        ("Jede Woche warten Kunden drei Tage auf Antwort.",),
        ("The repair took 40 hours and nobody noticed.",),
        ("We receive 1,200 invoices a month from suppliers.",),
        ("It takes five minutes per invoice to type.",),
        ("A return costs 40 EUR per parcel on average.",),
        ("About 4.6 % a month of the castings are scrapped.",),
        ("We receive 1,200 invoices a month.", "Customers wait three days for an answer."),
    ],
)
def test_lead_times_and_single_figures_add_up_to_nothing(texts: tuple[str, ...]) -> None:
    assert find_basis([statement(text, number=number) for number, text in enumerate(texts)]) is None


def test_an_estimate_is_rounded_to_two_significant_digits() -> None:
    found = estimate("U1", Basis((), (1234.5, 1234.5, 1234.5), "hours a year", "“x” × 12 a year"), ["B1"])
    assert (found.low, found.base, found.high) == (250, 430, 620)
    assert found.calculation == "“x” × 12 a year × 20% / 35% / 50%"
    assert (found.use_case_id, found.claim_ids, found.assumption_ids) == ("U1", ("B1",), (SHARE.id,))


def test_money_is_saved_by_another_share() -> None:
    found = estimate("U1", basis("Penalties cost us 3,000 EUR per month, they say."), [])
    assert (found.low, found.base, found.high) == (3600, 7200, 13_000)
    assert found.assumption_ids == (COST_SHARE.id,)


@pytest.mark.parametrize(
    ("text", "rests"),
    [
        ("She spends two hours a day on typing.", True),
        ("That costs the team 6 hours per week.", True),
        ("Das kostet uns 30 Stunden pro Monat.", False),
        ("Das kostet uns 2.200 Stunden pro Monat.", False),
        ("Das kostet uns 46 Stunden pro Monat.", False),
    ],
)
def test_the_working_year_is_named_where_it_is_used(text: str, *, rests: bool) -> None:
    assert (WORKING_YEAR.id in estimate("U1", basis(text), []).assumption_ids) is rests


def test_assumptions_are_in_order_and_agree_with_the_year() -> None:
    assert all(one.low <= one.base <= one.high for one in ASSUMPTIONS)
    assert len({one.id for one in ASSUMPTIONS}) == len(ASSUMPTIONS)
    assert A_YEAR[Period.DAY] == WORKING_YEAR.base
    assert A_YEAR.keys() == set(Period)
