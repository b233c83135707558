"""A report made of the samples."""

from __future__ import annotations

from datetime import timedelta

from casebook.domain.analysis import Portfolio
from casebook.domain.report import Report
from casebook.report.assembly import Findings, assemble
from tests import samples
from tests.fakes import FakeLibrary


def report(portfolio: Portfolio | None = None) -> Report:
    found = Findings(
        submission=samples.SUBMISSION,
        manifest=samples.manifest(),
        library=FakeLibrary(),
        analysis=samples.analysis(),
        evidence=samples.evidence(),
        portfolio=portfolio or samples.portfolio(),
        analyst=samples.FACTS,
    )
    return assemble(found, run_id="R1", started_at=samples.STARTED_AT, now=samples.NOW + timedelta(seconds=1))
