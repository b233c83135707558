"""What the commands share: options, settings, errors as messages and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from casebook.configuration.reading import SettingsFile
    from casebook.settings import Settings

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., object])

EXIT_FAILED = 1
_CONFIG = "casebook.config"  # where a command's context keeps the option
_OPTION_OF_FIELD = {
    "company_name": "--company",
    "company_description": "--description",
    "use_cases_count": "--use-cases",
    "readiness_score": "--readiness",
    "readiness_category": "--readiness-category",
    "report_expectations": "--expectations",
    "google_drive_link": "--drive-link",
}


class _Outputs(click.ParamType[str]):
    """A folder, or the URL of a bucket."""

    name = "folder or url"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if "://" not in value and Path(value).is_file():
            self.fail(f"{value} is a file: give a folder", param, ctx)
        return value


def _keep_config(context: click.Context, _: click.Parameter, value: Path | None) -> None:
    if value is not None:
        context.meta[_CONFIG] = value


config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_keep_config,
    expose_value=False,
    is_eager=True,
    help="Settings as a TOML file.  [env: CASEBOOK_CONFIG; default: ./casebook.toml, if it is there]",
)
_outputs_only = click.option(
    "--outputs",
    type=_Outputs(),
    metavar="PLACE",
    help="Folder, or bucket's URL (s3://…), for everything that is written.  "
    "[env: CASEBOOK_OUTPUTS; default: ./outputs]",
)


def outputs_option(command: Command) -> Command:
    """Add the options that say where settings and outputs are: --outputs, and --config for `read_settings`."""
    return _outputs_only(config_option(command))


class _Formats(click.ParamType["tuple[str, ...]"]):
    """A list of report formats."""

    name = "formats"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        from casebook.domain.report_files import parse_formats  # noqa: PLC0415
        from casebook.errors import PermanentError  # noqa: PLC0415

        try:
            return parse_formats(value)
        except PermanentError as error:
            self.fail(str(error), param, ctx)


format_option = click.option(
    "--format",
    "formats",
    type=_Formats(),
    metavar="LIST",
    help="Report formats, such as pdf,docx. Markdown, HTML and JSON are always written; pdf and docx need the extra of "
    "that name.  [env: CASEBOOK_FORMATS; default: md,html,json]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON object on stdout.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Show no progress; print only the report's path.")


def read_settings(outputs: str | None) -> Settings:
    """Read the settings: options come before the environment, the environment before the file."""
    from casebook.settings import Settings  # noqa: PLC0415

    warn_of_misnamed()
    settings = usage(lambda: Settings.from_environment(os.environ, chosen_file()))
    return usage(lambda: settings.at(outputs)) if outputs else settings


def warn_of_misnamed() -> None:
    """Say on stderr which variables look like settings and are none."""
    from casebook.settings import Settings  # noqa: PLC0415

    for sentence in Settings.misnamed(os.environ):
        click.echo(f"Warning: {sentence}", err=True)


def chosen_file() -> SettingsFile:
    """Read the settings' file: the one named with --config or CASEBOOK_CONFIG, or casebook.toml if it is here."""
    from casebook.settings import settings_file  # noqa: PLC0415

    return usage(lambda: settings_file(os.environ, config_given()))


def config_given() -> Path | None:
    """Return the file that was named with --config."""
    given: Path | None = click.get_current_context().meta.get(_CONFIG)
    return given


def usage(read: Callable[[], T]) -> T:
    """Read settings; a wrong one is wrong usage."""
    from casebook.errors import CasebookError  # noqa: PLC0415

    try:
        return read()
    except CasebookError as error:
        raise click.UsageError(str(error)) from error


def check_folder(folder: Path, outputs: Path) -> None:
    """Refuse, as wrong usage, a folder that cannot be run on."""
    if not folder.exists():
        message = f"there is no folder {folder}"
        raise click.BadParameter(message, param_hint="FOLDER")
    if not folder.is_dir():
        message = f"{folder} is a file: give the folder that holds the documents"
        raise click.BadParameter(message, param_hint="FOLDER")
    if outputs.exists() and outputs.samefile(folder):
        message = "what is written would lie among the documents: choose another folder"
        raise click.BadParameter(message, param_hint="--outputs")


class explained:  # noqa: N801 - reads as a statement
    """Turn Casebook's errors into one message and an exit code; wrong fields are wrong usage."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        """Explain what ended the block."""
        from casebook.errors import CasebookError, InvalidCatalogue, InvalidSubmission  # noqa: PLC0415

        if isinstance(error, InvalidSubmission | InvalidCatalogue):
            raise click.UsageError(_with_options(str(error))) from error
        if isinstance(error, CasebookError):
            fail(str(error))
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            fail(f"the system refuses: {error}")
        if isinstance(error, KeyboardInterrupt):
            fail("interrupted; what was done is saved: run the same command again to go on")


def _with_options(message: str) -> str:
    """Name the option instead of the form's field."""
    field, _, rest = message.partition(" ")
    return f"{_OPTION_OF_FIELD.get(field, field)} {rest}"


class with_extra:  # noqa: N801 - reads as a statement
    """Say how to install what the base install leaves out."""

    def __init__(self, name: str) -> None:
        """Guard a block that needs the extra called `name`."""
        self._name = name

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        """Explain a missing package."""
        if isinstance(error, ModuleNotFoundError):
            fail(f"{error.name} is not installed: pip install 'casebook[{self._name}]'")


def fail(message: str) -> NoReturn:
    """Say what failed and end with EXIT_FAILED."""
    click.echo(f"Error: {message}", err=True)
    sys.exit(EXIT_FAILED)


def as_json_text(value: object) -> str:
    """Write a value as indented JSON."""
    import msgspec  # noqa: PLC0415

    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def count(number: int, noun: str) -> str:
    """Write a number with its noun in the right number."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def full_place(settings: Settings, key: str) -> str:
    """Say where something that is kept is, in full."""
    return settings.place(key) if settings.outputs_url else full_path(settings.outputs / key)


def full_path(path: Path) -> str:
    """Say where a file is; bytes that are not UTF-8 become marks, for JSON can hold nothing else."""
    return os.fsencode(path.absolute()).decode("utf-8", "replace")


def usd(cost: float | None) -> str:
    """Write a cost; what is not known is not nothing."""
    return "cost unknown" if cost is None else f"{cost:.4f} USD"
