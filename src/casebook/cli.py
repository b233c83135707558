"""The command line: parse, call, print, exit code. Results go to stdout, everything else to stderr."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from casebook import __version__

if TYPE_CHECKING:
    from casebook.domain.run import Run
    from casebook.domain.submission import Submission
    from casebook.service import Finished
    from casebook.settings import Settings

EXIT_FAILED = 1
_OPTION_OF_FIELD = {
    "company_name": "--company",
    "company_description": "--description",
    "use_cases_count": "--use-cases",
    "readiness_score": "--readiness",
    "readiness_category": "--readiness-category",
    "report_expectations": "--expectations",
}

_outputs = click.option(
    "--outputs",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for everything that is written.  [env: CASEBOOK_OUTPUTS; default: ./outputs]",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON object on stdout.")
_quiet = click.option("-q", "--quiet", is_flag=True, help="Show no progress; print only the report's path.")


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


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
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
@click.option("--with-built-in", is_flag=True, help="Use the built-in catalogue beside your own.")
@_outputs
@_json
@_quiet
def run(  # noqa: PLR0913, PLR0917 - one parameter an option
    folder: Path,
    company: str,
    description: str,
    use_cases: int,
    readiness: float | None,
    readiness_category: str,
    expectations: str,
    catalogue: Path | None,
    with_built_in: bool,  # noqa: FBT001 - a flag
    outputs: Path | None,
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
    from casebook.domain.submission import Submission  # noqa: PLC0415 - commands start fast: each imports what it needs

    settings = _settings(outputs)
    if catalogue:
        settings = replace(settings, catalogue=catalogue)
    if with_built_in:
        if settings.catalogue is None:
            message = "--with-built-in goes with --catalogue; without it the built-in catalogue is used alone"
            raise click.UsageError(message)
        settings = replace(settings, with_built_in=True)
    with _explained():
        _check_folder(folder, settings.outputs)
        submission = Submission.parse(
            company_name=company,
            company_description=description,
            use_cases_count=use_cases,
            readiness_score=readiness,
            readiness_category=readiness_category,
            report_expectations=expectations,
        )
        _run(submission, folder, settings, as_json=as_json, quiet=quiet)


@cli.command()
@_outputs
@_json
@_quiet
def demo(outputs: Path | None, as_json: bool, quiet: bool) -> None:  # noqa: FBT001 - flags
    """Run on the bundled example company (invented) and say where the report is."""
    import msgspec  # noqa: PLC0415

    from casebook.domain.submission import Submission  # noqa: PLC0415

    root = Path(__file__).parent / "demo"
    fields: dict[str, Any] = msgspec.json.decode((root / "submission.json").read_bytes())
    with _explained():
        submission = Submission.parse(**fields)
        _run(submission, root / "documents", _settings(outputs), as_json=as_json, quiet=quiet)


def _run(submission: Submission, folder: Path, settings: Settings, *, as_json: bool, quiet: bool) -> None:
    from casebook.backends.inboxes.folder import FolderInbox  # noqa: PLC0415
    from casebook.bootstrap import build  # noqa: PLC0415
    from casebook.progress import open_display  # noqa: PLC0415

    with open_display(quiet=quiet) as display:
        casebook = build(settings, progress=display)
        inbox = FolderInbox(folder, without=settings.outputs.absolute())
        finished = casebook.run(submission, inbox)
    if as_json:
        click.echo(_as_json(_outcome(finished, settings)))
    elif quiet:
        click.echo(settings.outputs / finished.files.md)
    else:
        _tell(finished, settings)


def _outcome(finished: Finished, settings: Settings) -> dict[str, object]:
    files = finished.files
    return {
        "run_id": finished.run.id,
        "status": finished.run.status,
        "company_slug": finished.run.company_slug,
        "outputs": _full_path(settings.outputs / finished.run.company_slug),
        "report": {
            "md": _full_path(settings.outputs / files.md),
            "html": _full_path(settings.outputs / files.html),
            "json": _full_path(settings.outputs / files.json),
        },
        "seconds": round(finished.seconds, 3),
        "files": {"received": files.files_received, "read": files.files_read, "failed": files.files_failed},
        "use_cases": files.use_cases,
        "quotes": files.quotes,
    }


def _full_path(path: Path) -> str:
    """Say where a file is; bytes that are not UTF-8 become marks, for JSON can hold nothing else."""
    return os.fsencode(path.absolute()).decode("utf-8", "replace")


def _tell(finished: Finished, settings: Settings) -> None:
    files = finished.files
    failed = f", {files.files_failed} not (see Sources in the report)" if files.files_failed else ""
    click.echo(
        f"{_count(files.use_cases, 'use case')} on {_count(files.quotes, 'quote')}; "
        f"read {files.files_read} of {_count(files.files_received, 'file')}"
        f"{failed}, in {finished.seconds:.1f} s",
        err=True,
    )
    for key in (files.html, files.json):
        click.echo(f"  {settings.outputs / key}", err=True)
    click.echo(settings.outputs / files.md)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@cli.command()
@_outputs
@_json
def runs(outputs: Path | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """List all runs, newest first."""
    import msgspec  # noqa: PLC0415

    from casebook.bootstrap import open_records  # noqa: PLC0415

    with _explained():
        found = open_records(_settings(outputs)).all()
    if as_json:
        click.echo(_as_json({"runs": [msgspec.to_builtins(run) for run in found]}))
        return
    for run in found:
        click.echo(f"{run.id}  {run.status:<11}  {run.started_at}  {run.company_name}")
    if not found:
        click.echo("There are no runs yet. Start one with: casebook demo", err=True)


@cli.command()
@click.argument("run_id", required=False)
@_outputs
@_json
def show(run_id: str | None, outputs: Path | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Show a run: its steps, its files, what failed and why. Without RUN_ID: the latest."""
    import msgspec  # noqa: PLC0415

    from casebook.bootstrap import open_records  # noqa: PLC0415

    settings = _settings(outputs)
    with _explained():
        records = open_records(settings)
        found = records.find(run_id) if run_id else next(iter(records.all()), None)
    if found is None:
        _fail(f"there is no run {run_id}: see them all with: casebook runs" if run_id else "there are no runs yet")
    if as_json:
        click.echo(_as_json(msgspec.to_builtins(found)))
        return
    click.echo(f"{found.id}  {found.status}  {found.company_name}")
    for step in found.steps:
        click.echo(f"  {step.stage:<14} {step.status:<11} {step.seconds:8.3f} s  {step.output or ''}")
        if step.error:
            click.echo(f"      {step.error}")
    error = found.error or ("it was cut off" if _is_cut_off(found, settings) else "")
    if error:
        click.echo(f"  {error}\n  Run the same command again to go on where it stopped.")
    for key in _report_keys(settings.outputs, found):
        click.echo(f"  {settings.outputs / key}")
    for source in _company_files(settings.outputs / found.company_slug):
        reason = f": {source['reason']}" if source["reason"] else ""
        click.echo(f"  {source['id']:<5} {source['status']:<8} {source['name']}{reason}")


def _is_cut_off(run: Run, settings: Settings) -> bool:
    """Tell whether a run that did not end is not under way either: nobody holds the company's lock."""
    from casebook.backends.locks import company_lock  # noqa: PLC0415
    from casebook.domain.run import RunStatus  # noqa: PLC0415
    from casebook.errors import CasebookError  # noqa: PLC0415

    if run.status is not RunStatus.RUNNING:
        return False
    try:
        with company_lock(settings.outputs, run.company_slug):
            return True
    except CasebookError:
        return False


def _report_keys(outputs: Path, run: Run) -> list[str]:
    """Return the files of the run's report, none before it was written."""
    import msgspec  # noqa: PLC0415

    from casebook.domain.report_files import ReportFiles  # noqa: PLC0415
    from casebook.domain.run import Stage  # noqa: PLC0415

    step = run.step(Stage.CONSOLIDATION)
    saved = outputs / step.output if step and step.output else None
    if saved is None or not saved.is_file():
        return []
    return list(msgspec.json.decode(saved.read_bytes(), type=ReportFiles).keys())


def _company_files(folder: Path) -> list[dict[str, Any]]:
    import msgspec  # noqa: PLC0415

    info = folder / "data" / "company_info.json"
    return list(msgspec.json.decode(info.read_bytes())["files"]) if info.is_file() else []


@cli.command()
@click.argument("target", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--catalogue",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The catalogue that the labels' patterns are of.",
)
@_json
def evaluate(target: Path, catalogue: Path | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Measure a report, or a folder with labels; exit 1 below the ship gates.

    TARGET is a FINAL_REPORT_*.json, whose quotes are checked against the texts beside it; or a folder with
    submission.json, labels.json and documents/, on which a run is made and compared with the labels.
    """
    from casebook.evaluation import evaluate_folder, evaluate_report  # noqa: PLC0415

    with _explained():
        measured = (
            evaluate_folder(target, replace(_settings(None), catalogue=catalogue))
            if target.is_dir()
            else evaluate_report(target)
        )
    if as_json:
        click.echo(_as_json(measured.as_dict()))
    else:
        click.echo(measured.describe())
    if not measured.passed:
        sys.exit(EXIT_FAILED)


@cli.command()
def schema() -> None:
    """Print the JSON Schema of report.json."""
    from casebook.report.schema import report_schema  # noqa: PLC0415

    click.echo(_as_json(report_schema()))


@cli.command()
@_outputs
@_json
def doctor(outputs: Path | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Say what is installed, what is missing, and how to get it; exit 1 when the main job cannot run."""
    from casebook.doctor import examine  # noqa: PLC0415

    checks = examine(_settings(outputs))
    if as_json:
        click.echo(_as_json({"checks": [check.as_dict() for check in checks]}))
    else:
        for check in checks:
            click.echo(f"{check.mark}  {check.name:<22} {check.finding}")
    if any(check.needed and not check.ok for check in checks):
        sys.exit(EXIT_FAILED)


def _settings(outputs: Path | None) -> Settings:
    from casebook.errors import CasebookError  # noqa: PLC0415
    from casebook.settings import Settings  # noqa: PLC0415

    try:
        settings = Settings.from_environment(os.environ)
    except CasebookError as error:
        raise click.UsageError(str(error)) from error
    return replace(settings, outputs=outputs) if outputs else settings


def _check_folder(folder: Path, outputs: Path) -> None:
    if not folder.exists():
        message = f"there is no folder {folder}"
        raise click.BadParameter(message, param_hint="FOLDER")
    if not folder.is_dir():
        message = f"{folder} is a file: give the folder that holds the documents"
        raise click.BadParameter(message, param_hint="FOLDER")
    if outputs.exists() and outputs.samefile(folder):
        message = "what is written would lie among the documents: choose another folder"
        raise click.BadParameter(message, param_hint="--outputs")


class _explained:  # noqa: N801 - reads as a statement
    """Turn Casebook's errors into one message and an exit code; wrong fields are wrong usage."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        """Explain what ended the block."""
        from casebook.errors import CasebookError, InvalidCatalogue, InvalidSubmission  # noqa: PLC0415

        if isinstance(error, InvalidSubmission | InvalidCatalogue):
            raise click.UsageError(_with_options(str(error))) from error
        if isinstance(error, CasebookError):
            _fail(str(error))
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            _fail(f"the system refuses: {error}")
        if isinstance(error, KeyboardInterrupt):
            _fail("interrupted; what was done is saved: run the same command again to go on")


def _with_options(message: str) -> str:
    """Name the option instead of the form's field."""
    field, _, rest = message.partition(" ")
    return f"{_OPTION_OF_FIELD.get(field, field)} {rest}"


def _fail(message: str) -> NoReturn:
    click.echo(f"Error: {message}", err=True)
    sys.exit(EXIT_FAILED)


def _as_json(value: object) -> str:
    import msgspec  # noqa: PLC0415

    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def main() -> None:
    """Run the command line; a termination signal is treated like Ctrl-C, so that a run ends tidily."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files may hold what the terminal cannot show
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # raise_signal(SIGINT) may be ignored
    cli()
