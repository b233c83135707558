"""Consolidation: the report, checked against the ship gates, in every format."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec

from casebook.domain.analysis import Analysis, AnalystFacts, Portfolio
from casebook.domain.document import Manifest, Outcome
from casebook.domain.evidence import EvidenceBase
from casebook.domain.report import Report
from casebook.domain.report_files import ReportFiles
from casebook.domain.run import Folder
from casebook.domain.submission import Submission
from casebook.errors import BelowShipGate
from casebook.ports import Clock, Library, Storage
from casebook.report.assembly import Findings, assemble
from casebook.report.gates import measure
from casebook.report.html import to_html
from casebook.report.layout import lay_out
from casebook.report.markdown import to_markdown


def write_report(  # noqa: PLR0913 - everything found so far ends here
    submission: Submission,
    *,
    run_id: str,
    started_at: str,
    manifest: Manifest,
    library: Library,
    analysis: Analysis,
    evidence: EvidenceBase,
    portfolio: Portfolio,
    analyst: AnalystFacts,
    storage: Storage,
    clock: Clock,
) -> ReportFiles:
    """Assemble, check and write the report.

    Raises BelowShipGate when it may not be delivered; the draft is then kept in ``part_b``.
    """
    findings = Findings(
        submission=submission,
        manifest=manifest,
        library=library,
        analysis=analysis,
        evidence=evidence,
        portfolio=portfolio,
        analyst=analyst,
    )
    report = assemble(findings, run_id=run_id, started_at=started_at, now=clock())
    failures = measure(report, library.text).failures()
    if failures:
        key = f"{submission.company_slug}/{Folder.PART_B}/draft_{run_id}.json"
        storage.write(key, encode(report))
        message = (
            f"the report is below the ship gates: {'; '.join(failures)}. The draft is kept as {storage.locate(key)}"
        )
        raise BelowShipGate(message)
    return _write(report, storage, started_at)


def encode(report: Report) -> bytes:
    """Write the report as JSON."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2)


def _write(report: Report, storage: Storage, started_at: str) -> ReportFiles:
    """Write the formats; the JSON last, so that where it stands the others stand too."""
    stamp = datetime.fromisoformat(started_at).strftime("%Y%m%d_%H%M%S")
    stem = f"{report.run.company_slug}/{Folder.FINAL}/FINAL_REPORT_{stamp}"
    if storage.exists(f"{stem}.json") and not _is_of_run(storage.read(f"{stem}.json"), report.run.id):
        stem = f"{stem}_{hashlib.sha256(report.run.id.encode()).hexdigest()[:4]}"  # two runs in one second
    blocks = lay_out(report)
    storage.write(f"{stem}.md", to_markdown(blocks).encode(), durable=True)
    storage.write(
        f"{stem}.html", to_html(blocks, title=f"AI use cases for {report.run.company}").encode(), durable=True
    )
    storage.write(f"{stem}.json", encode(report), durable=True)
    outcomes = [source.status for source in report.sources]
    return ReportFiles(
        md=f"{stem}.md",
        html=f"{stem}.html",
        json=f"{stem}.json",
        use_cases=len(report.use_cases),
        quotes=len(report.quotes),
        files_received=report.coverage.files_received,
        files_read=report.coverage.files_read,
        files_failed=sum(status in {Outcome.FAILED, Outcome.SKIPPED} for status in outcomes),
    )


def _is_of_run(data: bytes, run_id: str) -> bool:
    return bool(msgspec.json.decode(data)["run"]["id"] == run_id)
