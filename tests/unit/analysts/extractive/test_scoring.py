"""Value, feasibility, confidence and rank ranges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from casebook.analysts.extractive.scoring import (
    FEASIBILITY_WEIGHTS,
    VALUE_WEIGHTS,
    Scored,
    confidence,
    level,
    rank_ranges,
    score_feasibility,
    score_value,
    strategic_statements,
)
from casebook.analysts.extractive.statements import Statement
from casebook.domain.report import Level, Score, ScorePart
from casebook.domain.words import terms
from tests.unit.analysts.extractive.companies import (
    DEFECT_PATTERN,
    INVOICE_PATTERN,
    INVOICES,
    MAILS,
    candidate,
    corpus,
    readiness,
    statement,
)


def value(*statements: Statement, goals: str = "") -> dict[str, float]:
    return part_values(score_value(candidate(*statements), [], frozenset(terms(goals))))


def feasibility(*statements: Statement, form_score: float | None = None) -> dict[str, float]:
    found = score_feasibility(INVOICE_PATTERN, candidate(*statements), [True, False], readiness(), form_score)
    return part_values(found)


def part_values(score: Score) -> dict[str, float]:
    return {part.name: part.value for part in score.parts}


@pytest.mark.parametrize("weights", [VALUE_WEIGHTS, FEASIBILITY_WEIGHTS])
def test_weights_sum_to_one(weights: dict[str, float]) -> None:
    assert sum(weights.values()) == pytest.approx(1)


@pytest.mark.parametrize("need", [0.0, 0.123, 0.987, 1.0])
def test_scores_can_be_worked_out_again_from_their_parts(need: float) -> None:
    one = candidate(statement(need=need), statement(MAILS, source_id="S2", number=1))
    for score in (
        score_value(one, [], frozenset(terms(INVOICES))),
        score_feasibility(INVOICE_PATTERN, one, [True, False, False], readiness(33.3), 47.0),
    ):
        assert score.score == round(sum(part.weight * part.value for part in score.parts), 3)
        assert all(0 <= part.value <= 1 and part.why for part in score.parts)
        assert 0 <= score.score <= 1


def test_the_strongest_need_tells_the_pain() -> None:
    assert value(statement(need=0.25), statement(MAILS, need=0.75))["pain"] == 0.75


@pytest.mark.parametrize(
    ("text", "volume"),
    [
        ("We receive 1,200 invoices a month from suppliers.", 1.0),
        ("It takes 12 minutes per order to type them.", 0.7),
        ("That costs us 40,000 EUR in penalties, they say.", 0.7),
        ("About 4.6 % of the castings are scrapped.", 0.4),
        ("Nobody knows how many of them are wrong.", 0.0),
    ],
)
def test_figures_over_time_tell_more_of_the_volume(text: str, volume: float) -> None:
    assert value(statement(text))["volume"] == volume


def test_words_of_the_strategy_count_up_to_a_half() -> None:
    assert value(statement())["strategy"] == 0
    assert value(statement(), goals="invoice")["strategy"] == 0.1
    assert value(statement(), goals=INVOICES)["strategy"] == 0.5


def test_a_stated_goal_counts_fully() -> None:
    goal = statement()
    assert part_values(score_value(candidate(goal), [goal], frozenset()))["strategy"] == 1


def test_breadth_counts_documents_up_to_three() -> None:
    spread = replace(statement(), origins=("S1", "S2"))
    assert value(statement())["breadth"] == pytest.approx(1 / 3, abs=0.01)
    assert value(spread)["breadth"] == pytest.approx(2 / 3, abs=0.01)
    assert value(spread, replace(statement(), origins=("S2", "S3", "S4")))["breadth"] == 1


def test_feasibility_looks_at_data_systems_readiness_and_effort() -> None:
    assert feasibility(statement()) == {"data": 0.5, "systems": 0.3, "readiness": 0.5, "effort": 1.0}
    assert feasibility(statement("Every invoice is typed into SAP by hand."))["systems"] == 1.0
    assert feasibility(statement(), form_score=100)["readiness"] == 0.75
    hard = score_feasibility(DEFECT_PATTERN, candidate(statement()), [], readiness(None), None)
    assert part_values(hard) == {"data": 0.0, "systems": 0.3, "readiness": 0.4, "effort": 0.2}


def test_more_quotes_from_more_documents_give_more_confidence() -> None:
    one = confidence(candidate(statement(), runner_up=0.1))
    two = confidence(candidate(statement(), statement(MAILS, source_id="S2", number=1), runner_up=0.1))
    assert one.score < two.score
    assert "a single quote" in one.why
    assert "from more than one document" in two.why


def test_a_pattern_close_behind_costs_confidence() -> None:
    ahead, close = (confidence(candidate(statement(need=0.5), runner_up=other)) for other in (0.0, 0.1))
    assert close.score < ahead.score
    assert "close to another pattern" in close.why
    assert confidence(candidate(statement(need=0.0))).score >= 0


@pytest.mark.parametrize(
    ("score", "words"),
    [(0, Level.LOW), (0.39, Level.LOW), (0.4, Level.MEDIUM), (0.66, Level.MEDIUM), (0.67, Level.HIGH), (1, Level.HIGH)],
)
def test_scores_are_put_into_words(score: float, words: Level) -> None:
    assert level(score) is words


_SHARES = st.integers(0, 100).map(lambda percent: percent / 100)


def made(weights: dict[str, float], values: list[float]) -> Score:
    parts = tuple(
        ScorePart(name=name, weight=weight, value=share, why="so")
        for (name, weight), share in zip(weights.items(), values, strict=True)
    )
    return Score(score=round(sum(part.weight * part.value for part in parts), 3), parts=parts)


@given(st.lists(st.lists(_SHARES, min_size=8, max_size=8), max_size=6))
def test_rank_ranges_contain_the_rank(rows: list[list[float]]) -> None:
    scored = [Scored(made(VALUE_WEIGHTS, row[:4]), made(FEASIBILITY_WEIGHTS, row[4:])) for row in rows]
    scored.sort(key=lambda entry: -round(entry.priority, 6))
    ranges = rank_ranges(scored)
    assert len(ranges) == len(scored)
    for rank, (low, high) in enumerate(ranges, start=1):
        assert 1 <= low <= rank <= high <= len(scored)


def test_ranks_that_hang_on_a_weight_have_a_range() -> None:
    pain = Scored(made(VALUE_WEIGHTS, [1, 0, 0.5, 0.5]), made(FEASIBILITY_WEIGHTS, [1, 1, 1, 1]))
    volume = Scored(made(VALUE_WEIGHTS, [0, 1, 0.6, 0.6]), made(FEASIBILITY_WEIGHTS, [1, 1, 1, 1]))
    last = Scored(made(VALUE_WEIGHTS, [0, 0, 0, 0.1]), made(FEASIBILITY_WEIGHTS, [0, 0, 0, 0.1]))
    assert rank_ranges([pain, volume, last]) == [(1, 2), (1, 2), (3, 3)]


def test_priority_is_value_times_feasibility() -> None:
    scored = Scored(made(VALUE_WEIGHTS, [1, 1, 0, 0]), made(FEASIBILITY_WEIGHTS, [0, 0, 1, 1]))
    assert scored.priority == pytest.approx(0.65 * 0.4)


def test_statements_of_goals_are_strategic() -> None:
    goal = "Our goal for next year is to answer within a day."
    assert [found.text for found in strategic_statements(corpus(f"{INVOICES} {goal}"))] == [goal]
