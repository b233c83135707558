"""`serve`, `worker` and `key`: take submissions and work on them."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from casebook.commands.console import EXIT_FAILED, explained, fail, outputs_option, read_settings, with_extra

if TYPE_CHECKING:
    from casebook.domain.run import Stage

STOP_SECONDS = 60.0  # for which a worker that is to end lets its steps go on


@click.command()
@click.option("--host", help="Address to listen on.  [env: CASEBOOK_HOST; default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port, 0 for any.  [env: CASEBOOK_PORT; default: 8000]")
@click.option("--workers-elsewhere", is_flag=True, help="Only take submissions; `casebook worker` works on them.")
@click.option("--allow-anonymous", is_flag=True, help="Let everyone who reaches the address send submissions.")
@outputs_option
def serve(
    host: str | None,
    port: int | None,
    workers_elsewhere: bool,  # noqa: FBT001 - a flag
    allow_anonymous: bool,  # noqa: FBT001
    outputs: str | None,
) -> None:
    """Take submissions over HTTP, keep them safe, work on them and answer, until Ctrl-C.

    Listens to this machine only, unless told otherwise; other machines need a key (`casebook key`) or sign what they
    send (OPENAI_WEBHOOK_SECRET).

    \b
    Example:
      casebook serve
      curl -F company="Acme GmbH" -F file=@plan.pdf http://127.0.0.1:8000/
    """  # noqa: D301
    with explained(), with_extra("serve"):
        from casebook.serving import open_server  # noqa: PLC0415

        settings = read_settings(outputs)
        door = settings.door
        door = replace(
            door,
            host=host or door.host,
            port=door.port if port is None else port,
            strangers=allow_anonymous or door.strangers,
        )
        settings = replace(settings, door=door)
        with open_server(settings, workers_elsewhere=workers_elsewhere) as (address, run_server):
            click.echo(f"Casebook takes submissions at {address}/ . Ctrl-C ends it.", err=True)
            if not run_server():
                fail("the disk did not keep what was written: check it, then start again")


@click.command()
@outputs_option
def worker(outputs: str | None) -> None:
    """Work on submissions that wait, until Ctrl-C or a termination signal.

    On SQLite one worker runs, and `casebook serve` has it in itself. On PostgreSQL (CASEBOOK_DATABASE) start as many
    as you like, on as many machines as share the outputs folder: when one dies, another goes on with its runs.
    """
    import threading  # noqa: PLC0415

    with explained(), with_extra("serve"), ExitStack() as ending:
        from casebook.bootstrap import open_store, service_log, start_worker  # noqa: PLC0415

        settings = read_settings(outputs)
        log = ending.enter_context(service_log(settings, "worker"))
        store = open_store(settings)
        working = start_worker(settings, store, progress=unseen, log=log)
        click.echo(f"Working on what waits in {settings.outputs_url or settings.outputs}. Ctrl-C ends it.", err=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            click.echo("Ending after the steps that are under way.", err=True)
            all_ended = working.stop(within=STOP_SECONDS)
            store.close()
            if not all_ended:
                ending.close()
                os._exit(EXIT_FAILED)  # a step hangs; whoever takes the run over does it again


@click.command()
@click.argument("name")
def key(name: str) -> None:
    """Make a key for a sender called NAME: lower-case letters, digits and dashes.

    The key goes to the sender and is shown once; the server knows only its digest.
    """
    with explained(), with_extra("serve"):
        from casebook.serving import new_key  # noqa: PLC0415

        made, entry = new_key(name)
    click.echo(made)
    click.echo(f"For the server: CASEBOOK_API_KEYS={entry} (several are separated by commas)", err=True)


def unseen(stage: Stage, done: int, total: int, detail: str = "") -> None:
    """Be the progress that nobody watches."""
