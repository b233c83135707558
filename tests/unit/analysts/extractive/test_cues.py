"""The words by which a pattern is told that its description cannot all name."""

from __future__ import annotations

import pytest

from casebook.analysts.catalogue import Catalogue, Pattern, built_in_catalogue
from casebook.analysts.extractive.cues import CUE_WEIGHT, MAX_CUES, Cues, all_cues
from casebook.domain.words import tokens


def test_every_built_in_pattern_has_cues_and_no_other_id_has() -> None:
    assert set(all_cues()) == {pattern.id for pattern in built_in_catalogue().patterns}


@pytest.mark.parametrize(
    ("told", "pattern_id"),
    [
        ("The escalator breaks down without warning.", "maintenance-field-service-predictive-maintenance"),
        ("Der Dienstplan stimmt nach jeder Krankmeldung nicht mehr.", "human-resources-shift-rostering"),
        ("Nobody reads the guest reviews on five portals.", "customer-service-complaint-themes"),
    ],
)
def test_cues_tell_the_pattern_in_many_trades(told: str, pattern_id: str) -> None:
    catalogue = built_in_catalogue()
    found = Cues(catalogue).of(tokens(told))
    assert catalogue.patterns[max(found, key=lambda number: found[number])].id == pattern_id


def test_a_cue_counts_once_and_many_count_as_few() -> None:
    pattern = Pattern("quality-visual-inspection", "Inspection", "Cameras look at parts.")
    found = Cues(Catalogue("one", (pattern,), "x"))
    assert found.of(tokens("Scratches here, scratches there."))[0] == pytest.approx(CUE_WEIGHT)
    many = "The inspector looks at every weld for scratches, blemishes and mould spots on the surface under a lens."
    assert found.of(tokens(many))[0] == pytest.approx(MAX_CUES * CUE_WEIGHT)


def test_a_pattern_of_another_catalogue_has_none() -> None:
    assert Cues(Catalogue("own", (Pattern("own-1", "Scratches", "Scratches."),), "x")).of(tokens("Scratches!")) == {}
