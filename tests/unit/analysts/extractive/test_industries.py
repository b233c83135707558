"""Which industries a company is in."""

from __future__ import annotations

from casebook.analysts.catalogue import Catalogue, Pattern
from casebook.analysts.extractive.industries import FOREIGN_WEIGHT, industry_weights
from casebook.analysts.extractive.statements import Statement
from tests.unit.analysts.extractive.companies import HOLIDAY, INVOICES, form, statement

PATTERNS = Catalogue(
    "industries",
    (
        Pattern("a", "Letters to patients", "x", function="healthcare"),
        Pattern("b", "Claims", "x", function="insurance"),
        Pattern("c", "Invoices", "x", function="finance_accounting"),
    ),
    "x",
)


def weights(description: str, *statements: Statement) -> list[float]:
    return industry_weights(PATTERNS, form(description), statements)


def test_patterns_of_other_industries_step_back() -> None:
    assert weights("We make pumps.") == [FOREIGN_WEIGHT, FOREIGN_WEIGHT, 1.0]


def test_the_form_tells_the_industry() -> None:
    assert weights("We run a hospital with twelve wards.") == [1.0, FOREIGN_WEIGHT, 1.0]


def test_the_documents_tell_the_industry() -> None:
    ward = statement("The nurses write every letter to a patient by hand.")
    assert weights("", ward, statement(INVOICES)) == [1.0, FOREIGN_WEIGHT, 1.0]


def test_a_word_in_passing_does_not() -> None:
    ward = statement("The nurses of the first-aid room have moved house.")
    assert weights("", ward, *[statement(HOLIDAY)] * 99)[0] == FOREIGN_WEIGHT
    assert weights("", *[ward] * 2, *[statement(HOLIDAY)] * 98)[0] == 1.0
