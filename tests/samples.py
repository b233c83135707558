"""Small valid data: a company with two documents, and everything a run makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from casebook.domain.analysis import Analysis, AnalystFacts, Portfolio
from casebook.domain.document import Document, Locator, Manifest, Outcome, Segment, SegmentKind, Source
from casebook.domain.evidence import Evidence, EvidenceBase, Kind, Theme
from casebook.domain.intake import NewSubmission, StoredSubmission, UploadedFile, WorkState
from casebook.domain.passage import Passage
from casebook.domain.quote import Quote
from casebook.domain.report import (
    Baseline,
    Claim,
    ClaimKind,
    Confidence,
    DataAsset,
    DataGap,
    DataRequirement,
    Dimension,
    DimensionAssessment,
    Economics,
    Horizon,
    Inventory,
    Kpi,
    Level,
    NistNotes,
    OpenQuestion,
    Profile,
    ProfileField,
    Readiness,
    Rejected,
    Report,
    Score,
    ScorePart,
    Screening,
    SystemInUse,
    UseCase,
)
from casebook.domain.submission import Submission

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
STARTED_AT = "2026-03-01T12:00:00+00:00"
PAIN = "Every invoice is typed into the ledger by hand."
VOLUME = "That is 1,200 invoices a month, and twelve of them are wrong."
TEXTS = {
    "ledger.md": f"{PAIN} {VOLUME}",
    "it.txt": "The ledger runs on a server in the cellar. Nobody else may touch it.",
}

SUBMISSION = Submission.parse(company_name="Acme GmbH", company_description="Acme makes pumps.", use_cases_count=3)
FACTS = AnalystFacts(name="fake", catalogue="tiny, 1 patterns, 0123")


def new_submission(run_id: str = "R1", **fields: Any) -> NewSubmission:  # noqa: ANN401 - any field of it
    plain: dict[str, Any] = {
        "run_id": run_id,
        "principal": "local",
        "body_sha256": "d1",
        "submission": SUBMISSION,
        "received_at": STARTED_AT,
    }
    return NewSubmission(**{**plain, **fields})


def stored_submission(run_id: str = "R1", *, files: tuple[UploadedFile, ...] = ()) -> StoredSubmission:
    return StoredSubmission(
        run_id=run_id,
        sequence=1,
        principal="local",
        company_id="C1",
        company_slug="acme_gmbh",
        body_sha256="",
        submission=SUBMISSION,
        files=files,
        received_at=STARTED_AT,
        state=WorkState.WAITING,
    )


def passage(text: str, *, source_id: str = "S1", start: int = 0, locator: Locator | None = None) -> Passage:
    """Make a passage of one sentence that stands at `start` of its source."""
    end = start + len(text)
    return Passage(source_id, start, end, text, SegmentKind.PARAGRAPH, locator or Locator(line=1), ((start, end),))


def document(text: str) -> Document:
    """Make a document with a segment for each line."""
    segments: list[Segment] = []
    start = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            segments.append(Segment(start, start + len(line), SegmentKind.PARAGRAPH, Locator(line=number)))
        start += len(line) + 1
    return Document(text=text, segments=tuple(segments))


def source(number: int, name: str, *, status: Outcome = Outcome.READ, reason: str | None = None) -> Source:
    """Make a source; it has a text when it was read."""
    text_path = f"data/text/{number}.txt" if status in {Outcome.READ, Outcome.PARTIAL} else None
    return Source(
        id=f"S{number}",
        name=name,
        path=f"data/files/{number}.txt",
        sha256=f"{number:064x}",
        size=100,
        media_type="text/plain",
        status=status,
        reason=reason,
        text_path=text_path,
        segments_path=text_path and f"{text_path}.segments",
        language="en",
        words=20,
    )


def manifest(texts: Mapping[str, str] = TEXTS) -> Manifest:
    """Make a manifest in which all files were read."""
    sources = tuple(source(number, name) for number, name in enumerate(texts, start=1))
    return Manifest(sources=sources, digest="d" * 64)


def quote(text: str = PAIN, *, source_id: str = "S1", start: int = 0) -> Quote:
    """Cut a quote that is a whole passage; its id is its place, as analysts do it."""
    return Quote.cut(text, passage(text, source_id=source_id, start=start), id=f"{source_id}:{start}", theme="finance")


def claim(claim_id: str, cut: Quote, *, section: str = "use_cases") -> Claim:
    """Make a claim in the words of its quote."""
    return Claim(id=claim_id, section=section, text=f"“{cut.text}”", quote_ids=(cut.id,), kind=ClaimKind.COMPANY)


def analysis(cut: Quote | None = None) -> Analysis:
    """Make a part A with one claim."""
    cut = cut or quote()
    return Analysis(
        profile=Profile(
            fields=(ProfileField(name="company_description", form_says="Acme makes pumps.", claim_ids=("A1",)),),
            contradictions=(),
        ),
        readiness=Readiness(
            dimensions=(
                DimensionAssessment(
                    dimension=Dimension.DATA, level=2, label="ad hoc", claim_ids=("A1",), next_level="an owner"
                ),
                DimensionAssessment(
                    dimension=Dimension.PEOPLE, level=None, label="no evidence", claim_ids=(), next_level="training"
                ),
            ),
            self_score=None,
            self_category="",
            evidence_score=40.0,
            comment="Little is said.",
        ),
        inventory=Inventory(
            systems=(SystemInUse(name="Ledger", claim_ids=("A1",)),),
            data=(
                DataAsset(name="orders.csv", source_id="S1", records=7, fields=("id", "sum"), claim_ids=()),
                DataAsset(name="archive", source_id=None, records=None, fields=(), claim_ids=("A1",)),
            ),
        ),
        flags=("A1",),
        claims=(claim("A1", cut, section="profile"),),
        quotes=(cut,),
    )


def evidence(cut: Quote | None = None) -> EvidenceBase:
    """Make an evidence base of one statement."""
    cut = cut or quote()
    return EvidenceBase(
        items=(Evidence(quote=cut, kinds=(Kind.PAIN,), strength=0.8, origins=(cut.source_id,), language="en"),),
        themes=(Theme("finance", (cut.id,)),),
        duplicates=0,
        dropped_quotes=0,
        instructions=0,
    )


def use_case(cut: Quote | None = None, *, number: int = 1) -> UseCase:
    """Make a use case on one quote, with something in each field."""
    cut = cut or quote()
    score = Score(score=0.6, parts=(ScorePart(name="evidence", weight=1.0, value=0.6, why="one quote"),))
    return UseCase(
        id=f"U{number}",
        rank=number,
        rank_range=(number, number + 1),
        title=f"Read invoices {number}",
        pattern_id="invoice-reading",
        function="Finance",
        summary="Invoices are read and booked.",
        claim_ids=("B1",),
        quote_ids=(cut.id,),
        users="Clerks",
        baseline=Baseline(claim_ids=("B1",), question="How many invoices come in a month?"),
        ai_needed="Only when layouts differ.",
        value=score,
        value_formula="hours saved",
        value_driver="time_saved",
        feasibility=score,
        priority=0.36,
        data=(
            DataRequirement(name="invoices", found=True, claim_ids=("B1",)),
            DataRequirement(name="suppliers", found=False, claim_ids=()),
        ),
        systems=("Ledger",),
        usual_systems=("ERP",),
        effort="M",
        build_or_buy="buy",
        kpis=(Kpi(name="Minutes an invoice", formula="minutes / invoices", unit="min", direction="down"),),
        success_signal="Half the minutes.",
        stop_rule="No change after a month.",
        risks=("Wrong sums are booked",),
        ai_act=Screening(level="minimal", rule="No rule applies.", source="Regulation", as_of="2026-01-01"),
        nist=NistNotes(govern="name an owner", map="list the data", measure="count errors", manage="stop on errors"),
        human_review="A clerk confirms.",
        prerequisites=("A scanner",),
        first_step="Read one hundred invoices.",
        confidence=Confidence(score=0.7, level=Level.MEDIUM, why="one source"),
        horizon=Horizon.NOW,
        gate="Ask the works council first.",
    )


def portfolio(cut: Quote | None = None) -> Portfolio:
    """Make a part B with one use case and one rejected candidate."""
    cut = cut or quote()
    return Portfolio(
        use_cases=(use_case(cut),),
        rejected=(Rejected(title="Chatbot", pattern_id="chatbot", reason="no need was found", quote_ids=(cut.id,)),),
        data_gaps=(DataGap(text="suppliers", use_case_ids=("U1",), claim_ids=()),),
        economics=Economics(assumptions=(), estimates=(), not_estimated=("U1",)),
        open_questions=(OpenQuestion(text="Who checks?", use_case_id="U1", impact=Level.LOW),),
        claims=(claim("B1", cut),),
        quotes=(cut,),
    )


def without_use_cases(found: Portfolio) -> Portfolio:
    """Take the use cases out, as for a corpus that carries none."""
    economics = replace(found.economics, estimates=(), not_estimated=())
    return replace(found, use_cases=(), rejected=(), data_gaps=(), open_questions=(), economics=economics)


_FREE = frozenset(
    """
    company name text reason before after heading part form_says question next_level comment label title summary users
    why value_formula ai_needed formula unit direction success_signal stop_rule rule source govern map measure manage
    human_review first_step gate calculation notice biggest_risk function theme analyst catalogue self_category
    """.split()
)


def saying(report: Report, text: str) -> Report:
    """Put `text` into every field of `report` that holds free text."""
    return msgspec.convert(_saying(msgspec.to_builtins(report), text), type=Report)


def _saying(value: Any, text: str) -> Any:  # noqa: ANN401 - any part of a report
    if isinstance(value, dict):
        return {
            key: text if key in _FREE and isinstance(part, str) else _saying(part, text) for key, part in value.items()
        }
    return [_saying(part, text) for part in value] if isinstance(value, list | tuple) else value
