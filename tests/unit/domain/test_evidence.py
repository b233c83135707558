"""Quantities."""

from __future__ import annotations

import pytest

from casebook.domain.evidence import Quantity, Unit


@pytest.mark.parametrize(
    ("unit", "noun", "family"),
    [
        (Unit.ITEMS, "Invoices", "invoices"),
        (Unit.MONEY, "EUR", "eur"),
        (Unit.HOURS, "hours", ""),
        (Unit.PERCENT, "", ""),
    ],
)
def test_only_items_and_money_are_told_apart_by_what_is_counted(unit: Unit, noun: str, family: str) -> None:
    assert Quantity("12", 0, 2, 12.0, unit, noun).noun_family == family
