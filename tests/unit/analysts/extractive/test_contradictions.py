"""What does not fit together, and what only looks so."""

from __future__ import annotations

import pytest

from casebook.analysts.extractive.claims import Claims
from casebook.analysts.extractive.contradictions import contradictions
from casebook.analysts.extractive.corpus import Corpus
from tests.fakes import FakeLibrary
from tests.unit.analysts.extractive.companies import form


def found(description: str, texts: dict[str, str]) -> list[tuple[str, ...]]:
    """Return what is quoted for each contradiction."""
    claims = Claims("A")
    listed = contradictions(form(description), Corpus.read(FakeLibrary(texts)), claims)
    said = {claim.id: claim.text.strip("“”") for claim in claims.claims}
    return [tuple(said[claim_id] for claim_id in one.claim_ids) for one in listed]


def between(first: str, second: str) -> list[tuple[str, ...]]:
    return found("", {"board report.md": first, "sales notes.md": second})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The vacancy rate is 3.8 %.", "At the end of 2025 the vacancy rate was 5.1 %."),
        ("Die Leerstandsquote liegt bei 3,8 %.", "Die Leerstandsquote lag Ende 2025 bei 5,1 %."),
        ("Der Umsatz 2025 betrug 14,2 Mio. EUR.", "Revenue 2025 was 17.8 million EUR."),
        ("Wir schreiben rund 140 Angebote im Monat.", "Wir schreiben monatlich rund 220 Angebote."),
        (
            "We lose 4% of the linen in circulation every quarter.",
            "Linen losses were 2.5% of the stock in circulation.",
        ),
        (
            "On average a repair takes 19 days from report to completion.",
            "A repair takes 31 days on average from report to completion.",
        ),
    ],
)
def test_two_figures_for_the_same_do_not_fit_together(first: str, second: str) -> None:
    assert between(first, second) == [(first, second)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The vacancy rate is 3.8 % in all houses.", "The vacancy rate in Newark was 5.1 % last spring."),
        ("The vacancy rate was 3.8 % in 2024.", "The vacancy rate was 5.1 % in 2025."),
        ("The vacancy rate was 3.8 % in May.", "The vacancy rate was 5.1 % in June."),
        ("The vacancy rate is 5.1 %.", "The target is a vacancy rate of 3 %."),
        ("The vacancy rate is 5.1 %.", "The vacancy rate fell by 3 %."),
        ("The vacancy rate is 5.1 %.", "The vacancy rate is currently 3.8 %."),
        ("The vacancy rate is 5.1 %.", "The vacancy rate is 5.2 %."),
        ("The vacancy rate is 5.1 %.", "The vacancy rate is 51 %."),
        ("Im Monat schreiben wir 140 bis 240 Angebote.", "Im Monat schreiben wir rund 220 Angebote."),
        ("The cost was 40,000 EUR.", "The cost was 55,000 EUR."),
        ("We had 31 complaints about stains.", "We had 52 complaints about stains."),
        ("We get 40 calls a day about deliveries.", "We get 90 calls a week about deliveries."),
        ("Repairs took 19 days in the old hall.", "Repairs took 31 days in the old hall."),
        ("Scrap of castings in Tczew was 4 % again.", "Scrap of castings in Flensburg was 9 % again."),
        ("Of the guests 40 % are regulars, 12 % of them from abroad.", "Of the guests 30 % are from abroad."),
    ],
)
def test_figures_of_other_things_times_and_places_fit_together(first: str, second: str) -> None:
    assert between(first, second) == []


def test_two_issues_of_one_document_tell_of_two_moments() -> None:
    texts = {"KPI March 2026.md": "The vacancy rate is 3.8 %.", "KPI April 2026.md": "The vacancy rate is 5.1 %."}
    assert found("", texts) == []


@pytest.mark.parametrize(
    ("description", "text"),
    [
        ("All rounds are planned in Roundsman.", "Roundsman was bought in 2024 but it has never been switched on."),
        ("The sales team works in HubSpot.", "HubSpot is empty, to be honest."),
        ("Everyone here works with Trackit.", "Hardly anyone in the workshop works with Trackit."),
        ("Alle Vorgänge werden in Wodis erfasst.", "Wodis nutzt von den Hausmeistern keiner."),
        ("Alle Aufträge laufen über Plania.", "Niemand im Lager arbeitet mit Plania."),
        ("Alle Stunden werden in Plania geplant.", "Plania nutzt in Celle niemand."),
        ("Our administration is paperless.", "All applications are kept on paper in the cellar."),
        ("Papierakten gibt es nicht mehr.", "Mieterakten werden in Papierform im Keller geführt."),
        ("We run one integrated platform for all sites.", "The two tools do not share a customer number."),
        ("The CRM is used by all sales staff.", "Der Vertrieb arbeitet weiter in Excel-Listen."),
        ("We look after 4,200 apartments.", "In total the company has 3,610 apartments."),
    ],
)
def test_the_form_does_not_fit_what_people_do(description: str, text: str) -> None:
    assert found(description, {"minutes.md": text}) == [(text,)]


def test_two_documents_can_tell_of_a_practice_and_deny_it() -> None:
    used, empty = "HubSpot is used by all sales staff.", "HubSpot is empty, to be honest."
    assert between(used, empty) == [(used, empty)]


@pytest.mark.parametrize(
    ("description", "text"),
    [
        ("All rounds are planned in Roundsman.", "Rounds are planned in Roundsman every evening."),
        ("Our laundries work in Derby.", "Derby has not been used to such snow."),
        ("The sales team works in HubSpot.", "The old folder is empty, to be honest."),
        ("Our administration is paperless.", "The goal is not to keep applications on paper."),
        ("We make pumps.", "All applications are kept on paper in the cellar."),
        ("The CRM is used by all sales staff.", "Der Einkauf arbeitet weiter in Excel-Listen."),
        ("The CRM is used by all sales staff.", "Sales still wait for the price lists."),
        ("We look after 4,200 apartments.", "In total the company sold 120 apartments."),
        ("We look after 4,200 apartments.", "In total the company has 3,610 parking lots."),
        ("We employ 148 people at laundries in Derby and Newark.", "The company employs 119 people in Derby."),
    ],
)
def test_what_is_done_by_others_or_meant_otherwise_fits(description: str, text: str) -> None:
    assert found(description, {"minutes.md": text}) == []


def test_a_statement_stands_in_one_contradiction_alone() -> None:
    text = "Wodis nutzt von den Hausmeistern keiner, die Aufträge kommen auf Papier."
    assert found("Alle Vorgänge laufen digital in Wodis, Papierakten gibt es nicht mehr.", {"a.md": text}) == [(text,)]
