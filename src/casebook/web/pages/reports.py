"""Reports of runs, read back; a few are kept in memory, for their readers click from page to page."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

import msgspec

from casebook.domain.intake import StoredSubmission
from casebook.domain.report import Report
from casebook.domain.run import Run
from casebook.errors import StorageFailed
from casebook.report.changes import Changes, compare
from casebook.web.pages.report_view import ReportView, view_of
from casebook.web.pages.run_view import RunViews

_KEPT: Final = 8
_LOOKED_BACK: Final = 50  # submissions of a company among which an earlier report is looked for


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A report, how it is laid out for the screen, and what changed since the company's report before."""

    report: Report
    view: ReportView
    changes: Changes | None


@dataclass(slots=True)
class Reports:
    """Finds reports. Its methods read files: not for the event loop."""

    views: RunViews
    _kept: OrderedDict[str, Found] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, stored: StoredSubmission) -> Found | None:
        """Return a run's report; None when it is not done."""
        run = self._run(stored)
        digest = self._digest(run)
        if digest is None:
            return None
        with self._lock:
            if digest in self._kept:
                self._kept.move_to_end(digest)
                return self._kept[digest]
        report = self._read(run)
        if report is None:
            return None
        earlier = self._earlier(stored)
        found = Found(
            report=report,
            view=view_of(report, f"/runs/{stored.run_id}"),
            changes=compare(earlier, report) if earlier else None,
        )
        with self._lock:
            self._kept[digest] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found

    def _earlier(self, stored: StoredSubmission) -> Report | None:
        rows = self.views.desk.parts.store.latest(_LOOKED_BACK, company_id=stored.company_id)
        for row in rows:
            if row.sequence < stored.sequence and (report := self._read(self._run(row))):
                return report
        return None

    def _run(self, stored: StoredSubmission) -> Run | None:
        return self.views.desk.parts.find_run(stored.company_slug, stored.run_id)

    def _digest(self, run: Run | None) -> str | None:
        """Return what changes when the report is written anew."""
        files = self.views.report_files(run)
        step = next((step for step in run.steps if step.stage == "consolidation"), None) if run else None
        return f"{files['json']} {step.output_sha256} {step.started_at}" if files and step else None

    def _read(self, run: Run | None) -> Report | None:
        files = self.views.report_files(run)
        if files is None:
            return None
        try:
            data = self.views.desk.parts.storage.read(files["json"])
        except StorageFailed:  # a company that was deleted meanwhile
            return None
        return msgspec.json.decode(data, type=Report)
