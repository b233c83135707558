"""What the report says, in which order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from casebook.domain.document import Locator, Outcome
from casebook.domain.report import (
    Assumption,
    BenefitEstimate,
    Confidence,
    Contradiction,
    Economics,
    Level,
    Report,
)
from casebook.report.assembly import Findings, assemble
from casebook.report.blocks import Block, Bullets, Cite, Evidence, Heading, Line, Paragraph, QuoteBlock, Table, Text
from casebook.report.layout import lay_out
from tests import samples
from tests.fakes import FakeLibrary

SECTIONS = [
    "summary",
    "profile",
    "readiness",
    "map",
    "use-cases",
    "rejected",
    "data-gaps",
    "roadmap",
    "economics",
    "governance",
    "questions",
    "method",
    "sources",
    "evidence",
]


@pytest.fixture
def report() -> Report:
    found = Findings(
        submission=samples.SUBMISSION,
        manifest=samples.manifest(),
        library=FakeLibrary(),
        analysis=samples.analysis(),
        evidence=samples.evidence(),
        portfolio=samples.portfolio(),
        analyst=samples.FACTS,
    )
    return assemble(found, run_id="R1", started_at=samples.STARTED_AT, now=samples.NOW + timedelta(seconds=1))


def anchors(blocks: tuple[Block, ...]) -> list[str]:
    return [block.anchor for block in blocks if isinstance(block, Heading) and block.level == 2]


def said(blocks: tuple[Block, ...]) -> str:
    lines: list[Line] = []
    for block in blocks:
        match block:
            case Paragraph():
                lines.append(block.line)
            case Bullets():
                lines.extend(block.items)
            case Table():
                lines.extend(cell for row in block.rows for cell in row)
            case _:
                pass
    return "\n".join("".join(getattr(part, "text", "") for part in line) for line in lines)


def test_all_sections_come_in_order(report: Report) -> None:
    assert anchors(lay_out(report)) == SECTIONS


def test_a_report_without_use_cases_has_no_map_and_says_why(report: Report) -> None:
    empty = replace(
        report,
        use_cases=(),
        rejected=(),
        data_gaps=(),
        open_questions=(),
        roadmap=(),
        summary=replace(report.summary, top_use_cases=(), findings=(), first_90_days=(), biggest_risk=""),
        economics=replace(report.economics, not_estimated=()),
    )
    blocks = lay_out(empty)
    found = anchors(blocks)
    assert found == [anchor for anchor in SECTIONS if anchor in found]
    assert "map" not in found
    assert {"summary", "profile", "use-cases", "questions", "method", "sources", "evidence"} <= set(found)
    assert "The evidence carries no use case." in said(blocks)


def test_every_quote_stands_in_the_appendix_with_a_link_to_its_file(report: Report) -> None:
    (found,) = [block for block in lay_out(report) if isinstance(block, Evidence)]
    assert (found.text, found.target, found.place) == (samples.PAIN, "../data/files/1.txt", "ledger.md, line 1")


def test_a_link_opens_a_file_at_the_page_of_the_quote(report: Report) -> None:
    (quote,) = report.quotes
    source = replace(report.sources[0], path="data/files/a b#c.pdf")
    paged = replace(report, quotes=(replace(quote, locator=Locator(page=4)),), sources=(source, *report.sources[1:]))
    (found,) = [block for block in lay_out(paged) if isinstance(block, Evidence)]
    assert found.target == "../data/files/a%20b%23c.pdf#page=4"


def test_a_use_case_shows_its_problem_in_quotes(report: Report) -> None:
    assert [block.text for block in lay_out(report) if isinstance(block, QuoteBlock)] == [samples.PAIN]


def test_files_that_were_not_read_are_on_the_front_page(report: Report) -> None:
    failed = [
        replace(report.sources[1], name=f"{number}.pdf", status=Outcome.FAILED, reason="it is encrypted")
        for number in range(5)
    ]
    line = said(lay_out(replace(report, sources=(report.sources[0], *failed))))
    assert "5 not read (0.pdf: it is encrypted; 1.pdf: it is encrypted; 2.pdf: it is encrypted; and 2 more)" in line


def test_a_file_with_the_same_content_names_its_twin(report: Report) -> None:
    twin = replace(report.sources[1], same_as="S1", path=None)
    assert "same content as S1" in said(lay_out(replace(report, sources=(report.sources[0], twin))))


def test_contradictions_are_listed_side_by_side(report: Report) -> None:
    found = (
        Contradiction(field="company_description", form_says="300 people", claim_ids=("A1",), question="How many?"),
        Contradiction(field="documents", form_says=None, claim_ids=("A1", "B1"), question="Which?"),
    )
    text = said(lay_out(replace(report, profile=replace(report.profile, contradictions=found))))
    assert "Form: 300 people" in text
    assert "Two documents" in text
    assert "None were found" not in text


def test_estimates_show_their_calculation_and_the_assumptions(report: Report) -> None:
    economics = Economics(
        assumptions=(Assumption(id="A1", text="Share saved", low=0.2, base=0.4, high=0.6, unit="share"),),
        estimates=(
            BenefitEstimate(
                use_case_id="U1",
                claim_ids=("B1",),
                calculation="1,200 x 0.4",
                assumption_ids=("A1",),
                low=240.0,
                base=480.0,
                high=7200.0,
                unit="hours",
            ),
        ),
        not_estimated=(),
    )
    text = said(lay_out(replace(report, economics=economics)))
    assert "1,200 x 0.4" in text
    assert "7,200" in text
    assert "Share saved" in text
    assert "Not estimated" not in text


def test_a_model_is_named_with_its_cost(report: Report) -> None:
    run = replace(report.run, model="m-1", model_calls=3, cost_usd=1.25)
    text = said(lay_out(replace(report, run=run)))
    assert "analyst with m-1" in text
    assert "3 model calls, 1.25 USD" in text


def test_scores_the_company_did_not_give_are_said_to_be_missing(report: Report) -> None:
    assert "Own score: not given" in said(lay_out(report))
    given = replace(report.readiness, self_score=55.0, self_category="beginner", evidence_score=None)
    text = said(lay_out(replace(report, readiness=given)))
    assert "55 of 100 (beginner)" in text
    assert "From the documents: cannot be told" in text


def test_a_guess_is_called_one_before_its_quotes(report: Report) -> None:
    (use_case,) = report.use_cases
    guess = replace(use_case, confidence=Confidence(score=0.3, level=Level.LOW, why="the words fit loosely"))
    sure, unsure = (said(lay_out(replace(report, use_cases=(one,)))) for one in (use_case, guess))
    for words in ("The closest pattern, not a sure one.", f"closest pattern: {use_case.title}"):
        assert (words in sure, words in unsure) == (False, True)


def test_a_baseline_is_asked_for_only_where_no_figure_is_quoted(report: Report) -> None:
    (use_case,) = report.use_cases
    asked = replace(use_case.baseline, claim_ids=(), question="How many invoices come in a month?")
    known = replace(asked, claim_ids=use_case.claim_ids)
    texts = [
        said(lay_out(replace(report, open_questions=(), use_cases=(replace(use_case, baseline=baseline),))))
        for baseline in (asked, known)
    ]
    assert ["How many invoices come in a month?" in text for text in texts] == [True, False]


def test_systems_are_cited_from_the_quotes_that_name_them(report: Report) -> None:
    (use_case,) = report.use_cases
    named = replace(use_case, systems=(samples.PAIN.split()[0], "Nowhere"))
    lines = [block.line for block in lay_out(replace(report, use_cases=(named,))) if isinstance(block, Paragraph)]
    (line,) = [line for line in lines if getattr(line[0], "text", "").startswith("Systems named")]
    assert [part.quote_id for part in line if isinstance(part, Cite)] == list(use_case.quote_ids)


def test_confidence_stands_with_the_scores_and_the_roadmap_is_a_table(report: Report) -> None:
    tables = [block for block in lay_out(report) if isinstance(block, Table)]
    (scores,) = [table for table in tables if "Weight" in str(table.header)]
    assert scores.rows[-1][0] == (Text("Confidence"),)
    (plan,) = [table for table in tables if "What comes first" in str(table.header)]
    assert len(plan.rows) == sum(len(phase.items) for phase in report.roadmap)
