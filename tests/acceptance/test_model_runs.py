"""Runs with a language model: nothing that was answered is asked again, however often a run is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.acceptance.program import Ended, Program, report_of, stripped, wait
from tests.chat_server import ChatServer, Request, refused, serving

STAGES = ["setup", "vector_store", "part_a", "quotes", "part_b", "consolidation", "upload"]
COMPANY = "Brook Parts Ltd"


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with serving() as running:
        yield running


def model_at(server: ChatServer, **more: str) -> Mapping[str, str]:
    """The settings of a run that asks the server, one request at a time."""
    return {
        "CASEBOOK_MODEL": "openai:gpt-5-mini",
        "OPENAI_BASE_URL": server.url,
        "OPENAI_API_KEY": "secret-key-of-a-test",
        "CASEBOOK_MODEL_REQUESTS": "1",
        **more,
    }


def run(casebook: Program, folder: Path, server: ChatServer, **more: str) -> Ended:
    return casebook("run", folder, "--company", COMPANY, "--json", env=model_at(server, **more))


def test_a_run_killed_at_every_step_asks_nothing_twice(
    casebook: Program, brook: Path, server: ChatServer, tmp_path: Path
) -> None:
    whole = Program(root=tmp_path, outputs=tmp_path / "whole")
    uncut = run(whole, brook, server)
    expected = list(server.asked)
    server.asked.clear()
    for stage in STAGES:
        killed = casebook(
            "run", brook, "--company", COMPANY, sabotage=("kill", f"before:{stage}"), env=model_at(server)
        )
        assert killed.code == -signal.SIGKILL
    ended = run(casebook, brook, server)
    assert stripped(ended.object["report"]["json"]) == stripped(uncut.object["report"]["json"])
    assert Counter(server.asked) == Counter(expected)
    assert max(Counter(server.asked).values()) == 1
    found = report_of(ended)["run"]
    assert (found["model"], found["model_calls"]) == ("openai:gpt-5-mini", len(expected))
    assert found["cost_usd"] > 0

    again = run(casebook, brook, server)
    assert len(server.asked) == len(expected)
    assert again.object["model"] == {"name": "openai:gpt-5-mini", "calls": 0, "cost_usd": 0.0}
    assert report_of(again)["use_cases"] == report_of(ended)["use_cases"]
    shown = casebook("show", found["id"], env=model_at(server)).out
    assert "calls of the language model" in shown
    assert "secret-key-of-a-test" not in shown + ended.err + "".join(
        path.read_text("utf-8", "replace") for path in casebook.outputs.rglob("*.json")
    )


def test_a_run_killed_while_it_waits_for_answers_asks_only_for_those(
    casebook: Program, brook: Path, server: ChatServer
) -> None:
    running: list[subprocess.Popen[str]] = []
    answered: list[str] = []

    def kill_every_other(request: Request) -> bool:
        if request.number % 2:
            answered.append(server.asked[-1])
            return False
        running[-1].kill()
        return True

    server.fault = kill_every_other
    codes: list[int] = []
    while not codes or codes[-1] == -signal.SIGKILL:
        running.append(casebook.start("run", brook, "--company", COMPANY, "--json", env=model_at(server)))
        codes.append(wait(running[-1]).code)
        assert len(codes) < 20
    assert codes[-1] == 0
    assert len(codes) > 3
    assert max(Counter(answered).values()) == 1


def test_a_refused_key_costs_one_request_and_says_what_to_do(
    casebook: Program, brook: Path, server: ChatServer
) -> None:
    def refuse(request: Request) -> bool:
        request.answer(401, refused("Incorrect API key provided"))
        return True

    server.fault = refuse
    ended = run(casebook, brook, server, CASEBOOK_MODEL_REQUESTS="8", CASEBOOK_MODEL_WINDOW="500")
    assert ended.code == 1
    assert "refuses the key" in ended.message
    assert len(server.asked) == 1


def test_a_budget_stops_a_run_before_the_first_request_and_a_higher_one_goes_on(
    casebook: Program, brook: Path, server: ChatServer
) -> None:
    stopped = run(casebook, brook, server, CASEBOOK_BUDGET_RUN="0.0001")
    assert stopped.code == 1
    assert "CASEBOOK_BUDGET_RUN" in stopped.message
    assert server.asked == []
    ended = run(casebook, brook, server, CASEBOOK_BUDGET_RUN="1")
    assert ended.code == 0
    assert "about" in ended.err
    assert [record["status"] for record in casebook.records()] == ["done"]


def test_without_a_model_nothing_of_its_layer_is_loaded(brook: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from casebook.cli import cli; "
        f"cli(['run', {os.fspath(brook)!r}, '--company', 'B', '-q'], standalone_mode=False); "
        "print([name for name in sys.modules if name.startswith(('casebook.analysts.model', 'casebook.thinking', "
        "'casebook.backends.language_models', 'casebook.backends.journals', 'pydantic_ai', 'openai', 'genai_prices'))])"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CASEBOOK_", "OPENAI_"))}
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        encoding="utf-8",
        check=True,
        cwd=tmp_path,
        env={**kept, "CASEBOOK_OUTPUTS": str(tmp_path / "outputs")},
    )
    assert json.loads(ended.stdout.splitlines()[-1].replace("'", '"')) == []
