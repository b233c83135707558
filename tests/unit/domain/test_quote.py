"""Quotes: what is found although it is set differently, and what is not although it looks alike."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from casebook.domain.document import Locator
from casebook.domain.quote import MAX_GAP_CHARACTERS, FoldedText, Quote, fold
from casebook.errors import QuoteNotFound
from tests.samples import passage

PROSE = st.text("aäB eﬁ\u00ad-–\n\t“„'’.1٣½ \u0308\u200b", min_size=1, max_size=80)


@pytest.mark.parametrize(
    ("raw", "folded"),
    [
        ("a–b a—b a‑b a−b", "a-b a-b a-b a-b"),
        ("„so“ «so» “so”", '"so" "so" "so"'),
        ("it’s ‚so‘ ´x`", "it's 'so' 'x'"),
        ("zero\u200bwidth soft\u00adhyphen\ufeff", "zerowidth softhyphen"),
        ("a \t b\u00a0c\n\nd\u2003e", "a b c d e"),
        ("ware-\nhouse", "warehouse"),
        ("ware\u00ad\nhouse", "warehouse"),
        ("2020-\n2024", "2020- 2024"),
        ("ﬁnal oﬀer", "final offer"),
        ("Mu\u0308ller", "Müller"),
        ("Ｆｕｌｌ　width", "Full width"),
        ("Upper CASE", "Upper CASE"),
    ],
)
def test_folding_takes_out_how_a_text_is_set(raw: str, folded: str) -> None:
    assert fold(raw) == folded


@pytest.mark.parametrize(
    ("source", "words", "found"),
    [
        ("The ware-\nhouse is full again.", "warehouse is full", "ware-\nhouse is full"),
        ("A two-\nstage approval is used.", "two-stage approval", "two-\nstage approval"),
        ("Frau Mu\u0308ller prüft alles.", "Müller prüft", "Mu\u0308ller prüft"),
        ("Frau Müller prüft alles.", "Mu\u0308ller prüft", "Müller prüft"),
        ("The ﬁnal oﬀer was late.", "final offer was late", "ﬁnal oﬀer was late"),
        ("The final offer was late.", "ﬁnal oﬀer was late", "final offer was late"),
        ("See the Balance Shee t of 2024.", "the Balance Sheet of", "the Balance Shee t of"),
        ("Die „Liste“ – sie fehlt.", 'Die "Liste" - sie', "Die „Liste“ – sie"),
        ("It takes\n   three   days.", "It takes three days.", "It takes\n   three   days."),
    ],
)
def test_words_are_found_however_they_are_set(source: str, words: str, found: str) -> None:
    start, end = FoldedText(source).find(words)
    assert source[start:end] == found


@pytest.mark.parametrize(
    "words",
    [
        "It costs 1,300 euros a day.",  # altered number
        "It costs 1 200 euros a day.",
        "It costs 1200 euros a day.",
        "Beta GmbH pays 1,200 euros.",  # altered name
        "It never costs 1,200 euros a day.",  # negation
        "it costs 1,200 euros a day.",  # letter case is kept
        "The chief wants a robot.",  # made up
        "of the week. It costs",  # order
    ],
)
def test_words_that_were_changed_are_not_found(words: str) -> None:
    with pytest.raises(QuoteNotFound):
        Quote.cut(words, passage("It costs 1,200 euros a day. Acme GmbH pays on the last day of the week."))


@pytest.mark.parametrize("digits", ["1 2 3 4 5 6", "12 34 56", "1234 56"])
def test_blanks_between_digits_are_never_dropped(digits: str) -> None:
    with pytest.raises(QuoteNotFound):
        FoldedText(f"The order number is {digits} today.").find("The order number is 123456 today.")


def test_a_quote_keeps_the_letters_of_its_source_and_its_place() -> None:
    source = "Preface. The ware-\nhouse  is „full“ – again. End."
    found = passage(source[9:], source_id="S7", start=9, locator=Locator(page=3))
    quote = Quote.cut('The warehouse is "full" - again.', found, id="Q1", theme="logistics")
    assert quote.text == source[quote.start : quote.end] == "The ware-\nhouse  is „full“ – again."
    assert (quote.source_id, quote.locator, quote.id, quote.theme) == ("S7", Locator(page=3), "Q1", "logistics")


@pytest.mark.parametrize("words", ["", "  ", "too short", "              x", "…"])
def test_words_too_short_to_be_evidence_are_refused(words: str) -> None:
    with pytest.raises(QuoteNotFound):
        Quote.cut(words, passage("too short x … " * 3))


@pytest.mark.parametrize("gap", ["…", "...", " [...] ", " (…) ", "....."])
def test_an_ellipsis_leaves_out_what_stands_between(gap: str) -> None:
    source = "We lose orders, as everybody knows by now, every single week."
    start, end = FoldedText(source).find(f"We lose orders{gap}every single week.")
    assert (start, end) == (0, len(source))


def test_an_ellipsis_does_not_join_what_is_far_apart() -> None:
    source = f"We lose orders {'x ' * MAX_GAP_CHARACTERS} every single week."
    with pytest.raises(QuoteNotFound):
        FoldedText(source).find("We lose orders … every single week.")


def test_an_ellipsis_does_not_turn_the_order_round() -> None:
    with pytest.raises(QuoteNotFound):
        FoldedText("First the invoice, then the payment.").find("then the payment … First the invoice")


def test_the_first_of_equal_words_is_taken() -> None:
    assert FoldedText("late late late orders").find("late") == (0, 4)


@given(PROSE, st.data())
@example("a\u0308b c", None)
def test_a_cut_is_always_the_slice_of_its_source(text: str, data: st.DataObject | None) -> None:
    start = data.draw(st.integers(0, len(text))) if data else 0
    end = data.draw(st.integers(start, len(text))) if data else len(text)
    try:
        quote = Quote.cut(text[start:end], passage(text, start=100))
    except QuoteNotFound:
        return
    assert quote.text == text[quote.start - 100 : quote.end - 100]
    assert fold(quote.text).replace(" ", "") == fold(text[start:end]).replace(" ", "")


@given(st.text("aäB eﬁ-–\n\t“„'’.1٣½…", max_size=80))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(PROSE, st.sampled_from(["NFC", "NFD"]), st.integers(0, 20))
def test_a_whole_text_is_found_in_any_normal_form(text: str, form: str, before: int) -> None:
    assume(fold(text).strip())
    source = "x" * before + " " + text
    wanted = unicodedata.normalize(form, text)  # type: ignore[arg-type]
    assume(fold(wanted) == fold(text) and "..." not in text)
    start, end = FoldedText(source).find(wanted)
    assert fold(wanted).strip() in fold(source[start:end]) or "\n" in text


@given(st.text("0123456789 ,.\u00a0\u2009", min_size=1, max_size=30))
def test_digits_are_never_folded_away(number: str) -> None:
    digits = [character for character in number if character.isdigit()]
    assert [character for character in fold(number) if character.isdigit()] == digits
