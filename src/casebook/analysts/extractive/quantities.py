"""Numbers with units: hours, percent, money, people and counts, with what they are counted over."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from casebook.analysts.extractive.counted import end_of_counted
from casebook.domain.evidence import Period, Quantity, Unit
from casebook.domain.words import STOP_WORDS, stem

_NUMBER = r"(?:\d{1,3}(?:[.,'’\u202f\u00a0 ]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d+)?)"
_WORD_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "half a": 0.5, "half an": 0.5, "a": 1, "an": 1,
    "ein": 1, "eine": 1, "einen": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8,
    "neun": 9, "zehn": 10, "elf": 11, "zwölf": 12, "einen halben": 0.5, "eine halbe": 0.5, "halbe": 0.5,
}  # fmt: skip
_SPELLED = "|".join(
    word.replace(" ", r"\s")  # blanks count for nothing in the verbose pattern below
    for word in sorted(_WORD_NUMBERS, key=len, reverse=True)
    if len(word) > 2  # noqa: PLR2004
)
_HOURS_IN = {
    "minute": 1 / 60, "min": 1 / 60, "minuten": 1 / 60, "minutes": 1 / 60, "mins": 1 / 60,
    "hour": 1, "hours": 1, "hrs": 1, "hr": 1, "h": 1, "stunde": 1, "stunden": 1, "std": 1, "überstunden": 1,
    "day": 8, "days": 8, "tag": 8, "tage": 8, "tagen": 8, "arbeitstage": 8, "arbeitstagen": 8, "manntage": 8,
    "week": 40, "weeks": 40, "woche": 40, "wochen": 40,
}  # fmt: skip
_WORKING_TIMES = {unit for unit, hours in _HOURS_IN.items() if hours <= 1}  # days and weeks are mostly waiting times
_SCALE = {"k": 1e3, "thousand": 1e3, "tsd": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "million": 1e6, "millionen": 1e6,
          "bn": 1e9, "mrd": 1e9, "billion": 1e9, "milliarden": 1e9}  # fmt: skip
_PERIODS = {
    "day": Period.DAY, "daily": Period.DAY, "shift": Period.DAY, "tag": Period.DAY, "täglich": Period.DAY,
    "schicht": Period.DAY, "morning": Period.DAY, "morgen": Period.DAY, "arbeitstag": Period.DAY,
    "week": Period.WEEK, "weekly": Period.WEEK, "woche": Period.WEEK, "wöchentlich": Period.WEEK,
    "month": Period.MONTH, "monthly": Period.MONTH, "monat": Period.MONTH, "monatlich": Period.MONTH,
    "quarter": Period.QUARTER, "quartal": Period.QUARTER,
    "year": Period.YEAR, "annum": Period.YEAR, "yearly": Period.YEAR, "annually": Period.YEAR, "jahr": Period.YEAR,
    "jährlich": Period.YEAR,
}  # fmt: skip
_PERIOD_WORDS = "|".join(sorted(_PERIODS, key=len, reverse=True))
_EVERY_WORDS = r"of\severy|of\seach|a|an|per|each|every|/|pro|je|im|am|in\sder|in\sthe|jeden|jede|jedes"
_ADVERBS = "daily|weekly|monthly|yearly|annually|täglich|wöchentlich|monatlich|jährlich"
_PER = rf"(?:\s*(?:{_EVERY_WORDS})\s*(?P<period>{_PERIOD_WORDS})\b|\s+(?P<adverb>{_ADVERBS})\b)"
_PER_UNNAMED = re.sub(r"\?P<\w+>", "?:", _PER)
_EACH = r"(?P<each>\s*(?:per|pro|je(?!\s+nach\b)|for each|for every|/)\s+(?:[^\W\d_]{3,})|\s+each\b)"
_HOUR_WORDS = "|".join(sorted(_HOURS_IN, key=len, reverse=True))
_DOT = r"(?:(?<=mio|mrd|tsd|std|min|hrs)\.)?"  # of an abbreviation, not of the sentence
_ANY_NUMBER = rf"(?:{_NUMBER}|\b(?:{_SPELLED})\b)"
_JOINED = r"(?:\s(?:to|bis|or|oder)\s|\s?[-–—]\s?)"  # the ends of a range
_RANGE = rf"(?:(?:between|zwischen)\s(?P<low>{_ANY_NUMBER})\s(?:and|und)\s|(?P<from>{_ANY_NUMBER}){_JOINED})?"
_MONEY_RANGE = rf"(?:(?P<money_low>{_NUMBER}){_JOINED})?"
_QUANTITY = re.compile(
    rf"""
    (?P<currency>€|£|\$|EUR|GBP|USD|CHF)\s?{_MONEY_RANGE}(?P<money>{_NUMBER})(?:\s?(?P<money_scale>k|m|mn|bn|million|billion|thousand|Mio|Mrd|Tsd)\b{_DOT})?
    |(?<![\w.,-]){_RANGE}(?P<number>{_ANY_NUMBER})(?:[-\s]?(?P<scale>k|mn|million|billion|thousand|Mio|Mrd|Tsd|Millionen|Milliarden)\b{_DOT})?
      [\s\u00a0\u202f-]?(?:
        (?P<percent>%|percent|per\ cent|Prozent|v\.H\.)
        |(?P<unit_money>€|£|\$|EUR\b|Euro\b|euros?\b|GBP\b|CHF\b|Franken\b|USD\b|pounds?\b)
        |(?:working\s|business\s|full\s|ganze[rn]?\s|volle[rn]?\s)?(?P<unit_hours>{_HOUR_WORDS})\b{_DOT}
        |(?P<people>employees|people|staff|Mitarbeitende[rn]?|Mitarbeiter(?:innen)?|Beschäftigten?|Personen|FTEs?|Köpfe|colleagues|Kollegen)\b
        |(?P<bare>(?={_PER_UNNAMED}))
        |(?P<noun>[^\W\d_]{{3,}})
      )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_TAIL = re.compile(rf"(?:{_PER}|{_EACH})", re.IGNORECASE)
_TAIL_NOUN = re.compile(rf"(?:\s+[^\W\d_]+){{0,3}}?{_PER}", re.IGNORECASE)
_NOT_A_COUNT = re.compile(
    r"(?i)^(?:januar|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember|january|february|march"
    r"|may|june|july|october|december|uhr|am|pm|and|und|or|oder|bis|to|the|der|die|das|of|von|in|im|for|für|is|ist|was|war"
    r"|mm|cm|km|kg|bar|grad|volt|kw|mb|gb|to|at|as|with|mit)\b"
)
_EVERY = re.compile(rf"\b(?:every(?:\s+single)?|each|jede[nrs]?)\s+(?P<period>{_PERIOD_WORDS})\b", re.IGNORECASE)
_CLOCK = re.compile(r"\s*(?:in the|am|im)\s+(?:morning|morgen)\b", re.IGNORECASE)
_NUMBERED = re.compile(
    r"\b(?:kw|week|woche|line|linie|halle|hall|nr|no|top|seite|page|room|raum|gate|tor|phase|version|schritt)\.?\s*$",
    re.IGNORECASE,
)
_NO_NOUNS = {
    "wieder",
    "mal",
    "stand",
    "ask",
    "say",
    "went",
    "had",
    "are",
    "have",
    "besetzt",
    "more",
    "other",
    "new",
    "neue",
}
_PERIOD_BEFORE = re.compile(
    rf"\b(?:every|each|jede[nrs]?)\s+(?P<period>{_PERIOD_WORDS})\s+(?:[^\W\d_]+\s+)?$", re.IGNORECASE
)
_EACH_BEFORE = re.compile(r"\b(?:je|pro|per)\s+[^\W\d_]{3,}\s+(?:[^\W\d_]+\s+){0,2}$", re.IGNORECASE)
_LAST_YEAR = re.compile(
    r"\b(?:last year|this year|letztes Jahr|im letzten Jahr|im Vorjahr|dieses Jahr)\b", re.IGNORECASE
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_NEAR = 80  # characters
_BETWEEN_ENDS = re.compile(_JOINED)
_BOUND = re.compile(  # a figure without it is another figure
    r"\b(?:up to|at (?:least|most)|(?:more|less|fewer) than|bis zu|mindestens|höchstens|maximal|(?:mehr|weniger) als)"
    r"\s+$",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"\b(?:r[oi]se(?:n|s)?|gr[eo]w(?:n|s)?|f[ea]ll(?:en|s)?|went|gone|go|climb\w*|jump\w*|dropp?\w*|increas\w*|decreas\w*"
    r"|reduc\w*|shrank|shrunk|cut|improv\w*|lower\w*|shorten\w*|chang\w*|moved|doubled|up|down)\b[^.;]*\bfrom\s+$",
    re.IGNORECASE,
)


_COUNTING = frozenset(stem(word.split()[0]) for word in _WORD_NUMBERS if len(word) > 2)  # noqa: PLR2004 - not "a"


def may_count(words: Sequence[str]) -> bool:
    """Tell whether a text, given as stems with its stop words, has a number: without one it has no quantity."""
    return not _COUNTING.isdisjoint(words) or any(word[0].isdigit() for word in words)


def find_quantities(text: str, offset: int = 0) -> tuple[Quantity, ...]:
    """Find the quantities in `text`; their spans are moved by `offset`.

    Dates, years, clock times and bare numbers are not quantities.
    """
    found: list[Quantity] = []
    for match in _QUANTITY.finditer(text):
        quantity = _quantity(text, match, offset)
        if quantity and found and _is_range(text, found[-1], quantity, offset):
            found[-1] = _joined(text, found[-1], quantity, offset)
        elif quantity:
            found.append(quantity)
    return tuple(found)


def _quantity(text: str, match: re.Match[str], offset: int) -> Quantity | None:
    raw = match["money"] or match["number"]
    unit, factor = _unit(match)
    factor *= _SCALE.get(_plain(match["money_scale"] or match["scale"] or ""), 1)
    value, low = parse_number(raw), _low(match)
    start = match.start()
    if low is not None and (low >= value or _is_change(text, start)):  # not a range: only where it led counts
        low, start = None, match.start("currency") if match["money"] else match.start("number")
        if text[start - 1] in "-–—":  # "3-2"
            return None
    named_to = end_of_counted(text, match.start("noun")) if match["noun"] else match.end()
    noun = _noun(match, text[match.start("noun") : named_to] if match["noun"] else "")
    if _names_something(text, match, raw, noun):
        return None
    end, period, each = _tail(text, named_to)
    if period is None and not each:
        period, each = _said_before(text, match)
    if unit is Unit.ITEMS and period is None and value < 2:  # noqa: PLR2004 - "one customer" counts nothing
        return None
    bound = _BOUND.search(text, max(0, start - _NEAR), start)
    start = bound.start() if bound else start
    return Quantity(
        text=text[start:end],
        start=offset + start,
        end=offset + end,
        value=(value if low is None else (low + value) / 2) * factor,
        low=None if low is None else low * factor,
        high=None if low is None else value * factor,
        unit=unit,
        noun=noun,
        period=period,
        each=each,
    )


def _low(match: re.Match[str]) -> float | None:
    raw = match["money_low"] or match["low"] or match["from"]
    return parse_number(raw) if raw else None


def _is_range(text: str, first: Quantity, second: Quantity, offset: int) -> bool:
    """Tell whether two figures are the ends of a range: "30 minutes to 2 hours"."""
    return (
        _BETWEEN_ENDS.fullmatch(text, first.end - offset, second.start - offset) is not None
        and (first.unit, first.noun_family) == (second.unit, second.noun_family)
        and not (first.period or first.each or first.high or second.high)
        and first.value < second.value
        and not _is_change(text, first.start - offset)
    )


def _is_change(text: str, start: int) -> bool:
    """Tell whether "from 40 to 60" at `start` tells of two times, not of a range."""
    return _CHANGE.search(text, max(0, start - _NEAR), start) is not None


def _joined(text: str, first: Quantity, second: Quantity, offset: int) -> Quantity:
    return replace(
        second,
        text=text[first.start - offset : second.end - offset],
        start=first.start,
        value=(first.value + second.value) / 2,
        low=first.value,
        high=second.value,
    )


def _names_something(text: str, match: re.Match[str], raw: str, noun: str) -> bool:
    """Tell whether a number is a year, a clock time or part of a name ("week 36", "Linie 3"), not a count."""
    if match["bare"] is not None and _CLOCK.match(text, match.end()):
        return True
    if not match["noun"]:
        return False
    return bool(
        _YEAR.fullmatch(raw)
        or _NOT_A_COUNT.match(match["noun"])
        or match["noun"].lower() in STOP_WORDS
        or noun.lower() in _NO_NOUNS
        or _NUMBERED.search(text, 0, match.start())
    )


def _said_before(text: str, match: re.Match[str]) -> tuple[Period | None, bool]:
    """Read what stands before a figure: "every month six days", "je Angebot rund 50 Minuten", "last year ... EUR"."""
    near = _PERIOD_BEFORE.search(text, 0, match.start())
    if near:
        return _PERIODS[_plain(near["period"])], False
    if _EACH_BEFORE.search(text, 0, match.start()):
        return None, True
    if _plain(match["unit_hours"] or "") in _WORKING_TIMES:
        return _stated_period(text), False
    if (match["money"] or match["unit_money"]) and _LAST_YEAR.search(text):
        return Period.YEAR, False
    return None, False


def _stated_period(text: str) -> Period | None:
    """Read the period of a duration that stands elsewhere in the sentence: "every morning ... two hours"."""
    stated = _EVERY.search(text)
    return _PERIODS[_plain(stated["period"])] if stated else None


def _tail(text: str, start: int) -> tuple[int, Period | None, bool]:
    """Read what follows: "a day", "pro Woche", "per order"."""
    tail = _TAIL.match(text, start) or _TAIL_NOUN.match(text, start)
    if not tail:
        return start, None, False
    groups = tail.groupdict()
    word = _plain(groups.get("period") or groups.get("adverb") or "")
    period = _PERIODS.get(word)
    return tail.end(), period, period is None


def _unit(match: re.Match[str]) -> tuple[Unit, float]:
    if match["money"] or match["unit_money"]:
        return Unit.MONEY, 1
    if match["percent"]:
        return Unit.PERCENT, 1
    if match["unit_hours"]:
        return Unit.HOURS, _HOURS_IN[_plain(match["unit_hours"])]
    return (Unit.PEOPLE if match["people"] else Unit.ITEMS), 1


def _noun(match: re.Match[str], counted: str) -> str:
    """Name what is counted: the last word of its name, or the currency."""
    sign = match["currency"] or match["unit_money"]
    if sign:
        return _currency(sign)
    return match["people"] or (counted.rsplit(maxsplit=1)[-1] if counted else "")


def _currency(sign: str) -> str:
    return {"€": "EUR", "euro": "EUR", "euros": "EUR", "£": "GBP", "pound": "GBP", "pounds": "GBP", "$": "USD",
            "franken": "CHF"}.get(_plain(sign), sign.upper())  # fmt: skip


def _plain(words: str) -> str:
    """Write words as the tables have them; patterns that ignore case take four more letters for i, s and k."""
    return " ".join(words.translate(_PLAIN_LETTERS).lower().split())


_PLAIN_LETTERS = str.maketrans("ıİſ\u212a", "iisk")


def parse_number(text: str) -> float:
    """Read a number as written in English or German: "1,250.5", "1.250,5", "12 500", "zwei"."""
    spelled = _WORD_NUMBERS.get(_plain(text))
    if spelled is not None:
        return float(spelled)
    digits = re.sub(r"[\s'’]", "", text)
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0:
        return float(digits)
    marks = set(re.findall(r"[.,]", digits))
    grouped = re.fullmatch(r"[1-9]\d{0,2}(?:[.,]\d{3})+", digits)
    if len(marks) == 1 and grouped:
        return float(re.sub(r"[.,]", "", digits))
    whole, part = digits[:last], digits[last + 1 :]
    return float(re.sub(r"[.,]", "", whole) + "." + part)
