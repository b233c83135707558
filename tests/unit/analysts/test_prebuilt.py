"""The weights that ship with Casebook."""

from __future__ import annotations

from casebook.analysts.catalogue import Catalogue, built_in_catalogue
from casebook.analysts.extractive.matching import PatternIndex, weigh_patterns
from casebook.analysts.extractive.prebuilt import open_index, read_weights
from casebook.domain.words import tokens


def test_the_shipped_weights_belong_to_the_shipped_catalogue() -> None:
    """After a change run: python -m casebook.analysts.extractive.prebuilt."""
    assert read_weights(built_in_catalogue()) == weigh_patterns(built_in_catalogue())


def test_a_catalogue_of_ones_own_is_weighed_anew() -> None:
    own = Catalogue("own", built_in_catalogue().patterns[:3], "x")
    assert read_weights(own) is None
    assert len(open_index(own).catalogue.patterns) == 3


def test_the_index_from_the_file_matches_as_a_fresh_one_does() -> None:
    features = tokens("Jede Woche tippt sie dreihundert Rechnungen von Hand ab.")
    fresh = PatternIndex(built_in_catalogue())
    shipped = open_index(built_in_catalogue())
    assert shipped.fits(shipped.features.of(features)) == fresh.fits(fresh.features.of(features))
