"""Names of software systems in a text: those of a list, and what a text itself calls its ERP, CRM or MES."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

import msgspec

_LONG = 5  # letters, from which a name in capitals may be written in small letters too, and the other way round
_KINDS = frozenset("ERP CRM MES PLM PDM DMS WMS TMS LIMS CMMS CAFM PPS ECM".split())
# Behind the kind of system: a spelling that no plain word has, or any name that is introduced as one.
_OWN_NAME = re.compile(
    r"""(?x)
    (?:[- ](?:[Ss]ystem|[Ss]oftware|[Tt]ool|[Ss]uite|[Pp]lattform|[Pp]latform|Lösung|solution))?
    (?:
        (?::|\ is|\ ist)?\ (?P<spelt>[A-Z]{5,}|[a-z]+[A-Z]\w+|[A-Z]+[a-z]+[A-Z]\w*|[A-Z]{2,}[a-z]{2,})
        |,?\ (?:called|named|namens|heißt)\ [„“”"'‚]?(?P<introduced>[A-Z]\w{2,})
        |\ [„“"](?P<quoted>[A-Z]\w{2,})[“”"]
    )
    (?![\w/-])
    """
)
_TOKEN = re.compile(r"[^\W_]+")


class _Names(msgspec.Struct):
    systems: list[str]
    also_written: dict[str, list[str]]


def named_systems(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the software systems named in `text` with their spans; longer names first, as written in the list."""
    names, end = _names_by_first_token(), 0
    if _first_words().isdisjoint(_TOKEN.findall(text)):
        return
    for token in _TOKEN.finditer(text):
        if token.start() < end:
            continue
        first = token.group()
        match = _starting_with(first).match(text, token.start()) if first in names else None
        if match:
            yield _spelling()[" ".join(match.group().split())], match.start(), match.end()
            end = match.end()
        own = _OWN_NAME.match(text, token.end()) if first in _KINDS else None
        if own and own[own.lastgroup or 0] not in _spelling():
            start, end = own.span(own.lastgroup or 0)
            yield text[start:end], start, end


@cache
def _names_by_first_token() -> dict[str, list[str]]:
    """Return the names, longest first, by the word they start with."""
    by_first: dict[str, list[str]] = defaultdict(list)
    for name in sorted(_spelling(), key=lambda name: (-len(name), name)):
        by_first[_TOKEN.findall(name)[0]].append(name)
    return dict(by_first)


@cache
def _first_words() -> frozenset[str]:
    """A text without any of these words names no system."""
    return _KINDS.union(_names_by_first_token())


@cache
def _starting_with(first: str) -> re.Pattern[str]:
    """Match the names as words, also in a row ("Excel/Access"), but no part of a path."""
    names = "|".join(re.escape(name).replace(r"\ ", r"\s") for name in _names_by_first_token()[first])
    return re.compile(rf"(?:(?<![\w/-])|(?<=[^\W\d_]{{3}}/))(?:{names})(?!\w|/\w{{1,2}}\b)")


@cache
def _spelling() -> dict[str, str]:
    """The name as the list has it, by each way of writing it."""
    data = files("casebook.analysts.extractive").joinpath("systems.json").read_bytes()
    names = msgspec.json.decode(data, type=_Names)
    written = {way: name for name in names.systems for way in _ways_of_writing(name)}
    written |= {way: name for name, ways in names.also_written.items() for way in ways}
    return written | {name: name for name in names.systems}


def _ways_of_writing(name: str) -> Iterator[str]:
    """Long names also in capitals, and in small letters where no plain word is written so ("SharePoint", "DATEV")."""
    if len(name) < _LONG:
        return
    yield name.upper()
    if any(letter.isupper() for letter in name[1:]):
        yield name.capitalize()
        if " " not in name and not name.isupper():
            yield name.lower()
