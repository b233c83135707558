"""What the documents show of systems and data."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.analysts.extractive.claims import Claims
from casebook.analysts.extractive.corpus import Corpus
from casebook.analysts.extractive.statements import MIN_WORDS, Statement, make_statement, speaks_to_ai
from casebook.analysts.extractive.systems import named_systems
from casebook.analysts.extractive.wording import phrases_of
from casebook.domain.passage import Passage
from casebook.domain.quote import MIN_QUOTE_CHARACTERS
from casebook.domain.report import DataAsset, Inventory, SystemInUse
from casebook.ports import Library

_MAX_SYSTEMS = 30
_MAX_SPOKEN_OF = 8


def take_inventory(library: Library, corpus: Corpus, claims: Claims) -> Inventory:
    """List the systems the documents name, the tables handed in, and the data they speak of."""
    return Inventory(
        systems=tuple(_systems(library, corpus, claims)),
        data=(*_tables(library), *_spoken_of(corpus, claims)),
    )


def _systems(library: Library, corpus: Corpus, claims: Claims) -> Iterator[SystemInUse]:
    found: dict[str, list[Statement]] = {}
    for statement in corpus.statements:
        for name, _, _ in named_systems(statement.text):
            found.setdefault(name, []).append(statement)
    for name, statement in _in_short_lines(library):
        found.setdefault(name, []).append(statement)
    by_mentions = sorted(found.items(), key=lambda entry: (-len(entry[1]), entry[0]))
    for name, statements in by_mentions[:_MAX_SYSTEMS]:
        best = max(statements, key=lambda statement: (statement.need, -statement.number))
        claim = claims.company("inventory", [best], theme="system")
        if claim:
            yield SystemInUse(name=name, claim_ids=(claim,))


def _in_short_lines(library: Library) -> Iterator[tuple[str, Statement]]:
    """Find systems that lists and tables name in less than a sentence: "CRM: Salesforce"."""
    for number, passage in enumerate(library.passages()):
        for place, (start, end) in enumerate(passage.sentences):
            line = passage.between(start, end)
            names = [name for name, _, _ in named_systems(line)] if line.count(" ") + 1 < MIN_WORDS else []
            if not names:
                continue
            start, end = _quotable(passage, place)  # noqa: PLW2901 - with its neighbour where it is too short
            text = passage.between(start, end)
            if len(text) >= MIN_QUOTE_CHARACTERS and not speaks_to_ai(text):
                made = make_statement(number, passage, start, end, paragraph=-1, origins=(passage.source_id,))
                yield from ((name, made) for name in names)


def _quotable(passage: Passage, place: int) -> tuple[int, int]:
    """Return the span of a line, with the next one or the one before when it is too short to be quoted."""
    start, end = passage.sentences[place]
    if end - start >= MIN_QUOTE_CHARACTERS or len(passage.sentences) == 1:
        return start, end
    if place + 1 < len(passage.sentences):
        return start, passage.sentences[place + 1][1]
    return passage.sentences[place - 1][0], end


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
