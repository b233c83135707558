"""Passages and where things stand."""

from __future__ import annotations

import pytest

from casebook.domain.document import Locator, Manifest, Outcome
from tests import samples


def test_a_passage_is_named_by_its_place() -> None:
    assert samples.passage("twelve chars", source_id="S3", start=1200).id == "S3:1200-1212"


@pytest.mark.parametrize(
    ("locator", "words"),
    [
        (Locator(page=3, heading="Prices"), "page 3"),
        (Locator(slide=2, part="speaker notes"), "slide 2, speaker notes"),
        (Locator(sheet="Stock", row=14), "sheet Stock, row 14"),
        (Locator(line=1), "line 1"),
        (Locator(), ""),
    ],
)
def test_a_place_is_said_in_words(locator: Locator, words: str) -> None:
    assert locator.describe() == words


def test_only_sources_with_text_are_readable_and_each_content_once() -> None:
    read, failed = samples.source(1, "a.txt"), samples.source(2, "b.txt", status=Outcome.FAILED)
    assert Manifest((read, failed), "d").readable == (read,)
