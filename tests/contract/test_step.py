"""What every step runner does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NoReturn

import pytest

from casebook.backends.engines.plain import PlainEngine
from casebook.domain.quote import Quote
from casebook.domain.run import Run, RunStatus, Stage
from casebook.errors import PermanentError
from casebook.observability.logs import Log
from casebook.ports import Step
from casebook.run_records import RunRecords
from tests.durable import DurableBench, RemoteStep, postgres_bench, sqlite_bench
from tests.fakes import FakeClock, FakeProgress, FakeStorage, immediate
from tests.samples import STARTED_AT, quote

RUN = Run(
    id="R1",
    company_name="Acme",
    company_slug="acme",
    inputs_digest="d",
    status=RunStatus.RUNNING,
    started_at=STARTED_AT,
)


@pytest.fixture(params=["plain", "durable on SQLite", "durable on PostgreSQL", "immediate"])
def step(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Step]:
    if request.param == "immediate":
        yield immediate
    elif request.param == "plain":
        storage = FakeStorage()
        yield PlainEngine(
            RUN,
            records=RunRecords(storage),
            storage=storage,
            clock=FakeClock(),
            progress=FakeProgress(),
            log=Log(lambda _: None),
        )
    elif request.param == "durable on SQLite":
        yield from durable(sqlite_bench(tmp_path))
    else:
        yield from durable(postgres_bench(request.getfixturevalue("postgres_url")))


def durable(bench: AbstractContextManager[DurableBench]) -> Iterator[Step]:
    remote = RemoteStep()
    with bench as opened, opened.worker(lambda execution: remote.serve(opened.steps(execution))):
        opened.queue.enqueue("R1", "acme")
        yield remote
        remote.end()


def made(text: str, *, times: int) -> tuple[Quote, ...]:
    return (quote(text),) * times


def failing() -> NoReturn:
    message = "no such thing"
    raise PermanentError(message)


def test_a_step_returns_what_its_function_returns(step: Step) -> None:
    assert (
        step(Stage.QUOTES, made, "The clerks type everything.", times=2) == (quote("The clerks type everything."),) * 2
    )


def test_steps_are_told_apart_by_their_stage(step: Step) -> None:
    first = step(Stage.QUOTES, made, "The clerks type everything.", times=1)
    second = step(Stage.PART_A, made, "The pumps are tested twice.", times=1)
    assert first != second


def test_an_error_comes_through_as_it_was_raised(step: Step) -> None:
    with pytest.raises(PermanentError, match="no such thing"):
        step(Stage.QUOTES, failing)
