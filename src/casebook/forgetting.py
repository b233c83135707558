"""Forgetting: what goes of a company when it is asked for, and of its runs when their time is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec

from casebook.domain.document import Manifest
from casebook.domain.intake import StoredCompany, StoredSubmission, WorkState
from casebook.domain.report_files import ReportFiles
from casebook.domain.run import Folder, Run, RunStatus, Stage
from casebook.errors import CasebookError, CompanyBusy
from casebook.observability.logs import Log
from casebook.ports import Clock, Kept, Storage, SubmissionStore, VectorStore, WorkQueue
from casebook.run_records import RunRecords

T = TypeVar("T")

_MOST_ROWS: Final = 100_000  # of one company
_UNDER_WAY: Final = frozenset({RunStatus.QUEUED, RunStatus.RUNNING})
_RUN: Final = f"/{Folder.DEBUG}/run_"
_SUBMISSION: Final = f"/{Folder.DEBUG}/submission_"
_REPORT: Final = "FINAL_REPORT_"
_SHARED: Final = tuple(f"{Folder.DATA}/{name}/" for name in ("files", "text", "records"))  # by content, for all runs
_OF_THE_LATEST: Final = (f"{Folder.DATA}/company_info.json", f"{Folder.DATA}/fetched.json")


class Rule(msgspec.Struct, frozen=True):
    """For how many days from its end a run is kept, and whether a company's latest finished run is kept longer."""

    days: int
    keep_latest: bool = False


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """What goes of a company: runs, with the moment at which each ended, and files; `whole` when nothing stays."""

    company_slug: str
    runs: Mapping[str, datetime]
    files: tuple[Kept, ...]
    whole: bool
    store_ids: tuple[str, ...] = ()  # of the vector stores that stay
    known: frozenset[str] = frozenset()  # all runs there were when this was found out


class FrontDoor(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of submitted runs; `is_known` tells whether the queue or a record has the run of a row."""

    store: SubmissionStore
    work: WorkQueue
    is_known: Callable[[StoredSubmission], bool]

    def rows(self, company: StoredCompany | None) -> Sequence[StoredSubmission]:
        """Return a company's submissions, newest first."""
        return self.store.latest(_MOST_ROWS, company_id=company.id) if company else ()

    def is_under_way(self, run_id: str, row: StoredSubmission | None) -> bool:
        """Tell whether a run waits, is worked on, or will be handed to the queue once more."""
        state = self.work.state(run_id)
        if state is not None or row is None:
            return state in _UNDER_WAY
        return row.state is WorkState.WAITING or not self.is_known(row)


class Forgetting(msgspec.Struct, frozen=True, kw_only=True):
    """Deletes, elsewhere first: what is forgotten here could not be asked for there again.

    `hold` keeps runs of a company away meanwhile, `forget_answers` makes the journal forget all runs of a company, or
    some. Everything is safe to repeat: whatever was cut off is found and gone on with.
    """

    storage: Storage
    vectors: VectorStore
    forget_answers: Callable[[str, Sequence[str] | None], None]
    hold: Callable[[str], AbstractContextManager[None]]
    door: FrontDoor | None  # None where nothing was ever submitted
    clock: Clock
    log: Log

    def company(self, company: StoredCompany, run_ids: Sequence[str]) -> None:
        """Forget a company, whose runs these are. Raises CompanyBusy while one is in a step, else CasebookError."""
        with self.hold(company.slug):
            self.forget_answers(company.slug, None)
            self.vectors.keep_only(company.slug, ())
            if self.door:
                self.door.store.delete(company.id)
                self.door.work.forget(run_ids)
            self._remove_folder(company.slug)
        self.log.info("company deleted", company=company.slug)

    def due(self, rule: Rule) -> Iterator[Leaving]:
        """Yield what goes by the rule, and delete nothing. A company with a run under way is left out."""
        for slug in self._slugs():
            yield from self._held(slug, rule, lambda _: None)

    def expire(self, rule: Rule) -> Iterator[Leaving]:
        """Delete what goes by the rule, and yield what went; what could not be deleted now is logged."""
        for slug in self._slugs():
            yield from self._held(slug, rule, self._forget)

    def _slugs(self) -> list[str]:
        marked = (key for key in self.storage.keys("") if _RUN in key or _SUBMISSION in key)
        return sorted({key.partition("/")[0] for key in marked if key.count("/") == 2})  # noqa: PLR2004 - slug/debug/…

    def _held(self, slug: str, rule: Rule, act: Callable[[Leaving], None]) -> Iterator[Leaving]:
        before = self.clock() - timedelta(days=rule.days)
        try:
            if all(end > before for end in _ends(self.storage, slug, ()).values()):
                return  # the queue need not be asked
            with self.hold(slug):
                leaving = self._leaving(slug, before, keep_latest=rule.keep_latest)
                if leaving:
                    act(leaving)
        except CasebookError as error:  # busy, or it does not answer: the next time will do
            self.log.warning("not forgotten now", company=slug, error=str(error))
            return
        if leaving:
            yield leaving

    def _leaving(self, slug: str, before: datetime, *, keep_latest: bool) -> Leaving | None:
        rows = {row.run_id: row for row in self.door.rows(self.door.store.find_company(slug))} if self.door else {}
        ends = _ends(self.storage, slug, tuple(rows.values()))
        if self.door and any(self.door.is_under_way(run_id, rows.get(run_id)) for run_id in ends):
            return None
        records = RunRecords(self.storage).of_company(slug)
        over = {run_id: end for run_id, end in ends.items() if end <= before}
        done = [run.id for run in records if run.status is RunStatus.DONE]
        if keep_latest and done:
            over.pop(max(done, key=lambda run_id: (ends[run_id], run_id)), None)
        if not over:
            return None
        found = tuple(sorted(self.storage.entries(slug), key=lambda kept: kept.key))
        if len(over) == len(ends):
            return Leaving(company_slug=slug, runs=over, files=found, whole=True, known=frozenset(ends))
        of_runs = _OfRuns(self.storage, slug, records, frozenset(over))
        return Leaving(
            company_slug=slug,
            runs=over,
            files=tuple(kept for kept in found if of_runs.goes(kept.key.removeprefix(f"{slug}/"))),
            whole=False,
            store_ids=of_runs.store_ids,
            known=frozenset(ends),
        )

    def _forget(self, leaving: Leaving) -> None:
        slug, run_ids = leaving.company_slug, sorted(leaving.runs)
        self.forget_answers(slug, None if leaving.whole else run_ids)
        self.vectors.keep_only(slug, leaving.store_ids)
        if self.door:
            self.door.store.forget(run_ids)
            self.door.work.forget(run_ids)
            if any(row.run_id not in leaving.known for row in self.door.rows(self.door.store.find_company(slug))):
                raise CompanyBusy  # a submission came in meanwhile: its run may use files that were to go
        if leaving.whole:
            self._remove_folder(slug)
        else:
            for kept in sorted(leaving.files, key=lambda kept: _is_mark(kept.key)):
                self.storage.remove(kept.key)
        for run_id, ended_at in leaving.runs.items():
            self.log.info("run forgotten", company=slug, run_id=run_id, ended_at=ended_at.isoformat())
        if leaving.whole:
            self.log.info("company forgotten with its last run", company=slug)

    def _remove_folder(self, slug: str) -> None:
        """Remove all of a company, its runs' records last: by them a removal that was cut off is gone on with."""
        for folder in Folder:
            if folder is not Folder.DEBUG:
                self.storage.remove_all(f"{slug}/{folder}")
        self.storage.remove_all(slug)


def _is_mark(key: str) -> bool:
    return _RUN in key or _SUBMISSION in key


def _ends(storage: Storage, slug: str, rows: Sequence[StoredSubmission]) -> dict[str, datetime]:
    """Tell of each run of a company when it ended, as if none was under way.

    A run that never began counts from its arrival, one that was cut off from the last that was written of it.
    """
    ends = {row.run_id: datetime.fromisoformat(row.received_at) for row in rows}
    written = {kept.key: kept.written_at for kept in storage.entries(f"{slug}/{Folder.DEBUG}")}
    for key, written_at in written.items():
        if _SUBMISSION in key:
            ends.setdefault(_submitted_run(storage, key), written_at)
    for run in RunRecords(storage).of_company(slug):
        end = datetime.fromisoformat(run.finished_at) if run.finished_at else None
        ends[run.id] = end or written[f"{slug}{_RUN}{run.id}.json"]
    return ends


def _submitted_run(storage: Storage, key: str) -> str:
    """Return the run of a submission that is shown as a file, or the file's name when it does not tell."""
    try:
        return str(msgspec.json.decode(storage.read(key))["run_id"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return key.rpartition(_SUBMISSION)[2].removesuffix(".json")


class _OfRuns:
    """Tells which files of a company go with some of its runs: those of their own, and what no other run uses."""

    def __init__(self, storage: Storage, slug: str, records: Sequence[Run], over: frozenset[str]) -> None:
        self._storage = storage
        self._slug = slug
        self._over = over
        self._latest_goes = bool(records) and records[0].id in over
        stays = [run for run in records if run.id not in over]
        gone = [run for run in records if run.id in over]
        self._stamps = {_stamp(run) for run in stays}
        self._reports = {key for run in gone for key in self._report_keys(run)}
        self._manifests = [self._result(run, Stage.SETUP, Manifest) for run in stays if _is_done(run, Stage.SETUP)]
        self._used = {path for manifest in self._manifests if manifest for path in _paths(manifest)}
        found = (self._result(run, Stage.VECTOR_STORE, str) for run in stays)
        self.store_ids = tuple(store_id for store_id in found if store_id)

    def goes(self, path: str) -> bool:
        """Tell of a path in the company's folder whether it goes."""
        if path.startswith(_SHARED):
            return path not in self._used and all(self._manifests)  # a list that is lost may name anything
        if path in _OF_THE_LATEST:
            return self._latest_goes
        if path.startswith(f"{Folder.FINAL}/"):
            name = path.rpartition("/")[2]
            return f"{self._slug}/{path}" in self._reports or not any(
                name.startswith(f"{_REPORT}{stamp}") for stamp in self._stamps
            )
        if _SUBMISSION in f"/{path}":
            return _submitted_run(self._storage, f"{self._slug}/{path}") in self._over
        return any(f"_{run_id}." in path or f"/{run_id}/" in path for run_id in self._over)

    def _report_keys(self, run: Run) -> tuple[str, ...]:
        files = self._result(run, Stage.CONSOLIDATION, ReportFiles)
        return files.keys() if files else ()

    def _result(self, run: Run, stage: Stage, kind: type[T]) -> T | None:
        """Return what a step returned, None when that is not there."""
        step = run.step(stage)
        if not step or not step.output or not self._storage.exists(step.output):
            return None
        try:
            return msgspec.json.decode(self._storage.read(step.output), type=kind)
        except msgspec.DecodeError:
            return None


def _is_done(run: Run, stage: Stage) -> bool:
    step = run.step(stage)
    return step is not None and step.status is RunStatus.DONE


def _stamp(run: Run) -> str:
    return datetime.fromisoformat(run.started_at).strftime("%Y%m%d_%H%M%S") if run.started_at else run.id


def _paths(manifest: Manifest) -> Iterator[str]:
    for source in manifest.sources:
        yield from filter(None, (source.path, source.text_path, source.segments_path, source.records_path))
        if source.text_path:
            yield f"{source.text_path.removesuffix('.txt')}.kept.json"
