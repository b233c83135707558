"""The report as one typed model. Every format is written from it, so formats cannot disagree."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from casebook.domain.document import Locator, Outcome

SCHEMA_VERSION = "1.0"


class ClaimKind(StrEnum):
    """Whether a sentence states something of this company, or is general knowledge."""

    COMPANY = "company"
    GENERAL = "general"


class Dimension(StrEnum):
    """The dimensions of AI readiness."""

    STRATEGY = "strategy"
    DATA = "data"
    TECHNOLOGY = "technology"
    PEOPLE = "people"
    PROCESS = "process"
    GOVERNANCE = "governance"


class Level(StrEnum):
    """A three-step scale in words."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Horizon(StrEnum):
    """When a use case is due, in months from the report."""

    NOW = "0-3 months"
    NEXT = "3-12 months"
    LATER = "12+ months"


class StepCost(msgspec.Struct, frozen=True, kw_only=True):
    """What one step used up of a language model; `cost_usd` is None when the price of a request is not known."""

    step: str
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """How the report came to be. `id`, `created_at` and `seconds` differ between runs over the same input."""

    id: str
    company: str
    company_slug: str
    created_at: str
    analyst: str
    model: str | None
    catalogue: str  # name, number of patterns and digest
    inputs_digest: str
    seconds: float
    cost_usd: float | None  # None when the price of a request is not known
    model_calls: int
    costs: tuple[StepCost, ...] = ()


class ReportSource(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was received, and what became of it. Paths are relative to the company's folder."""

    id: str
    name: str
    path: str | None
    sha256: str
    size: int
    media_type: str
    status: Outcome
    reason: str | None
    pages: int | None
    text_path: str | None
    language: str | None
    words: int
    same_as: str | None
    used: bool  # whether the report quotes it


class ReportQuote(msgspec.Struct, frozen=True, kw_only=True):
    """Words of a source: ``text_path``'s content[start:end] == text, in code points."""

    id: str
    source_id: str
    text: str
    start: int
    end: int
    locator: Locator
    theme: str
    before: str  # up to 80 characters of the source before the quote
    after: str


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One statement of the report with the quotes it rests on."""

    id: str
    section: str
    text: str
    quote_ids: tuple[str, ...]
    kind: ClaimKind


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The page for readers who read nothing else."""

    findings: tuple[str, ...]  # claim ids
    top_use_cases: tuple[str, ...]  # use case ids
    first_90_days: tuple[str, ...]
    biggest_risk: str
    not_established: tuple[str, ...]


class ProfileField(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the form beside what the documents say of it."""

    name: str
    form_says: str
    claim_ids: tuple[str, ...]


class Contradiction(msgspec.Struct, frozen=True, kw_only=True):
    """Two statements that do not fit together; listed, never resolved."""

    field: str
    form_says: str | None  # None when two documents disagree
    claim_ids: tuple[str, ...]
    question: str


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The company in its own words."""

    fields: tuple[ProfileField, ...]
    contradictions: tuple[Contradiction, ...]
    portrait: tuple[str, ...] = ()  # claim ids: the company in a few sentences, when a model wrote them


class DimensionAssessment(msgspec.Struct, frozen=True, kw_only=True):
    """The level of one dimension, 1 to 5; None means that no evidence was found."""

    dimension: Dimension
    level: int | None
    label: str
    claim_ids: tuple[str, ...]
    next_level: str  # what would raise it (general knowledge)


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Readiness by dimension; both scores run from 0 to 100."""

    dimensions: tuple[DimensionAssessment, ...]
    self_score: float | None
    self_category: str
    evidence_score: float | None
    comment: str


class SystemInUse(msgspec.Struct, frozen=True, kw_only=True):
    """A software system that the documents name."""

    name: str
    claim_ids: tuple[str, ...]


class DataAsset(msgspec.Struct, frozen=True, kw_only=True):
    """A body of data that was handed in as a table, or that the documents speak of."""

    name: str
    source_id: str | None
    records: int | None
    fields: tuple[str, ...]
    claim_ids: tuple[str, ...]


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """Data and systems found."""

    systems: tuple[SystemInUse, ...]
    data: tuple[DataAsset, ...]


class ScorePart(msgspec.Struct, frozen=True, kw_only=True):
    """A summand of a score: `weight` x `value`, both 0 to 1, and why the value is what it is."""

    name: str
    weight: float
    value: float
    why: str


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A score from 0 to 1: the sum of its parts' weight x value."""

    score: float
    parts: tuple[ScorePart, ...]


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """Today's figures, quoted; or the question to ask."""

    claim_ids: tuple[str, ...]
    question: str


class DataRequirement(msgspec.Struct, frozen=True, kw_only=True):
    """Data that the use case needs, and what the documents show of it."""

    name: str
    found: bool
    claim_ids: tuple[str, ...]


class Kpi(msgspec.Struct, frozen=True, kw_only=True):
    """A figure by which success is measured."""

    name: str
    formula: str
    unit: str
    direction: str


class Screening(msgspec.Struct, frozen=True, kw_only=True):
    """A first look at the EU AI Act; not legal advice."""

    level: str
    rule: str
    source: str
    as_of: str


class NistNotes(msgspec.Struct, frozen=True, kw_only=True):
    """Notes by the four functions of the NIST AI Risk Management Framework."""

    govern: str
    map: str
    measure: str
    manage: str


class Confidence(msgspec.Struct, frozen=True, kw_only=True):
    """How sure the analyst is that the use case fits, 0 to 1, and why."""

    score: float
    level: Level
    why: str


class UseCase(msgspec.Struct, frozen=True, kw_only=True):
    """A proposed use of AI. Texts without claim ids are general knowledge of the pattern."""

    id: str
    rank: int
    rank_range: tuple[int, int]
    title: str
    pattern_id: str | None
    function: str
    summary: str
    claim_ids: tuple[str, ...]  # the problem in the company's words
    quote_ids: tuple[str, ...]  # all quotes of those claims, in order
    users: str
    baseline: Baseline
    ai_needed: str
    value: Score
    value_formula: str
    value_driver: str
    feasibility: Score
    priority: float
    data: tuple[DataRequirement, ...]
    systems: tuple[str, ...]  # named in the quotes
    usual_systems: tuple[str, ...]  # that the pattern usually touches
    effort: str
    build_or_buy: str
    kpis: tuple[Kpi, ...]
    success_signal: str
    stop_rule: str
    risks: tuple[str, ...]
    ai_act: Screening
    nist: NistNotes
    human_review: str
    prerequisites: tuple[str, ...]
    first_step: str
    confidence: Confidence
    horizon: Horizon
    gate: str | None  # why it may not start as it stands

    @property
    def is_guess(self) -> bool:
        """Whether its pattern is only the closest one: the quotes tell of a need, but fit no pattern well."""
        return self.confidence.level is Level.LOW and self.pattern_id is not None


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate that was looked at and left out."""

    title: str
    pattern_id: str | None
    reason: str
    quote_ids: tuple[str, ...]


class DataGap(msgspec.Struct, frozen=True, kw_only=True):
    """Data that is missing or weak, and what it holds up."""

    text: str
    use_case_ids: tuple[str, ...]
    claim_ids: tuple[str, ...]


class RoadmapItem(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of work with what must come before it."""

    text: str
    use_case_id: str | None
    depends_on: tuple[str, ...]


class RoadmapPhase(msgspec.Struct, frozen=True, kw_only=True):
    """The work of one stretch of time."""

    horizon: Horizon
    items: tuple[RoadmapItem, ...]


class Assumption(msgspec.Struct, frozen=True, kw_only=True):
    """A number that was assumed, to be replaced by the company's own."""

    id: str
    text: str
    low: float
    base: float
    high: float
    unit: str


class BenefitEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """Quoted numbers x assumptions; low, base and high in `unit`."""

    use_case_id: str
    claim_ids: tuple[str, ...]
    calculation: str
    assumption_ids: tuple[str, ...]
    low: float
    base: float
    high: float
    unit: str


class Economics(msgspec.Struct, frozen=True, kw_only=True):
    """Cost and benefit, as far as quoted numbers carry it."""

    assumptions: tuple[Assumption, ...]
    estimates: tuple[BenefitEstimate, ...]
    not_estimated: tuple[str, ...]  # use case ids


class Governance(msgspec.Struct, frozen=True, kw_only=True):
    """Risks and duties; screening, not legal advice."""

    flags: tuple[str, ...]  # claim ids: data protection, works council, confidentiality
    duties: tuple[str, ...]
    notice: str


class OpenQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A question, and how much the answer could move the ranking."""

    text: str
    use_case_id: str | None
    impact: Level


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """How the report was made and what that means for its reader."""

    steps: tuple[str, ...]
    limits: tuple[str, ...]


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """How many files were received, read and quoted."""

    files_received: int
    files_read: int
    files_used: int
    passages: int
    statements: int


class Grounding(msgspec.Struct, frozen=True, kw_only=True):
    """Claims about the company, how many carry quotes, and how many of those stand in the source as stored."""

    claims: int
    quoted: int
    verified: int
    dropped_quotes: int
    instructions_ignored: int
    removed_claims: int = 0  # that a language model wrote and that their own quotes did not bear out
    asked_again: int = 0  # answers of the model that had faults


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole report."""

    schema_version: str
    run: RunFacts
    coverage: Coverage
    grounding: Grounding
    summary: Summary
    profile: Profile
    readiness: Readiness
    inventory: Inventory
    use_cases: tuple[UseCase, ...]
    rejected: tuple[Rejected, ...]
    data_gaps: tuple[DataGap, ...]
    roadmap: tuple[RoadmapPhase, ...]
    economics: Economics
    governance: Governance
    open_questions: tuple[OpenQuestion, ...]
    method: Method
    claims: tuple[Claim, ...]
    quotes: tuple[ReportQuote, ...]
    sources: tuple[ReportSource, ...]
