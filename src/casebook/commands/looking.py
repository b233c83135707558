"""`runs` and `show`: what was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from casebook.commands.console import (
    as_json_text,
    count,
    explained,
    fail,
    json_option,
    outputs_option,
    read_settings,
    usd,
    with_extra,
)

if TYPE_CHECKING:
    from casebook.domain.prompt import Spending
    from casebook.domain.run import Run
    from casebook.ports import Storage
    from casebook.settings import Settings


@click.command()
@outputs_option
@json_option
def runs(outputs: str | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """List all runs, newest first."""
    import msgspec  # noqa: PLC0415

    from casebook.bootstrap import open_records  # noqa: PLC0415

    with explained():
        found = open_records(read_settings(outputs)).all()
    if as_json:
        click.echo(as_json_text({"runs": [msgspec.to_builtins(run) for run in found]}))
        return
    for run in found:
        click.echo(f"{run.id}  {run.status:<11}  {run.started_at}  {run.company_name}")
    if not found:
        click.echo("There are no runs yet. Start one with: casebook demo", err=True)


@click.command()
@click.argument("run_id", required=False)
@outputs_option
@json_option
def show(run_id: str | None, outputs: str | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Show a run: its steps, its files, what failed and why. Without RUN_ID: the latest."""
    import msgspec  # noqa: PLC0415

    from casebook.bootstrap import costs, open_records  # noqa: PLC0415

    settings = read_settings(outputs)
    with explained():
        records = open_records(settings)
        found = records.find(run_id) if run_id else next(iter(records.all()), None)
        spent = costs(settings, found.id) if found else {}
    if found is None:
        fail(
            f"there is no run {run_id}: see them all with: casebook runs"
            if run_id
            else "there are no runs yet: start one with casebook demo"
        )
    if as_json:
        click.echo(as_json_text({**msgspec.to_builtins(found), "costs": msgspec.to_builtins(spent)}))
        return
    click.echo(f"{found.id}  {found.status}  {found.company_name}")
    _show_jobs(found)
    _show_costs(spent)
    _show_failure(found, settings)
    with explained():
        report, files = _report_keys(records.storage, found), _company_files(records.storage, found.company_slug)
    for key in report:
        click.echo(f"  {settings.place(key)}")
    for source in files:
        reason = f": {source['reason']}" if source["reason"] else ""
        click.echo(f"  {source['id']:<5} {source['status']:<8} {source['name']}{reason}")


def _show_jobs(run: Run) -> None:
    from casebook.domain.job import STAGES_OF_JOB, job_status  # noqa: PLC0415

    for job, stages in STAGES_OF_JOB.items():
        steps = [step for stage in stages if (step := run.step(stage))]
        seconds = sum(step.seconds for step in steps)
        click.echo(f"  {job:<16} {job_status(job, run):<11} {seconds:8.3f} s")
        for step in steps:
            click.echo(f"    {step.stage:<14} {step.status:<11} {step.seconds:8.3f} s  {step.output or ''}")


def _show_costs(spent: Mapping[str, Spending]) -> None:
    """Show what the run paid for a language model."""
    for step, part in spent.items():
        tokens = f"{part.input_tokens:,} tokens in, {part.output_tokens:,} out"
        click.echo(f"    {step:<14} {count(part.calls, 'call')} of the language model, {tokens}, {usd(part.cost)}")


def _show_failure(run: Run, settings: Settings) -> None:
    from casebook.domain.job import failure_of  # noqa: PLC0415

    failure = failure_of(run)
    if failure is None and not _is_cut_off(run, settings):
        return
    cause = failure.cause if failure else "it was cut off"
    tried = f", tried {failure.attempts} times" if failure and failure.attempts > 1 else ""
    click.echo(f"  {f'{failure.step}{tried}: ' if failure and failure.step else ''}{cause}")
    click.echo("  Run the same command again to go on where it stopped.")
    click.echo(f"  If it was submitted: casebook rerun {run.id}")


def _is_cut_off(run: Run, settings: Settings) -> bool:
    """Tell whether a run that did not end is not under way either: nobody holds the company."""
    from casebook.domain.run import RunStatus  # noqa: PLC0415
    from casebook.errors import CasebookError  # noqa: PLC0415
    from casebook.outputs import is_company_held  # noqa: PLC0415

    if run.status is not RunStatus.RUNNING:
        return False
    try:
        return not is_company_held(settings, run.company_slug)
    except CasebookError:
        return False


def _report_keys(storage: Storage, run: Run) -> list[str]:
    """Return the files of the run's report, none before it was written."""
    import msgspec  # noqa: PLC0415

    from casebook.domain.report_files import ReportFiles  # noqa: PLC0415
    from casebook.domain.run import Stage  # noqa: PLC0415

    step = run.step(Stage.CONSOLIDATION)
    if not step or not step.output or not storage.exists(step.output):
        return []
    return list(msgspec.json.decode(storage.read(step.output), type=ReportFiles).keys())


def _company_files(storage: Storage, company_slug: str) -> list[dict[str, Any]]:
    import msgspec  # noqa: PLC0415

    info = f"{company_slug}/data/company_info.json"
    return list(msgspec.json.decode(storage.read(info))["files"]) if storage.exists(info) else []


@click.command()
@outputs_option
@json_option
def refused(outputs: str | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """List what known senders sent with fields that could not be accepted: of the last 7 days, newest first."""
    import msgspec  # noqa: PLC0415

    with explained(), with_extra("serve"):
        from casebook.bootstrap import open_store  # noqa: PLC0415

        store = open_store(read_settings(outputs))
        found = store.refused(1000)
        store.close()
    if as_json:
        click.echo(as_json_text({"refused": [msgspec.to_builtins(one) for one in found]}))
        return
    for one in found:
        click.echo(f"{one.received_at}  {one.principal}  {one.reason}\n  {one.fields}")
    if not found:
        click.echo("Nothing was refused lately.", err=True)
