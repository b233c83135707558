"""Part A: the initial analysis of the company."""

from __future__ import annotations

from casebook.domain.analysis import Analysis
from casebook.domain.submission import Submission
from casebook.ports import Analyst, Library, Search


def analyze(submission: Submission, *, library: Library, search: Search, analyst: Analyst) -> Analysis:
    """Profile, readiness, data and systems, each statement on a quote."""
    return analyst.analyze(submission, library, search)
