"""Reading settings from the environment and a TOML file."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from casebook.configuration.kinds import PREFIX, Setting, as_text, groups_of, settings_of
from casebook.errors import PermanentError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Settings = TypeVar("Settings", bound="DataclassInstance")
Complain = Callable[[str], object]  # is told what cannot be used; when it returns, the default is used


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A TOML file of settings; without a path there is none."""

    path: Path | None = None
    content: Mapping[str, object] = dataclasses.field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """A setting with its value, and where that was found: its variable, the file, or nowhere ("default")."""

    setting: Setting
    value: object = dataclasses.field(repr=False)
    source: str
    given: str = dataclasses.field(default="", repr=False)  # as it was written there

    @property
    def shown(self) -> str:
        """The value for people; secrets are not told."""
        if self.source == "default":
            return self.setting.shown
        return "set, not shown" if self.setting.secret else as_text(self.value)


def read_file(path: Path) -> SettingsFile:
    """Read a TOML file. Raises PermanentError, saying where it is wrong."""
    import tomllib  # noqa: PLC0415 - most commands have no file

    try:
        return SettingsFile(path, tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        message = f"the settings in {path} cannot be read: {error.strerror}"
        raise PermanentError(message) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is not UTF-8 text"
        message = f"{path} is not TOML: {why}"
        raise PermanentError(message) from None  # what stands there may be a secret


def refuse(message: str) -> None:
    """Raise PermanentError."""
    raise PermanentError(message)


def find(
    kind: type[DataclassInstance], environment: Mapping[str, str], file: SettingsFile, complain: Complain = refuse
) -> list[Found]:
    """Find all settings: in the environment, else in the file, else the default.

    `complain` is told the variable or key and what it takes, never its value.
    """
    known = list(settings_of(kind))
    for message in _unknown_keys(known, file):
        complain(message)
    return [_find(setting, environment, file, complain) for setting in known]


def misnamed(kind: type[DataclassInstance], environment: Mapping[str, str], beside: tuple[str, ...]) -> Iterator[str]:
    """Say which variables are set that look like settings and are none; `beside` are names that others read."""
    known = [*(setting.variable for setting in settings_of(kind)), *beside]
    short = {name.removeprefix(PREFIX): name for name in known}  # what all begin with would make all of them near
    for name in sorted(environment):
        if environment[name] and name.upper().startswith(PREFIX) and name not in known:
            near = short.get(nearest(name.upper().removeprefix(PREFIX), list(short)))
            yield f"{name} is not a setting: {f'did you mean {near}?' if near else 'see all with casebook settings'}"


def made(kind: type[Settings], found: list[Found]) -> Settings:
    """Put settings that were found into their class and its groups."""
    values: dict[str, dict[str, object]] = {}
    for one in found:
        values.setdefault(one.setting.table, {})[one.setting.field] = one.value
    grouped = {table: group_kind(**values.get(table, {})) for table, group_kind, _, _ in groups_of(kind) if table}
    return kind(**values.get("", {}), **grouped)


def nearest(name: str, names: list[str]) -> str:
    """Return the name that was probably meant, or nothing."""
    import difflib  # noqa: PLC0415 - for mistakes only

    return next(iter(difflib.get_close_matches(name, names, n=1, cutoff=0.6)), "")


def _find(setting: Setting, environment: Mapping[str, str], file: SettingsFile, complain: Complain) -> Found:
    given = environment.get(setting.variable)
    if given:
        return _parsed(setting, given, setting.variable, setting.variable, complain)
    table = file.content if not setting.table else file.content.get(setting.table, {})
    if isinstance(table, Mapping) and table.get(setting.key, "") not in ("", []):
        where = f"{setting.key}{f' in [{setting.table}]' if setting.table else ''} of {file.path}"
        value = table[setting.key]
        if setting.is_path and file.path and isinstance(value, str) and "://" not in value:
            value = str(file.path.parent / value)
        return _parsed(setting, value, where, str(file.path), complain)
    return Found(setting, setting.default, "default")


def _parsed(setting: Setting, value: object, where: str, source: str, complain: Complain) -> Found:
    with suppress(ValueError, PermanentError):  # what they say may hold a secret
        return Found(setting, setting.parse(value), source, as_text(value))
    complain(f"{where} is {setting.takes}: {setting.meaning}")
    return Found(setting, setting.default, "default")


def _unknown_keys(known: list[Setting], file: SettingsFile) -> Iterator[str]:
    tables = {setting.table for setting in known} - {""}
    for name, value in file.content.items():
        if name not in tables:
            yield from _unless_known(name, "", known, file)
        elif isinstance(value, Mapping):
            for key in value:
                yield from _unless_known(key, name, known, file)
        else:
            yield f"{name} of {file.path} is a table: write [{name}], and its settings on the lines below"


def _unless_known(key: str, table: str, known: list[Setting], file: SettingsFile) -> Iterator[str]:
    here = [setting.key for setting in known if setting.table == table]
    if key in here:
        return
    where = f"in [{table}]" if table else "at the top"
    message = f"{file.path} has an unknown setting {key} {where}"
    elsewhere = next((setting.table for setting in known if setting.key == key), None)
    if elsewhere is not None:
        message += f": it belongs {f'in [{elsewhere}]' if elsewhere else 'at the top, before the first table'}"
    elif near := nearest(key, [*here, *({setting.table for setting in known} - {""} if not table else ())]):
        message += f": did you mean {near}?"
    else:
        message += ": see all of them with casebook settings"
    yield message
