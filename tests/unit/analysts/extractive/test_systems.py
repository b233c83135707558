"""Names of software systems."""

from __future__ import annotations

import pytest

from casebook.analysts.extractive.systems import named_systems


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("We run SAP and SharePoint.", ["SAP", "SharePoint"]),
        ("We run SAP S/4HANA today.", ["SAP S/4HANA"]),
        ("The SAP-System is slow.", ["SAP"]),
        ("(SAP)", ["SAP"]),
        ("SAP, SAP.", ["SAP", "SAP"]),
        ("Jira", ["Jira"]),
        ("We keep Excel/Access lists.", ["Excel", "Access"]),
    ],
)
def test_systems_are_found_by_their_names_longer_ones_first(text: str, names: list[str]) -> None:
    found = list(named_systems(text))
    assert [name for name, _, _ in found] == names
    assert [text[start:end] for _, start, end in found] == names


@pytest.mark.parametrize(
    "text", ["SAPling", "the sap of a tree", "Infors", "non-SAP", "Sageness", "a/SAP", "SAP/R", "eine Sagenwelt", ""]
)
def test_names_count_as_words_only(text: str) -> None:
    assert not list(named_systems(text))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("We run PROALPHA and Proalpha.", ["proALPHA", "proALPHA"]),
        ("We run SALESFORCE and sharepoint.", ["Salesforce", "SharePoint"]),
        ("Our old AS/400, AS 400, AS400 or iSeries.", ["AS/400"] * 4),
        ("Alles liegt in Datev.", ["DATEV"]),
        ("We run Dynamics\nNAV.", ["Dynamics NAV"]),
    ],
)
def test_a_name_is_known_however_it_is_written(text: str, names: list[str]) -> None:
    assert [name for name, _, _ in named_systems(text)] == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Our MES FORCAM is slow.", ["MES", "FORCAM"]),
        ("Das ERP-System QuattroPlus liefert es.", ["ERP", "QuattroPlus"]),
        ("CRM: weKnow", ["CRM", "weKnow"]),
        ("Das CRM „Kundus“ ist neu.", ["CRM", "Kundus"]),
        ("an ERP called Brunel", ["ERP", "Brunel"]),
        ("Das ERP ist proALPHA.", ["ERP", "proALPHA"]),
    ],
)
def test_what_the_text_calls_its_erp_is_a_name(text: str, names: list[str]) -> None:
    found = list(named_systems(text))
    assert [name for name, _, _ in found] == names
    assert all(start < end <= len(text) for _, start, end in found)


@pytest.mark.parametrize(
    "text",
    ["Das ERP liefert Daten.", "ERP Daten", "Das MES Meldungen schickt", "CRM: Einführung", "ERP-Projekt", "ERP CRM"],
)
def test_a_plain_word_behind_erp_is_no_name(text: str) -> None:
    assert {name for name, _, _ in named_systems(text)} <= {"ERP", "MES", "CRM"}


@pytest.mark.parametrize("text", ["We excel at it.", "our salesforce grows", "access to the outlook of an exchange"])
def test_plain_words_are_no_names(text: str) -> None:
    assert not list(named_systems(text))
