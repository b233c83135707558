"""Which patterns are chosen, and on which statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from casebook.analysts.catalogue import Catalogue, Pattern
from casebook.analysts.extractive import selection
from casebook.analysts.extractive.matching import PatternIndex
from casebook.analysts.extractive.selection import FLOOR, MAX_QUOTES, SUPPORT, Match, match_statements, select
from casebook.analysts.extractive.statements import Statement
from casebook.domain.passage import Hit
from tests.unit.analysts.extractive.companies import CATALOGUE, DEFECTS, HOLIDAY, INVOICES, MAILS, no_search, statement

INDEX = PatternIndex(CATALOGUE)
PLAIN = Catalogue("plain", tuple(Pattern(one.id, one.title, one.description) for one in CATALOGUE.patterns), "x")


def made(score: float, *, number: int = 0, own: float = 0.2, text: str = INVOICES) -> Match:
    return Match(statement(text, number=number, start=number * 1000), 0.2, own, score)


def matched(*rows: dict[int, Match]) -> list[dict[int, Match]]:
    """Let the matches of each row be of one statement, as they are."""
    return [
        {number: replace(match, statement=next(iter(row.values())).statement) for number, match in row.items()}
        for row in rows
    ]


def needs() -> list[Statement]:
    return [statement(text, number=number) for number, text in enumerate((INVOICES, MAILS, DEFECTS))]


def test_each_need_is_matched_to_its_pattern() -> None:
    rows = match_statements(needs(), INDEX)
    assert [max(row, key=lambda number: row[number].score) for row in rows] == [0, 1, 2]
    chosen, _ = select(rows, INDEX, 3)
    assert {one.pattern: one.matches[0].statement.text for one in chosen} == {0: INVOICES, 1: MAILS, 2: DEFECTS}


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


def test_each_statement_serves_one_pattern() -> None:
    rows = matched({0: made(0.5), 1: made(0.4)}, {1: made(0.15, number=1), 2: made(0.14, number=1)})
    chosen, others = select(rows, INDEX, 3)
    assert [one.pattern for one in chosen] == [0, 1]
    used = [match.statement.number for one in (*chosen, *others) for match in one.matches]
    assert sorted(used) == [0, 1]
    assert chosen[0].runner_up == 0.4


def test_quotes_of_a_use_case_come_from_different_passages() -> None:
    same = replace(made(0.49), statement=statement(MAILS, number=0))
    chosen, _ = select([{0: made(0.5)}, {0: same}, {0: made(0.48, number=1)}], INDEX, 1)
    assert [match.statement.number for match in chosen[0].matches] == [0, 1]


def test_a_use_case_has_a_few_quotes_at_most() -> None:
    rows = [{0: made(0.5 - number / 100, number=number)} for number in range(9)]
    chosen, _ = select(rows, INDEX, 1)
    assert len(chosen[0].matches) == MAX_QUOTES
    expected = sum(share * match.score for share, match in zip(SUPPORT, chosen[0].matches, strict=True))
    assert chosen[0].score == pytest.approx(expected)


@pytest.mark.parametrize("weak", [made(0.1, number=1), made(0.5, number=1, own=0.01)])
def test_a_much_weaker_statement_does_not_support(weak: Match) -> None:
    chosen, _ = select([{0: made(0.5)}, {0: weak}], INDEX, 1)
    assert len(chosen[0].matches) == 1


def test_below_the_floor_nothing_is_chosen() -> None:
    rows = matched({0: made(FLOOR * 0.99)}, {1: made(FLOOR, number=1)})
    chosen, others = select(rows, INDEX, 5)
    assert [one.pattern for one in chosen] == [1]
    assert [one.pattern for one in others] == [0]
    assert select(rows, INDEX, 5, floor=FLOOR * 2)[0] == []


def test_never_more_than_asked_for() -> None:
    chosen, others = select(match_statements(needs(), INDEX), INDEX, 2)
    assert len(chosen) == 2
    assert others
    assert select([], INDEX, 3) == ([], [])


def test_a_pattern_that_resembles_a_chosen_one_loses() -> None:
    twin = replace(CATALOGUE, patterns=(*CATALOGUE.patterns, CATALOGUE.patterns[0]))
    rows = matched({0: made(0.5), 4: made(0.49)}, {4: made(0.2, number=1)}, {3: made(0.15, number=2)})
    chosen, _ = select(rows, PatternIndex(twin), 3)
    assert [one.pattern for one in chosen] == [0, 3, 4]


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
    monkeypatch.setattr(selection, "MATCH_ALL", 10)
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
