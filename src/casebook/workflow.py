"""One run, from the submission to the delivered report. Read this first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from casebook.domain.document import Manifest
from casebook.domain.report_files import ReportFiles
from casebook.domain.run import Stage
from casebook.domain.submission import Submission
from casebook.ports import (
    Analyst,
    Clock,
    DocumentReader,
    Drive,
    Inbox,
    Library,
    Progress,
    SharedFiles,
    Step,
    Storage,
    VectorStore,
)
from casebook.report.extra import ExtraFormat
from casebook.steps import consolidation, part_a, part_b, quotes, setup, upload, vector_store


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What one run works on."""

    run_id: str
    submission: Submission
    inbox: Inbox
    started_at: str  # UTC, ISO 8601


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """What the steps work with; `bootstrap.py` chooses the backends."""

    storage: Storage
    reader: DocumentReader
    open_library: Callable[[Manifest, Storage, str], Library]
    vector_store: VectorStore
    analyst: Analyst
    drive: Drive | None
    clock: Clock
    progress: Progress
    formats: Mapping[str, ExtraFormat] = msgspec.field(default_factory=dict)  # beside Markdown, HTML and JSON
    shared_files: SharedFiles | None = None
    delivery_folder: str = ""  # of the drive: where reports are put


def run_case(case: Case, *, tools: Tools, step: Step) -> ReportFiles:
    """Take a case from its submission to a delivered report."""
    submission, slug = case.submission, case.submission.company_slug
    manifest = step(
        Stage.SETUP,
        setup.prepare,
        submission,
        inbox=case.inbox,
        shared_files=tools.shared_files,
        storage=tools.storage,
        reader=tools.reader,
        progress=tools.progress,
    )
    library = tools.open_library(manifest, tools.storage, slug)
    store_id = step(Stage.VECTOR_STORE, vector_store.build, slug, library=library, store=tools.vector_store)
    search = partial(tools.vector_store.search, store_id)
    analysis = step(Stage.PART_A, part_a.analyze, submission, library=library, search=search, analyst=tools.analyst)
    evidence = step(
        Stage.QUOTES,
        quotes.extract,
        submission,
        library=library,
        search=search,
        analysis=analysis,
        analyst=tools.analyst,
    )
    portfolio = step(
        Stage.PART_B,
        part_b.generate,
        submission,
        library=library,
        search=search,
        analysis=analysis,
        evidence=evidence,
        analyst=tools.analyst,
    )
    files = step(
        Stage.CONSOLIDATION,
        consolidation.write_report,
        submission,
        run_id=case.run_id,
        started_at=case.started_at,
        manifest=manifest,
        library=library,
        analysis=analysis,
        evidence=evidence,
        portfolio=portfolio,
        analyst=tools.analyst.facts(),
        formats=tools.formats,
        storage=tools.storage,
        clock=tools.clock,
    )
    step(
        Stage.UPLOAD,
        upload.deliver,
        files,
        drive=tools.drive,
        folder=tools.delivery_folder,
        run_id=case.run_id,
        storage=tools.storage,
    )
    return files
