"""What a caller may ask of Casebook: run a submission, list runs, look at one."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import ParamSpec, TypeVar

import msgspec
from msgspec.structs import replace

from casebook.domain.notice import Event, Notice
from casebook.domain.report_files import ReportFiles
from casebook.domain.run import Folder, Run, RunStatus, Stage
from casebook.domain.submission import Submission
from casebook.errors import BudgetReached, CasebookError, RunCancelled
from casebook.observability.logs import Log, within
from casebook.ports import Inbox, Notifier, Step, Tracer
from casebook.run_records import RunRecords
from casebook.workflow import Case, Tools, run_case

P = ParamSpec("P")
T = TypeVar("T")


class Finished(msgspec.Struct, frozen=True):
    """A run that is done, and how long this call worked on it (seconds)."""

    run: Run
    files: ReportFiles
    seconds: float
    resumed: bool


class Casebook(msgspec.Struct, frozen=True, kw_only=True):
    """The product, wired up; `bootstrap.build` makes one."""

    tools: Tools
    records: RunRecords
    log: Log
    engine: Callable[[Run], Step]
    lock: Callable[[str], AbstractContextManager[None]]
    version: str
    notifier: Notifier | None = None
    trace: Tracer = lambda _name, _attributes: nullcontext()
    link: Callable[[Run, ReportFiles | None], str | None] = lambda _run, _files: None  # where people look at a run

    def run(self, submission: Submission, inbox: Inbox) -> Finished:
        """Take a submission to its report; an unfinished run over the same input is gone on with.

        Raises CasebookError when the run fails; what was saved stays, and the next call goes on there.
        """
        with self.lock(submission.company_slug):
            run, resumed = self._open(submission, inbox)
            return self._carry_out(run, submission, inbox, resumed=resumed)

    def run_stored(self, run_id: str, submission: Submission, inbox: Inbox, *, received_at: str) -> Finished:
        """Take a submission that was stored before to its report; safe to repeat, it goes on where it stopped.

        Raises CasebookError when the run fails.
        """
        with self.lock(submission.company_slug):
            earlier = self.records.find_in(submission.company_slug, run_id)
            run = earlier or Run(
                id=run_id,
                company_name=submission.company_name,
                company_slug=submission.company_slug,
                inputs_digest=self._digest(submission, inbox),
                status=RunStatus.RUNNING,
                started_at=received_at,
            )
            run = replace(run, status=RunStatus.RUNNING, error=None, finished_at=None)
            self.records.write(run)
            return self._carry_out(run, submission, inbox, resumed=earlier is not None)

    def runs(self) -> Sequence[Run]:
        """Return all runs, newest first."""
        return self.records.all()

    def _carry_out(self, run: Run, submission: Submission, inbox: Inbox, *, resumed: bool) -> Finished:
        with within(company=run.company_slug, run_id=run.id):
            return self._work(run, submission, inbox, resumed=resumed)

    def _work(self, run: Run, submission: Submission, inbox: Inbox, *, resumed: bool) -> Finished:
        begun = time.monotonic()
        self.log.info("run resumed" if resumed else "run started", company=run.company_slug, run_id=run.id)
        case = Case(run_id=run.id, submission=submission, inbox=inbox, started_at=run.started_at)
        tools = replace(self.tools, analyst=self.tools.analyst.for_run(run.id))
        names = {"casebook.run_id": run.id, "casebook.company": run.company_slug}
        try:
            with self.trace("run", names):
                files = run_case(case, tools=tools, step=_TracedStep(self.engine(run), self.trace, names))
        except BaseException as error:
            self._tell(self._close(run, error, begun), submission, error=error)
            raise
        self._tell(self._latest(run), submission, files=files)  # before it is closed: a crash here repeats it
        finished = self._close(run, None, begun)
        seconds = time.monotonic() - begun
        self.log.metric("files_read", files.files_read, "files")
        self.log.metric("files_failed", files.files_failed, "files")
        return Finished(finished, files, seconds, resumed)

    def _digest(self, submission: Submission, inbox: Inbox) -> str:
        facts = self.tools.analyst.facts()
        settings = [facts.settings] if facts.settings else []
        description = msgspec.json.encode(
            [submission, inbox.signature(), facts.name, facts.model, facts.catalogue, self.version, *settings]
        )
        return hashlib.sha256(description).hexdigest()

    def _open(self, submission: Submission, inbox: Inbox) -> tuple[Run, bool]:
        """Find the unfinished run over the same input, or start one."""
        digest = self._digest(submission, inbox)
        for earlier in self.records.of_company(submission.company_slug):
            if earlier.inputs_digest == digest and earlier.status is not RunStatus.DONE:
                run = replace(earlier, status=RunStatus.RUNNING, error=None, finished_at=None)
                self.records.write(run)
                return run, True
        now = self.tools.clock()
        run = Run(
            id=f"{_stamp(now)}-{secrets.token_hex(3)}",
            company_name=submission.company_name,
            company_slug=submission.company_slug,
            inputs_digest=digest,
            status=RunStatus.RUNNING,
            started_at=now.isoformat(timespec="milliseconds"),
        )
        saved = msgspec.json.format(
            msgspec.json.encode({"run_id": run.id, **msgspec.to_builtins(submission)}), indent=2
        )
        stem = f"{run.company_slug}/{Folder.DEBUG}/submission_{_stamp(now)}"
        taken = self.tools.storage.exists(f"{stem}.json")  # two runs in one second
        self.tools.storage.write(f"{stem}_{run.id[-6:]}.json" if taken else f"{stem}.json", saved, durable=True)
        self.records.write(run)
        return run, False

    def _tell(
        self, run: Run, submission: Submission, *, files: ReportFiles | None = None, error: BaseException | None = None
    ) -> None:
        """Send word of a run that is done or has failed; one that was interrupted goes on and is not told of."""
        if self.notifier is None or not (files or isinstance(error, Exception)):
            return
        last = max(run.steps, key=lambda step: step.started_at, default=None)
        failed = Event.BUDGET_REACHED if isinstance(error, BudgetReached) else Event.RUN_FAILED
        self.notifier.notify(
            Notice(
                event=Event.RUN_DONE if files else failed,
                run_id=run.id,
                company_name=run.company_name,
                company_slug=run.company_slug,
                at=self.tools.clock().isoformat(timespec="seconds"),
                occasion=last.started_at if last else run.started_at,
                step=next((step.stage for step in run.steps if step.status is RunStatus.FAILED), None),
                reason=_reason(error),
                use_cases=files.use_cases if files else None,
                quotes=files.quotes if files else None,
                link=self.link(run, files),
                to=submission.notify,
            )
        )

    def _latest(self, run: Run) -> Run:
        return self.records.find_in(run.company_slug, run.id) or run

    def _close(self, run: Run, error: BaseException | None, begun: float) -> Run:
        """Write down how the run ended, beside what its steps wrote."""
        finished = replace(
            self._latest(run),
            status=_status(error),
            error=_reason(error),
            finished_at=self.tools.clock().isoformat(timespec="seconds"),
        )
        try:
            self.records.write(finished)
        except CasebookError:
            if error is None:
                raise  # with an error on its way the disk may be what failed: that error says it
        self.log.metric("run_seconds", round(time.monotonic() - begun, 3), "s", status=finished.status)
        self.log.info("run ended", company=run.company_slug, run_id=run.id, status=finished.status)
        return finished


class _TracedStep(msgspec.Struct, frozen=True):
    """A `Step` that is measured."""

    step: Step
    trace: Tracer
    names: Mapping[str, str]

    def __call__(self, stage: Stage, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.trace(f"step {stage}", {**self.names, "casebook.step": stage.value}):
            return self.step(stage, function, *args, **kwargs)


def _status(error: BaseException | None) -> RunStatus:
    if error is None:
        return RunStatus.DONE
    if isinstance(error, RunCancelled):
        return RunStatus.CANCELLED
    return RunStatus.FAILED if isinstance(error, Exception) else RunStatus.INTERRUPTED


def _reason(error: BaseException | None) -> str | None:
    if error is None:
        return None
    return "interrupted" if isinstance(error, KeyboardInterrupt) else str(error) or type(error).__name__


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%d_%H%M%S")
