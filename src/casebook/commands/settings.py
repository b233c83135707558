"""`settings`: what may be chosen, what is, and where it was."""

from __future__ import annotations

import os
from pathlib import Path

import click

from casebook.commands.console import (
    as_json_text,
    chosen_file,
    config_option,
    json_option,
    usage,
    warn_of_misnamed,
)


@click.command()
@config_option
@click.option("--example", is_flag=True, help="Print a file with every setting as a comment, to start one from.")
@json_option
def settings(example: bool, as_json: bool) -> None:  # noqa: FBT001 - flags
    """Show every setting, its value, and where it was set: the environment, a file, or nowhere.

    Secrets are not shown. Exit code 2 when one cannot be used, with its name and what it takes.

    \b
    Example:
      casebook settings --example > casebook.toml
    """  # noqa: D301
    from casebook.configuration import telling  # noqa: PLC0415
    from casebook.settings import Settings  # noqa: PLC0415

    if example:
        click.echo(telling.example(Settings), nl=False)
        return
    warn_of_misnamed()
    file = chosen_file()
    found = usage(lambda: Settings.find(os.environ, file))
    if as_json:
        shown = [
            {
                "variable": one.setting.variable,
                "table": one.setting.table,
                "key": one.setting.key,
                "value": one.shown,
                "from": one.source,
                "meaning": one.setting.meaning,
            }
            for one in found
        ]
        click.echo(as_json_text({"file": _name(file.path), "settings": shown}))
        return
    click.echo(f"File: {_name(file.path) or 'none (casebook.toml in this folder, or --config FILE)'}", err=True)
    wide, shown_wide = (
        max(map(len, column)) for column in zip(*((o.setting.variable, o.shown) for o in found), strict=True)
    )
    for one in found:
        click.echo(f"{one.setting.variable:<{wide}}  {one.shown:<{shown_wide}}  {one.source}")


def _name(path: Path | None) -> str | None:
    return str(path) if path else None
