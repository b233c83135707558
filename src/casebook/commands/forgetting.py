"""`forget`: runs whose time is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from casebook.commands.console import (
    as_json_text,
    count,
    explained,
    json_option,
    outputs_option,
    read_settings,
    with_extra,
)

if TYPE_CHECKING:
    from casebook.forgetting import Leaving, Rule
    from casebook.settings import Settings


@click.command()
@click.option(
    "--older-than",
    type=click.IntRange(min=1),
    metavar="DAYS",
    help="Days since the end of a run.  [env: CASEBOOK_KEEP_RUNS_DAYS]",
)
@click.option(
    "--keep-latest",
    is_flag=True,
    help="Keep the latest finished run of each company.  [env: CASEBOOK_KEEP_LATEST_RUN]",
)
@click.option("--dry-run", is_flag=True, help="Say what would go, and delete nothing.")
@outputs_option
@json_option
def forget(
    older_than: int | None,
    keep_latest: bool,  # noqa: FBT001 - a flag
    dry_run: bool,  # noqa: FBT001
    outputs: str | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Delete runs that ended long ago, for good: their submissions, files, reports, index, answers of a model.

    A company goes with its last run. A company with a run that waits or is under way is left as it is. `casebook serve`
    does the same each hour when CASEBOOK_KEEP_RUNS_DAYS is set.

    \b
    Example:
      casebook forget --older-than 90 --dry-run
    """  # noqa: D301
    from casebook.forgetting import Rule  # noqa: PLC0415

    settings = read_settings(outputs)
    days = older_than or settings.keep.runs_days
    if not days:
        message = "say after how many days, with --older-than DAYS or CASEBOOK_KEEP_RUNS_DAYS"
        raise click.UsageError(message)
    rule = Rule(days, keep_latest or settings.keep.latest_run)
    with explained(), with_extra("serve"):
        found = _forget(settings, rule, dry_run=dry_run)
    if as_json:
        click.echo(as_json_text({"dry_run": dry_run, "companies": [_as_dict(leaving) for leaving in found]}))
        return
    for leaving in found:
        _show(leaving)
    runs = count(sum(len(leaving.runs) for leaving in found), "run")
    click.echo(f"{runs} {'would go' if dry_run else 'deleted'}", err=True)


def _forget(settings: Settings, rule: Rule, *, dry_run: bool) -> Sequence[Leaving]:
    from casebook.bootstrap import front_door, open_forgetting, open_log  # noqa: PLC0415

    with front_door(settings) as door:
        forgetting = open_forgetting(settings, open_log(settings, "casebook"), door=door)
        return list(forgetting.due(rule) if dry_run else forgetting.expire(rule))


def _show(leaving: Leaving) -> None:
    size = sum(kept.size for kept in leaving.files) / 1_000_000
    what = "everything: " if leaving.whole else ""
    click.echo(f"{leaving.company_slug}: {what}{count(len(leaving.files), 'file')}, {size:.1f} MB")
    for run_id, ended_at in sorted(leaving.runs.items()):
        click.echo(f"  {run_id}  ended {ended_at.isoformat(timespec='seconds')}")


def _as_dict(leaving: Leaving) -> dict[str, object]:
    return {
        "company": leaving.company_slug,
        "everything": leaving.whole,
        "runs": {run_id: ended_at.isoformat() for run_id, ended_at in sorted(leaving.runs.items())},
        "files": [kept.key for kept in leaving.files],
    }
