"""Numbers with units, in English and German."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.analysts.extractive.quantities import find_quantities, may_count, parse_number
from casebook.domain.evidence import Period, Unit
from casebook.domain.words import tokens

DAY, WEEK, MONTH, QUARTER, YEAR = Period
HOURS, PERCENT, MONEY, PEOPLE, ITEMS = Unit


@pytest.mark.parametrize(
    ("text", "words", "value", "unit", "period"),
    [
        ("She needs two hours a day for it.", "two hours a day", 2, HOURS, DAY),
        ("It takes 90 minutes each week.", "90 minutes each week", 1.5, HOURS, WEEK),
        ("They spend two days a week on it.", "two days a week", 16, HOURS, WEEK),
        ("A clerk spends half a day on it.", "half a day", 4, HOURS, None),
        ("That is half an hour lost.", "half an hour", 0.5, HOURS, None),
        ("It took half\na day.", "half\na day", 4, HOURS, None),
        ("We wait three weeks.", "three weeks", 120, HOURS, None),
        ("It takes three hours.", "three hours", 3, HOURS, None),
        ("Every morning she spends two hours on it.", "two hours", 2, HOURS, DAY),
        ("We receive 1,200 invoices a month.", "1,200 invoices a month", 1200, ITEMS, MONTH),
        ("20 orders come in per quarter.", "20 orders come in per quarter", 20, ITEMS, QUARTER),
        ("We book 300 of every week by fax.", "300 of every week", 300, ITEMS, WEEK),
        ("About 4.6 % of the castings are scrapped.", "4.6 %", 4.6, PERCENT, None),
        ("It costs €2 million.", "€2 million", 2e6, MONEY, None),
        ("We lose £3k per week.", "£3k per week", 3000, MONEY, WEEK),
        ("Sales of $1.5bn were made.", "$1.5bn", 1.5e9, MONEY, None),
        ("There are 412 employees.", "412 employees", 412, PEOPLE, None),
        ("Das dauert 12 Minuten.", "12 Minuten", 0.2, HOURS, None),
        ("Das kostet 5 Std. pro Woche.", "5 Std. pro Woche", 5, HOURS, WEEK),
        ("Es geht eine halbe Stunde am Tag verloren.", "eine halbe Stunde am Tag", 0.5, HOURS, DAY),
        ("Jede Woche gehen drei Stunden verloren.", "drei Stunden", 3, HOURS, WEEK),
        ("Er braucht acht Tage dafür.", "acht Tage", 64, HOURS, None),
        ("Rund 85 am Tag kommen per Fax.", "85 am Tag", 85, ITEMS, DAY),
        ("Rund 40 in der Woche sind falsch.", "40 in der Woche", 40, ITEMS, WEEK),
        ("1.250 Bestellungen täglich sind zu viel.", "1.250 Bestellungen täglich", 1250, ITEMS, DAY),
        ("Davon sind 4,6 Prozent Ausschuss.", "4,6 Prozent", 4.6, PERCENT, None),
        ("Der Umsatz lag bei 1,2 Mio. Euro.", "1,2 Mio. Euro", 1.2e6, MONEY, None),
        ("Wir zahlen 40.000 EUR im Jahr.", "40.000 EUR im Jahr", 40_000, MONEY, YEAR),
        ("Das macht CHF 12'500 pro Jahr.", "CHF 12'500 pro Jahr", 12_500, MONEY, YEAR),
        ("Das macht CHF 12’500 pro Jahr.", "CHF 12’500 pro Jahr", 12_500, MONEY, YEAR),
        ("Das Werk hat 412 Mitarbeitende.", "412 Mitarbeitende", 412, PEOPLE, None),
    ],
)
def test_figures_are_read_in_english_and_german(
    text: str, words: str, value: float, unit: Unit, period: Period | None
) -> None:
    (quantity,) = find_quantities(text)
    assert (quantity.text, quantity.unit, quantity.period, quantity.each) == (words, unit, period, False)
    assert quantity.value == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It takes 12 minutes per order.", "12 minutes per order"),
        ("It takes eight minutes each.", "eight minutes each"),
        ("That costs 40 EUR for every return.", "40 EUR for every return"),
        ("Das dauert 20 Minuten pro Angebot.", "20 Minuten pro Angebot"),
        ("Das kostet 3 Stunden je Auftrag.", "3 Stunden je Auftrag"),
    ],
)
def test_a_figure_for_one_piece_is_told_from_a_sum(text: str, words: str) -> None:
    (quantity,) = find_quantities(text)
    assert (quantity.text, quantity.each, quantity.period) == (words, True, None)


@pytest.mark.parametrize(
    ("text", "words", "low", "high"),
    [
        ("It takes four to six minutes each.", "four to six minutes each", 4 / 60, 6 / 60),
        ("It takes between 10 and 15 minutes.", "between 10 and 15 minutes", 10 / 60, 15 / 60),
        ("It takes two or three hours a week.", "two or three hours a week", 2, 3),
        ("We receive 80 to 120 orders a day.", "80 to 120 orders a day", 80, 120),
        ("A case costs 500-600 EUR.", "500-600 EUR", 500, 600),
        ("It costs €2 to 3 million a year.", "€2 to 3 million a year", 2e6, 3e6),
        ("It takes 30 minutes to 2 hours per case.", "30 minutes to 2 hours per case", 0.5, 2),
        ("Some 4-6% of the parts are scrapped.", "4-6%", 4, 6),
        ("Das dauert vier bis sechs Minuten pro Auftrag.", "vier bis sechs Minuten pro Auftrag", 4 / 60, 6 / 60),
        ("Jede Prüfung kostet 20–30 Minuten.", "20–30 Minuten", 20 / 60, 30 / 60),
        ("Es sind zwischen 80 und 120 Bestellungen.", "zwischen 80 und 120 Bestellungen", 80, 120),
        ("Es kostet 2.000 bis 3.000 Euro im Monat.", "2.000 bis 3.000 Euro im Monat", 2000, 3000),
        ("Der Ausschuss liegt bei 4 % bis 6 %.", "4 % bis 6 %", 4, 6),
    ],
)
def test_a_range_stays_a_range(text: str, words: str, low: float, high: float) -> None:
    (quantity,) = find_quantities(text)
    assert quantity.text == words
    assert (quantity.low, quantity.high) == pytest.approx((low, high))
    assert quantity.value == pytest.approx((low + high) / 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Orders rose from 40 to 60 orders a day.", ["60 orders a day"]),
        ("We cut it from 15 to 6 minutes.", ["6 minutes"]),
        ("Scrap went from 4 % to 6 %.", ["4 %", "6 %"]),
        ("We lost 3-2 games.", []),
        ("The 2023-2024 invoices are missing.", []),
        ("From 10 to 12 am on 3 to 5 March 2024.", []),
    ],
)
def test_changes_scores_and_dates_are_no_ranges(text: str, words: list[str]) -> None:
    found = find_quantities(text)
    assert [quantity.text for quantity in found] == words
    assert all(quantity.low is None for quantity in found)


@pytest.mark.parametrize(
    ("text", "words", "noun"),
    [
        ("They correct 2,300 typing errors in the master data.", "2,300 typing errors", "errors"),
        ("They correct 2,300 typing errors a month.", "2,300 typing errors a month", "errors"),
        ("Some 1,200 sales orders were late.", "1,200 sales orders", "orders"),
        ("We keep three Excel lists by hand.", "three Excel lists", "lists"),
        ("Some 40 customers complain.", "40 customers", "customers"),
        ("Es wurden 5.000 fehlerhafte Adressen korrigiert.", "5.000 fehlerhafte Adressen", "Adressen"),
        ("Wir pflegen drei Excel-Listen von Hand.", "drei Excel-Listen", "Excel-Listen"),
        ("Wir haben 50 Bestellungen falsch erfasst.", "50 Bestellungen", "Bestellungen"),
    ],
)
def test_what_is_counted_is_named_to_its_end(text: str, words: str, noun: str) -> None:
    (quantity,) = find_quantities(text)
    assert (quantity.text, quantity.noun) == (words, noun)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("An offer takes up to 10 days.", "up to 10 days"),
        ("Angebote dauern bis zu 10 Tage.", "bis zu 10 Tage"),
        ("We lose at least 3 hours a week.", "at least 3 hours a week"),
        ("Das kostet mehr als 500 EUR im Monat.", "mehr als 500 EUR im Monat"),
    ],
)
def test_a_bound_is_part_of_the_figure(text: str, words: str) -> None:
    (quantity,) = find_quantities(text)
    assert quantity.text == words


def test_depending_on_something_is_not_for_each() -> None:
    (quantity,) = find_quantities("Das dauert 2 Stunden je nach Umfang.")
    assert (quantity.text, quantity.each) == ("2 Stunden", False)


@pytest.mark.parametrize(
    "text",
    [
        "We met on 12 March 2024 at 10 am.",
        "Die Sitzung war am 12. März 2024 um 10 Uhr.",
        "The 2024 invoices are missing.",
        "Invoice 4711 is missing.",
        "One customer complained.",
        "The bolt is 0.125 mm thick.",
        "Version 2.10.3 is out.",
        "",
    ],
)
def test_dates_times_and_bare_numbers_are_no_quantities(text: str) -> None:
    assert find_quantities(text) == ()


@pytest.mark.parametrize(
    ("text", "currency"),
    [("5 euros", "EUR"), ("€ 5", "EUR"), ("5 pounds", "GBP"), ("$5", "USD"), ("5 Franken", "CHF"), ("chf 5", "CHF")],
)
def test_money_keeps_its_currency(text: str, currency: str) -> None:
    (quantity,) = find_quantities(text)
    assert quantity.noun == currency


@pytest.mark.parametrize("text", ["5 mınutes a day", "5 MİN pro Tag", "3 ſtunden per week", "€5 \u212a"])
def test_letters_that_only_look_like_others_do_no_harm(text: str) -> None:
    assert find_quantities(text)


def test_spans_are_moved_with_the_text() -> None:
    text = "It takes 5 hours a week, and 3 % fail."
    for quantity in find_quantities(text, 1000):
        assert text[quantity.start - 1000 : quantity.end - 1000] == quantity.text
    assert len(find_quantities(text, 1000)) == 2


_WORDS = (
    "1,250.5 12 0,5 zwei half eine halbe a € EUR k Mio. % hours Std. Tage orders sales Aufträge am Tag per pro je each "
    "to bis between and up from , . - –"
).split()
_PIECES = st.sampled_from([*_WORDS, "\n", "\u00a0"])


_TEXTS = st.one_of(st.text(), st.lists(_PIECES).map(" ".join), st.lists(_PIECES).map("".join))


@given(_TEXTS)
def test_texts_with_quantities_are_never_passed_over(text: str) -> None:
    assert may_count(tokens(text)) or not find_quantities(text)


def test_texts_without_numbers_are_passed_over() -> None:
    assert not may_count(tokens("A clerk often types an order again."))


@given(_TEXTS)
def test_spans_are_exact_whatever_is_written(text: str) -> None:
    end = 0
    for quantity in find_quantities(text):
        assert end <= quantity.start < quantity.end <= len(text)
        assert text[quantity.start : quantity.end] == quantity.text
        assert quantity.value >= 0
        end = quantity.start + 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("1,250.5", 1250.5),
        ("1.250,5", 1250.5),
        ("1,250", 1250),
        ("1.250", 1250),
        ("12 500", 12_500),
        ("12\u202f500", 12_500),
        ("12\u00a0500", 12_500),
        ("12'500", 12_500),
        ("12’500", 12_500),
        ("1.234.567", 1_234_567),
        ("1,234,567.89", 1_234_567.89),
        ("0,5", 0.5),
        ("0.125", 0.125),
        ("3.5", 3.5),
        ("1,25", 1.25),
        ("Zwei", 2),
        ("zwölf", 12),
        ("half a", 0.5),
        ("half \n a", 0.5),
    ],
)
def test_numbers_are_read_as_written_in_either_language(text: str, value: float) -> None:
    assert parse_number(text) == pytest.approx(value)


@given(st.integers(1, 10**9), st.integers(0, 99))
def test_grouped_numbers_mean_the_same_in_both_languages(whole: int, cents: int) -> None:
    english = f"{whole:,}.{cents:02}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert parse_number(english) == parse_number(german) == pytest.approx(whole + cents / 100)
