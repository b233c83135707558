"""Part B without a model: use cases from the patterns that the evidence speaks for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import msgspec

from casebook.analysts.catalogue import DataNeed, Pattern
from casebook.analysts.extractive.claims import Claims
from casebook.analysts.extractive.corpus import Corpus
from casebook.analysts.extractive.economics import ASSUMPTIONS, estimate, find_basis
from casebook.analysts.extractive.matches import Match
from casebook.analysts.extractive.matching import PatternIndex
from casebook.analysts.extractive.phrases import Phrases
from casebook.analysts.extractive.scoring import (
    Scored,
    confidence,
    rank_ranges,
    score_feasibility,
    score_value,
    strategic_statements,
)
from casebook.analysts.extractive.selection import DESCRIBED_FLOOR, FLOOR, Candidate, Floors, select
from casebook.analysts.extractive.statements import Statement
from casebook.analysts.extractive.systems import named_systems
from casebook.domain.analysis import Portfolio
from casebook.domain.evidence import Unit
from casebook.domain.report import (
    Baseline,
    BenefitEstimate,
    Confidence,
    DataGap,
    DataRequirement,
    Economics,
    Horizon,
    Level,
    NistNotes,
    OpenQuestion,
    Readiness,
    Rejected,
    Screening,
    UseCase,
)
from casebook.domain.submission import Submission
from casebook.domain.words import terms, tokens

MAX_REJECTED = 8
NOT_IN_CATALOGUE = -1  # the number of a pattern that was made for one company
_PLAINLY_BUSINESS, _STEEPNESS = 0.6, 3  # stories, recipes and popular science have shares up to 0.44
_LEAST_BUSINESS = 0.1  # texts that do not speak of business at all need ten times the evidence
_DATA_WORDS = 3  # words in common that show that a statement speaks of a kind of data
_FIGURES = 4  # shown for a use case
_TOP = 3  # questions on the first ranks move most
_GATES = {
    "high": "Screened as possibly high-risk under the EU AI Act: start only with the controls in place.",
    "prohibited_check": "Screened as possibly prohibited under the EU AI Act: clear it legally before anything else.",
}
_NOT_SCREENED = Screening(
    level="not screened", rule="The catalogue has no screening rule for this pattern.", source="", as_of=""
)
_NO_NOTES = NistNotes(govern="", map="", measure="", manage="")


class _Draft(msgspec.Struct, frozen=True):
    """A candidate on its way to a use case."""

    pattern: Pattern
    candidate: Candidate
    scored: Scored
    data: tuple[DataRequirement, ...]
    confidence: Confidence

    @property
    def is_guess(self) -> bool:
        """Whether nothing fits the evidence well, and this only less badly than the rest."""
        return self.confidence.level is Level.LOW

    @property
    def statements(self) -> list[Statement]:
        return [match.statement for match in self.candidate.matches]


def propose(
    submission: Submission,
    corpus: Corpus,
    matched: Sequence[dict[int, Match]],
    index: PatternIndex,
    readiness: Readiness,
) -> Portfolio:
    """Choose, score and rank use cases; fewer than asked for when the evidence is thin."""
    chosen, others = select(matched, index, submission.use_cases_count, floors=floors_for(corpus))
    return write_portfolio(
        [(index.catalogue.patterns[candidate.pattern], candidate) for candidate in chosen],
        others,
        submission,
        corpus,
        index,
        readiness=readiness,
        claims=Claims("B"),
    )


def floors_for(corpus: Corpus) -> Floors:
    """Return what the best statement of a use case must score in this corpus, the more the less it is of business.

    A catalogue that only describes itself may be of a trade whose words the thesaurus lacks: its floor rises only where
    texts are hardly of business, and then fast.
    """
    share = max(corpus.business_share, _LEAST_BUSINESS)
    described = min(1.0, share / _PLAINLY_BUSINESS) ** _STEEPNESS
    return Floors(needs=FLOOR / share, descriptions=DESCRIBED_FLOOR / described)


def write_portfolio(  # noqa: PLR0913 - everything that a score and a reason depend on
    chosen: Sequence[tuple[Pattern, Candidate]],
    others: Sequence[Candidate],
    submission: Submission,
    corpus: Corpus,
    index: PatternIndex,
    *,
    readiness: Readiness,
    claims: Claims,
) -> Portfolio:
    """Score, rank and describe the use cases that were chosen, and say why `others` were not.

    A chosen pattern need not be in the catalogue: its candidate then has the number NOT_IN_CATALOGUE.
    """
    drafts = _ranked(_drafts(chosen, submission, corpus, index, readiness=readiness, claims=claims))
    ranges = _rank_ranges(drafts)
    use_cases = tuple(_use_case(draft, rank, ranges[rank - 1], claims) for rank, draft in enumerate(drafts, start=1))
    estimates = tuple(_estimates(drafts, use_cases, claims))
    estimated = {found.use_case_id for found in estimates}
    used = {assumption_id for found in estimates for assumption_id in found.assumption_ids}
    return Portfolio(
        use_cases=use_cases,
        rejected=tuple(_rejected(others, _in_catalogue(chosen), index, claims, floors=floors_for(corpus))),
        data_gaps=tuple(_data_gaps(use_cases)),
        economics=Economics(
            assumptions=tuple(assumed for assumed in ASSUMPTIONS if assumed.id in used),
            estimates=estimates,
            not_estimated=tuple(use_case.id for use_case in use_cases if use_case.id not in estimated),
        ),
        open_questions=tuple(_questions(use_cases, submission.use_cases_count)),
        claims=claims.claims,
        quotes=claims.quotes,
    )


def _drafts(  # noqa: PLR0913 - everything a score depends on
    chosen: Sequence[tuple[Pattern, Candidate]],
    submission: Submission,
    corpus: Corpus,
    index: PatternIndex,
    *,
    readiness: Readiness,
    claims: Claims,
) -> list[_Draft]:
    strategic = strategic_statements(corpus)
    words = frozenset(terms(f"{submission.company_description} {submission.report_expectations}"))
    strategy_words = words | {word for statement in strategic for word in terms(statement.text)}
    drafts: list[_Draft] = []
    for pattern, candidate in chosen:
        data = _data_requirements(pattern, candidate, corpus, index, claims)
        scored = Scored(
            score_value(candidate, strategic, strategy_words),
            score_feasibility(pattern, candidate, [need.found for need in data], readiness, submission.readiness_score),
        )
        drafts.append(_Draft(pattern, candidate, scored, data, confidence(candidate)))
    return drafts


def _in_catalogue(chosen: Sequence[tuple[Pattern, Candidate]]) -> list[Candidate]:
    return [candidate for _, candidate in chosen if candidate.pattern != NOT_IN_CATALOGUE]


def _ranked(drafts: Sequence[_Draft]) -> list[_Draft]:
    """Put them in the order of their priority, guesses last: nobody begins with what may be the wrong answer."""
    return sorted(
        drafts,
        key=lambda draft: (
            draft.is_guess,
            -round(draft.scored.priority, 6),
            -draft.candidate.score,
            draft.pattern.id,
        ),
    )


def _rank_ranges(drafts: Sequence[_Draft]) -> list[tuple[int, int]]:
    """Return the best and worst rank of each; weights do not move a guess before what is none."""
    sure = [draft.scored for draft in drafts if not draft.is_guess]
    guesses = [draft.scored for draft in drafts if draft.is_guess]
    behind = [(low + len(sure), high + len(sure)) for low, high in rank_ranges(guesses)]
    return [*rank_ranges(sure), *behind]


def _use_case(draft: _Draft, rank: int, rank_range: tuple[int, int], claims: Claims) -> UseCase:
    pattern, statements = draft.pattern, draft.statements
    claim_ids = _claim_each(f"use_case_{rank}", statements, claims, pattern.function)
    quotes = [quote for statement in statements if (quote := claims.quote(statement, theme=pattern.function))]
    screening = pattern.ai_act or _NOT_SCREENED
    gate = _GATES.get(screening.level)
    return UseCase(
        id=f"U{rank}",
        rank=rank,
        rank_range=rank_range,
        title=pattern.name,
        pattern_id=pattern.id or None,
        function=pattern.function_name,
        summary=pattern.summary or next(iter(pattern.texts(pattern.description))),
        claim_ids=claim_ids,
        quote_ids=tuple(quote.id for quote in quotes),
        users=pattern.users,
        baseline=Baseline(
            claim_ids=_figures(statements, claims, pattern.function),
            question=pattern.baseline_question,
        ),
        ai_needed=pattern.when_not_ai,
        value=draft.scored.value,
        value_formula=pattern.value_formula.text,
        value_driver=pattern.value_formula.driver,
        feasibility=draft.scored.feasibility,
        priority=round(draft.scored.priority, 3),
        data=draft.data,
        systems=_systems(statements),
        usual_systems=tuple(pattern.systems),
        effort=pattern.effort,
        build_or_buy=pattern.build_or_buy,
        kpis=tuple(pattern.kpis),
        success_signal=pattern.success_signal,
        stop_rule=pattern.stop_rule,
        risks=tuple(pattern.risks),
        ai_act=screening,
        nist=pattern.nist or _NO_NOTES,
        human_review=pattern.human_review,
        prerequisites=tuple(pattern.prerequisites),
        first_step=pattern.first_step,
        confidence=draft.confidence,
        horizon=_horizon(draft, gate),
        gate=gate,
    )


def _claim_each(section: str, statements: Sequence[Statement], claims: Claims, theme: str) -> tuple[str, ...]:
    ids = (claims.company(section, [statement], theme=theme) for statement in statements)
    return tuple(claim_id for claim_id in ids if claim_id)


def _figures(statements: Sequence[Statement], claims: Claims, theme: str) -> tuple[str, ...]:
    """The figures that the quotes state: over time first, then durations, money and shares."""
    found = [(statement, quantity) for statement in statements for quantity in statement.quantities]
    telling = [entry for entry in found if entry[1].period or entry[1].each or entry[1].unit is not Unit.ITEMS]
    ids = (
        claims.figure("baseline", statement, quantity, theme=theme)
        for statement, quantity in sorted(telling or found, key=lambda entry: entry[1].period is None)[:_FIGURES]
    )
    return tuple(claim_id for claim_id in ids if claim_id)


def _systems(statements: Sequence[Statement]) -> tuple[str, ...]:
    """The systems that the quotes name."""
    return tuple(sorted({name for statement in statements for name, _, _ in named_systems(statement.text)}))


def _horizon(draft: _Draft, gate: str | None) -> Horizon:
    if gate:
        return Horizon.LATER
    if draft.pattern.effort == "S" or (draft.pattern.effort == "M" and draft.scored.feasibility.score >= 0.5):  # noqa: PLR2004
        return Horizon.NOW
    return Horizon.NEXT if draft.pattern.effort == "M" or draft.scored.feasibility.score >= 0.5 else Horizon.LATER  # noqa: PLR2004


def _data_requirements(
    pattern: Pattern, candidate: Candidate, corpus: Corpus, index: PatternIndex, claims: Claims
) -> tuple[DataRequirement, ...]:
    """Look for each kind of data the pattern needs; a statement of the use case itself counts first."""
    phrases = Phrases(
        (phrase, need.name) for need in pattern.data_needed for words in need.keywords.values() for phrase in words
    )
    own = [match.statement for match in candidate.matches]
    own_ids = {id(statement) for statement in own}
    speaking: dict[str, Statement] = {}
    for statement, names in sorted(corpus.saying(phrases), key=lambda entry: id(entry[0]) not in own_ids):
        for name in names:
            speaking.setdefault(name, statement)
    requirements: list[DataRequirement] = []
    for need in pattern.data_needed:
        spoken = speaking.get(need.name)
        found = spoken if spoken is not None else _speaking_of(need, own, index)
        claim = claims.company("data", [found], theme="data") if found is not None else None
        requirements.append(
            DataRequirement(name=need.name, found=claim is not None, claim_ids=(claim,) if claim else ())
        )
    return tuple(requirements)


def _speaking_of(need: DataNeed, statements: Sequence[Statement], index: PatternIndex) -> Statement | None:
    """Find the statement that shares words with the data's name, though none of its phrases."""
    wanted = index.features.of(tokens(" 0 ".join((need.name, *chain.from_iterable(need.keywords.values())))))
    shared = {
        statement.key: len(index.features.telling(wanted.keys() & index.features.of(statement.words).keys()))
        for statement in statements
    }
    best = max(statements, key=lambda statement: shared[statement.key])
    return best if shared[best.key] >= _DATA_WORDS else None


def _estimates(drafts: Sequence[_Draft], use_cases: Sequence[UseCase], claims: Claims) -> list[BenefitEstimate]:
    estimates: list[BenefitEstimate] = []
    for draft, use_case in zip(drafts, use_cases, strict=True):
        basis = find_basis(draft.statements)
        if basis:
            ids = _claim_each("economics", basis.statements, claims, draft.pattern.function)
            estimates.append(estimate(use_case.id, basis, ids))
    return estimates


def _rejected(
    others: Sequence[Candidate], chosen: Sequence[Candidate], index: PatternIndex, claims: Claims, *, floors: Floors
) -> list[Rejected]:
    """Name the next best candidates and why each was left out."""
    rejected: list[Rejected] = []
    shown: set[str] = set()
    for candidate in others:
        pattern = index.catalogue.patterns[candidate.pattern]
        if candidate.score < FLOOR / 2 or len(rejected) == MAX_REJECTED:
            break
        first = candidate.matches[0].statement.key
        if first in shown:
            continue
        shown.add(first)
        quote = claims.quote(candidate.matches[0].statement, theme=pattern.function)
        rejected.append(
            Rejected(
                title=pattern.name,
                pattern_id=pattern.id,
                reason=_why_rejected(candidate, chosen, index, floors),
                quote_ids=(quote.id,) if quote else (),
            )
        )
    return rejected


def _why_rejected(candidate: Candidate, chosen: Sequence[Candidate], index: PatternIndex, floors: Floors) -> str:
    nearest = max(chosen, key=lambda other: index.alike(candidate.pattern, other.pattern), default=None)
    if nearest and index.alike(candidate.pattern, nearest.pattern) > 0.2:  # noqa: PLR2004
        return f"Resembles “{index.catalogue.patterns[nearest.pattern].name}”, which the evidence fits better."
    if candidate.matches[0].score < floors.of(candidate.pattern, index):
        return "The statements touch on it, but none of them tells of a need clearly enough."
    return "Ranked behind the number of use cases asked for."


def _data_gaps(use_cases: Sequence[UseCase]) -> list[DataGap]:
    """Data that is needed and not spoken of, with all use cases that wait for it."""
    waiting: dict[str, list[str]] = {}
    for use_case in use_cases:
        for need in use_case.data:
            if not need.found:
                waiting.setdefault(need.name, []).append(use_case.id)
    return [
        DataGap(text=name, use_case_ids=tuple(ids), claim_ids=())
        for name, ids in sorted(waiting.items(), key=lambda entry: -len(entry[1]))  # then by the rank of the first
    ]


def _questions(use_cases: Sequence[UseCase], asked: int) -> list[OpenQuestion]:
    """Ask for what would move the ranking: missing baselines first, then, once, missing data."""
    questions = [
        OpenQuestion(
            text=use_case.baseline.question,
            use_case_id=use_case.id,
            impact=Level.HIGH if use_case.rank <= _TOP else Level.MEDIUM,
        )
        for use_case in use_cases
        if use_case.baseline.question and not use_case.baseline.claim_ids
    ]
    waiting = [use_case for use_case in use_cases if any(not need.found for need in use_case.data)]
    if waiting:
        questions.append(
            OpenQuestion(
                text="Which of the data under “Data gaps” exist, in which system, and since when?",
                use_case_id=None,
                impact=Level.MEDIUM if waiting[0].rank <= _TOP else Level.LOW,
            )
        )
    if len(use_cases) < asked:
        questions.append(
            OpenQuestion(
                text="Which tasks take the most time, wait longest, or go wrong most often? Minutes of team meetings, "
                "complaint lists and process descriptions would show it.",
                use_case_id=None,
                impact=Level.HIGH,
            )
        )
    order = {Level.HIGH: 0, Level.MEDIUM: 1, Level.LOW: 2}
    return sorted(questions, key=lambda question: order[question.impact])
