"""The interface as it describes itself: what fits the description, and what does not, gets a described answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from casebook.web.guard import Guard
from casebook.web.openapi import describe
from tests.front_door import MASTER, Door, open_door

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS = {
    found.ok().label: found.ok()
    for found in schemathesis.openapi.from_dict(describe("0")).get_all_operations()
    if isinstance(found, Ok)
}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder: Path = tmp_path_factory.mktemp("outputs")
    with open_door(folder, guard=Guard(master=MASTER, rate="1000000/second")) as opened:
        yield opened


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_request_gets_an_answer_that_is_described(door: Door, name: str) -> None:
    known = door.post({"company_name": "Acme GmbH"}).json
    door.work.cancel(known["run_id"])  # its event stream ends
    real = {"run_id": known["run_id"], "slug": known["company_slug"]}
    operation = OPERATIONS[name]

    @given(
        case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
        | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
        there=st.booleans(),
    )
    @settings(
        max_examples=10,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Case[Any], *, there: bool) -> None:
        if there:
            case.path_parameters = {key: real.get(key, value) for key, value in case.path_parameters.items()}
        case.call_and_validate(base_url=f"http://127.0.0.1:{door.port}", checks=CHECKS, timeout=30)

    ask()
