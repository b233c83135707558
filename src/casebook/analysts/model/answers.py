"""What the prompts ask for, as types: the model is held to their schema, and what it sends is checked against them."""

from __future__ import annotations

from typing import Literal

import msgspec

FindingKind = Literal[
    "pain", "goal", "volume", "constraint", "data", "system", "people", "governance", "strategy", "contradiction"
]
DimensionName = Literal["strategy", "data", "technology", "people", "process", "governance"]


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of an answer; every field is required, as strict schemas demand."""


class Finding(_Answer, frozen=True):
    """Sentences that belong together, by their numbers."""

    kind: FindingKind
    sentences: list[int]
    quote: str


class Reading(_Answer, frozen=True):
    """What one window of documents holds."""

    notes: str
    findings: list[Finding]


class Stated(_Answer, frozen=True):
    """A sentence with the numbers of its evidence."""

    text: str
    evidence: list[int]


class ContradictionFound(_Answer, frozen=True):
    """Statements that do not fit together."""

    evidence: list[int]
    form: str
    question: str


class ProfileAnswer(_Answer, frozen=True):
    """The company in a few sentences."""

    portrait: list[Stated]
    contradictions: list[ContradictionFound]


class DimensionFound(_Answer, frozen=True):
    """The level of one dimension."""

    dimension: DimensionName
    level: int
    evidence: list[int]


class ReadinessAnswer(_Answer, frozen=True):
    """Readiness by dimension."""

    dimensions: list[DimensionFound]


class Planned(_Answer, frozen=True):
    """A use case to be written."""

    pattern: str
    title: str
    evidence: list[int]
    reason: str


class LeftOut(_Answer, frozen=True):
    """A pattern that was dropped."""

    pattern: str
    reason: str


class Plan(_Answer, frozen=True):
    """The use cases to be written, best first."""

    use_cases: list[Planned]
    left_out: list[LeftOut]


class Written(_Answer, frozen=True):
    """One use case, written up."""

    number: int
    problem: list[Stated]
    approach: str
    users: str
    first_step: str
    risks: list[str]
    questions: list[str]


class UseCasesAnswer(_Answer, frozen=True):
    """Some use cases, written up."""

    use_cases: list[Written]


class SummaryAnswer(_Answer, frozen=True):
    """The findings of the executive summary."""

    findings: list[Stated]
