"""`submit`: send a folder to a server."""

from __future__ import annotations

from pathlib import Path

import click

from casebook.commands.console import as_json_text, explained, json_option, quiet_option


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--to", "url", required=True, help="The server's address, for example http://127.0.0.1:8000")
@click.option("--company", required=True, help="The company's name.")
@click.option("--description", default="", help="What the company does: one to five sentences.")
@click.option("--use-cases", "use_cases", type=int, default=7, show_default=True, help="How many use cases at most.")
@click.option("--readiness", type=float, help="The company's own readiness score, 0 to 100.")
@click.option("--region", default="", help="The region whose data it is; the server sends it on there.")
@click.option("--country", default="", help="The company's country (two letters), instead of a region.")
@click.option("--key", envvar="CASEBOOK_KEY", help="Your key, if the server wants one.  [env: CASEBOOK_KEY]")
@json_option
@quiet_option
def submit(  # noqa: PLR0913, PLR0917 - one parameter an option
    folder: Path,
    url: str,
    company: str,
    description: str,
    use_cases: int,
    readiness: float | None,
    region: str,
    country: str,
    key: str | None,
    as_json: bool,  # noqa: FBT001 - a flag
    quiet: bool,  # noqa: FBT001
) -> None:
    """Send all documents in FOLDER to a server; tries again until they are kept, and they are kept once."""
    from casebook.backends.inboxes.folder import FolderInbox  # noqa: PLC0415
    from casebook.sending import Outgoing, send  # noqa: PLC0415

    with explained():
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
            region=region,
            country=country,
            progress=_Sent(quiet=quiet),
            say=lambda message: click.echo(message, err=True),
        )
    if as_json:
        click.echo(as_json_text(answer))
        return
    if not quiet:
        click.echo(f"{answer['message']} {answer['confirmation_code']}", err=True)
        click.echo(f"  {answer['server']}{answer['status_url']}", err=True)
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
