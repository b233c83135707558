"""The service: save first, go on where it stopped, write down how it ended."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

import pytest
from msgspec.structs import replace

from casebook.backends.engines.plain import PlainEngine
from casebook.domain.notice import Event
from casebook.domain.run import Run, RunStatus, Stage
from casebook.errors import BudgetReached, PermanentError, StorageFailed
from casebook.observability.logs import Log
from casebook.ports import Step
from casebook.run_records import RunRecords
from casebook.service import Casebook
from casebook.workflow import Tools
from tests import samples
from tests.fakes import (
    FakeAnalyst,
    FakeClock,
    FakeDrive,
    FakeInbox,
    FakeLibrary,
    FakeNotifier,
    FakeProgress,
    FakeReader,
    FakeStorage,
    FakeVectorStore,
)

P = ParamSpec("P")
T = TypeVar("T")

INBOX = FakeInbox({name: name.encode() for name in samples.TEXTS})


@dataclass
class Bench:
    """Casebook on fakes; `troubles` are raised in front of a step, one a run."""

    storage: FakeStorage = field(default_factory=FakeStorage)
    troubles: dict[Stage, BaseException] = field(default_factory=dict)
    done: list[Stage] = field(default_factory=list)
    locked: list[str] = field(default_factory=list)
    clock: FakeClock = field(default_factory=FakeClock)
    notifier: FakeNotifier = field(default_factory=FakeNotifier)

    @contextmanager
    def _lock(self, company_slug: str) -> Iterator[None]:
        self.locked.append(company_slug)
        yield
        self.locked.append("")

    def _engine(self, run: Run) -> Step:
        engine = PlainEngine(
            run,
            records=RunRecords(self.storage),
            storage=self.storage,
            clock=self.clock,
            progress=FakeProgress(),
            log=Log(lambda _: None),
            sleep=lambda _: None,
        )

        def step(stage: Stage, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
            if stage in self.troubles:
                raise self.troubles.pop(stage)
            self.done.append(stage)
            return engine(stage, function, *args, **kwargs)

        return step

    @property
    def casebook(self) -> Casebook:
        documents = {name: samples.document(text) for name, text in samples.TEXTS.items()}
        return Casebook(
            tools=Tools(
                storage=self.storage,
                reader=FakeReader(documents),
                open_library=lambda manifest, _storage, _slug: FakeLibrary(samples.TEXTS, manifest),
                vector_store=FakeVectorStore(),
                analyst=FakeAnalyst(),
                drive=None,
                clock=self.clock,
                progress=FakeProgress(),
            ),
            records=RunRecords(self.storage),
            log=Log(lambda _: None),
            engine=self._engine,
            lock=self._lock,
            version="1",
            notifier=self.notifier,
            link=lambda run, files: f"{run.id}: {files.md if files else 'no report'}",
        )


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_submission_becomes_a_report_step_by_step(bench: Bench) -> None:
    finished = bench.casebook.run(samples.SUBMISSION, INBOX)
    assert bench.done == list(Stage)
    assert (finished.run.status, finished.resumed) == (RunStatus.DONE, False)
    assert all(map(bench.storage.exists, finished.files.keys()))
    assert [step.status for step in finished.run.steps] == [RunStatus.DONE] * len(Stage)
    assert bench.casebook.runs() == [finished.run]


def test_the_submission_is_saved_before_anything_is_done(bench: Bench) -> None:
    bench.troubles[Stage.SETUP] = PermanentError("no")
    with pytest.raises(PermanentError):
        bench.casebook.run(samples.SUBMISSION, INBOX)
    (key,) = [key for key in bench.storage.keys("acme_gmbh/debug") if "/submission_" in key]
    assert key == "acme_gmbh/debug/submission_20260301_120000.json"
    saved = json.loads(bench.storage.read(key))
    assert (saved["company_name"], saved["run_id"]) == ("Acme GmbH", bench.casebook.runs()[0].id)


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (PermanentError("the file is gone"), RunStatus.FAILED, "the file is gone"),
        (ValueError(), RunStatus.FAILED, "ValueError"),
        (KeyboardInterrupt(), RunStatus.INTERRUPTED, "interrupted"),
    ],
)
def test_a_run_that_fails_is_written_down_and_gone_on_with(
    bench: Bench, error: BaseException, status: RunStatus, said: str
) -> None:
    bench.troubles[Stage.PART_B] = error
    with pytest.raises(type(error)):
        bench.casebook.run(samples.SUBMISSION, INBOX)
    (failed,) = bench.casebook.runs()
    assert (failed.status, failed.error) == (status, said)
    assert failed.finished_at is not None
    assert len(failed.steps) == 4
    finished = bench.casebook.run(samples.SUBMISSION, INBOX)
    assert finished.resumed
    assert (finished.run.id, finished.run.status, finished.run.error) == (failed.id, RunStatus.DONE, None)
    assert finished.run.steps[:4] == failed.steps
    assert len(bench.casebook.runs()) == 1


def test_a_finished_run_is_not_gone_on_with(bench: Bench) -> None:
    first = bench.casebook.run(samples.SUBMISSION, INBOX)
    second = bench.casebook.run(samples.SUBMISSION, INBOX)
    assert not second.resumed
    assert second.run.id != first.run.id
    assert second.run.inputs_digest == first.run.inputs_digest
    assert not set(first.files.keys()) & set(second.files.keys())


@pytest.mark.parametrize("changed", ["file", "form", "version"])
def test_other_input_is_another_run(bench: Bench, changed: str) -> None:
    bench.troubles[Stage.UPLOAD] = PermanentError("no")
    with pytest.raises(PermanentError):
        bench.casebook.run(samples.SUBMISSION, INBOX)
    inbox, submission, casebook = INBOX, samples.SUBMISSION, bench.casebook
    if changed == "file":
        inbox = FakeInbox(dict.fromkeys(samples.TEXTS, b"other"))
    elif changed == "form":
        submission = replace(submission, use_cases_count=9)
    else:
        casebook = replace(casebook, version="2")
    assert not casebook.run(submission, inbox).resumed
    assert [run.status for run in casebook.runs()] == [RunStatus.DONE, RunStatus.FAILED]


def test_a_company_is_locked_while_its_run_goes_on(bench: Bench) -> None:
    bench.casebook.run(samples.SUBMISSION, INBOX)
    assert bench.locked == ["acme_gmbh", ""]


def test_a_full_disk_is_the_error_that_is_raised(bench: Bench) -> None:
    first = bench.casebook
    bench.troubles[Stage.PART_A] = StorageFailed("the disk is full: free some space")
    with pytest.raises(StorageFailed, match="free some space"):
        first.run(samples.SUBMISSION, INBOX)
    bench.storage.full = True
    with pytest.raises(StorageFailed, match="the disk is full"):
        first.run(samples.SUBMISSION, INBOX)


def test_people_are_told_when_a_report_is_ready(bench: Bench) -> None:
    finished = bench.casebook.run(replace(samples.SUBMISSION, notify=("a@acme.example",)), INBOX)
    (notice,) = bench.notifier.told
    assert (notice.event, notice.run_id, notice.to) == (Event.RUN_DONE, finished.run.id, ("a@acme.example",))
    assert (notice.use_cases, notice.quotes) == (finished.files.use_cases, finished.files.quotes)
    assert notice.link == f"{finished.run.id}: {finished.files.md}"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PermanentError("the file is gone"), [Event.RUN_FAILED]),
        (BudgetReached("2.00 of 2.00 USD"), [Event.BUDGET_REACHED]),
        (KeyboardInterrupt(), []),
    ],
)
def test_people_are_told_of_a_failure_but_not_of_an_interruption(
    bench: Bench, error: BaseException, told: list[Event]
) -> None:
    bench.troubles[Stage.PART_B] = error
    with pytest.raises(type(error)):
        bench.casebook.run(samples.SUBMISSION, INBOX)
    assert [notice.event for notice in bench.notifier.told] == told
    assert [notice.reason for notice in bench.notifier.told] == [str(error)] * len(told)


def test_a_run_that_fails_twice_is_told_of_twice_with_the_step(bench: Bench) -> None:
    drive = FakeDrive([PermanentError("the drive is full")] * 2)
    tools = replace(bench.casebook.tools, drive=drive, delivery_folder="reports")
    for _ in range(2):
        with pytest.raises(PermanentError):
            replace(bench.casebook, tools=tools).run(samples.SUBMISSION, INBOX)
    assert [notice.step for notice in bench.notifier.told] == [Stage.UPLOAD] * 2
    assert len({notice.id for notice in bench.notifier.told}) == 2
