"""`rerun` and `cancel`: submitted runs, once more or no more."""

from __future__ import annotations

import click

from casebook.commands.console import explained, fail, outputs_option, read_settings, with_extra


@click.command()
@click.argument("run_id")
@click.option(
    "--from", "from_stage", help="Do this step and all after it again. Default: go on with the step that failed."
)
@outputs_option
def rerun(run_id: str, from_stage: str | None, outputs: str | None) -> None:
    """Put a submitted run that has ended into the queue again.

    A run of `casebook run` is not in the queue: give that command again, and it goes on where it stopped.
    """
    from casebook.domain.run import Stage  # noqa: PLC0415

    stages = [stage.value for stage in Stage]
    if from_stage is not None and from_stage not in stages:
        message = f"there is no step {from_stage}: the steps are {', '.join(stages)}"
        raise click.BadParameter(message, param_hint="--from")
    with explained(), with_extra("serve"):
        from casebook.bootstrap import open_queue  # noqa: PLC0415

        open_queue(read_settings(outputs)).rerun(run_id, Stage(from_stage) if from_stage else None)
    click.echo(f"{run_id} waits for a worker.", err=True)


@click.command()
@click.argument("run_id")
@outputs_option
def cancel(run_id: str, outputs: str | None) -> None:
    """End a submitted run: now if it waits, at its next step if it is under way."""
    with explained(), with_extra("serve"):
        from casebook.bootstrap import open_queue  # noqa: PLC0415

        queue = open_queue(read_settings(outputs))
        if queue.state(run_id) is None:
            fail(f"the queue does not know a run {run_id}: see all runs with: casebook runs")
        queue.cancel(run_id)
    click.echo(f"{run_id} is cancelled.", err=True)
