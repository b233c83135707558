"""Which patterns are chosen, and on which statements."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from casebook.analysts.catalogue import Catalogue, Pattern
from casebook.analysts.extractive.matches import Match, match_statements
from casebook.analysts.extractive.matching import PatternIndex
from casebook.analysts.extractive.selection import FLOOR, MAX_QUOTES, SUPPORT, Floors, select
from casebook.analysts.extractive.statements import Statement
from tests.unit.analysts.extractive.companies import CATALOGUE, DEFECTS, INVOICES, MAILS, statement

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
    assert select(rows, INDEX, 5, floors=Floors(needs=FLOOR * 2))[0] == []


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


def test_a_clear_need_waits_for_its_own_pattern_where_fewer_than_asked_are_chosen() -> None:
    rows = matched({0: made(0.5)}, {0: made(0.4, number=1), 2: made(0.45, number=1)})
    alone, _ = select(rows, INDEX, 1)
    assert [match.statement.number for match in alone[0].matches] == [0, 1]
    both, _ = select(rows, INDEX, 3)
    assert [(one.pattern, [match.statement.number for match in one.matches]) for one in both] == [(0, [0]), (2, [1])]


def test_a_need_that_could_carry_no_use_case_supports_another() -> None:
    rows = matched({0: made(0.09)}, {0: made(FLOOR * 0.97, number=1), 2: made(FLOOR * 0.98, number=1)})
    chosen, _ = select(rows, INDEX, 3)
    assert [[match.statement.number for match in one.matches] for one in chosen] == [[0, 1]]
