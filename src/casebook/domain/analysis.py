"""What the thinking steps hand to each other: sections of the report with the claims and quotes they rest on."""

from __future__ import annotations

from dataclasses import dataclass

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
    UseCase,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """Part A: the company as its documents show it."""

    profile: Profile
    readiness: Readiness
    inventory: Inventory
    flags: tuple[str, ...]  # claim ids of statements on data protection, works council, confidentiality
    claims: tuple[Claim, ...]
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """Part B: the use cases, what was left out, and what is not known."""

    use_cases: tuple[UseCase, ...]
    rejected: tuple[Rejected, ...]
    data_gaps: tuple[DataGap, ...]
    economics: Economics
    open_questions: tuple[OpenQuestion, ...]
    claims: tuple[Claim, ...]
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalystFacts:
    """Who did the thinking, for the report's front matter."""

    name: str
    model: str | None = None
    catalogue: str = ""
    cost_usd: float = 0.0
    model_calls: int = 0
