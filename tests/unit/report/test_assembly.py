"""The report, put together."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from msgspec import structs
from msgspec.structs import replace

from casebook.domain.document import Manifest, Outcome
from casebook.domain.report import Confidence, Contradiction, Horizon, Level, OpenQuestion, Report, UseCase
from casebook.report.assembly import Findings, assemble
from tests import samples
from tests.fakes import FakeLibrary


def findings() -> Findings:
    return Findings(
        submission=samples.SUBMISSION,
        manifest=samples.manifest(),
        library=FakeLibrary(),
        analysis=samples.analysis(),
        evidence=samples.evidence(),
        portfolio=samples.portfolio(),
        analyst=samples.FACTS,
    )


def made(found: Findings) -> Report:
    return assemble(found, run_id="R1", started_at=samples.STARTED_AT, now=samples.NOW + timedelta(seconds=2))


def test_quotes_are_numbered_as_a_reader_meets_them() -> None:
    second = samples.quote(samples.VOLUME, start=len(samples.PAIN) + 1)
    found = replace(findings(), analysis=samples.analysis(second))
    report = made(found)
    assert [(quote.id, quote.text) for quote in report.quotes] == [("Q1", samples.PAIN), ("Q2", samples.VOLUME)]
    assert report.use_cases[0].quote_ids == ("Q1",)
    assert {claim.id: claim.quote_ids for claim in report.claims} == {"A1": ("Q2",), "B1": ("Q1",)}


def test_a_quote_stands_in_its_surroundings() -> None:
    (quote,) = made(findings()).quotes
    text = FakeLibrary().text("S1")
    assert text[quote.start : quote.end] == quote.text
    assert (quote.before, quote.after) == ("", text[quote.end : quote.end + 80])


def test_the_same_findings_make_the_same_report() -> None:
    assert made(findings()) == made(findings())


def test_figures_of_the_run_are_counted_from_the_findings() -> None:
    report = made(findings())
    assert report.run.seconds == 2.0
    assert (report.coverage.files_received, report.coverage.files_read, report.coverage.files_used) == (2, 2, 1)
    assert (report.grounding.claims, report.grounding.quoted, report.grounding.verified) == (2, 2, 2)
    assert [source.used for source in report.sources] == [True, False]


def test_a_quote_that_does_not_stand_in_its_source_is_not_verified() -> None:
    moved = replace(samples.quote(), start=1, end=1 + len(samples.PAIN))
    found = replace(findings(), portfolio=samples.portfolio(moved), analysis=samples.analysis(moved))
    assert made(found).grounding.verified == 0


def test_a_use_case_is_due_in_its_phase_with_what_must_come_first() -> None:
    (phase,) = made(findings()).roadmap
    (item,) = phase.items
    assert item.depends_on == ("Ask the works council first.", "A scanner", "1 of 2 kinds of data (see Data gaps)")


def test_the_first_90_days_hold_only_what_starts_in_them() -> None:
    now = structs.replace(samples.use_case(), gate=None, first_step="Count them.")
    later = structs.replace(now, title="Plan shifts", horizon=Horizon.NEXT)

    def first_90_days(*use_cases: UseCase) -> tuple[str, ...]:
        portfolio = structs.replace(samples.portfolio(), use_cases=use_cases)
        return made(replace(findings(), portfolio=portfolio)).summary.first_90_days

    assert first_90_days(later, now) == ("Read invoices 1: Count them.",)
    assert first_90_days(later) == (
        "Plan shifts starts later (3-12 months); get ready: A scanner; 1 of 2 kinds of data (see Data gaps)",
    )
    assert first_90_days(structs.replace(later, prerequisites=(), data=())) == ()


def test_the_summary_begins_with_no_guess_where_anything_is_sure() -> None:
    sure = structs.replace(samples.use_case(), gate=None, first_step="Count them.")
    unsure = Confidence(score=0.3, level=Level.LOW, why="the words fit loosely")
    guess = structs.replace(sure, id="U2", title="Plan shifts", confidence=unsure, gate="Clear it legally.")

    def report(*use_cases: UseCase) -> Report:
        return made(replace(findings(), portfolio=structs.replace(samples.portfolio(), use_cases=use_cases)))

    both = report(sure, guess)
    assert both.summary.top_use_cases == ("U1",)
    assert both.summary.first_90_days == ("Read invoices 1: Count them.",)
    assert "Plan shifts" not in both.summary.biggest_risk
    assert any("answer the needs of U2: " in missing for missing in both.summary.not_established)
    assert "only the closest pattern" in both.roadmap[0].items[1].depends_on[1]
    alone = report(structs.replace(guess, gate=None))
    assert alone.summary.top_use_cases == ("U2",)
    own = structs.replace(guess, pattern_id=None)
    assert not own.is_guess  # it was made for this company, not taken from the catalogue


def test_a_gate_is_the_biggest_risk_and_without_one_the_first_risk() -> None:
    assert made(findings()).summary.biggest_risk == "Read invoices 1: Ask the works council first."
    free = structs.replace(samples.use_case(), gate=None)
    report = made(replace(findings(), portfolio=structs.replace(samples.portfolio(), use_cases=(free,))))
    assert report.summary.biggest_risk == "Read invoices 1: Wrong sums are booked."


def test_contradictions_become_questions_and_questions_come_by_impact() -> None:
    contradiction = Contradiction(field="documents", form_says=None, claim_ids=("A1", "A1"), question="Which one?")
    analysis = samples.analysis()
    analysis = structs.replace(analysis, profile=structs.replace(analysis.profile, contradictions=(contradiction,)))
    high = OpenQuestion(text="How many?", use_case_id=None, impact=Level.HIGH)
    portfolio = structs.replace(samples.portfolio(), open_questions=(*samples.portfolio().open_questions, high, high))
    report = made(replace(findings(), analysis=analysis, portfolio=portfolio))
    assert [question.text for question in report.open_questions] == ["How many?", "Which one?", "Who checks?"]
    assert any("contradicting statements" in missing for missing in report.summary.not_established)


def test_a_report_without_use_cases_says_so() -> None:
    report = made(replace(findings(), portfolio=samples.without_use_cases(samples.portfolio())))
    assert not report.roadmap
    assert not report.summary.top_use_cases
    assert report.summary.biggest_risk == ""
    assert any("use case: " in missing for missing in report.summary.not_established)


def test_fewer_use_cases_than_asked_for_are_explained() -> None:
    assert any("evidence carries fewer" in missing for missing in made(findings()).summary.not_established)


def test_what_could_not_be_read_is_said() -> None:
    sources = (*samples.manifest().sources, samples.source(3, "x.pdf", status=Outcome.FAILED, reason="it is encrypted"))
    report = made(replace(findings(), manifest=Manifest(sources, "d")))
    assert any("could not be read" in missing for missing in report.summary.not_established)
    assert report.sources[2].reason == "it is encrypted"


@pytest.mark.parametrize(
    ("found", "limit"),
    [
        (findings(), "No language model was used"),
        (findings(), "Very few documents"),
        (
            replace(
                findings(),
                manifest=Manifest((replace(samples.source(1, "f.txt"), language="fr"),), "d"),
                library=FakeLibrary(),
            ),
            r"does not know \((fr|French)\)",
        ),
        (replace(findings(), evidence=structs.replace(samples.evidence(), instructions=1)), "address AI systems"),
    ],
)
def test_limits_are_those_of_these_documents(found: Findings, limit: str) -> None:
    assert any(re.search(limit, line) for line in made(found).method.limits)


@pytest.mark.parametrize(("level", "duty"), [("limited", "Art. 50"), ("high", "Chapter III"), ("minimal", "Art. 4")])
def test_duties_follow_from_the_screening(level: str, duty: str) -> None:
    screened = structs.replace(samples.use_case(), ai_act=structs.replace(samples.use_case().ai_act, level=level))
    report = made(replace(findings(), portfolio=structs.replace(samples.portfolio(), use_cases=(screened,))))
    assert any(duty in line for line in report.governance.duties)
    assert any("data protection officer" in line for line in report.governance.duties)
