"""The ship gates: figures without which a report is not delivered as done."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from casebook.domain.report import Claim, ClaimKind, Report

NUMBER = re.compile(r"\d+(?:[.,\u202f\u00a0' ]\d+)*")

QUOTE_EXACTNESS = 1.0
NUMBER_FIDELITY = 1.0
GROUNDING_WITHOUT_MODEL = 1.0
GROUNDING_WITH_MODEL = 0.98


class GateFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured on one report; shares run from 0 to 1, an empty set counts as 1."""

    quotes: int
    claims: int
    quote_exactness: float  # share of quotes that stand in the source at their place
    grounding: float  # share of company claims with at least one quote that stands
    number_fidelity: float  # share of numbers in company claims that stand in the claim's own quotes
    invented_sources: int  # quotes of sources that are not in the report's list
    grounding_needed: float

    @property
    def passed(self) -> bool:
        """Whether the report may be delivered."""
        return not self.failures()

    def failures(self) -> list[str]:
        """Say which gates the report misses, and by how much."""
        needed = (
            ("quote exactness", self.quote_exactness, QUOTE_EXACTNESS),
            ("grounding", self.grounding, self.grounding_needed),
            ("number fidelity", self.number_fidelity, NUMBER_FIDELITY),
        )
        failures = [f"{name} {found:.3f} (needs {least:.3f})" for name, found, least in needed if found < least]
        if self.invented_sources:
            failures.append(f"invented sources {self.invented_sources} (needs 0)")
        return failures


def measure(report: Report, text_of: Callable[[str], str]) -> GateFigures:
    """Measure a report against the texts of its sources; `text_of` gives the text of a source by its id."""
    known = {source.id for source in report.sources if source.text_path}
    standing = {
        quote.id
        for quote in report.quotes
        if quote.source_id in known and text_of(quote.source_id)[quote.start : quote.end] == quote.text
    }
    words = {quote.id: quote.text for quote in report.quotes}
    company = [claim for claim in report.claims if claim.kind is ClaimKind.COMPANY]
    grounded = [claim for claim in company if standing.intersection(claim.quote_ids)]
    numbers = [number for claim in company for number in _numbers(claim, words)]
    return GateFigures(
        quotes=len(report.quotes),
        claims=len(company),
        quote_exactness=_share(len(standing), len(report.quotes)),
        grounding=_share(len(grounded), len(company)),
        number_fidelity=_share(sum(numbers), len(numbers)),
        invented_sources=sum(quote.source_id not in known for quote in report.quotes),
        grounding_needed=GROUNDING_WITH_MODEL if report.run.model else GROUNDING_WITHOUT_MODEL,
    )


def _numbers(claim: Claim, words: dict[str, str]) -> list[bool]:
    """Tell of each number in a claim whether one of its own quotes has it."""
    quoted = {number for quote_id in claim.quote_ids for number in NUMBER.findall(words.get(quote_id, ""))}
    return [number in quoted for number in NUMBER.findall(claim.text)]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
