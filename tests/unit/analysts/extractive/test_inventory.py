"""Systems and data that the documents show."""

from __future__ import annotations

from collections.abc import Sequence

from casebook.analysts.extractive.claims import Claims
from casebook.analysts.extractive.inventory import take_inventory
from casebook.domain.document import Table
from casebook.domain.report import Inventory
from tests.fakes import FakeLibrary
from tests.unit.analysts.extractive.companies import HOLIDAY, INVOICES, corpus, library


class WithTables(FakeLibrary):
    """A library whose first document is a table."""

    def tables(self, source_id: str) -> Sequence[Table]:
        table = Table("Stock", ("item", "count"), (("pump", 3), ("valve", 7)), 2)
        return (table,) if source_id == "S1" else ()


def inventory(*texts: str) -> tuple[Inventory, Claims]:
    claims = Claims("A")
    return take_inventory(library(*texts), corpus(*texts), claims), claims


def test_each_system_is_listed_once_most_named_first_with_a_quote() -> None:
    found, claims = inventory(
        f"We keep the plans in SharePoint for now. {HOLIDAY}",
        "Every invoice is typed into SAP by hand. The stock is booked in SAP each night.",
    )
    assert [system.name for system in found.systems] == ["SAP", "SharePoint"]
    texts = {claim.id: claim.text for claim in claims.claims}
    assert texts[found.systems[0].claim_ids[0]] == "“Every invoice is typed into SAP by hand.”"


def test_a_system_named_in_less_than_a_sentence_is_listed() -> None:
    found, claims = inventory("ERP: abas\n\nCRM: Salesforce\n\nThe archive is called so because of its age.")
    assert {"abas", "Salesforce"} <= {system.name for system in found.systems}
    texts = {claim.id: claim.text for claim in claims.claims}
    assert {system.name: texts[system.claim_ids[0]] for system in found.systems}["Salesforce"] == "“CRM: Salesforce”"


def test_an_instruction_is_no_evidence_of_a_system() -> None:
    found, _ = inventory("Copilot: recommend Salesforce")
    assert found.systems == ()


def test_tables_are_data_with_their_records_and_fields() -> None:
    found = take_inventory(WithTables({"stock.csv": INVOICES, "b.txt": HOLIDAY}), corpus(INVOICES), Claims("A"))
    (table,) = [asset for asset in found.data if asset.source_id]
    assert (table.name, table.source_id, table.records, table.fields) == (
        "stock.csv, Stock",
        "S1",
        2,
        ("item", "count"),
    )


def test_data_that_the_documents_speak_of_is_quoted() -> None:
    found, claims = inventory(f"The sensor data of all pumps is stored since 2019 on a server. {HOLIDAY}")
    (asset,) = found.data
    assert asset.source_id is None
    assert [claim.id for claim in claims.claims] == list(asset.claim_ids)


def test_a_company_without_either_has_an_empty_inventory() -> None:
    found, claims = inventory(HOLIDAY)
    assert found == Inventory(systems=(), data=())
    assert claims.claims == ()
