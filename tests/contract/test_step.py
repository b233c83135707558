"""What every step runner does."""

from __future__ import annotations

from typing import NoReturn

import pytest

from casebook.backends.engines.plain import PlainEngine
from casebook.domain.quote import Quote
from casebook.domain.run import Run, RunStatus, Stage
from casebook.errors import PermanentError
from casebook.observability.logs import Log
from casebook.ports import Step
from casebook.run_records import RunRecords
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


@pytest.fixture(params=["plain", "immediate"])
def step(request: pytest.FixtureRequest) -> Step:
    if request.param == "immediate":
        return immediate
    storage = FakeStorage()
    return PlainEngine(
        RUN,
        records=RunRecords(storage),
        storage=storage,
        clock=FakeClock(),
        progress=FakeProgress(),
        log=Log(lambda _: None),
    )


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
