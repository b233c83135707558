"""The form's fields, checked and cleaned."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.domain.submission import MAX_NAME_CHARACTERS, MAX_TEXT_CHARACTERS, Submission
from casebook.errors import InvalidSubmission


def test_the_least_submission_is_a_name() -> None:
    submission = Submission.parse(company_name="  Acme \n GmbH ")
    assert submission.company_name == "Acme GmbH"
    assert submission.company_slug == "acme_gmbh"
    assert submission.use_cases_count == 7
    assert submission.readiness_score is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"company_name": ""}, "company_name is empty"),
        ({"company_name": " \u202e\u200b\n"}, "company_name is empty"),
        ({"company_name": "x" * (MAX_NAME_CHARACTERS + 1)}, "company_name is longer than 200"),
        ({"company_description": "x" * (MAX_TEXT_CHARACTERS + 1)}, "company_description is longer"),
        ({"google_drive_link": "x" * 2_049}, "google_drive_link is longer"),
        ({"use_cases_count": 0}, "from 1 to 50"),
        ({"use_cases_count": 51}, "from 1 to 50"),
        ({"readiness_score": -0.1}, "from 0 to 100"),
        ({"readiness_score": 100.5}, "from 0 to 100"),
        ({"readiness_score": float("nan")}, "from 0 to 100"),
        ({"readiness_score": float("inf")}, "from 0 to 100"),
    ],
)
def test_a_field_that_cannot_be_accepted_is_named_with_what_it_takes(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSubmission, match=message):
        Submission.parse(**{"company_name": "Acme", **fields})


def test_what_cannot_be_seen_is_taken_off() -> None:
    submission = Submission.parse(company_name="Ac\u202eme\x00", company_description="a\x07\nb\tc\ud800")
    assert submission.company_name == "Acme"
    assert submission.company_description == "a\nb\tc"


@given(st.text(max_size=100), st.integers(1, 50), st.floats(0, 100))
def test_what_was_accepted_is_accepted_again_unchanged(text: str, count: int, score: float) -> None:
    fields: dict[str, Any] = {"use_cases_count": count, "readiness_score": score}
    once = Submission.parse(company_name="Acme", report_expectations=text, **fields)
    assert Submission.parse(company_name="Acme", report_expectations=once.report_expectations, **fields) == once
