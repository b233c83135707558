"""Evidence: what the documents say that matters for use cases, each piece a verbatim quote."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from casebook.domain.quote import Quote


class Kind(StrEnum):
    """What a statement tells."""

    PAIN = "pain"
    GOAL = "goal"
    VOLUME = "volume"
    CONSTRAINT = "constraint"
    DATA = "data"
    SYSTEM = "system"


class Unit(StrEnum):
    """What a quantity counts. Durations are in hours, money in its own currency."""

    HOURS = "hours"
    PERCENT = "percent"
    MONEY = "money"
    PEOPLE = "people"
    ITEMS = "items"


class Period(StrEnum):
    """What a quantity is counted over."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Quantity(msgspec.Struct, frozen=True):
    """A number with its unit; `text` stands in the source from `start` to `end` (code points)."""

    text: str
    start: int
    end: int
    value: float  # the middle of a range
    unit: Unit
    noun: str = ""  # what is counted, or the currency
    period: Period | None = None
    each: bool = False  # "per order", "pro Angebot": a cost of one, not a sum
    low: float | None = None  # the ends of a range: "four to six minutes"
    high: float | None = None

    @property
    def noun_family(self) -> str:
        """What is counted, so that two figures can be compared: the noun for items, the currency for money."""
        return self.noun.lower() if self.unit in {Unit.ITEMS, Unit.MONEY} else ""


class Evidence(msgspec.Struct, frozen=True):
    """A quote, what it tells, and how strongly."""

    quote: Quote
    kinds: tuple[Kind, ...]
    strength: float  # 0 to 1
    quantities: tuple[Quantity, ...] = ()
    origins: tuple[str, ...] = ()  # ids of all sources in which the same sentence stands
    language: str = "und"


class Theme(msgspec.Struct, frozen=True):
    """Evidence that is about the same matter; `label` is a function of the catalogue or "other"."""

    label: str
    quote_ids: tuple[str, ...]


class EvidenceBase(msgspec.Struct, frozen=True):
    """What the `quotes` step found, in the order of the sources."""

    items: tuple[Evidence, ...]
    themes: tuple[Theme, ...]
    duplicates: int  # statements left out because the same words stand elsewhere
    dropped_quotes: int  # quotes that could not be verified
    instructions: int  # statements that talk to an AI system and were not used
