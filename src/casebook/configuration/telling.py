"""Telling people what may be set: tables for the documentation, an example of a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from casebook.configuration.kinds import Setting, groups_of, settings_of

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def tables(kind: type[DataclassInstance]) -> str:
    """Return a Markdown table for each group of settings."""
    return "\n\n".join("\n".join(_table(kind, name, meaning)) for name, _, meaning, _ in groups_of(kind))


def _table(kind: type[DataclassInstance], name: str, meaning: str) -> Iterator[str]:
    if name:
        yield f"### {meaning}\n"
        yield f"In a file these stand in the table `[{name}]`.\n"
    yield "| Variable | In a file | Option | Default | Takes | Meaning |"
    yield "|---|---|---|---|---|---|"
    for setting in settings_of(kind):
        if setting.table == name:
            option = f"`{setting.option}`" if setting.option else ""
            cells = [f"`{setting.variable}`", f"`{setting.key}`", option, setting.shown, setting.takes, setting.meaning]
            yield f"| {' | '.join(cells)} |"


def example(kind: type[DataclassInstance]) -> str:
    """Return a file with all settings as comments, to be kept as casebook.toml and changed."""
    lines = [
        "# Settings of Casebook. Take away the # before those that you change; all others keep their default.",
        "# A variable of the environment comes before this file, an option on the command line before both.",
    ]
    for name, _, meaning, _ in groups_of(kind):
        if name:
            lines += ["", f"[{name}]  # {meaning}"]
        for setting in settings_of(kind):
            if setting.table == name:
                lines += ["", f"# {setting.meaning}", f"# {setting.takes}; {setting.variable}", _line(setting)]
    return "\n".join(lines) + "\n"


def _line(setting: Setting) -> str:
    return f"# {setting.key} = {_toml(setting.default)}"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, tuple | Mapping):
        return "[]"
    return '"' + ("" if value is None else str(value)).replace("\\", "\\\\").replace('"', '\\"') + '"'
