"""Put the report together from what the steps found; every choice here is recomputable from the report itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from casebook.domain.analysis import Analysis, AnalystFacts, Portfolio
from casebook.domain.document import Manifest, Outcome, Source
from casebook.domain.evidence import EvidenceBase
from casebook.domain.language import ANALYSED, NAMES, UNDETERMINED
from casebook.domain.quote import Quote
from casebook.domain.report import (
    SCHEMA_VERSION,
    Claim,
    ClaimKind,
    Coverage,
    Governance,
    Grounding,
    Horizon,
    Level,
    Method,
    OpenQuestion,
    Report,
    ReportQuote,
    ReportSource,
    RoadmapItem,
    RoadmapPhase,
    RunFacts,
    Summary,
    UseCase,
)
from casebook.domain.submission import Submission
from casebook.ports import Library

CONTEXT_CHARACTERS = 80
_FINDINGS = 5
_TOP = 3
_THIN = 3  # a corpus with fewer readable documents is said to be thin


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the steps before found."""

    submission: Submission
    manifest: Manifest
    library: Library
    analysis: Analysis
    evidence: EvidenceBase
    portfolio: Portfolio
    analyst: AnalystFacts


def assemble(findings: Findings, *, run_id: str, started_at: str, now: datetime) -> Report:
    """Make the report of one run."""
    portfolio, analysis = findings.portfolio, findings.analysis
    claims = (*analysis.claims, *portfolio.claims)
    numbers = _numbering(claims, portfolio)
    quotes = _quotes((*analysis.quotes, *portfolio.quotes), numbers, findings.library)
    claims = tuple(replace(claim, quote_ids=_renumbered(claim.quote_ids, numbers)) for claim in claims)
    use_cases = tuple(
        replace(use_case, quote_ids=_renumbered(use_case.quote_ids, numbers)) for use_case in portfolio.use_cases
    )
    used = {quote.source_id for quote in quotes}
    submission = findings.submission
    return Report(
        schema_version=SCHEMA_VERSION,
        run=RunFacts(
            id=run_id,
            company=submission.company_name,
            company_slug=submission.company_slug,
            created_at=started_at,
            analyst=findings.analyst.name,
            model=findings.analyst.model,
            catalogue=findings.analyst.catalogue,
            inputs_digest=findings.manifest.digest,
            seconds=round((now - datetime.fromisoformat(started_at)).total_seconds(), 2),
            cost_usd=findings.analyst.cost_usd,
            model_calls=findings.analyst.model_calls,
            costs=findings.analyst.costs,
        ),
        coverage=_coverage(findings, used),
        grounding=_grounding(claims, quotes, findings),
        summary=_summary(use_cases, analysis, findings),
        profile=analysis.profile,
        readiness=analysis.readiness,
        inventory=analysis.inventory,
        use_cases=use_cases,
        rejected=tuple(replace(found, quote_ids=_renumbered(found.quote_ids, numbers)) for found in portfolio.rejected),
        data_gaps=portfolio.data_gaps,
        roadmap=_roadmap(use_cases),
        economics=portfolio.economics,
        governance=_governance(use_cases, analysis),
        open_questions=_questions(analysis, portfolio),
        method=_method(findings),
        claims=claims,
        quotes=quotes,
        sources=tuple(_source(source, used) for source in findings.manifest.sources),
    )


def _numbering(claims: Sequence[Claim], portfolio: Portfolio) -> dict[str, str]:
    """Number the quotes in the order in which a reader meets them: use cases first."""
    order: Iterable[str] = (
        *(quote_id for use_case in portfolio.use_cases for quote_id in use_case.quote_ids),
        *(quote_id for claim in claims for quote_id in claim.quote_ids),
        *(quote_id for found in portfolio.rejected for quote_id in found.quote_ids),
    )
    return {quote_id: f"Q{number}" for number, quote_id in enumerate(dict.fromkeys(order), start=1)}


def _renumbered(quote_ids: Sequence[str], numbers: dict[str, str]) -> tuple[str, ...]:
    return tuple(numbers[quote_id] for quote_id in quote_ids)


def _quotes(quotes: Sequence[Quote], numbers: dict[str, str], library: Library) -> tuple[ReportQuote, ...]:
    by_place = {quote.id: quote for quote in quotes}
    return tuple(
        _quote(by_place[place], number, library.text(by_place[place].source_id)) for place, number in numbers.items()
    )


def _quote(quote: Quote, number: str, text: str) -> ReportQuote:
    return ReportQuote(
        id=number,
        source_id=quote.source_id,
        text=quote.text,
        start=quote.start,
        end=quote.end,
        locator=quote.locator,
        theme=quote.theme,
        before=text[max(0, quote.start - CONTEXT_CHARACTERS) : quote.start],
        after=text[quote.end : quote.end + CONTEXT_CHARACTERS],
    )


def _source(source: Source, used: set[str]) -> ReportSource:
    return ReportSource(
        id=source.id,
        name=source.name,
        path=source.path,
        sha256=source.sha256,
        size=source.size,
        media_type=source.media_type,
        status=source.status,
        reason=source.reason,
        pages=source.pages,
        text_path=source.text_path,
        language=source.language,
        words=source.words,
        same_as=source.same_as,
        used=source.id in used,
    )


def _coverage(findings: Findings, used: set[str]) -> Coverage:
    sources = findings.manifest.sources
    return Coverage(
        files_received=len(sources),
        files_read=sum(source.status in {Outcome.READ, Outcome.PARTIAL} for source in sources),
        files_used=len(used),
        passages=len(findings.library.passages()),
        statements=len(findings.evidence.items),
    )


def _grounding(claims: Sequence[Claim], quotes: Sequence[ReportQuote], findings: Findings) -> Grounding:
    text = findings.library.text
    standing = {quote.id for quote in quotes if text(quote.source_id)[quote.start : quote.end] == quote.text}
    company = [claim for claim in claims if claim.kind is ClaimKind.COMPANY]
    checked = findings.analysis.checked + findings.portfolio.checked
    return Grounding(
        claims=len(company),
        quoted=sum(bool(claim.quote_ids) for claim in company),
        verified=sum(bool(claim.quote_ids) and standing.issuperset(claim.quote_ids) for claim in company),
        dropped_quotes=findings.evidence.dropped_quotes + checked.dropped_quotes,
        instructions_ignored=findings.evidence.instructions,
        removed_claims=checked.removed_claims,
        asked_again=checked.asked_again,
    )


def _summary(use_cases: Sequence[UseCase], analysis: Analysis, findings: Findings) -> Summary:
    leading = [use_case for use_case in use_cases if not use_case.is_guess] or use_cases
    open_now = [use_case for use_case in leading if not use_case.gate]
    return Summary(
        findings=findings.portfolio.headlines
        or tuple(use_case.claim_ids[0] for use_case in use_cases[:_FINDINGS] if use_case.claim_ids),
        top_use_cases=tuple(use_case.id for use_case in open_now[:_TOP]),
        first_90_days=tuple(_first_90_days(open_now)),
        biggest_risk=_biggest_risk(leading),
        not_established=tuple(_not_established(use_cases, analysis, findings)),
    )


def _first_90_days(use_cases: Sequence[UseCase]) -> Iterator[str]:
    """Say what starts within three months; where nothing does, what must come first."""
    soon = [use_case for use_case in use_cases if use_case.horizon is Horizon.NOW]
    for use_case in soon[:_TOP]:
        if use_case.first_step:
            yield f"{use_case.title}: {use_case.first_step}"
    for use_case in use_cases[:_TOP] if not soon else ():
        waits_for = _roadmap_item(use_case).depends_on
        if waits_for:
            yield f"{use_case.title} starts later ({use_case.horizon}); get ready: {'; '.join(waits_for)}"


def _biggest_risk(use_cases: Sequence[UseCase]) -> str:
    gated = next((use_case for use_case in use_cases if use_case.gate), None)
    if gated:
        return f"{gated.title}: {gated.gate}"
    first = next((use_case for use_case in use_cases if use_case.risks), None)
    return f"{first.title}: {first.risks[0]}." if first else ""


def _not_established(use_cases: Sequence[UseCase], analysis: Analysis, findings: Findings) -> list[str]:
    """Say what a reader might expect to find and does not."""
    missing: list[str] = []
    others = _other_languages(findings)
    if others and findings.analyst.model is None:
        missing.append(
            f"What the documents in {_listed(others)} tell of needs: they were read, but the built-in analyst knows "
            "the wording of English and German only."
        )
    unknown = [found.dimension.value for found in analysis.readiness.dimensions if found.level is None]
    if unknown:
        missing.append(f"Readiness in {_listed(unknown)}: nothing was found on it.")
    asked = findings.submission.use_cases_count
    if not use_cases:
        missing.append(
            "Any use case: no statement was found that tells of work a pattern of the catalogue would help with."
        )
    elif len(use_cases) < asked:
        missing.append(
            "As many use cases as were asked for: the evidence carries fewer, and none was added to fill the list."
        )
    guesses = [use_case.id for use_case in use_cases if use_case.is_guess]
    if guesses:
        missing.append(
            f"What would answer the needs of {_listed(guesses)}: no pattern of the catalogue fits their quotes well, "
            "and what is named is only the closest one."
        )
    if any(not use_case.baseline.claim_ids for use_case in use_cases[:_TOP]):
        missing.append("Today's figures for some of the first use cases: see the open questions.")
    if analysis.profile.contradictions:
        missing.append("Which of the contradicting statements are right: they are listed, not resolved.")
    failed = [source for source in findings.manifest.sources if source.status in {Outcome.FAILED, Outcome.PARTIAL}]
    if failed:
        missing.append("What stands in the files, or parts of files, that could not be read: see Sources.")
    return missing


def _other_languages(findings: Findings) -> list[str]:
    """Name the languages of documents that the built-in analyst was not made for."""
    codes = {source.language or UNDETERMINED for source in findings.manifest.readable} - {*ANALYSED, UNDETERMINED}
    return sorted(NAMES.get(code, code) for code in codes)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _roadmap(use_cases: Sequence[UseCase]) -> tuple[RoadmapPhase, ...]:
    phases: list[RoadmapPhase] = []
    for horizon in Horizon:
        items = [_roadmap_item(use_case) for use_case in use_cases if use_case.horizon is horizon]
        if items:
            phases.append(RoadmapPhase(horizon=horizon, items=tuple(items)))
    return tuple(phases)


def _roadmap_item(use_case: UseCase) -> RoadmapItem:
    lacking = sum(not need.found for need in use_case.data)
    missing = [f"{lacking} of {len(use_case.data)} kinds of data (see Data gaps)"] if lacking else []
    gate = [use_case.gate] if use_case.gate else []
    doubt = ["Settle whether this answers the need: it is only the closest pattern"] if use_case.is_guess else []
    return RoadmapItem(
        text=use_case.title, use_case_id=use_case.id, depends_on=(*gate, *doubt, *use_case.prerequisites, *missing)
    )


def _governance(use_cases: Sequence[UseCase], analysis: Analysis) -> Governance:
    levels = {use_case.ai_act.level for use_case in use_cases}
    duties = [
        "Name an owner for each use case, and keep a register of purpose, data, vendor and risk class.",
        (
            "Make sure that the people who use a system know how it works and where it fails "
            "(AI literacy, Regulation (EU) 2024/1689, Art. 4)."
        ),
    ]
    if "limited" in levels:
        duties.append(
            "Tell people when they deal with an AI system or read generated content "
            "(Regulation (EU) 2024/1689, Art. 50)."
        )
    if "high" in levels:
        duties.append(
            "Before a use case screened as high goes beyond a paper exercise, have its class confirmed and plan the "
            "duties of providers and deployers (Regulation (EU) 2024/1689, Chapter III)."
        )
    if analysis.flags:
        duties.append(
            "Bring in the data protection officer and the employees' representatives where the quotes below say so."
        )
    return Governance(
        flags=analysis.flags,
        duties=tuple(duties),
        notice="This is a screening by rules, not legal advice. Each rule names its source and the date it was written "
        "down; check it against the law in force.",
    )


def _questions(analysis: Analysis, portfolio: Portfolio) -> tuple[OpenQuestion, ...]:
    contradicting = tuple(
        OpenQuestion(text=found.question, use_case_id=None, impact=Level.MEDIUM)
        for found in analysis.profile.contradictions
    )
    order = {Level.HIGH: 0, Level.MEDIUM: 1, Level.LOW: 2}
    questions = dict.fromkeys((*portfolio.open_questions, *contradicting))
    return tuple(sorted(questions, key=lambda question: order[question.impact]))


_MATCHING_STEPS = ("Evidence was matched to a catalogue of patterns, each statement to one pattern only.",)
_MODEL_STEPS = (
    "A language model marked sentences by their number, chose use cases, and wrote portrait, problems and proposals.",
    (
        "Each of its sentences about the company was checked by code against the quotes it cites: numbers, negations, "
        "names and most of its words must stand there. What did not pass was asked for again once, then removed."
    ),
)


def _method(findings: Findings) -> Method:
    steps = (
        (
            "Files were read with limits on time, memory and size, all but small plain texts in separate processes; "
            "what could not be read is listed with the reason."
        ),
        (
            "The texts were cut into sentences. Sentences that tell of effort, delay, errors, wishes, volumes or "
            "limits became evidence."
        ),
        *(_MODEL_STEPS if findings.analyst.model else _MATCHING_STEPS),
        (
            "Value and feasibility were scored by the weights shown; rank ranges show how far the order holds when "
            "each weight moves by a fifth."
        ),
        "Every quote was checked by code against the text of its source, letter by letter, before the report was made.",
    )
    return Method(steps=steps, limits=tuple(_limits(findings)))


def _limits(findings: Findings) -> list[str]:
    limits = [
        "A quote shows that a statement was made, not that it is true or still current.",
        "Sentences marked as general knowledge come from the catalogue, not from the company.",
    ]
    if findings.analyst.model:
        limits.append(
            "The check of the model's sentences compares words. It cannot find a sentence that puts the words of its "
            "quote together in another sense: read the quote beside it."
        )
        checked = findings.analysis.checked + findings.portfolio.checked
        limits.extend(checked.remarks)
    else:
        limits.append(
            "No language model was used: what is written between the lines, in pictures or in charts was not "
            "understood."
        )
    limits.extend(findings.analyst.remarks)
    others = _other_languages(findings)
    if others:
        limits.append(
            f"Some documents are in languages whose wording the built-in analyst does not know ({', '.join(others)}): "
            "they were read, but needs in them are likely to be missed."
        )
    if len(findings.manifest.readable) < _THIN:
        limits.append("Very few documents were read: a ranking over so little evidence is a first guess.")
    if findings.evidence.instructions:
        limits.append(
            "Some passages address AI systems and ask them to do something. They were treated as text, "
            "not followed, and not quoted."
        )
    return limits
