"""`job` and `deploy`: runs on other machines, and Casebook itself on them."""

from __future__ import annotations

import click

from casebook.commands.console import as_json_text, explained, outputs_option, read_settings, with_extra
from casebook.commands.serving import unseen


@click.command()
@click.option("--run", "run_id", required=True, help="The run's id, as the worker gives it.")
@outputs_option
def job(run_id: str, outputs: str | None) -> None:
    """Work on one submitted run in this process, then end: what a launched job does.

    A worker starts it on another machine when CASEBOOK_LAUNCHER says so. It needs the same database and outputs as the
    worker and is told nothing but the run's id. Cut off, it goes on where it stopped when it is started again.
    """
    with explained(), with_extra("serve"):
        from casebook.bootstrap import run_job  # noqa: PLC0415

        settings = read_settings(outputs)
        finished = run_job(settings, run_id, progress=unseen)
        click.echo(settings.place(finished.files.md))


@click.group()
def deploy() -> None:
    """Put Casebook on other machines; see docs/howto/deploy.md for Compose and Kubernetes."""


@deploy.command()
@click.option("--dry-run", is_flag=True, help="Print the two specs and send nothing.")
@outputs_option
def paperspace(outputs: str | None, dry_run: bool) -> None:  # noqa: FBT001 - a flag
    """Create or update the front door's deployment on Paperspace. Specified, not verified live.

    Needs CASEBOOK_JOB_IMAGE, CASEBOOK_PAPERSPACE_PROJECT and CASEBOOK_PAPERSPACE_WORKFLOW; and PAPERSPACE_API_KEY
    to send anything. Secrets are named in the specs and never sent.
    """
    from casebook.connections import open_paperspace, paperspace_settings, paperspace_specs  # noqa: PLC0415

    with explained():
        settings = read_settings(outputs)
        if dry_run:
            click.echo(as_json_text(paperspace_specs(paperspace_settings(settings))))
            return
        from casebook.backends.launchers.remote.paperspace import deploy as send  # noqa: PLC0415

        deployment = send(*open_paperspace(settings))
    click.echo(deployment)
