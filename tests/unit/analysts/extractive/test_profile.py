"""The form beside the documents, and where the two do not fit together."""

from __future__ import annotations

import pytest

from casebook.analysts.extractive.claims import Claims
from casebook.analysts.extractive.profile import describe
from casebook.domain.report import Profile
from tests.unit.analysts.extractive.companies import HOLIDAY, corpus, form, library, no_search, search_all


def described(description: str, *texts: str, score: float | None = None) -> tuple[Profile, dict[str, str]]:
    claims = Claims("A")
    profile = describe(form(description, score=score), corpus(*texts), search_all(library(*texts)), claims)
    return profile, {claim.id: claim.text for claim in claims.claims}


def contradicting(description: str, *texts: str, score: float | None = None) -> list[str]:
    """Return what is quoted against the form."""
    profile, said = described(description, *texts, score=score)
    return [said[claim_id].strip("“”") for found in profile.contradictions for claim_id in found.claim_ids]


def test_each_sentence_of_the_form_stands_beside_what_the_documents_say() -> None:
    matching = "We make pumps for ships in two plants by the sea."
    profile, said = described("Acme makes pumps for ships. It was founded by a poet.", f"{matching} {HOLIDAY}")
    assert [field.form_says for field in profile.fields] == ["Acme makes pumps for ships.", "It was founded by a poet."]
    assert [said[claim_id] for claim_id in profile.fields[0].claim_ids] == [f"“{matching}”"]
    assert profile.fields[1].claim_ids == ()


def test_only_what_the_search_finds_is_quoted() -> None:
    texts = ("We make pumps for ships in two plants by the sea.",)
    profile = describe(form("Acme makes pumps for ships."), corpus(*texts), no_search, Claims("A"))
    assert profile.fields[0].claim_ids == ()


def test_the_company_s_own_name_is_no_match() -> None:
    profile, _ = described("Acme.", "Acme is a name that stands everywhere.")
    assert profile.fields[0].claim_ids == ()


def test_without_a_description_there_is_nothing_to_compare() -> None:
    profile, _ = described("", HOLIDAY)
    assert profile == Profile(fields=(), contradictions=())


@pytest.mark.parametrize(
    "text",
    [
        "Selbstcheck der IHK vom Mai 2025: 38 von 100 Punkten",
        "The self-assessment gave us 38 out of 100 points.",
        "Our digital readiness was rated 38/100 last year.",
        "Digitaler Reifegrad laut Berater: 38 Punkte.",
        "The readiness score is 38.",
        "The maturity level found was 38,5 %.",
    ],
)
def test_another_score_of_readiness_is_a_contradiction(text: str) -> None:
    profile, said = described("", f"{text}\n\n{HOLIDAY}", score=60)
    (found,) = profile.contradictions
    assert (found.field, found.form_says) == ("readiness_score", "60")
    assert text in said[found.claim_ids[0]]
    assert found.question


@pytest.mark.parametrize(
    "text",
    [
        "The self-assessment gave us 62 out of 100 points.",
        "Der Reifegrad liegt bei 55 von 100 Punkten.",
        "Readiness assessment of May 2025: 58 of 100 points.",
        "The readiness workshop takes place on 12 March 2024.",
        "The maturity model was published in 2019.",
        "Loans with a maturity of 10 years are rare here.",
        "The maturity level is 2 of 5 in all plants.",
        "Our maturity level is 3.",
        "About 12 of 100 invoices are booked wrongly.",
        "The supplier reached 92 of 100 points in the audit.",
        "Customer satisfaction stands at 82/100 again.",
    ],
)
def test_other_figures_do_not_contradict_the_score(text: str) -> None:
    assert contradicting("", f"{text} {HOLIDAY}", score=60) == []


def test_without_a_score_in_the_form_there_is_nothing_to_contradict() -> None:
    assert contradicting("", "The readiness score is 38. It is so.") == []


@pytest.mark.parametrize(
    ("description", "text"),
    [
        ("Our plants run on SAP S/4HANA.", "Wir arbeiten weiterhin mit SAP ECC; S/4HANA wurde auf 2028 verschoben."),
        ("We use Salesforce everywhere.", "Salesforce is not yet in use, the project was postponed."),
    ],
)
def test_a_system_that_is_not_in_use_contradicts_the_form(description: str, text: str) -> None:
    profile, _ = described(description, f"{text} {HOLIDAY}")
    (found,) = profile.contradictions
    assert found.form_says == description
    assert "Which system is in use" in found.question
    assert contradicting(description, f"{text} {HOLIDAY}") == [text]


@pytest.mark.parametrize(
    ("description", "text"),
    [
        ("We use Salesforce everywhere.", "All offers are written in Salesforce and sent from there."),
        ("We use Salesforce everywhere.", "The new canteen is not yet open, the project was postponed."),
        ("Our plants run on SAP S/4HANA.", "The interface to SAP is still slow on most days."),
        ("We make pumps.", "Salesforce is not yet in use, the project was postponed."),
    ],
)
def test_other_statements_on_systems_do_not(description: str, text: str) -> None:
    assert contradicting(description, f"{text} {HOLIDAY}") == []


@pytest.mark.parametrize(
    ("description", "text"),
    [
        ("We have 480 employees at two sites.", "In total the company has 610 employees at the end of October."),
        ("Wir beschäftigen 480 Mitarbeitende.", "Insgesamt sind wir 610 Mitarbeitende an allen Standorten."),
        ("Our revenue is 80 million euros.", "Revenue fell to 61 million euros in the year of the flood."),
    ],
)
def test_another_head_count_or_revenue_is_a_contradiction(description: str, text: str) -> None:
    profile, _ = described(description, f"{text} {HOLIDAY}")
    (found,) = profile.contradictions
    assert (found.field, found.form_says) == ("company_description", description)
    assert contradicting(description, f"{text} {HOLIDAY}") == [text]


@pytest.mark.parametrize(
    ("description", "text"),
    [
        ("We have 480 employees at two sites.", "In total the company has 480 employees at the end of October."),
        ("We have 480 employees at two sites.", "In total the company has 495 employees at the end of October."),
        ("We have 480 employees at two sites.", "The paint shop has 300 employees in two shifts."),
        ("We have 480 employees at two sites.", "In total the company trained 40 employees last year."),
        ("We have 480 employees at two sites.", "In total the company has 480 parking lots and 610 trees."),
        ("Our revenue is 80 million euros.", "Revenue was 80 million euros in the year of the flood."),
        ("Our revenue is 80 million euros.", "Revenue was 61 million dollars, in the year of the flood $61 million."),
    ],
)
def test_equal_figures_and_figures_of_other_things_do_not(description: str, text: str) -> None:
    assert contradicting(description, f"{text} {HOLIDAY}") == []


def test_two_documents_with_different_figures_for_the_same_disagree() -> None:
    first, second = "Ausschussquote Guss in Tczew: 4,6 % im Mai", "Im Mai war die Ausschussquote Guss in Tczew 3,8 %"
    profile, said = described("", first, second)
    (found,) = profile.contradictions
    assert (found.field, found.form_says) == ("documents", None)
    assert [said[claim_id] for claim_id in found.claim_ids] == [f"“{first}”", f"“{second}”"]


@pytest.mark.parametrize(
    "texts",
    [
        ("Ausschussquote Guss in Tczew: 4,6 % im Mai", "Ausschussquote Guss in Tczew: 4,6 % laut Bericht"),
        ("Ausschussquote Guss in Tczew: 4,6 % im Mai", "Ausschussquote Guss in Tczew: 4,7 % laut Bericht"),
        ("Ausschussquote Guss in Tczew: 4,6 % im Mai", "Krankenstand der Spedition Nord: 3,8 % im Juni"),
        ("Ausschussquote Guss in Tczew: 4,6 % im Mai. Ausschussquote Guss in Tczew: 3,8 % im Juni.",),
        ("Scrap of castings in Tczew took 40 hours a week", "Scrap of castings in Tczew took 10 hours a week"),
        ("Freight of castings to Tczew costs 40 EUR per box", "Freight of castings to Tczew costs 90 EUR per box"),
    ],
)
def test_documents_that_agree_or_speak_of_other_things_do_not(texts: tuple[str, ...]) -> None:
    assert contradicting("", *texts) == []


def test_contradictions_are_few() -> None:
    places = ("Tczew", "Hamburg", "Flensburg", "Aarhus", "Bergen", "Turku", "Gdynia", "Malmö", "Riga", "Tallinn")
    old = " ".join(f"Foundry {place} scrap of castings reached 4 %." for place in places)
    new = " ".join(f"Scrap of castings in foundry {place} was 9 %." for place in places)
    profile, _ = described("", old, new)
    assert 1 <= len(profile.contradictions) <= 8
