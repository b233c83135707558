"""Reading: every window once, in which the model marks what matters by number."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec
from msgspec.structs import replace

from casebook.analysts.extractive.statements import Statement, make_statement
from casebook.analysts.model.answers import Finding, Reading
from casebook.analysts.model.asking import Asker
from casebook.analysts.model.prompts import make_prompt, plain
from casebook.analysts.model.windows import Window
from casebook.domain.analysis import Checked
from casebook.domain.prompt import Prompt
from casebook.domain.quote import Quote
from casebook.domain.run import Stage
from casebook.errors import PromptTooLong, QuoteNotFound

MAX_TOKENS = 4_000  # of an answer
MAX_SENTENCES = 4  # of a finding
MAX_FINDINGS = 60  # of a window; who marks everything marks nothing


class Mark(msgspec.Struct, frozen=True):
    """A statement that the model marked, and as what."""

    kind: str
    statement: Statement


class ReadWindow(msgspec.Struct, frozen=True):
    """What was found in a window."""

    notes: str
    marks: tuple[Mark, ...]


def reading_prompt(window: Window, language: str) -> Prompt:
    """Return the prompt with which a window is read."""
    return make_prompt("reading", window.text(), Reading, max_tokens=MAX_TOKENS, language=language)


def read_windows(windows: Sequence[Window], asker: Asker, company_slug: str, language: str) -> list[ReadWindow]:
    """Read all windows; the shortest goes first, so that all others wait least for it, then the longest."""
    order = sorted(range(len(windows)), key=lambda number: -windows[number].tokens)
    order = order[-1:] + order[:-1]
    jobs = [partial(_read, windows[number], asker, company_slug, language) for number in order]
    found = dict(zip(order, asker.side_by_side(jobs), strict=True))
    return [part for number in range(len(windows)) for part in found[number]]


def _read(window: Window, asker: Asker, company_slug: str, language: str) -> list[ReadWindow]:
    """Read a window, in halves when it is too long for the model, or its answer is."""
    try:
        answered = asker.ask(
            reading_prompt(window, language), Reading, Stage.PART_A, company_slug, partial(_faults, window)
        )
    except PromptTooLong:
        if len(window.sentences) == 1:
            raise
        answered = None
    if answered is None or (answered.cut_off and len(window.sentences) > 1):
        return [part for half in window.halves() for part in _read(half, asker, company_slug, language)]
    if answered.value is None:
        remark = "An answer of the model could not be read; its part of the documents was read by the built-in analyst."
        asker.note(Stage.PART_A, Checked(remarks=(remark,)))
        return []
    marks, dropped = _marks(window, answered.value.findings)
    asker.note(Stage.PART_A, Checked(dropped_quotes=dropped))
    return [ReadWindow(plain(answered.value.notes)[:300], marks)]


def _faults(window: Window, reading: Reading) -> list[str]:
    """An answer most of whose numbers do not exist is worth asking again; single ones are dropped."""
    last = len(window.statements)
    numbers = [number for finding in reading.findings for number in finding.sentences]
    wrong = sum(not 1 <= number <= last for number in numbers)
    return [f"{wrong} numbers do not stand in the text; they go from 1 to {last}."] if 2 * wrong > len(numbers) else []


def _marks(window: Window, findings: Sequence[Finding]) -> tuple[tuple[Mark, ...], int]:
    """Turn numbers into statements and cut the quotes that were offered; what is not there is dropped and counted."""
    statements = window.statements
    marks: dict[tuple[str, str], Mark] = {}
    dropped = 0
    for finding in findings[:MAX_FINDINGS]:
        cited = [statements[number - 1] for number in finding.sentences if 1 <= number <= len(statements)]
        dropped += len(finding.sentences) - len(cited)
        for place, statement in enumerate(cited[:MAX_SENTENCES]):
            narrowed = statement
            if finding.quote and place == 0:
                try:
                    narrowed = _narrowed(statement, finding.quote)
                except QuoteNotFound:
                    dropped += 1
            marks.setdefault((finding.kind, narrowed.key), Mark(finding.kind, narrowed))
    return tuple(marks.values()), dropped


def _narrowed(statement: Statement, words: str) -> Statement:
    """Cut the words offered out of the statement's passage. Raises QuoteNotFound."""
    quote = Quote.cut(words, statement.passage)
    if quote.start < statement.start or quote.end > statement.end:
        raise QuoteNotFound
    if quote.end - quote.start > (statement.end - statement.start) / 2:
        return statement  # nearly all of it: the whole sentence reads better
    found = make_statement(
        statement.number,
        statement.passage,
        quote.start,
        quote.end,
        paragraph=statement.paragraph,
        origins=statement.origins,
    )
    return replace(found, need=statement.need)
