"""Folders in one language each: English and German are analysed, of others the report says what that means."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.acceptance import companies
from tests.acceptance.program import Program, report_of


@pytest.mark.parametrize("language", ["english", "german"])
def test_english_and_german_folders_become_use_cases(casebook: Program, tmp_path: Path, language: str) -> None:
    ended = casebook.run(getattr(companies, language)(tmp_path / language))
    report = report_of(ended)
    assert {source["language"] for source in report["sources"]} == {language[:2] if language == "english" else "de"}
    assert ended.object["use_cases"] >= 2
    quoted = " ".join(quote["text"] for quote in report["quotes"])
    assert "300" in quoted
    assert "French" not in Path(ended.object["report"]["md"]).read_text(encoding="utf-8")


def test_of_a_french_folder_the_limits_say_what_that_means(casebook: Program, tmp_path: Path) -> None:
    ended = casebook.run(companies.french(tmp_path / "french"))
    report = report_of(ended)
    assert {source["language"] for source in report["sources"]} == {"fr"}
    assert [
        limit for limit in report["method"]["limits"] if "language" in limit and re.search(r"\b(French|fr)\b", limit)
    ]
    assert ended.object["use_cases"] <= 2


def test_both_languages_in_one_folder_are_quoted(casebook: Program, tmp_path: Path) -> None:
    folder = companies.german(companies.english(tmp_path / "both"))
    report = report_of(casebook.run(folder))
    languages = {source["id"]: source["language"] for source in report["sources"]}
    assert {languages[quote["source_id"]] for quote in report["quotes"]} == {"en", "de"}
