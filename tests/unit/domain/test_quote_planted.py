"""The planted set: no false quote is accepted, no true one is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.planted import TRUE_CLASSES, Planted, planted_quotes
from casebook.domain.quote import FoldedText, Quote
from casebook.errors import QuoteNotFound

FALSE_CLASSES = ("number altered", "entity altered", "negation", "fabricated", "stitched", "wrong file")
CUT_CLASSES = ("number cut", "word cut")
ENOUGH = 200  # cases of a class


def _cases(kind: str) -> list[Planted]:
    return [case for case in planted_quotes() if case.kind == kind]


def _cut(cases: list[Planted]) -> Iterator[tuple[Planted, Quote | None]]:
    for case in cases:
        try:
            yield case, Quote.cut(case.words, case.passage)
        except QuoteNotFound:
            yield case, None


@pytest.mark.parametrize("kind", FALSE_CLASSES)
def test_no_false_quote_is_accepted(kind: str) -> None:
    cases = _cases(kind)
    assert len(cases) >= ENOUGH
    assert [case.words for case, quote in _cut(cases) if quote] == []


@pytest.mark.parametrize("kind", CUT_CLASSES)
def test_no_quote_begins_or_ends_inside_a_word_or_a_number(kind: str) -> None:
    assert [case.words for case, quote in _cut(_cases(kind)) if quote] == []


@pytest.mark.parametrize("kind", TRUE_CLASSES)
def test_no_true_quote_is_lost_and_what_is_kept_is_the_source(kind: str) -> None:
    cases = _cases(kind)
    assert len(cases) >= ENOUGH
    for case, quote in _cut(cases):
        assert quote, case.words
        start = quote.start - case.passage.start
        assert case.passage.text[start : start + len(quote.text)] == quote.text


def test_a_quote_keeps_the_whole_sentence_whatever_the_noise() -> None:
    exact = {case.passage.id: case.words for case in _cases("exact")}
    for case, quote in _cut(_cases("noisy")):
        assert quote
        known = exact.get(case.passage.id)
        if known and known in case.words:
            assert known in quote.text


@pytest.mark.parametrize("kind", FALSE_CLASSES)
def test_no_false_quote_is_found_in_the_folded_passage(kind: str) -> None:
    for case in _cases(kind):
        with pytest.raises(QuoteNotFound):
            FoldedText(case.passage.text).find(case.words)
