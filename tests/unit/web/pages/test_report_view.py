"""The report for the screen."""

from __future__ import annotations

import html
import re

import pytest

from casebook.web.pages.report_view import Wanted, view_of
from tests import samples
from tests.reports import report
from tests.unit.report.test_formats import HOSTILE, TAGS, Page


def everything(text: str | None = None) -> str:
    found = report() if text is None else samples.saying(report(), text)
    view = view_of(found, "/runs/R1")
    sections = [section.content for section in (*view.before, *view.after)]
    return "".join([*sections, *(card.problem + card.rest for card in view.cards)])


def test_all_sections_are_there_in_their_order() -> None:
    view = view_of(report(), "/runs/R1")
    assert [section.anchor for section in view.before] == ["summary", "profile", "readiness", "map"]
    assert [section.anchor for section in view.after][-2:] == ["questions", "method"]
    assert len(view.cards) == len(report().use_cases)


def test_a_card_begins_with_the_problem_and_leaves_the_figures_to_the_page() -> None:
    card = view_of(report(), "/runs/R1").cards[0]
    assert "<blockquote>" in card.problem
    assert "<table" not in card.problem
    assert "Today&#x27;s figures" in card.rest


def test_every_citation_leads_to_its_source() -> None:
    places = {quote.id: quote.source_id for quote in report().quotes}
    links = re.findall(r'<a class="cite" href="([^"]+)" data-quote="(Q\d+)">', everything())
    assert links
    assert all(link == f"/runs/R1/sources/{places[quote_id]}?q={quote_id}" for link, quote_id in links)
    assert 'href="#q' not in everything()


@pytest.mark.parametrize("text", [*HOSTILE, '<a class="cite" href="#q1">'])
def test_no_tag_and_no_attribute_of_a_document_gets_through(text: str) -> None:
    page = Page(everything(text))
    assert page.tags <= TAGS
    assert not {name for name in page.attributes if name.startswith("on") or name == "style"}
    assert all(link.startswith(("#", "/runs/R1/sources/")) for link in page.attributes["href"])


def test_use_cases_are_looked_for_by_words_function_and_start() -> None:
    view = view_of(report(), "/runs/R1")
    card = view.cards[0]
    assert Wanted().admits(card)
    assert Wanted().everything
    assert Wanted(text="INVOICES").admits(card)
    assert not Wanted(text="zeppelin").admits(card)
    assert Wanted(function=card.use_case.function, horizon=card.use_case.horizon).admits(card)
    assert not Wanted(function="Other").admits(card)
    assert not Wanted(horizon="never").admits(card)


def test_words_are_found_as_they_were_written_and_tags_are_not() -> None:
    found = samples.saying(report(), "5 < 6 & <b>7</b>")
    card = view_of(found, "/runs/R1").cards[0]
    assert "5 < 6 & <b>7</b>" in card.words
    assert "blockquote" not in card.words
    assert html.escape("<b>") in card.problem


def test_a_report_without_use_cases_has_no_cards() -> None:
    empty = samples.without_use_cases(samples.portfolio())
    assert view_of(report(portfolio=empty), "/runs/R1").cards == []
