"""`casebook estimate`: figures before anything is run, and nothing left behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from casebook.cli import cli

DOCUMENTS = Path(__file__).parents[2] / "src" / "casebook" / "demo" / "documents"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "acme"
    made.mkdir()
    (made / "a.txt").write_text("The clerks type all of the invoices by hand, about forty a day. " * 50)
    (made / "b.txt").write_text("The ledger runs on a server in the cellar. " * 50)
    (made / "empty.txt").touch()
    return made


def test_without_a_model_it_says_time_and_machine(folder: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["estimate", str(folder), "--outputs", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "2 of 3 can be read" in result.stdout
    assert "none: no key, no calls, no cost" in result.stdout
    assert not (tmp_path / "out").exists()


def test_with_a_model_it_says_calls_and_cost_and_asks_nobody(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEBOOK_MODEL", "openai:gpt-5-mini")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    arguments = ["estimate", str(folder), "--outputs", str(tmp_path / "out"), "--companies", "10", "--json"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["model"]["calls"] > 0
    assert told["model"]["input_tokens"] > 500
    assert told["seconds"] > 3
    assert told["month"]["companies"] == 10
    assert told["machine"]["name"] == "small"


def test_prices_of_ones_own_are_used(folder: Path, tmp_path: Path) -> None:
    table = json.loads((DOCUMENTS.parents[1] / "sizing.json").read_text())
    for entry in table["classes"]:
        entry["usd_per_hour"] = 7.0
    prices = tmp_path / "prices.json"
    prices.write_text(json.dumps(table))
    result = CliRunner().invoke(cli, ["estimate", str(folder), "--prices", str(prices)])
    assert "7.00 USD an hour" in result.stdout
    prices.write_text("{}")
    result = CliRunner().invoke(cli, ["estimate", str(folder), "--prices", str(prices)])
    assert result.exit_code == 1
    assert "form of the shipped price table" in result.stderr
