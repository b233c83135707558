"""Figures of which two can be compared: what they measure, over what, and when.

Two figures contradict each other only if they measure the same thing. In doubt they do not: a contradiction that is
none costs more trust than one that is missed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

import msgspec

from casebook.analysts.extractive.statements import Statement
from casebook.analysts.extractive.wording import word_lists
from casebook.domain.compounds import Compounds
from casebook.domain.evidence import Period, Quantity, Unit
from casebook.domain.words import stem, terms

TOLERANCE = 0.1  # figures that differ by less are rounded differently
_MOST_APART = 3.0  # times: figures further apart measure different things
_SEVERAL, _PAIR = 3, 2  # words in common
_NARROWER = 2  # words that one side may have more
_A_FEW = 10  # people or things: two counts of a few are counted at two moments
_SERIES = 3  # figures of one unit in a sentence: a row of a table

_PART_END = re.compile(
    r"(?i)[;()–—]|,\s|:\s(?=\D{0,40}\d.*:\s)|\b(?:but|while|whereas|because|although|aber|während|weil|sodass|obwohl)\b"
)
_NEXT_CLAUSE = re.compile(
    r"(?i)\s(?:and|und)\s+(?=(?:nobody|no\s+one|we|they|he|she|it|that|niemand|keiner|wir|sie|er|es|man)\b)"
)
_AND = re.compile(r"(?i)\s(?:and|und|sowie)\s|/\s")
_NO_MEASUREMENT = re.compile(  # wished, planned, limited, a part
    r"""(?ix)\b(?:goals?|targets?|aims?|plan(?:ned|s)?|budget\w*|forecast\w*|estimate\w*|expect\w*|should|would|could|will
    |limit\w*|ziel\w*|soll(?:en|te|ten)?|geplant\w*|plan\w*|prognos\w*|erwarte\w*|würde\w*|könnte\w*|grenz\w*|wollen
    |of\s+(?:them|which|these|whom)|davon|darunter|hiervon|including|inklusive|another|further|additional|weitere[nrs]?
    |up\s+to|at\s+(?:least|most)|bis\s+zu|mindestens|höchstens|maximal|maximum|minimum|fewer\s+than|less\s+than
    |(?:until|by|bis)\s+(?:ende\s+)?20\d\d)\b"""
)
_MOMENT = re.compile(
    r"""(?ix)\b(?:today|yesterday|this\s+(?:week|month|morning)|last\s+(?:week|month)|currently|at\s+the\s+moment|right\s+now
    |so\s+far|heute|gestern|diese\w?\s+(?:woche|monat)|letzte\w?\s+(?:woche|monat)|zurzeit|derzeit|momentan|bisher|bislang
    |aktuell|open|backlog|offene?n?|rückstand|rückstände)\b"""
)
_CHANGE_BEFORE = re.compile(r"(?i)\b(?:by|um|from|von|another|weitere)\s+(?:about\s+|rund\s+|etwa\s+)?$")
_ON_AVERAGE = re.compile(r"(?i)\b(?:average|schnitt|durchschnitt\w*|mittel|typical\w*|usually|median|in der regel)\b")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january januar", "february februar", "march märz", "april", "may mai", "june juni", "july juli", "august",
            "september", "october oktober", "november", "december dezember",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_TIME = re.compile(
    rf"(?i)\b(?:{'|'.join(_MONTHS)}|q[1-4]|kw\s?\d+|h[12]|spring|summer|autumn|winter|frühjahr|sommer|herbst)\b"
)
_PERIODS = {
    Period.DAY: r"day|daily|tag|täglich|arbeitstag|shift|schicht|morning|morgen",
    Period.WEEK: r"week|weekly|woche|wöchentlich",
    Period.MONTH: r"month|monthly|monat|monatlich",
    Period.QUARTER: r"quarter|quarterly|quartal|vierteljahr",
    Period.YEAR: r"year|yearly|annual|annually|jahr|jährlich",
}
_PERIOD = {period: re.compile(rf"(?i)\b(?:{words})\b") for period, words in _PERIODS.items()}


class Figure(msgspec.Struct, frozen=True):
    """A figure with what tells what it measures."""

    text: str  # the part of the sentence it stands in
    quantity: Quantity
    words: frozenset[str]  # what it measures, by words that stand for all that name the same
    years: frozenset[str]
    times: frozenset[str]  # months, quarters, seasons
    periods: frozenset[Period]
    statement: Statement | None = None  # none for a figure of the form

    def contradicts(self, other: Figure) -> bool:
        """Tell whether two figures for the same differ."""
        momentary = _MOMENT.search(self.text) or _MOMENT.search(other.text)
        return (
            not momentary and self._counts_the_same(other) and self._is_apart(other) and _measure_the_same(self, other)
        )

    def _counts_the_same(self, other: Figure) -> bool:
        ours, theirs = self.quantity, other.quantity
        if ours.unit is not theirs.unit or ours.each or theirs.each:  # what one of them costs depends on which
            return False
        if ours.unit is Unit.MONEY and ours.noun != theirs.noun:
            return False
        if ours.unit is Unit.HOURS and not (_ON_AVERAGE.search(self.text) and _ON_AVERAGE.search(other.text)):
            return False
        return all(
            _overlap(*pair)
            for pair in ((self.years, other.years), (self.times, other.times), (self.periods, other.periods))
        )

    def _is_apart(self, other: Figure) -> bool:
        (_, small), (large, _) = sorted((_ends(self.quantity), _ends(other.quantity)))
        counted = self.quantity.unit in {Unit.ITEMS, Unit.PEOPLE}
        few = counted and large < _A_FEW
        return not few and large - small > TOLERANCE * large and large <= _MOST_APART * small


def _ends(quantity: Quantity) -> tuple[float, float]:
    """Return the ends of a range; both are the value where there is none."""
    ends = [quantity.value if end is None else end for end in (quantity.low, quantity.high)]
    return min(ends), max(ends)


def _measure_the_same(first: Figure, second: Figure) -> bool:
    """Tell by the words beside two figures; where both have words of their own they measure different things."""
    shared = first.words & second.words
    fewer, more = sorted((len(first.words - shared), len(second.words - shared)))
    if len(shared) >= _SEVERAL:
        return not fewer and more <= _NARROWER
    if len(shared) == _PAIR:
        return not more
    named = shared <= set(_same().values())  # "revenue" alone says what is measured, "cost" does not
    return len(shared) == 1 and not more and named and first.quantity.unit in {Unit.PERCENT, Unit.MONEY}


def _overlap(first: frozenset[object], second: frozenset[object]) -> bool:
    """Tell whether two scopes can be the same; where one side says none, it can."""
    return not first or not second or bool(first & second)


def figures_of(statement: Statement) -> Iterator[Figure]:
    """Yield the figures of a statement that measure what is, on the whole."""
    yield from _figures(statement.text, statement.quantities, statement.start, statement)


def figures_in(text: str, quantities: Sequence[Quantity]) -> Iterator[Figure]:
    """Yield the figures of a sentence of the form."""
    yield from _figures(text, quantities, 0, None)


def _figures(text: str, quantities: Sequence[Quantity], offset: int, statement: Statement | None) -> Iterator[Figure]:
    spans = [(quantity.start - offset, quantity.end - offset) for quantity in quantities]
    for quantity, (start, end) in zip(quantities, spans, strict=True):
        first, last = _part(text, start, end, [span for span in spans if span != (start, end)])
        part = text[first:last]
        series = sum(other.unit is quantity.unit for other in quantities) >= _SERIES
        if series or _NO_MEASUREMENT.search(part) or _CHANGE_BEFORE.search(text, first, start):
            continue
        yield Figure(
            text=part,
            quantity=quantity,
            words=_measured(f"{text[first:start]} {_counted(quantity)} {text[end:last]}"),
            years=frozenset(_YEAR.findall(text)),
            times=frozenset(str(_MONTHS.get(found.lower(), found.lower())) for found in _TIME.findall(text)),
            periods=frozenset(period for period, pattern in _PERIOD.items() if pattern.search(part)),
            statement=statement,
        )


def _part(text: str, start: int, end: int, others: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return the part of a sentence in which a figure stands, up to the next figure that is joined to it."""
    ends = [*_PART_END.finditer(text), *_NEXT_CLAUSE.finditer(text)]
    first = max((found.end() for found in ends if found.end() <= start), default=0)
    last = min((found.start() for found in ends if found.start() >= end), default=len(text))
    before = [other for _, other in others if first <= other <= start]
    after = [other for other, _ in others if end <= other <= last]
    if before:
        joint = [found.end() for found in _AND.finditer(text, max(before), start)]
        first = joint[-1] if joint else max(before)
    if after:
        found = _AND.search(text, end, min(after))
        last = found.start() if found else min(after)
    return first, last


def _counted(quantity: Quantity) -> str:
    return quantity.noun if quantity.unit in {Unit.ITEMS, Unit.PEOPLE} else ""


def _measured(text: str) -> frozenset[str]:
    """Return the words that tell what a figure measures; of a compound, its parts."""
    found: set[str] = set()
    for word in terms(text):
        for part in _compounds().parts(word) or (word,):
            if part not in _beside_the_point():
                found.add(_same().get(part, part))
    months = {stem(month) for month in _MONTHS}
    return frozenset(found - months)


def same_noun(first: str, second: str) -> bool:
    """Tell whether two nouns name the same thing to be counted; figures without a noun count the same."""
    one, other = stem(first), stem(second)
    return _same().get(one, one) == _same().get(other, other)


@cache
def _same() -> dict[str, str]:
    """Map each word of a group to the first one."""
    return {stem(word): stem(group[0]) for group in word_lists().measured for word in group}


@cache
def _compounds() -> Compounds:
    return Compounds(frozenset(_same()) | _beside_the_point())


@cache
def _beside_the_point() -> frozenset[str]:
    """Return the stems of words that stand beside figures of any kind."""
    return frozenset(stem(word) for word in word_lists().lists["beside_the_point"])
