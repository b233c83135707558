"""`casebook settings`, and the settings' file that all commands read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from casebook.cli import cli


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_each_setting_is_shown_with_where_it_was_set_and_secrets_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEBOOK_MASTER_KEY", "canary" * 6)
    Path("casebook.toml").write_text('[engine]\nruns_at_once = 5\ndatabase = "postgresql://a:canary@db/x"\n')
    result = call("settings", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    told = {one["variable"]: (one["value"], one["from"]) for one in found["settings"]}
    assert told["CASEBOOK_RUNS_AT_ONCE"] == ("5", "casebook.toml")
    assert told["CASEBOOK_MASTER_KEY"] == ("set, not shown", "CASEBOOK_MASTER_KEY")
    assert told["CASEBOOK_PORT"] == ("8000", "default")
    assert "canary" not in result.output + call("settings").output


def test_values_and_sources_stand_below_each_other() -> None:
    lines = call("settings").stdout.splitlines()
    starts = {line.rindex("  ") for line in lines}
    assert len(starts) == 1
    assert all(line[start + 2 :] == "default" for line in lines for start in starts)


def test_an_example_is_a_file_that_can_be_used() -> None:
    Path("casebook.toml").write_text(call("settings", "--example").stdout)
    assert call("settings").exit_code == 0


def test_commands_read_the_file_that_the_option_names() -> None:
    Path("other.toml").write_text('outputs = "elsewhere"\n[door]\nprot = 1\n')
    result = call("runs", "--config", "other.toml")
    assert result.exit_code == 2
    assert "other.toml has an unknown setting prot in [door]: did you mean port?" in result.stderr
    Path("other.toml").write_text('outputs = "elsewhere"\n')
    assert call("runs", "--config", "other.toml").exit_code == 0
    assert call("runs", "--config", "none.toml").exit_code == 2
