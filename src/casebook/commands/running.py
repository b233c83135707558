"""`run` and `demo`: from a folder to a report."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from casebook.commands.console import (
    as_json_text,
    check_folder,
    count,
    explained,
    format_option,
    full_place,
    json_option,
    outputs_option,
    quiet_option,
    read_settings,
    usd,
)

if TYPE_CHECKING:
    from casebook.domain.prompt import Spending
    from casebook.domain.submission import Submission
    from casebook.service import Finished
    from casebook.settings import Settings


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--company", required=True, help="The company's name.")
@click.option("--description", default="", help="What the company does: one to five sentences.")
@click.option("--use-cases", "use_cases", type=int, default=7, show_default=True, help="How many use cases at most.")
@click.option("--readiness", type=float, help="The company's own readiness score, 0 to 100.")
@click.option("--readiness-category", default="", help="The company's own words for its readiness.")
@click.option("--expectations", default="", help="What the company expects of the report.")
@click.option(
    "--catalogue",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A catalogue of your own: JSON, YAML or CSV with id, title, description.  [env: CASEBOOK_CATALOGUE]",
)
@click.option("--drive-link", default="", help="A file or folder of Google Drive, beside FOLDER or instead of it.")
@click.option("--notify", default="", help="Mail address or Apprise URL that is told when the run has ended.")
@click.option("--with-built-in", is_flag=True, help="Use the built-in catalogue beside your own.")
@format_option
@outputs_option
@json_option
@quiet_option
def run(  # noqa: PLR0913, PLR0917 - one parameter an option
    folder: Path | None,
    company: str,
    description: str,
    use_cases: int,
    readiness: float | None,
    readiness_category: str,
    expectations: str,
    catalogue: Path | None,
    drive_link: str,
    notify: str,
    with_built_in: bool,  # noqa: FBT001 - a flag
    formats: tuple[str, ...] | None,
    outputs: str | None,
    as_json: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
) -> None:
    """Read all documents in FOLDER and write the report.

    Files of any kind may lie in FOLDER and its sub-folders: PDF, Word, PowerPoint, Excel, CSV, HTML, Markdown, text,
    JSON, e-mail. A file that cannot be read is listed in the report with the reason. If a run is cut off, the same
    command goes on where it stopped.

    \b
    Example:
      casebook run ~/acme --company "Acme GmbH" --description "Maker of pumps, 300 people." --use-cases 7 --readiness 55
    """  # noqa: D301
    from casebook.domain.drive_link import DriveLink  # noqa: PLC0415
    from casebook.domain.submission import Submission  # noqa: PLC0415 - commands start fast: each imports what it needs

    settings = read_settings(outputs)
    if catalogue:
        settings = replace(settings, catalogue=catalogue)
    if formats is not None:
        settings = replace(settings, formats=formats)
    if with_built_in:
        if settings.catalogue is None:
            message = "--with-built-in goes with --catalogue; without it the built-in catalogue is used alone"
            raise click.UsageError(message)
        settings = replace(settings, catalogue_mode="add")
    if folder is None and not drive_link:
        message = "give a FOLDER with documents, or --drive-link"
        raise click.UsageError(message)
    with explained():
        if folder is not None:
            check_folder(folder, settings.outputs)
        submission = Submission.parse(
            company_name=company,
            company_description=description,
            use_cases_count=use_cases,
            readiness_score=readiness,
            readiness_category=readiness_category,
            report_expectations=expectations,
            google_drive_link=drive_link,
        )
        if drive_link:
            DriveLink.parse(drive_link)  # a wrong one is told now; from a form it would be a source that failed
        _run(submission, folder, settings, as_json=as_json, quiet=quiet, tell=tuple(notify.split()))


@click.command()
@format_option
@outputs_option
@json_option
@quiet_option
def demo(
    formats: tuple[str, ...] | None,
    outputs: str | None,
    as_json: bool,  # noqa: FBT001 - a flag
    quiet: bool,  # noqa: FBT001
) -> None:
    """Run on the bundled example company (invented) and say where the report is."""
    import msgspec  # noqa: PLC0415

    from casebook.domain.submission import Submission  # noqa: PLC0415

    root = Path(__file__).parents[1] / "demo"
    fields: dict[str, Any] = msgspec.json.decode((root / "submission.json").read_bytes())
    settings = read_settings(outputs)
    if formats is not None:
        settings = replace(settings, formats=formats)
    with explained():
        submission = Submission.parse(**fields)
        _run(submission, root / "documents", settings, as_json=as_json, quiet=quiet)


def _run(  # noqa: PLR0913 - what is run, and how it is shown
    submission: Submission,
    folder: Path | None,
    settings: Settings,
    *,
    as_json: bool,
    quiet: bool,
    tell: tuple[str, ...] = (),
) -> None:
    from casebook.backends.inboxes.folder import FolderInbox  # noqa: PLC0415
    from casebook.backends.inboxes.nothing import NoFiles  # noqa: PLC0415
    from casebook.documents.reader import SandboxedReader  # noqa: PLC0415
    from casebook.errors import CasebookError  # noqa: PLC0415
    from casebook.progress import open_display  # noqa: PLC0415

    inbox = FolderInbox(folder, without=settings.outputs.absolute()) if folder else NoFiles()
    with open_display(quiet=quiet) as display, SandboxedReader(workers=settings.workers or None) as reader:
        if not (settings.outputs / submission.company_slug).exists():  # nothing was read before
            with suppress(CasebookError):  # the run meets it again, and writes it down
                reader.start_workers([file.name for file in inbox.files()])
        from casebook.bootstrap import build, close_notifier  # noqa: PLC0415 - while the workers start

        casebook = build(settings, progress=display, tell=tell, say=display.say, reader=reader)
        try:
            finished = casebook.run(submission, inbox)
        finally:
            close_notifier(casebook)
    spent = _spent(settings, finished)
    if as_json:
        click.echo(as_json_text(_outcome(finished, settings, spent)))
    elif quiet:
        click.echo(settings.place(finished.files.md))
    else:
        _tell(finished, settings, spent)


def _spent(settings: Settings, finished: Finished) -> Spending | None:
    """Return what the run paid for a language model, None when it used none."""
    if not settings.model.model:
        return None
    from casebook.bootstrap import costs  # noqa: PLC0415
    from casebook.domain.prompt import Spending  # noqa: PLC0415

    return sum(costs(settings, finished.run.id).values(), Spending())


def _outcome(finished: Finished, settings: Settings, spent: Spending | None) -> dict[str, object]:
    files = finished.files
    return {
        "run_id": finished.run.id,
        "status": finished.run.status,
        "company_slug": finished.run.company_slug,
        "outputs": full_place(settings, finished.run.company_slug),
        "report": {name: full_place(settings, key) for name, key in files.by_format().items()},
        "seconds": round(finished.seconds, 3),
        "files": {"received": files.files_received, "read": files.files_read, "failed": files.files_failed},
        "use_cases": files.use_cases,
        "quotes": files.quotes,
        **({"model": {"name": settings.model.model, "calls": spent.calls, "cost_usd": spent.cost}} if spent else {}),
    }


def _tell(finished: Finished, settings: Settings, spent: Spending | None) -> None:
    files = finished.files
    failed = f", {files.files_failed} not (see Sources in the report)" if files.files_failed else ""
    click.echo(
        f"{count(files.use_cases, 'use case')} on {count(files.quotes, 'quote')}; "
        f"read {files.files_read} of {count(files.files_received, 'file')}"
        f"{failed}, in {finished.seconds:.1f} s",
        err=True,
    )
    if spent:
        click.echo(f"{settings.model.model}: {count(spent.calls, 'call')} paid for, {usd(spent.cost)}", err=True)
    for key in files.keys():  # noqa: SIM118 - a method of ours
        if key != files.md:
            click.echo(f"  {settings.place(key)}", err=True)
    for reason in files.not_written:
        click.echo(f"  not written: {reason}", err=True)
    click.echo(settings.place(files.md))
