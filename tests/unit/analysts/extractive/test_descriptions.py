"""How like paragraphs are to patterns that only describe themselves."""

from __future__ import annotations

import pytest

from casebook.analysts.catalogue import Catalogue, Pattern
from casebook.analysts.extractive.descriptions import Descriptions
from casebook.analysts.extractive.matches import match_statements
from casebook.analysts.extractive.matching import PatternIndex
from casebook.analysts.extractive.selection import select
from casebook.analysts.extractive.statements import read_statements
from casebook.domain.words import tokens
from tests.samples import passage

SMOKE = Pattern("smoke", "Smoke detection", "Satellite images are segmented to outline plumes of wildfire smoke.")
PHOTOS = Pattern("photos", "Passport photographs", "Pictures uploaded with passport renewals are checked for pose.")
CALLS = Pattern("calls", "Voice bot for pensions", {"en": "Callers ask a bot.", "de": "Anrufer fragen nach der Rente."})
PATTERNS = list(enumerate((SMOKE, PHOTOS, CALLS)))
PARTY = "The summer party takes place on the lawn behind the canteen with ice cream for all."


def likeness(text: str, *others: str) -> dict[int, float]:
    return Descriptions(PATTERNS, [tokens(other) for other in (text, *others)]).likeness(tokens(text))


def test_a_paragraph_is_likest_to_the_description_of_its_matter() -> None:
    found = likeness("Analysts draw outlines of wildfire smoke on satellite images by eye.")
    assert max(found, key=lambda number: found[number]) == 0


def test_the_same_text_is_fully_alike() -> None:
    assert likeness("Smoke detection. Satellite images are segmented to outline plumes of wildfire smoke.")[0] == (
        pytest.approx(1.0)
    )


def test_a_pattern_in_two_languages_is_as_like_as_its_better_one() -> None:
    german, english = likeness("Viele Anrufer fragen nach der Rente.")[2], likeness("Callers ask about pensions.")[2]
    assert min(german, english) > 0.2


def test_words_that_every_paragraph_has_count_less() -> None:
    text = "Images of the canteen are uploaded."
    rare = likeness(text)[1]
    common = likeness(text, *["Uploaded files of the canteen are uploaded again."] * 9)[1]
    assert common < rare


def test_a_paragraph_without_a_word_in_common_is_like_none() -> None:
    assert likeness("Zwiebeln schneiden") == {}


def test_each_paragraph_serves_one_entry_and_talk_serves_none() -> None:
    paragraphs = (
        "We draw outlines of wildfire smoke on satellite images. It takes hours.",
        "Pictures for passport renewals are refused because of the pose. People upload them again.",
        PARTY,
    )
    places = [0, 1000, 2000]
    statements = read_statements([passage(text, start=start) for text, start in zip(paragraphs, places, strict=True)])
    index = PatternIndex(Catalogue("inventory", (SMOKE, PHOTOS, CALLS), "x"))
    chosen, _ = select(match_statements(statements, index), index, 3)
    quoted = {one.pattern: {match.statement.paragraph for match in one.matches} for one in chosen}
    assert quoted == {0: {1}, 1: {2}}
