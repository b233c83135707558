"""The catalogue of AI use-case patterns: the built-in one, and a user's own."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec

from casebook.domain.report import Kpi, NistNotes, Screening
from casebook.errors import InvalidCatalogue

Texts = dict[str, str]  # by language: "en", "de"
Phrases = dict[str, list[str]]  # by language


class _Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a catalogue file; unknown fields are errors, so that a misspelt one is noticed."""


class DataNeed(_Struct, frozen=True):
    """Data that a pattern needs, and the words by which its presence shows."""

    name: str
    keywords: Phrases = {}


class Signals(_Struct, frozen=True):
    """Phrases by which a need for the pattern shows."""

    pain: Phrases = {}
    volume: Phrases = {}
    system: Phrases = {}
    data: Phrases = {}


class ValueFormula(_Struct, frozen=True):
    """How the value is worked out, and what drives it."""

    text: str = ""
    driver: str = "time_saved"


class Pattern(_Struct, frozen=True):
    """A use of AI that has proved itself elsewhere. Least: id, title and description; the rest makes reports richer."""

    id: str
    title: Texts | str
    description: Texts | str
    summary: str = ""
    function: str = "other"
    function_title: Texts | str = ""
    signals: Signals = Signals()
    anti_signals: Phrases = {}
    users: str = ""
    data_needed: list[DataNeed] = []
    kpis: list[Kpi] = []
    baseline_question: str = ""
    value_formula: ValueFormula = ValueFormula()
    risks: list[str] = []
    ai_act: Screening | None = None
    nist: NistNotes | None = None
    human_review: str = ""
    effort: str = "M"
    build_or_buy: str = "configure"
    prerequisites: list[str] = []
    when_not_ai: str = ""
    first_step: str = ""
    success_signal: str = ""
    stop_rule: str = ""
    systems: list[str] = []

    @property
    def name(self) -> str:
        """The title in English, or in the language there is."""
        return _first(self.title)

    @property
    def function_name(self) -> str:
        """The business function's title."""
        return _first(self.function_title) or self.function.replace("_", " ").capitalize()

    @property
    def search_text(self) -> str:
        """Title and description in all languages, to search documents with."""
        return " ".join((*self.texts(self.title), *self.texts(self.description)))

    def texts(self, part: Texts | str) -> Iterable[str]:
        """All languages of a text."""
        return part.values() if isinstance(part, dict) else (part,)


class _FunctionFile(_Struct, frozen=True):
    function: str
    function_title: Texts
    patterns: list[Pattern]


class Catalogue(msgspec.Struct, frozen=True):
    """Patterns by id, in a fixed order."""

    name: str
    patterns: tuple[Pattern, ...]
    digest: str = ""
    remarks: tuple[str, ...] = ()  # what of the file was not used

    def describe(self) -> str:
        """Say which catalogue it is: name, size, digest."""
        return f"{self.name}, {len(self.patterns)} patterns, {self.digest[:12]}"

    def pattern(self, pattern_id: str) -> Pattern:
        """Return the pattern with this id. Raises KeyError."""
        return next(pattern for pattern in self.patterns if pattern.id == pattern_id)


@cache
def built_in_catalogue() -> Catalogue:
    """Return the catalogue that ships with Casebook."""
    folder = files("casebook.analysts").joinpath("catalogue")
    digest = hashlib.sha256()
    patterns: list[Pattern] = []
    for entry in sorted(folder.iterdir(), key=lambda file: file.name):
        if entry.name.endswith(".json"):
            data = entry.read_bytes()
            digest.update(data)
            part = msgspec.json.decode(data, type=_FunctionFile)
            patterns.extend(
                msgspec.structs.replace(pattern, function=part.function, function_title=part.function_title)
                for pattern in part.patterns
            )
    return Catalogue("built-in", tuple(patterns), digest.hexdigest())


def load_catalogue(path: Path, *, with_built_in: bool = False) -> Catalogue:
    """Read a user's catalogue: JSON, YAML or CSV, at least id, title and description for each entry.

    Raises InvalidCatalogue, naming the entry and what is wrong with it.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"cannot read the catalogue {path}: {error.strerror}"
        raise InvalidCatalogue(message) from error
    entries = _entries(path, data)
    own = _patterns([_filled(entry) for entry in entries] if _is_csv(path) else entries, path)
    if with_built_in:
        taken = {pattern.id for pattern in own}
        own = [*own, *(pattern for pattern in built_in_catalogue().patterns if pattern.id not in taken)]
    digest = hashlib.sha256(data + (built_in_catalogue().digest.encode() if with_built_in else b""))
    return Catalogue(path.stem, tuple(own), digest.hexdigest(), _remarks(entries, path) if _is_csv(path) else ())


def _entries(path: Path, data: bytes) -> Sequence[Mapping[str, Any]]:
    suffix = path.suffix.lower()
    try:
        text = data.decode("utf-8-sig")
        if _is_csv(path):
            return list(csv.DictReader(StringIO(text)))
        loaded = _yaml(text) if suffix in {".yaml", ".yml"} else msgspec.json.decode(text)
    except (ValueError, csv.Error) as error:
        message = f"the catalogue {path} is not valid {suffix or 'JSON'}: {error}"
        raise InvalidCatalogue(message) from error
    entries = loaded.get("patterns") if isinstance(loaded, dict) else loaded
    if not isinstance(entries, list):
        message = f"the catalogue {path} is not a list of entries (or an object with the list under 'patterns')"
        raise InvalidCatalogue(message)
    return entries


def _yaml(text: str) -> Any:  # noqa: ANN401 - whatever the file holds
    import yaml  # noqa: PLC0415 - only YAML catalogues need it

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


_FLAT = frozenset(  # what a flat table can express
    "id title description summary function users baseline_question effort build_or_buy human_review when_not_ai "
    "first_step success_signal stop_rule".split()
)


_LISTED_FLAT = ", ".join(sorted(_FLAT))


def _is_csv(path: Path) -> bool:
    return path.suffix.lower() == ".csv"


def _filled(row: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the columns that have a value and that a flat table can express."""
    return {name: value for name, value in row.items() if name in _FLAT and value}


def _remarks(rows: Sequence[Mapping[str, Any]], path: Path) -> tuple[str, ...]:
    """Name the columns that hold something and are not used."""
    unused = dict.fromkeys(
        name or "cells without a header" for row in rows for name, value in row.items() if value and name not in _FLAT
    )
    if not unused:
        return ()
    return (
        f"Not used of the catalogue {path.name}: {', '.join(unused)}. A CSV file takes the columns {_LISTED_FLAT}.",
    )


def _patterns(entries: Sequence[Mapping[str, Any]], path: Path) -> list[Pattern]:
    patterns: list[Pattern] = []
    seen: set[str] = set()
    for number, entry in enumerate(entries, start=1):
        try:
            pattern = msgspec.convert(entry, type=Pattern, strict=False)
        except msgspec.ValidationError as error:
            message = f"the catalogue {path}, entry {number}: {error}"
            raise InvalidCatalogue(message) from error
        if pattern.id in seen:
            message = f"the catalogue {path}, entry {number}: the id '{pattern.id}' stands there twice"
            raise InvalidCatalogue(message)
        seen.add(pattern.id)
        patterns.append(pattern)
    if not patterns:
        message = f"the catalogue {path} has no entries"
        raise InvalidCatalogue(message)
    return patterns


def _first(texts: Texts | str) -> str:
    return texts if isinstance(texts, str) else texts.get("en") or next(iter(texts.values()), "")
