"""Quotes: what the documents say that matters for use cases."""

from __future__ import annotations

from casebook.domain.analysis import Analysis
from casebook.domain.evidence import EvidenceBase
from casebook.domain.submission import Submission
from casebook.ports import Analyst, Library, Search


def extract(
    submission: Submission, *, library: Library, search: Search, analysis: Analysis, analyst: Analyst
) -> EvidenceBase:
    """Pains, goals, volumes, constraints, data and systems: verbatim, each once, by theme."""
    return analyst.extract(submission, library, search, analysis)
