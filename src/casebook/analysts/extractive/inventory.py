"""What the documents show of systems and data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files

import msgspec

from casebook.analysts.extractive.claims import Claims
from casebook.analysts.extractive.corpus import Corpus
from casebook.analysts.extractive.statements import Statement
from casebook.analysts.extractive.wording import phrases_of
from casebook.domain.report import DataAsset, Inventory, SystemInUse
from casebook.ports import Library

_MAX_SYSTEMS = 15
_MAX_SPOKEN_OF = 8


def take_inventory(library: Library, corpus: Corpus, claims: Claims) -> Inventory:
    """List the systems the documents name, the tables handed in, and the data they speak of."""
    return Inventory(
        systems=tuple(_systems(corpus, claims)),
        data=(*_tables(library), *_spoken_of(corpus, claims)),
    )


def named_systems(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the software systems named in `text` with their spans; longer names first, as written in the list."""
    for match in _system_pattern().finditer(text):
        yield _spelling()[match.group().lower()], match.start(), match.end()


def _systems(corpus: Corpus, claims: Claims) -> Iterator[SystemInUse]:
    found: dict[str, list[Statement]] = {}
    for statement in corpus.statements:
        for name, _, _ in named_systems(statement.text):
            found.setdefault(name, []).append(statement)
    by_mentions = sorted(found.items(), key=lambda entry: (-len(entry[1]), entry[0]))
    for name, statements in by_mentions[:_MAX_SYSTEMS]:
        best = max(statements, key=lambda statement: (statement.need, -statement.number))
        claim = claims.company("inventory", [best], theme="system")
        if claim:
            yield SystemInUse(name=name, claim_ids=(claim,))


def _tables(library: Library) -> Iterator[DataAsset]:
    for source in library.sources():
        if source.same_as:
            continue
        for table in library.tables(source.id):
            yield DataAsset(
                name=f"{source.name}, {table.name}" if table.name and table.name not in source.name else source.name,
                source_id=source.id,
                records=len(table.rows),
                fields=table.header,
                claim_ids=(),
            )


def _spoken_of(corpus: Corpus, claims: Claims) -> Iterator[DataAsset]:
    rated = sorted(
        (
            statement
            for statement, _ in corpus.saying(phrases_of("data_spoken_of"))
            if statement.tone.trivia <= statement.tone.pain
        ),
        key=lambda statement: (-(len(statement.quantities) > 0), -statement.need, statement.number),
    )
    for statement in rated[:_MAX_SPOKEN_OF]:
        claim = claims.company("inventory", [statement], theme="data")
        if claim:
            yield DataAsset(name="", source_id=None, records=None, fields=(), claim_ids=(claim,))


@cache
def _names() -> Sequence[str]:
    data = files("casebook.analysts.extractive").joinpath("systems.json").read_bytes()
    return msgspec.json.decode(data, type=dict[str, list[str]])["systems"]


@cache
def _spelling() -> dict[str, str]:
    return {name.lower(): name for name in _names()}


@cache
def _system_pattern() -> re.Pattern[str]:
    """Match the names as words; short capitals (MES, POS, RIS) only as they are written."""
    long = [name for name in _names() if len(name) > 5 or " " in name]  # noqa: PLR2004
    short = [name for name in _names() if name not in long]
    alternatives = sorted(long, key=len, reverse=True), sorted(short, key=len, reverse=True)
    names = "|".join(map(re.escape, (*alternatives[0], *alternatives[1])))
    return re.compile(rf"(?<![\w/-])(?:{names})(?![\w/])")
