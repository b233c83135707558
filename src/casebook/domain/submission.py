"""A submission: what the form tells about a company."""

from __future__ import annotations

import math
import unicodedata

import msgspec

from casebook.domain.company import slugify
from casebook.errors import InvalidSubmission

MAX_NAME_CHARACTERS = 200
MAX_TEXT_CHARACTERS = 20_000
MAX_LINK_CHARACTERS = 2_048
USE_CASES_RANGE = (1, 50)
DEFAULT_USE_CASES = 7


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """The form's fields, checked. Make one with `Submission.parse`."""

    company_name: str
    company_description: str = ""
    use_cases_count: int = DEFAULT_USE_CASES
    readiness_score: float | None = None  # the company's own estimate, 0 to 100
    readiness_category: str = ""
    report_expectations: str = ""
    google_drive_link: str = ""
    notify: tuple[str, ...] = ()  # where to tell that the report is ready: mail addresses or Apprise URLs
    folder: str = ""  # the company's folder, when the store allotted one because another has the same slug

    @property
    def company_slug(self) -> str:
        """The company's folder name."""
        return self.folder or slugify(self.company_name)

    @classmethod
    def parse(  # noqa: PLR0913 - one parameter a field
        cls,
        *,
        company_name: str,
        company_description: str = "",
        use_cases_count: int = DEFAULT_USE_CASES,
        readiness_score: float | None = None,
        readiness_category: str = "",
        report_expectations: str = "",
        google_drive_link: str = "",
        notify: str = "",
    ) -> Submission:
        """Check and clean the fields.

        Raises InvalidSubmission, naming the field and what it takes.
        """
        return cls(
            company_name=_name(company_name),
            company_description=_text("company_description", company_description),
            use_cases_count=_count(use_cases_count),
            readiness_score=_score(readiness_score),
            readiness_category=_text("readiness_category", readiness_category),
            report_expectations=_text("report_expectations", report_expectations),
            google_drive_link=_text("google_drive_link", google_drive_link, MAX_LINK_CHARACTERS),
            notify=tuple(_text("notify", notify, MAX_LINK_CHARACTERS).replace(",", " ").split()),
        )


def _clean(value: str) -> str:
    """Drop control and format characters (bidi overrides, lone surrogates) but line ends and tabs."""
    return "".join(
        character
        for character in value
        if character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    ).strip()


def _name(value: str) -> str:
    name = " ".join(_clean(value).split())
    if not name:
        message = "company_name is empty: give the company's name"
        raise InvalidSubmission(message)
    if len(name) > MAX_NAME_CHARACTERS:
        message = f"company_name is longer than {MAX_NAME_CHARACTERS} characters"
        raise InvalidSubmission(message)
    return name


def _text(field: str, value: str, limit: int = MAX_TEXT_CHARACTERS) -> str:
    text = _clean(value)
    if len(text) > limit:
        message = f"{field} is longer than {limit} characters"
        raise InvalidSubmission(message)
    return text


def _count(value: int) -> int:
    low, high = USE_CASES_RANGE
    if not low <= value <= high:
        message = f"use_cases_count is a whole number from {low} to {high}"
        raise InvalidSubmission(message)
    return value


def _score(value: float | None) -> float | None:
    if value is None:
        return None
    if not math.isfinite(value) or not 0 <= value <= 100:  # noqa: PLR2004 - a percentage
        message = "readiness_score is a number from 0 to 100"
        raise InvalidSubmission(message)
    return float(value)
