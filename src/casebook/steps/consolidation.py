"""Consolidation: the report, checked against the ship gates, in every format."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec.structs import replace

from casebook.domain.analysis import Analysis, AnalystFacts, Portfolio
from casebook.domain.document import Manifest, Outcome
from casebook.domain.evidence import EvidenceBase
from casebook.domain.report import Report
from casebook.domain.report_files import ReportFiles
from casebook.domain.run import Folder
from casebook.domain.submission import Submission
from casebook.errors import BelowShipGate, PermanentError
from casebook.ports import Clock, Library, Storage
from casebook.report.assembly import Findings, assemble
from casebook.report.blocks import Block
from casebook.report.extra import ExtraFormat, Imprint
from casebook.report.gates import measure
from casebook.report.html import to_html
from casebook.report.layout import lay_out
from casebook.report.markdown import to_markdown
from casebook.report.printable import visible


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
    formats: Mapping[str, ExtraFormat],
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
    return _write(_with_limits(report, formats), storage, started_at, formats)


def encode(report: Report) -> bytes:
    """Write the report as JSON."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2)


def _with_limits(report: Report, formats: Mapping[str, ExtraFormat]) -> Report:
    """Say under the report's limits what the formats asked for cannot show."""
    if not formats:
        return report
    blocks = lay_out(report)
    limits = [limit for found in formats.values() for limit in found.limits(blocks)]
    return replace(report, method=replace(report.method, limits=(*report.method.limits, *limits)))


def _write(report: Report, storage: Storage, started_at: str, formats: Mapping[str, ExtraFormat]) -> ReportFiles:
    """Write the formats; the JSON last, so that where it stands the others stand too."""
    stamp = datetime.fromisoformat(started_at).strftime("%Y%m%d_%H%M%S")
    stem = f"{report.run.company_slug}/{Folder.FINAL}/FINAL_REPORT_{stamp}"
    if storage.exists(f"{stem}.json") and not _is_of_run(storage.read(f"{stem}.json"), report.run.id):
        stem = f"{stem}_{hashlib.sha256(report.run.id.encode()).hexdigest()[:4]}"  # two runs in one second
    blocks = lay_out(report)
    storage.write(f"{stem}.md", to_markdown(blocks).encode(), durable=True)
    title = f"AI use cases for {visible(report.run.company)}"
    storage.write(f"{stem}.html", to_html(blocks, title=title).encode(), durable=True)
    imprint = Imprint(title=title, run_id=report.run.id, created_at=report.run.created_at)
    refused = _write_extra(blocks, imprint, stem, storage, formats)
    storage.write(f"{stem}.json", encode(report), durable=True)
    outcomes = [source.status for source in report.sources]
    return ReportFiles(
        md=f"{stem}.md",
        html=f"{stem}.html",
        json=f"{stem}.json",
        pdf=_key(stem, "pdf", formats, refused),
        docx=_key(stem, "docx", formats, refused),
        use_cases=len(report.use_cases),
        quotes=len(report.quotes),
        files_received=report.coverage.files_received,
        files_read=report.coverage.files_read,
        files_failed=sum(status in {Outcome.FAILED, Outcome.SKIPPED} for status in outcomes),
        not_written=tuple(f"{name.upper()}: {reason}" for name, reason in refused.items()),
    )


def _write_extra(
    blocks: tuple[Block, ...],
    imprint: Imprint,
    stem: str,
    storage: Storage,
    formats: Mapping[str, ExtraFormat],
) -> dict[str, str]:
    """Write the formats asked for; return why some could not be: the report is there all the same."""
    refused: dict[str, str] = {}
    for name, found in formats.items():
        try:
            data = found.write(blocks, imprint)
        except PermanentError as error:
            refused[name] = str(error)
        else:
            storage.write(f"{stem}.{name}", data, durable=True)
    return refused


def _key(stem: str, name: str, formats: Mapping[str, ExtraFormat], refused: Mapping[str, str]) -> str | None:
    return f"{stem}.{name}" if name in formats and name not in refused else None


def _is_of_run(data: bytes, run_id: str) -> bool:
    return bool(msgspec.json.decode(data)["run"]["id"] == run_id)
