"""The command line: parse, call, print, exit code. Results go to stdout, everything else to stderr."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from casebook import __version__

if TYPE_CHECKING:
    from casebook.domain.run import Run, Stage
    from casebook.domain.submission import Submission
    from casebook.service import Finished
    from casebook.settings import Settings

T = TypeVar("T")

EXIT_FAILED = 1
_OPTION_OF_FIELD = {
    "company_name": "--company",
    "company_description": "--description",
    "use_cases_count": "--use-cases",
    "readiness_score": "--readiness",
    "readiness_category": "--readiness-category",
    "report_expectations": "--expectations",
}
STOP_SECONDS = 60.0  # for which a worker that is to end lets its steps go on

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
        click.echo(f"  If it was submitted: casebook rerun {found.id}")
    for key in _report_keys(settings.outputs, found):
        click.echo(f"  {settings.outputs / key}")
    for source in _company_files(settings.outputs / found.company_slug):
        reason = f": {source['reason']}" if source["reason"] else ""
        click.echo(f"  {source['id']:<5} {source['status']:<8} {source['name']}{reason}")


@cli.command()
@_outputs
def worker(outputs: Path | None) -> None:
    """Work on submissions that wait, until Ctrl-C or a termination signal.

    On SQLite one worker runs, and `casebook serve` has it in itself. On PostgreSQL (CASEBOOK_DATABASE) start as many
    as you like, on as many machines as share the outputs folder: when one dies, another goes on with its runs.
    """
    import threading  # noqa: PLC0415

    with _explained(), _with_extra():
        from casebook.bootstrap import open_store, start_worker  # noqa: PLC0415

        settings = _settings(outputs)
        store = open_store(settings)
        working = start_worker(settings, store, progress=_unseen)
        click.echo(f"Working on what waits in {settings.outputs}. Ctrl-C ends it.", err=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            click.echo("Ending after the steps that are under way.", err=True)
            all_ended = working.stop(within=STOP_SECONDS)
            store.close()
            if not all_ended:
                os._exit(EXIT_FAILED)  # a step hangs; whoever takes the run over does it again


def _unseen(stage: Stage, done: int, total: int, detail: str = "") -> None:
    """Be the progress that nobody watches."""


@cli.command()
@click.argument("run_id")
@click.option(
    "--from", "from_stage", help="Do this step and all after it again. Default: go on with the step that failed."
)
@_outputs
def rerun(run_id: str, from_stage: str | None, outputs: Path | None) -> None:
    """Put a submitted run that has ended into the queue again."""
    from casebook.domain.run import Stage  # noqa: PLC0415

    stages = [stage.value for stage in Stage]
    if from_stage is not None and from_stage not in stages:
        message = f"there is no step {from_stage}: the steps are {', '.join(stages)}"
        raise click.BadParameter(message, param_hint="--from")
    with _explained(), _with_extra():
        from casebook.bootstrap import open_queue  # noqa: PLC0415

        open_queue(_settings(outputs)).rerun(run_id, Stage(from_stage) if from_stage else None)
    click.echo(f"{run_id} waits for a worker.", err=True)


@cli.command()
@click.argument("run_id")
@_outputs
def cancel(run_id: str, outputs: Path | None) -> None:
    """End a submitted run: now if it waits, at its next step if it is under way."""
    with _explained(), _with_extra():
        from casebook.bootstrap import open_queue  # noqa: PLC0415

        queue = open_queue(_settings(outputs))
        if queue.state(run_id) is None:
            _fail(f"the queue does not know a run {run_id}: see all runs with: casebook runs")
        queue.cancel(run_id)
    click.echo(f"{run_id} is cancelled.", err=True)


@cli.command()
@click.option("--host", help="Address to listen on.  [env: CASEBOOK_HOST; default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port, 0 for any.  [env: CASEBOOK_PORT; default: 8000]")
@click.option("--workers-elsewhere", is_flag=True, help="Only take submissions; `casebook worker` works on them.")
@click.option("--allow-anonymous", is_flag=True, help="Let everyone who reaches the address send submissions.")
@_outputs
def serve(
    host: str | None,
    port: int | None,
    workers_elsewhere: bool,  # noqa: FBT001 - a flag
    allow_anonymous: bool,  # noqa: FBT001
    outputs: Path | None,
) -> None:
    """Take submissions over HTTP, keep them safe, work on them and answer, until Ctrl-C.

    Listens to this machine only, unless told otherwise; other machines need a key (`casebook key`) or sign what they
    send (OPENAI_WEBHOOK_SECRET).

    \b
    Example:
      casebook serve
      curl -F company="Acme GmbH" -F file=@plan.pdf http://127.0.0.1:8000/
    """  # noqa: D301
    with _explained(), _with_extra():
        from casebook.serving import DoorSettings, open_server  # noqa: PLC0415

        door = _usage(lambda: DoorSettings.from_environment(os.environ))
        door = replace(door, host=host or door.host, port=door.port if port is None else port)
        if allow_anonymous:
            door = replace(door, strangers=True)
        with open_server(_settings(outputs), door, workers_elsewhere=workers_elsewhere) as (address, run_server):
            click.echo(f"Casebook takes submissions at {address}/ . Ctrl-C ends it.", err=True)
            if not run_server():
                _fail("the disk did not keep what was written: check it, then start again")


@cli.command()
@click.argument("name")
def key(name: str) -> None:
    """Make a key for a sender called NAME: lower-case letters, digits and dashes.

    The key goes to the sender and is shown once; the server knows only its digest.
    """
    with _explained(), _with_extra():
        from casebook.serving import new_key  # noqa: PLC0415

        made, entry = new_key(name)
    click.echo(made)
    click.echo(f"For the server: CASEBOOK_API_KEYS={entry} (several are separated by commas)", err=True)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--to", "url", required=True, help="The server's address, for example http://127.0.0.1:8000")
@click.option("--company", required=True, help="The company's name.")
@click.option("--description", default="", help="What the company does: one to five sentences.")
@click.option("--use-cases", "use_cases", type=int, default=7, show_default=True, help="How many use cases at most.")
@click.option("--readiness", type=float, help="The company's own readiness score, 0 to 100.")
@click.option("--key", envvar="CASEBOOK_KEY", help="Your key, if the server wants one.  [env: CASEBOOK_KEY]")
@_json
@_quiet
def submit(  # noqa: PLR0913, PLR0917 - one parameter an option
    folder: Path,
    url: str,
    company: str,
    description: str,
    use_cases: int,
    readiness: float | None,
    key: str | None,
    as_json: bool,  # noqa: FBT001 - a flag
    quiet: bool,  # noqa: FBT001
) -> None:
    """Send all documents in FOLDER to a server; tries again until they are kept, and they are kept once."""
    from casebook.backends.inboxes.folder import FolderInbox  # noqa: PLC0415
    from casebook.sending import Outgoing, send  # noqa: PLC0415

    with _explained():
        if not folder.is_dir():
            message = f"there is no folder {folder}"
            raise click.BadParameter(message, param_hint="FOLDER")
        files = []
        for file in FolderInbox(folder).files():
            reason = file.reason or (None if (folder / file.name).is_file() else "its name is not UTF-8")
            if reason:
                click.echo(f"Not sent: {file.name}: {reason}", err=True)
            else:
                files.append(Outgoing(file.name, folder / file.name))
        fields = {
            "company_name": company,
            "company_description": description,
            "use_cases_count": use_cases,
            **({} if readiness is None else {"readiness_score": readiness}),
        }
        answer = send(
            url,
            fields,
            files,
            key=key,
            progress=_Sent(quiet=quiet),
            say=lambda message: click.echo(message, err=True),
        )
    if as_json:
        click.echo(_as_json(answer))
        return
    if not quiet:
        click.echo(f"{answer['message']} {answer['confirmation_code']}", err=True)
        click.echo(f"  {url.rstrip('/')}{answer['status_url']}", err=True)
    click.echo(answer["run_id"])


class _Sent:
    """Shows how much is sent, each tenth once."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._shown = -1

    def __call__(self, sent: int, total: int) -> None:
        tenth = 10 * sent // max(total, 1)
        if self._quiet or tenth == self._shown:
            return
        self._shown = tenth
        click.echo(f"Sent {sent / 1e6:.1f} of {total / 1e6:.1f} MB", err=True)


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
    from casebook.settings import Settings  # noqa: PLC0415

    settings = _usage(lambda: Settings.from_environment(os.environ))
    return replace(settings, outputs=outputs) if outputs else settings


def _usage(read: Callable[[], T]) -> T:
    """Read settings; a wrong one is wrong usage."""
    from casebook.errors import CasebookError  # noqa: PLC0415

    try:
        return read()
    except CasebookError as error:
        raise click.UsageError(str(error)) from error


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


class _with_extra:  # noqa: N801 - reads as a statement
    """Say how to install what the base install leaves out."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        """Explain a missing package."""
        if isinstance(error, ModuleNotFoundError):
            _fail(f"{error.name} is not installed: pip install 'casebook[serve]'")


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
