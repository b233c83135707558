"""`casebook settings`, and the settings' file that all commands read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from casebook.bootstrap import service_log
from casebook.cli import cli
from casebook.settings import Settings


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


@pytest.mark.parametrize(
    "arguments", [["runs"], ["settings"], ["runs", "--json"], ["submit", ".", "--to", "x", "--company", "Acme"]]
)
def test_a_variable_that_is_no_setting_is_warned_of_once_and_nothing_else_changes(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    before = call(*arguments)
    monkeypatch.setenv("CASEBOOK_MODLE", "canary")
    result = call(*arguments)
    warning = "Warning: CASEBOOK_MODLE is not a setting: did you mean CASEBOOK_MODEL?\n"
    assert result.stderr == warning + before.stderr
    assert (result.exit_code, result.stdout) == (before.exit_code, before.stdout)


def test_a_process_that_serves_logs_it_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEBOOK_MODLE", "canary")
    with service_log(Settings(outputs=folder), "worker"):
        pass
    (file,) = (folder / "logs").iterdir()
    (line,) = file.read_text("utf-8").splitlines()
    assert json.loads(line)["level"] == "warning"
    assert json.loads(line)["detail"] == "CASEBOOK_MODLE is not a setting: did you mean CASEBOOK_MODEL?"


def test_the_doctor_finds_what_is_wrong_with_the_settings_and_looks_at_all_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("casebook.toml").write_text("[door]\nport = 70000\n")
    monkeypatch.setenv("CASEBOOK_WORKERS", "canary")
    monkeypatch.setenv("CASEBOOK_MODLE", "canary")
    result = call("doctor", "--json")
    assert result.exit_code == 1, result.output
    checks = json.loads(result.stdout)["checks"]
    found = [(check["name"], check["ok"], check["needed"], check["finding"]) for check in checks[:4]]
    assert found[0] == ("Settings file", True, True, str(Path("casebook.toml").absolute()))
    assert [one[:3] for one in found[1:]] == [
        ("Setting", False, True),
        ("Setting", False, True),
        ("Variable", False, False),
    ]
    assert found[1][3].startswith("CASEBOOK_WORKERS is a whole number from 0: ")
    assert found[2][3].startswith("port in [door] of casebook.toml is a whole number from 0 to 65535: ")
    assert found[3][3] == "CASEBOOK_MODLE is not a setting: did you mean CASEBOOK_MODEL?"
    assert "Worker processes" in {check["name"] for check in checks}
    assert "canary" not in result.output


@pytest.mark.parametrize(
    ("arguments", "ok", "says"),
    [
        (["--config", "none.toml"], False, "the settings in none.toml cannot be read"),
        (["--config", "bad.toml"], False, "bad.toml is not TOML"),
        ([], True, "none: no casebook.toml in "),
    ],
)
def test_the_doctor_says_which_file_it_read_or_why_it_could_not(arguments: list[str], *, ok: bool, says: str) -> None:
    Path("bad.toml").write_text("canary")
    check = json.loads(call("doctor", "--json", *arguments).stdout)["checks"][0]
    assert (check["name"], check["ok"]) == ("Settings file", ok)
    assert check["finding"].startswith(says)
    assert "canary" not in check["finding"]
