"""The command line: results go to stdout, everything else to stderr."""

from __future__ import annotations

import gc
import signal
import sys
from io import TextIOWrapper

import click

from casebook import __version__
from casebook.commands import (
    asking,
    checking,
    deploying,
    estimating,
    forgetting,
    logs,
    looking,
    queue,
    running,
    serving,
    settings,
    submitting,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="casebook")
def cli() -> None:
    """AI use cases for a company, every statement resting on a quote from its own documents.

    \b
    Start here:
      casebook demo                                the bundled example company, in seconds
      casebook run ./documents --company "Acme"    your own documents
      casebook show                                the latest run: its steps, files and report

    Works without a key and without a network. Nothing leaves this machine.
    """  # noqa: D301 - the backslash is click's mark for lines that stay as they are


for command in (
    running.run,
    running.demo,
    looking.runs,
    looking.show,
    looking.refused,
    logs.logs,
    serving.serve,
    serving.worker,
    serving.key,
    submitting.submit,
    queue.rerun,
    queue.cancel,
    forgetting.forget,
    estimating.estimate,
    asking.ask,
    asking.mcp,
    deploying.job,
    deploying.deploy,
    checking.evaluate,
    checking.schema,
    checking.doctor,
    settings.settings,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line; a termination signal is treated like Ctrl-C, so that a run ends tidily."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files may hold what the terminal cannot show
    gc.set_threshold(50_000, 20, 20)  # statements are many and have no cycles: looking for some costs a run two percent
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # raise_signal(SIGINT) may be ignored
    cli()
