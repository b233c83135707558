"""The documents are in step with the program: commands, options, variables, errors, links."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from msgspec.structs import fields

from casebook import errors
from casebook.cli import cli
from casebook.configuration.kinds import settings_of
from casebook.domain.report import SCHEMA_VERSION, Report, UseCase
from casebook.domain.run import Folder, Stage
from casebook.settings import FILE_VARIABLE, SENDER_VARIABLE, Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text("utf-8")

_CODE = re.compile(r"^```.*?^```|^ {4,}\S.*?$(?:\n {4,}.*$)*|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"(?:uv run |[`$] ?|^ {4})casebook ([a-z]+)((?:\\\n|[^`\n])*)", re.MULTILINE)
_OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*)")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)

on_each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def known_variables() -> set[str]:
    return {setting.variable for setting in settings_of(Settings)} | {FILE_VARIABLE, SENDER_VARIABLE}


def options_of(command: click.Command) -> set[str]:
    inner = command.commands.values() if isinstance(command, click.Group) else ()
    own = (name for parameter in command.params for name in parameter.opts)
    return {"--help", *own, *(name for part in inner for name in options_of(part))}


def commands_in(page: Path) -> Iterator[tuple[str, set[str]]]:
    for code in _CODE.findall(page.read_text("utf-8")):
        for name, rest in _COMMAND.findall(code):
            yield name, set(_OPTION.findall(rest))


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@pytest.mark.parametrize(
    "line",
    [
        "pip install uv && uv run casebook demo",
        "pip install uv && uv run pytest",
        'uv run casebook run ~/acme-documents --company "Acme GmbH" --description "…" --use-cases 7 --readiness 55',
    ],
)
def test_the_readme_gives_the_command(line: str) -> None:
    assert f"\n    {line}\n" in README


def test_continuous_integration_runs_the_test_command_of_the_readme() -> None:
    assert "pip install uv && uv run pytest" in read(".ci/run")


def test_commands_are_found_in_the_readme() -> None:
    assert {"demo", "run", "show", "evaluate"} <= {name for name, _ in commands_in(ROOT / "README.md")}


@on_each_page
def test_every_command_and_option_on_a_page_exists(page: Path) -> None:
    for name, options in commands_in(page):
        assert name in cli.commands, f"there is no command {name}"
        assert options <= options_of(cli.commands[name]), f"casebook {name} has no {options}"


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_the_reference_names_every_command(name: str) -> None:
    assert f"`casebook {name}" in read("docs/reference/cli.md")


def test_the_reference_names_every_option_of_run() -> None:
    text = read("docs/reference/cli.md")
    options = [option for option in options_of(cli.commands["run"]) if option.startswith("--")]
    assert [option for option in options if f"`{option}" not in text and option != "--help"] == []


@on_each_page
def test_every_variable_on_a_page_is_a_setting(page: Path) -> None:
    assert set(re.findall(r"CASEBOOK_[A-Z_]+", page.read_text("utf-8"))) <= known_variables()


def test_the_reference_names_every_setting() -> None:
    text = read("docs/reference/settings.md")
    assert [name for name in sorted(known_variables()) if f"`{name}`" not in text] == []


@pytest.mark.parametrize(
    "name", [name for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]
)
def test_the_reference_names_every_error(name: str) -> None:
    assert f"| `{name}` |" in read("docs/reference/errors.md")


def test_the_reference_names_every_part_of_the_report() -> None:
    text = read("docs/reference/report-schema.md")
    assert f"`{SCHEMA_VERSION}`" in text
    assert [part.name for part in fields(Report) if f"| `{part.name}` |" not in text] == []


def test_the_reference_names_no_field_that_a_use_case_does_not_have() -> None:
    section = read("docs/reference/report-schema.md").split("## A use case")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    names = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert names
    assert names <= {part.name for part in fields(UseCase)}


@pytest.mark.parametrize("folder", list(Folder))
def test_the_storage_layout_names_every_folder(folder: Folder) -> None:
    assert f" {folder}/\n" in read("docs/reference/storage-layout.md")


@pytest.mark.parametrize("stage", list(Stage))
def test_the_architecture_names_every_step(stage: Stage) -> None:
    assert f"| `{stage}` | `steps/{stage}.py` |" in read("ARCHITECTURE.md")


@on_each_page
def test_every_link_on_a_page_leads_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text("utf-8")):
        if target.startswith(("https://", "#q", "#u")):  # outside, or a mark in an excerpt of a report
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{target} is not there"
        assert found.is_relative_to(ROOT), f"{target} leads out of the repository"
        if anchor:
            assert anchor in {_anchor(heading) for heading in _HEADING.findall(found.read_text("utf-8"))}, target


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
