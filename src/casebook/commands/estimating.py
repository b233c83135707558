"""`estimate`: what a run will take, before anything is run."""

from __future__ import annotations

from pathlib import Path

import click

from casebook.commands.console import (
    as_json_text,
    check_folder,
    explained,
    json_option,
    outputs_option,
    read_settings,
)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--use-cases", "use_cases", type=int, default=7, show_default=True, help="How many use cases at most.")
@click.option("--companies", type=click.IntRange(1), default=20, show_default=True, help="Companies in a month.")
@click.option(
    "--prices",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Machines and prices of your own, in the form of the shipped sizing.json.",
)
@outputs_option
@json_option
def estimate(  # noqa: PLR0913, PLR0917 - one parameter an option
    folder: Path,
    use_cases: int,
    companies: int,
    prices: Path | None,
    outputs: str | None,
    as_json: bool,  # noqa: FBT001 - a flag
) -> None:
    """Say what a run over FOLDER will take: time, a model's cost, a machine and what it costs a run and a month.

    Reads the documents and asks no model. With CASEBOOK_MODEL the model's calls, tokens and cost are estimated as
    `casebook run` does before it begins.
    """
    from casebook.domain.submission import Submission  # noqa: PLC0415 - commands start fast
    from casebook.estimating import estimate_folder, load_table  # noqa: PLC0415

    settings = read_settings(outputs)
    with explained():
        check_folder(folder, settings.outputs)
        submission = Submission.parse(company_name=folder.absolute().name or "estimate", use_cases_count=use_cases)
        estimated = estimate_folder(folder, submission, settings, table=load_table(prices), companies=companies)
    click.echo(as_json_text(estimated.as_dict()) if as_json else estimated.describe())
