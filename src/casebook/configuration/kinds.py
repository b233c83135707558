"""How a setting is declared.

A class of settings is a frozen dataclass whose fields are declared with `whole`, `text`, `flag`, …: one line says the
type, the default, what it is for, and, where they differ from the field's name, the variable and the key in the file.
Reading, messages, `casebook settings`, `casebook doctor` and the tables in docs/reference/settings.md are made of that.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")

PREFIX: Final = "CASEBOOK_"
_MOST: Final = 1_000_000_000
_MOST_DIGITS: Final = 10
_DECLARED: Final = "setting"
_GROUP: Final = "group"


class Parse(Protocol):
    """Turns what stands in the environment (text) or in a file (a TOML value) into a setting's value."""

    def __call__(self, value: object, /) -> object:
        """Return the value. Raises ValueError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Declared:
    """What the line of a setting says."""

    takes: str
    meaning: str
    parse: Parse
    env: str = ""
    option: str = ""
    shown: str = ""
    secret: bool = False
    is_path: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One thing that a deployment may choose."""

    field: str
    variable: str
    table: str  # in the file; empty: at its top
    key: str
    takes: str  # "a whole number from 1"
    meaning: str
    default: object
    option: str  # on the command line; empty: none
    shown: str  # the default, for people
    secret: bool  # never shown
    is_path: bool
    parse: Parse


def text(default: str, meaning: str, *, env: str = "", option: str = "") -> str:
    """Declare a text; one that has to have a form is declared with `parsed`."""

    def parse(value: object) -> str:
        if not isinstance(value, str):
            raise ValueError  # noqa: TRY004 - one kind of error for whatever is wrong with a value
        return value

    declared = _Declared(takes="text", meaning=meaning, parse=parse, env=env, option=option)
    return cast("str", _declare(default, declared))


def secret(meaning: str, *, takes: str = "text", least: int = 1, env: str = "", shown: str = "") -> str:
    """Declare a text that is never shown, of at least so many characters."""

    def parse(value: object) -> str:
        if not isinstance(value, str) or len(value) < least:
            raise ValueError
        return value

    return cast(
        "str",
        _declare("", _Declared(takes=takes, meaning=meaning, parse=parse, env=env, shown=shown, secret=True)),
    )


def optional_path(meaning: str, *, env: str = "", option: str = "", shown: str = "") -> Path | None:
    """Declare a path that need not be given."""
    return cast("Path | None", _declare(None, dataclasses.replace(_path(meaning, env, option), shown=shown)))


def _path(meaning: str, env: str, option: str) -> _Declared:
    def parse(value: object) -> Path:
        if not isinstance(value, str | Path):
            raise ValueError  # noqa: TRY004 - one kind of error for whatever is wrong with a value
        return Path(value)

    return _Declared(takes="a path", meaning=meaning, parse=parse, env=env, option=option, is_path=True)


def whole(  # noqa: PLR0913 - what there is to say of a number
    default: int,
    meaning: str,
    *,
    at_least: int = 0,
    at_most: int = _MOST,
    among: tuple[int, ...] = (),
    env: str = "",
    option: str = "",
) -> int:
    """Declare a whole number; the meaning says its unit, and what 0 means if it means something."""

    def parse(value: object) -> int:
        if isinstance(value, str):
            value = int(value) if value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS else None
        if not isinstance(value, int) or isinstance(value, bool) or not at_least <= value <= at_most:
            raise ValueError
        if among and value not in among:
            raise ValueError
        return value

    takes = f"a whole number from {at_least}{f' to {at_most}' if at_most < _MOST else ''}"
    if among:
        takes = " or ".join(map(str, among))
    declared = _Declared(takes=takes, meaning=meaning, parse=parse, env=env, option=option)
    return cast("int", _declare(default, declared))


def number(default: float, meaning: str, *, at_least: float = 0.0, env: str = "", option: str = "") -> float:
    """Declare a number, with a point or without; the meaning says its unit."""

    def parse(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError  # noqa: TRY004 - one kind of error for whatever is wrong with a value
        found = float(value)
        if not math.isfinite(found) or found < at_least:
            raise ValueError
        return found

    declared = _Declared(takes=f"a number from {at_least:g}", meaning=meaning, parse=parse, env=env, option=option)
    return cast("float", _declare(default, declared))


def flag(meaning: str, *, env: str = "", option: str = "") -> bool:
    """Declare something that is off unless it is set: 1 in the environment, true in a file."""

    def parse(value: object) -> bool:
        known = {"0": False, "1": True, False: False, True: True}
        if not isinstance(value, str | bool) or value not in known:
            raise ValueError
        return known[value]

    declared = _Declared(
        takes="0 or 1 (in a file: false or true)", meaning=meaning, parse=parse, env=env, option=option, shown="0"
    )
    return cast("bool", _declare(default=False, declared=declared))


def choice(default: str, among: tuple[str, ...], meaning: str, *, env: str = "", option: str = "") -> str:
    """Declare one of some words."""

    def parse(value: object) -> str:
        found = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(found, str) or found not in among:
            raise ValueError
        return found

    declared = _Declared(takes=" or ".join(among), meaning=meaning, parse=parse, env=env, option=option)
    return cast("str", _declare(default, declared))


def several(  # noqa: PLR0913 - what there is to say of a list
    meaning: str,
    *,
    takes: str = "a list, separated by commas",
    pattern: str = "",
    env: str = "",
    shown: str = "none",
    secret: bool = False,
) -> tuple[str, ...]:
    """Declare a list of texts without blanks: separated by commas or blanks in the environment, an array in a file."""

    def parse(value: object) -> tuple[str, ...]:
        found = _listed(value)
        if pattern and not all(re.fullmatch(pattern, one) for one in found):
            raise ValueError
        return found

    declared = _Declared(takes=takes, meaning=meaning, parse=parse, env=env, shown=shown, secret=secret)
    return cast("tuple[str, ...]", _declare((), declared))


def parsed(  # noqa: PLR0913 - what there is to say of a setting of its own kind
    default: T,
    parse: Callable[[str], T],
    meaning: str,
    *,
    takes: str,
    env: str = "",
    option: str = "",
    shown: str = "",
    secret: bool = False,
    is_path: bool = False,
) -> T:
    """Declare a setting of a kind of its own, made of a text (in a file also of an array) by `parse`.

    `parse` raises ValueError or PermanentError; of the message only `takes` is told.
    """

    def from_value(value: object) -> object:
        return parse(value if isinstance(value, str) else ",".join(_listed(value)))

    declared = _Declared(
        takes=takes,
        meaning=meaning,
        parse=from_value,
        env=env,
        option=option,
        shown=shown,
        secret=secret,
        is_path=is_path,
    )
    made: T = _declare(default, declared)
    return made


def group(kind: type[T], meaning: str, *, prefix: str = PREFIX) -> T:
    """Declare a group: a table of the file, whose variables begin with `prefix`."""
    return dataclasses.field(default_factory=kind, metadata={_GROUP: (kind, meaning, prefix)})


def _listed(value: object) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        value = ",".join(value)
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004 - one kind of error for whatever is wrong with a value
    return tuple(filter(None, re.split(r"[\s,]+", value)))


def _declare(default: object, declared: _Declared) -> Any:  # noqa: ANN401 - a field, declared as what it will hold
    return dataclasses.field(default_factory=lambda: default, metadata={_DECLARED: declared}, repr=not declared.secret)


def groups_of(kind: type[DataclassInstance]) -> Iterator[tuple[str, type[DataclassInstance], str, str]]:
    """Return the groups of settings, the ungrouped first: table, class, meaning, prefix of variables."""
    yield "", kind, "", PREFIX
    for field in dataclasses.fields(kind):
        if _GROUP in field.metadata:
            grouped, meaning, prefix = field.metadata[_GROUP]
            yield field.name, grouped, meaning, prefix


def settings_of(kind: type[DataclassInstance]) -> Iterator[Setting]:
    """Return all settings of a class and its groups."""
    for table, grouped, _, prefix in groups_of(kind):
        for field in dataclasses.fields(grouped):
            if _DECLARED in field.metadata:
                yield _setting(field, field.metadata[_DECLARED], table, prefix)


def _setting(field: dataclasses.Field[Any], declared: _Declared, table: str, prefix: str) -> Setting:
    variable = declared.env or prefix + field.name.upper()
    assert field.default_factory is not dataclasses.MISSING  # noqa: S101 - `_declare` made it
    default = field.default_factory()
    return Setting(
        field=field.name,
        variable=variable,
        table=table,
        key=variable.removeprefix(prefix).lower() if variable.startswith(prefix) else field.name,
        takes=declared.takes,
        meaning=declared.meaning,
        default=default,
        option=declared.option,
        shown=declared.shown or as_text(default) or "none",
        secret=declared.secret,
        is_path=declared.is_path,
        parse=declared.parse,
    )


def as_text(value: object) -> str:
    """Write a value for people."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, tuple | list):
        return ", ".join(str(one) for one in value)
    return str(value)
