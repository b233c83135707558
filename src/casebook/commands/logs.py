"""`logs`: what was written down about a run."""

from __future__ import annotations

import json
import time

import click

from casebook.commands.console import explained, fail, outputs_option, read_settings

_LOOK_SECONDS = 0.5


@click.command()
@click.argument("run_id")
@click.option("--json", "as_json", is_flag=True, help="Print the lines as they are kept: one JSON object each.")
@click.option("--follow", is_flag=True, help="Go on with what is added, until the run ends or Ctrl-C.")
@outputs_option
def logs(run_id: str, as_json: bool, follow: bool, outputs: str | None) -> None:  # noqa: FBT001 - flags
    """Print all log lines of a run, from the files of all services, in the order of time.

    Files are looked for in outputs/logs of this machine; runs that another machine worked on have theirs there.

    \b
    Example:
      casebook logs 20260102_101500-3fa2b1 --json > run.jsonl
    """  # noqa: D301
    from casebook.log_lines import as_text, lines_of_run  # noqa: PLC0415

    folder = read_settings(outputs).outputs / "logs"
    shown = 0
    with explained():
        while True:
            found = lines_of_run(folder, run_id)
            for line in found[shown:]:
                click.echo(json.dumps(line, ensure_ascii=False) if as_json else as_text(line))
            shown = max(shown, len(found))
            if not follow or (found and found[-1].get("message") == "run ended"):
                break
            time.sleep(_LOOK_SECONDS)
    if not shown:
        fail(
            f"there are no log lines of a run {run_id} in {folder}: see all runs with casebook runs; logs are removed "
            "after CASEBOOK_LOG_KEEP_DAYS, and are kept on the machine that worked on the run"
        )
