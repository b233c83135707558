"""The workflow on fakes: every step once, in order, each with what the ones before found."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from casebook.domain.run import Stage
from casebook.steps.upload import delivered_name
from casebook.workflow import Case, Tools, run_case
from tests import samples
from tests.fakes import (
    FakeAnalyst,
    FakeClock,
    FakeDrive,
    FakeInbox,
    FakeLibrary,
    FakeProgress,
    FakeReader,
    FakeStorage,
    FakeVectorStore,
    immediate,
)

P = ParamSpec("P")
T = TypeVar("T")


def test_a_case_goes_through_all_steps_to_a_delivered_report() -> None:
    storage, drive, stages = FakeStorage(), FakeDrive(), list[Stage]()

    def step(stage: Stage, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        stages.append(stage)
        return immediate(stage, function, *args, **kwargs)

    tools = Tools(
        storage=storage,
        reader=FakeReader({name: samples.document(text) for name, text in samples.TEXTS.items()}),
        open_library=lambda manifest, _storage, _slug: FakeLibrary(samples.TEXTS, manifest),
        vector_store=FakeVectorStore(),
        analyst=FakeAnalyst(),
        drive=drive,
        clock=FakeClock(),
        progress=FakeProgress(),
        delivery_folder="reports",
    )
    case = Case(
        run_id="R1",
        submission=samples.SUBMISSION,
        inbox=FakeInbox({name: name.encode() for name in samples.TEXTS}),
        started_at=samples.STARTED_AT,
    )
    files = run_case(case, tools=tools, step=step)
    assert stages == list(Stage)
    assert [name for name, _ in drive.files.values()] == [
        f"reports/{delivered_name(key)}" for key in (files.md, files.html)
    ]
    assert b"The ledger runs on a server in the cellar." in storage.read(files.html)
