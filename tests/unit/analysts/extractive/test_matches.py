"""Which statements speak for which patterns."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from casebook.analysts.catalogue import Catalogue, Pattern
from casebook.analysts.extractive import matches
from casebook.analysts.extractive.matches import match_statements
from casebook.analysts.extractive.matching import PatternIndex
from casebook.analysts.extractive.statements import Statement
from casebook.domain.passage import Hit
from tests.unit.analysts.extractive.companies import CATALOGUE, DEFECTS, HOLIDAY, INVOICES, MAILS, no_search, statement

INDEX = PatternIndex(CATALOGUE)
PLAIN = Catalogue("plain", tuple(Pattern(one.id, one.title, one.description) for one in CATALOGUE.patterns), "x")


def needs() -> list[Statement]:
    return [statement(text, number=number) for number, text in enumerate((INVOICES, MAILS, DEFECTS))]


def test_a_sentence_that_tells_of_no_need_counts_little() -> None:
    calm, hurt = (match_statements([statement(INVOICES, need=need)], INDEX)[0][0].score for need in (0.2, 1.0))
    assert calm < hurt


def test_an_excluded_pattern_is_not_matched() -> None:
    row = match_statements([statement(f"{INVOICES[:-1]}, says the voice mail.", need=1.0)], INDEX)[0]
    assert row
    assert 0 not in row


def test_patterns_can_be_weighed_down() -> None:
    full = match_statements(needs(), INDEX)[0][0]
    half = match_statements(needs(), INDEX, weights=[0.5, 1, 1, 1])[0][0]
    assert half.fit == pytest.approx(full.fit / 2)
    assert half.score < full.score


def test_the_heading_and_the_passage_say_what_a_sentence_is_about() -> None:
    vague = "All of them are typed in by hand, and that takes ages."
    alone = match_statements([statement(vague, need=1.0)], INDEX)[0]
    below = match_statements([statement(vague, need=1.0, heading="Supplier invoices in the ledger")], INDEX)[0]
    assert below[0].fit > (alone[0].fit if 0 in alone else 0)
    beside = match_statements([statement(vague, need=1.0), statement(INVOICES, need=1.0)], INDEX)[0]
    assert beside[0].fit > (alone[0].fit if 0 in alone else 0)


class FakeSearch:
    """A `Search` that finds one passage for everything, and remembers how often it was asked."""

    def __init__(self, found: Statement) -> None:
        self.found = found
        self.asked = 0

    def __call__(self, query: str, limit: int) -> Sequence[Hit]:  # noqa: ARG002
        self.asked += 1
        return [Hit(self.found.passage.id, 1.0)]


def many(count: int) -> list[Statement]:
    """Make statements without a need, each in a passage of its own."""
    return [statement(HOLIDAY, number=number, start=number * 1000, need=0.0) for number in range(count)]


def test_of_a_large_corpus_what_the_search_finds_is_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matches, "MATCH_ALL", 10)
    index = PatternIndex(PLAIN)
    described = statement(" ".join(PLAIN.patterns[3].texts(PLAIN.patterns[3].description)), number=20, need=0.0)
    corpus = [*many(20), described]
    search = FakeSearch(described)
    rows = match_statements(corpus, index, search)
    assert search.asked == len(PLAIN.patterns)
    assert [place for place, row in enumerate(rows) if row] == [20]
    assert max(rows[20], key=lambda number: rows[20][number].score) == 3
    assert not any(match_statements(corpus, index, no_search))


def test_a_small_corpus_is_matched_without_a_search() -> None:
    described = statement(" ".join(PLAIN.patterns[3].texts(PLAIN.patterns[3].description)), need=0.0)
    search = FakeSearch(described)
    assert match_statements([described], PatternIndex(PLAIN), search)[0]
    assert not search.asked


def test_patterns_that_name_pains_are_matched_to_what_sounds_like_a_need() -> None:
    search = FakeSearch(statement(INVOICES))
    rows = match_statements([statement(INVOICES, need=0.0), statement(INVOICES, number=1, need=0.5)], INDEX, search)
    assert [bool(row) for row in rows] == [False, True]
    assert not search.asked
