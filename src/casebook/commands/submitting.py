"""`submit`: send a folder to a server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from casebook.commands.console import (
    as_json_text,
    explained,
    fail,
    full_path,
    json_option,
    quiet_option,
    warn_of_misnamed,
)

if TYPE_CHECKING:
    from casebook.sending import Outgoing

_KB, _MB = 1_000, 1_000_000


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--to", "url", required=True, help="The server's address, for example http://127.0.0.1:8000")
@click.option("--company", required=True, help="The company's name.")
@click.option("--description", default="", help="What the company does: one to five sentences.")
@click.option("--use-cases", "use_cases", type=int, default=7, show_default=True, help="How many use cases at most.")
@click.option("--readiness", type=float, help="The company's own readiness score, 0 to 100.")
@click.option("--region", default="", help="The region whose data it is; the server sends it on there.")
@click.option("--country", default="", help="The company's country (two letters), instead of a region.")
@click.option("--readiness-category", default="", help="The company's own words for its readiness.")
@click.option("--expectations", default="", help="What the company expects of the report.")
@click.option("--drive-link", default="", help="A Google Drive folder or file that belongs to the documents.")
@click.option("--key", envvar="CASEBOOK_KEY", help="Your key, if the server wants one.  [env: CASEBOOK_KEY]")
@click.option("--wait", is_flag=True, help="Follow the run to its end and fetch the report; exit 1 when it fails.")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="With --wait: the folder for the report.  [default: this folder]",
)
@json_option
@quiet_option
def submit(  # noqa: PLR0913, PLR0917 - one parameter an option
    folder: Path,
    url: str,
    company: str,
    description: str,
    use_cases: int,
    readiness: float | None,
    readiness_category: str,
    expectations: str,
    drive_link: str,
    region: str,
    country: str,
    key: str | None,
    wait: bool,  # noqa: FBT001 - a flag
    into: Path,
    as_json: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
) -> None:
    """Send all documents in FOLDER to a server; tries again until they are kept, and they are kept once.

    \b
    Example:
      casebook submit documents/ --to http://127.0.0.1:8000 --company "Acme GmbH" --wait
    """  # noqa: D301
    from casebook.sending import send  # noqa: PLC0415

    warn_of_misnamed()
    fields = {
        "company_name": company,
        "company_description": description,
        "use_cases_count": use_cases,
        **({} if readiness is None else {"readiness_score": readiness}),
        "readiness_category": readiness_category,
        "report_expectations": expectations,
        "google_drive_link": drive_link,
    }
    with explained():
        answer = send(
            url,
            fields,
            _files(folder, needed=not drive_link),
            key=key,
            region=region,
            country=country,
            progress=_Sent(quiet=quiet),
            say=_say,
        )
        if not (quiet or as_json):
            _say(f"{answer['message']} {answer['confirmation_code']}\n  {answer['server']}{answer['status_url']}")
        if wait:
            answer |= _wait(answer, into, quiet=quiet)
    if as_json:
        click.echo(as_json_text(answer))
    else:
        for line in answer.get("report", [answer["run_id"]]):
            click.echo(line)


def _say(message: str) -> None:
    click.echo(message, err=True)


def _files(folder: Path, *, needed: bool) -> list[Outgoing]:
    from casebook.backends.inboxes.folder import FolderInbox  # noqa: PLC0415
    from casebook.sending import Outgoing  # noqa: PLC0415

    if not folder.is_dir():
        message = f"there is no folder {folder}"
        raise click.BadParameter(message, param_hint="FOLDER")
    files = []
    for file in FolderInbox(folder).files():
        reason = file.reason or (None if (folder / file.name).is_file() else "its name is not UTF-8")
        if reason:
            _say(f"Not sent: {file.name}: {reason}")
        else:
            files.append(Outgoing(file.name, folder / file.name))
    if needed and not files:
        message = f"there are no files to send in {folder}: give the folder that holds the company's documents"
        raise click.BadParameter(message, param_hint="FOLDER")
    return files


def _wait(answer: dict[str, Any], into: Path, *, quiet: bool) -> dict[str, Any]:
    """Follow the run and fetch its report; end with an error when there is none."""
    from casebook.sending import fetch_report, follow  # noqa: PLC0415

    state = follow(answer, heard=_Followed(quiet=quiet), say=_say)
    if state["status"] != "done":
        failure = state.get("failure") or {}
        where = f" in {failure['step']}" if failure.get("step") else ""
        why = f"{failure.get('cause', '')} {failure.get('advice', '')}"
        fail(f"the run {answer['run_id']} is {state['status']}{where}: {why}")
    return {"run": state, "report": [full_path(path) for path in fetch_report(answer, into)]}


class _Followed:
    """Shows each job and step once it begins."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._shown: set[tuple[str, str]] = set()

    def __call__(self, state: Mapping[str, Any]) -> None:
        for job in state["jobs"]:
            for step in job["steps"]:
                seen = (step["name"], step["status"])
                if self._quiet or step["status"] == "queued" or seen in self._shown:
                    continue
                self._shown.add(seen)
                took = f" {step['seconds']:.1f} s" if step["status"] == "done" else ""
                _say(f"  {job['name']:<13} {step['name']:<14} {step['status']}{took}")


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
        size, unit = (_MB, "MB") if total >= _MB else (_KB, "kB")
        click.echo(f"Sent {sent / size:.1f} of {total / size:.1f} {unit}", err=True)
