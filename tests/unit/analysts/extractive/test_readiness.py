"""Readiness by dimension."""

from __future__ import annotations

from itertools import product

import pytest

from casebook.analysts.extractive.claims import Claims
from casebook.analysts.extractive.readiness import LABELS, NO_EVIDENCE, assess
from casebook.domain.report import Dimension, DimensionAssessment, Readiness
from tests.unit.analysts.extractive.companies import HOLIDAY, corpus, form

STRONG = {
    Dimension.STRATEGY: "The board has approved the roadmap for the coming years.",
    Dimension.DATA: "The sensor values of each pump have been stored since 2015, and data quality is good.",
    Dimension.GOVERNANCE: "Our data protection officer keeps a risk register of all tools.",
}
WEAK = {
    Dimension.STRATEGY: "There is no budget and nobody owns the matter, so no roadmap either.",
    Dimension.DATA: "Most complaints are kept as free text, with missing values in every column.",
    Dimension.GOVERNANCE: "There is no policy, and people use private accounts at work.",
}


def assessed(*texts: str, score: float | None = None) -> tuple[Readiness, Claims]:
    claims = Claims("A")
    return assess(form(score=score), corpus(" ".join((*texts, HOLIDAY))), claims), claims


def of(dimension: Dimension, *texts: str) -> DimensionAssessment:
    found, _ = assessed(*texts)
    return next(one for one in found.dimensions if one.dimension is dimension)


def test_all_dimensions_are_assessed_in_order() -> None:
    found, _ = assessed()
    assert [one.dimension for one in found.dimensions] == list(Dimension)


def test_where_nothing_is_said_there_is_no_level_and_no_score() -> None:
    found, claims = assessed(score=55)
    for one in found.dimensions:
        assert (one.level, one.label, one.claim_ids) == (None, NO_EVIDENCE, ())
        assert one.next_level
    assert found.evidence_score is None
    assert found.self_score == 55
    assert claims.claims == ()


@pytest.mark.parametrize("dimension", STRONG)
def test_one_statement_alone_never_shows_an_extreme(dimension: Dimension) -> None:
    strong, weak = of(dimension, STRONG[dimension]), of(dimension, WEAK[dimension])
    assert (strong.level, strong.label) == (3, LABELS[3])
    assert (weak.level, weak.label) == (2, LABELS[2])
    assert strong.next_level != weak.next_level
    assert len(strong.claim_ids) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Aus dem MES gibt es nur CSV-Export, keine Schnittstelle.",
        "The machine data has no API, only a nightly CSV export.",
        "Alle Messwerte sind vollständig gespeichert, aber nur als CSV-Datei.",
    ],
)
@pytest.mark.parametrize("dimension", [Dimension.DATA, Dimension.TECHNOLOGY])
def test_data_that_only_comes_as_a_file_is_not_ready(dimension: Dimension, text: str) -> None:
    assert of(dimension, text).level == 2


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("There is an API to the ERP for all of our plants.", 3),
        ("There is not an API to the ERP for all of our plants.", 2),
        ("Es gibt keine zwei Schnittstellen im ganzen Haus.", 2),
        ("Not only an API to the ERP is there for our plants.", 3),
    ],
)
def test_a_strength_that_is_denied_is_a_weakness(text: str, level: int) -> None:
    assert of(Dimension.TECHNOLOGY, text).level == level


def test_many_signs_of_one_side_show_the_ends_of_the_scale() -> None:
    strong = [f"In year {year} the board has approved the roadmap again." for year in ("one", "two", "six")]
    weak = [f"In year {year} there was no budget for it at all." for year in ("one", "two", "six")]
    assert (of(Dimension.STRATEGY, *strong).level or 0) >= 4
    assert (of(Dimension.STRATEGY, *weak).level or 9) <= 2
    assert of(Dimension.STRATEGY, *strong, *weak).level == 3


def test_a_level_shows_a_quote_of_either_side() -> None:
    found, claims = assessed(STRONG[Dimension.DATA], WEAK[Dimension.DATA])
    data = next(one for one in found.dimensions if one.dimension is Dimension.DATA)
    texts = {claim.id: claim.text for claim in claims.claims}
    assert [texts[claim_id] for claim_id in data.claim_ids] == [
        f"“{STRONG[Dimension.DATA]}”",
        f"“{WEAK[Dimension.DATA]}”",
    ]


def test_what_is_said_of_the_canteen_shows_nothing() -> None:
    assert of(Dimension.STRATEGY, "The board has approved the new menu of the canteen.").level is None


def test_the_score_is_the_mean_of_the_levels() -> None:
    found, _ = assessed(STRONG[Dimension.DATA], WEAK[Dimension.GOVERNANCE])
    levels = [one.level for one in found.dimensions if one.level]
    assert found.evidence_score == round(sum(25 * (level - 1) for level in levels) / len(levels), 1)
    assert 0 < (found.evidence_score or 0) < 100


@pytest.mark.parametrize(
    ("own", "words"),
    [(None, "No score"), (95.0, "higher than its documents"), (1.0, "documents show more"), (45.0, "agree")],
)
def test_the_two_scores_are_compared(own: float | None, words: str) -> None:
    found, _ = assessed(STRONG[Dimension.DATA], score=own)
    assert words in found.comment


def test_levels_stay_on_the_scale() -> None:
    for strong, weak in product(range(4), repeat=2):
        texts = [f"Point {number}: the board has approved the roadmap." for number in range(strong)]
        texts += [f"Point {number}: there is no budget for it at all." for number in range(weak)]
        assert of(Dimension.STRATEGY, *texts).level in {None, *LABELS}
