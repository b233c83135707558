"""`evaluate`, `schema` and `doctor`: figures, formats, what is installed."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from casebook.commands.console import (
    EXIT_FAILED,
    as_json_text,
    config_given,
    explained,
    json_option,
    outputs_option,
    read_settings,
    usage,
)

if TYPE_CHECKING:
    from casebook.evaluation import Measured
    from casebook.settings import Settings


@click.command()
@click.argument("target")
@click.option(
    "--catalogue",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The catalogue that the labels' patterns are of.",
)
@json_option
def evaluate(target: str, catalogue: Path | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Measure a report, or a folder with labels; exit 1 below the ship gates.

    TARGET is a FINAL_REPORT_*.json (a file, or its URL in a bucket), whose quotes are checked against the texts beside
    it; or a folder with submission.json, labels.json and documents/, on which a run is made and compared with the
    labels.
    """
    with explained():
        measured = _measured(target, replace(read_settings(None), catalogue=catalogue))
    if as_json:
        click.echo(as_json_text(measured.as_dict()))
    else:
        click.echo(measured.describe())
    if not measured.passed:
        sys.exit(EXIT_FAILED)


def _measured(target: str, settings: Settings) -> Measured:
    from casebook.evaluation import evaluate_folder, evaluate_report  # noqa: PLC0415
    from casebook.outputs import report_at_hand  # noqa: PLC0415

    if "://" in target:
        with report_at_hand(settings, target) as path:
            return evaluate_report(path)
    path = Path(target)
    if not path.exists():
        message = f"{target} does not exist"
        raise click.BadParameter(message, param_hint="TARGET")
    if path.is_dir():
        return evaluate_folder(path, settings)
    if path.suffix != ".json":
        data = path.with_suffix(".json")
        message = f"a report is measured by its data: give {data if data.is_file() else 'its FINAL_REPORT_*.json'}"
        raise click.BadParameter(message, param_hint="TARGET")
    return evaluate_report(path)


@click.command()
def schema() -> None:
    """Print the JSON Schema of report.json."""
    from casebook.report.schema import report_schema  # noqa: PLC0415

    click.echo(as_json_text(report_schema()))


@click.command()
@outputs_option
@json_option
def doctor(outputs: str | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Say what is installed, what is missing, and how to get it; exit 1 when the main job cannot run."""
    from casebook.doctor import examine, examine_settings  # noqa: PLC0415

    settings, checks = examine_settings(os.environ, config_given())
    checks += examine(usage(lambda: settings.at(outputs)) if outputs else settings)
    if as_json:
        click.echo(as_json_text({"checks": [check.as_dict() for check in checks]}))
    else:
        for check in checks:
            click.echo(f"{check.mark}  {check.name:<22} {check.finding}")
    if any(check.needed and not check.ok for check in checks):
        sys.exit(EXIT_FAILED)
