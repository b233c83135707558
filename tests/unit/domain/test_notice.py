"""Notices: what people read, and what nobody can smuggle into them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from casebook.domain.notice import Event, Notice

DONE = Notice(
    event=Event.RUN_DONE,
    run_id="R1",
    company_name="Acme GmbH",
    company_slug="acme_gmbh",
    at="2026-01-02T03:04:05+00:00",
    occasion="2026-01-02T03:04:00+00:00",
    use_cases=7,
    quotes=31,
    link="https://casebook.example/runs/R1",
)
FAILED = replace(DONE, event=Event.RUN_FAILED, step="part_b", reason="The disk\nis full", use_cases=None, quotes=None)


def test_a_finished_run_is_told_with_figures_and_a_link() -> None:
    assert DONE.title == "Casebook: the report is ready for Acme GmbH"
    assert DONE.body == "7 use cases on 31 quotes.\nhttps://casebook.example/runs/R1\nRun R1"


def test_a_failed_run_is_told_with_the_step_the_cause_and_what_to_do() -> None:
    assert "at the step part_b: The disk is full" in FAILED.body
    assert "casebook rerun R1" in FAILED.body


def test_a_reached_budget_is_told_as_such() -> None:
    assert "Raise the budget" in replace(FAILED, event=Event.BUDGET_REACHED).body


def test_the_id_tells_a_repeated_message_from_a_repeated_run() -> None:
    assert DONE.id == replace(DONE, link=None).id
    assert DONE.id != replace(DONE, occasion="later").id
    assert DONE.id != FAILED.id


@given(st.text())
def test_whatever_a_company_is_called_the_title_is_one_line_that_calls_nobody(name: str) -> None:
    title = replace(DONE, company_name=name).title
    assert title.isprintable()
    assert not set(title) & set("<>@\r\n")


@given(st.text() | st.just("<!channel> <@U1> @everyone\r\nBcc: x@evil.example"))
def test_whatever_a_reason_says_the_body_has_no_further_line_and_calls_nobody(reason: str) -> None:
    body = replace(FAILED, reason=reason).body
    assert len(body.splitlines()) == len(FAILED.body.splitlines())
    assert not set(body) & set("<>@\r")
