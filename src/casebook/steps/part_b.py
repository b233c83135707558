"""Part B: the use cases."""

from __future__ import annotations

from casebook.domain.analysis import Analysis, Portfolio
from casebook.domain.evidence import EvidenceBase
from casebook.domain.submission import Submission
from casebook.ports import Analyst, Library, Search


def generate(  # noqa: PLR0913 - what was found so far, and who thinks
    submission: Submission,
    *,
    library: Library,
    search: Search,
    analysis: Analysis,
    evidence: EvidenceBase,
    analyst: Analyst,
) -> Portfolio:
    """Return at most as many use cases as were asked for; fewer when the evidence is thin."""
    return analyst.propose(submission, library, search, analysis, evidence)
