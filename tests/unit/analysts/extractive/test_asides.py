"""What sounds like a need and is none."""

from __future__ import annotations

import pytest

from casebook.analysts.extractive.asides import (
    is_for_show,
    is_from_outside,
    is_of_others,
    is_of_rules,
    is_rule,
    is_settled,
    is_title,
)
from casebook.analysts.extractive.corpus import Corpus
from casebook.analysts.extractive.matches import match_statements
from casebook.analysts.extractive.matching import PatternIndex
from tests.fakes import FakeLibrary
from tests.unit.analysts.extractive.companies import CATALOGUE, INVOICES, statement


@pytest.mark.parametrize(
    "text",
    [
        "The backlog in the mail room has been resolved since May.",
        "Typing invoices by hand is no longer a problem.",
        "The label printer is fixed, and everybody is glad.",
        "The fault was annoying, solved since the new part came.",
        "The nightly export runs smoothly.",
        "The queue at the gate is a thing of the past.",
        "Late deliveries are rare, no complaints since January.",
        "Der Rückstand im Posteingang ist seit Mai behoben.",
        "Die Probleme mit der Waage wurden im Herbst gelöst.",
        "Der Versand der Angebote läuft inzwischen gut.",
        "Die Mahnungen machen uns keine Sorgen mehr.",
        "Die Doppelerfassung gehört der Vergangenheit an.",
    ],
)
def test_settled_matters_are_noticed(text: str) -> None:
    assert is_settled(text)


@pytest.mark.parametrize(
    "text",
    [
        INVOICES,
        "The leak has been fixed twice, but it comes back every month.",
        "The leak has not been fixed.",
        "Complaints are resolved after three weeks on average.",
        "The process works well only as long as Ms Hart is here.",
        "The export runs smoothly until the month ends.",
        "The problem has been solved by hand every night.",
        "Der Fehler ist noch nicht behoben.",
        "Der Fehler wurde behoben, tritt aber wieder auf.",
        "Störungen werden im Schnitt nach neun Tagen behoben.",
        "Das läuft gut, solange niemand krank ist, aber nur dann.",
        "Die Fälle sind erst nach drei Wochen erledigt.",
    ],
)
def test_what_still_hurts_is_not_settled(text: str) -> None:
    assert not is_settled(text)


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("Our competitor Brightline still types every order by hand.", True),
        ("Die Konkurrenz tippt ihre Aufträge noch ab.", True),
        ("Our friends at Stagehouse lose half of their sheets.", True),
        ("Bei der Nachbargenossenschaft werden die Zähler von Hand abgelesen.", True),
        ("Competitors answer in two days, and we lose every third order.", False),
        ("Die Konkurrenz ist schneller, weil bei uns jedes Angebot liegen bleibt.", False),
        ("Our friends in sales wait for the price list.", False),
    ],
)
def test_what_others_suffer_from_is_noticed(text: str, others: bool) -> None:  # noqa: FBT001
    assert is_of_others(text) is others


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("TOP 4 Manuelle Erfassung der Bestellungen", True),
        ("Present: Carol Whitby, Dev Patel, Joanne Askew", True),
        ("Teilnehmende: Frau Brinkmann, Herr Öztürk", True),
        ("AW: Warum dauert die Abrechnung so lange", True),
        ("Present orders are typed by hand into two systems.", False),
        ("TOP 2: Jede Bestellung wird von Hand abgetippt.", False),
    ],
)
def test_titles_and_lists_of_those_present_are_noticed(text: str, title: bool) -> None:  # noqa: FBT001
    assert is_title(text) is title


def test_rules_are_told_from_needs_by_the_document_they_stand_in() -> None:
    rule = "Every cable must be checked by hand before it is handed out."
    assert is_of_rules("Safety policy.md")
    assert not is_of_rules("Minutes of May.md")
    assert is_rule(rule, tells_pain=True)
    assert is_rule("Nurses have five days of study leave a year.", tells_pain=False)
    assert not is_rule("We must check every cable by hand, nobody has time for it.", tells_pain=True)


@pytest.mark.parametrize(
    ("name", "show"),
    [
        ("karriere-seite.md", True),
        ("about-us.html", True),
        ("co-op-history.html", True),
        ("geschichte.html", True),
        ("minutes of May.md", False),
        ("ticket history 2025.csv", False),
        ("Krankengeschichten.csv", False),
    ],
)
def test_documents_written_for_show_are_known_by_their_names(name: str, show: bool) -> None:  # noqa: FBT001
    assert is_for_show(name) is show


def test_a_cutting_in_which_nobody_speaks_for_the_company_is_from_outside() -> None:
    text = "The laundry in Leeds counts every sheet by hand."
    assert is_from_outside("trade magazine cutting.txt", text)
    assert not is_from_outside("trade magazine cutting.txt", f"{text} We do the same.")
    assert not is_from_outside("minutes.txt", text)


def test_an_aside_is_no_need_and_is_not_matched() -> None:
    settled = statement("Typing every supplier invoice into the ledger by hand is no longer a problem since May.")
    assert settled.aside
    assert settled.need == 0
    assert match_statements([settled, statement()], PatternIndex(CATALOGUE))[0] == {}


def test_a_corpus_has_no_statements_on_others() -> None:
    told = "Our competitor Brightline still types every order into two systems by hand."
    cutting = "The laundry in Leeds counts every sheet by hand."
    library = FakeLibrary({"minutes.txt": f"{INVOICES} {told}", "press cutting.txt": cutting})
    assert [one.text for one in Corpus.read(library).statements] == [INVOICES]


def test_promises_to_applicants_are_no_needs() -> None:
    promise = "You will have 27 days of leave a year, rising to 33, and a shift pattern agreed six weeks in advance."
    library = FakeLibrary({"join us.md": promise, "minutes.md": INVOICES})
    assert [one.aside for one in Corpus.read(library).statements] == [True, False]
