"""The words of the pages."""

from __future__ import annotations

import re
from importlib.resources import files
from string import Formatter

import pytest

from casebook.domain.document import Outcome
from casebook.domain.job import Job
from casebook.domain.run import RunStatus, Stage
from casebook.web.pages.messages import LANGUAGES, preferred, words


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_all_languages_have_the_same_keys_with_the_same_places() -> None:
    english = words("en")
    for language in LANGUAGES:
        spoken = words(language)
        assert list(spoken.texts) == list(english.texts)
        for key, text in english.texts.items():
            assert _places(spoken.texts[key]) == _places(text), key
            assert spoken.texts[key].strip() == spoken.texts[key] != ""


def test_every_key_that_a_template_names_is_there() -> None:
    for template in files("casebook.web.pages").joinpath("templates").iterdir():
        for key in re.findall(r"\bt\('([a-z_.-]+)'[,)]", template.read_text("utf-8")):
            assert words("en").has(key), (template.name, key)


def test_every_step_job_status_and_outcome_has_a_name() -> None:
    kinds = {"step": Stage, "job": Job, "status": RunStatus, "standing": RunStatus, "outcome": Outcome}
    for kind, members in kinds.items():
        assert all(words("en").has(f"{kind}.{member}") for member in members)


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,en;q=0.5", "de"),
        ("fr, de;q=0.3, en;q=0.7", "en"),
        ("fr,pl", "en"),
        ("de;q=x,en;q=0.1", "en"),
        ("EN-us,de", "en"),
    ],
)
def test_the_browsers_favourite_among_ours_is_spoken(accept: str, language: str) -> None:
    assert preferred(accept) == language


def test_figures_are_written_as_the_language_does() -> None:
    english, german = words("en"), words("de")
    assert (english.size(999), english.size(1500), english.size(12_345_678_901)) == ("999 B", "1.5 kB", "12.3 GB")
    assert (german.number(1234.5, 1), english.number(1234.5, 1)) == ("1.234,5", "1,234.5")
    assert [english.span(seconds) for seconds in (0.25, 59.6, 61, 7260)] == [
        "0.2 s",
        "1 min 0 s",
        "1 min 1 s",
        "2 h 1 min",
    ]
    assert english.date("2026-03-04T05:06:07+00:00") == "2026-03-04, 05:06 UTC"
    assert german.date("2026-03-04T05:06:07+00:00") == "4. 3. 2026, 05:06 UTC"
    assert english.date(None) == "–"
