"""What the thinking steps hand to each other: sections of the report with the claims and quotes they rest on."""

from __future__ import annotations

import msgspec

from casebook.domain.quote import Quote
from casebook.domain.report import (
    Claim,
    DataGap,
    Economics,
    Inventory,
    OpenQuestion,
    Profile,
    Readiness,
    Rejected,
    StepCost,
    UseCase,
)


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What became of what a language model wrote; all zero without one."""

    removed_claims: int = 0  # that their own quotes did not bear out, at the second try either
    dropped_quotes: int = 0  # offered, but not in the documents
    asked_again: int = 0  # answers that had faults
    remarks: tuple[str, ...] = ()  # what the reader should know

    def __add__(self, other: Checked) -> Checked:
        """Add up."""
        return Checked(
            removed_claims=self.removed_claims + other.removed_claims,
            dropped_quotes=self.dropped_quotes + other.dropped_quotes,
            asked_again=self.asked_again + other.asked_again,
            remarks=tuple(dict.fromkeys((*self.remarks, *other.remarks))),
        )


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """Part A: the company as its documents show it."""

    profile: Profile
    readiness: Readiness
    inventory: Inventory
    flags: tuple[str, ...]  # claim ids of statements on data protection, works council, confidentiality
    claims: tuple[Claim, ...]
    quotes: tuple[Quote, ...]
    checked: Checked = Checked()


class Portfolio(msgspec.Struct, frozen=True, kw_only=True):
    """Part B: the use cases, what was left out, and what is not known."""

    use_cases: tuple[UseCase, ...]
    rejected: tuple[Rejected, ...]
    data_gaps: tuple[DataGap, ...]
    economics: Economics
    open_questions: tuple[OpenQuestion, ...]
    claims: tuple[Claim, ...]
    quotes: tuple[Quote, ...]
    headlines: tuple[str, ...] = ()  # claim ids: the findings of the summary, when a model wrote them
    checked: Checked = Checked()


class AnalystFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Who did the thinking, for the report's front matter."""

    name: str
    model: str | None = None
    catalogue: str = ""
    settings: str = ""  # what else its findings depend on: prompts, language
    cost_usd: float | None = 0.0  # None when the price of a request is not known
    model_calls: int = 0
    costs: tuple[StepCost, ...] = ()
    remarks: tuple[str, ...] = ()  # what the reader should know of its catalogue
