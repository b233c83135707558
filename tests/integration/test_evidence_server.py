"""One company's documents for an assistant, through the official SDK's client."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp.client.client import Client

from casebook.answering import CompanyEvidence
from casebook.evidence_server import evidence_server
from tests.fakes import FakeLibrary, FakeVectorStore

TEXTS = {
    "orders.txt": "Every order that comes by fax is typed into the ledger by hand.",
    "other.txt": "Pumps are tested on a stand that is forty years old.",
}


def test_an_assistant_searches_and_fetches_this_company_only() -> None:
    library, store = FakeLibrary(TEXTS), FakeVectorStore()
    evidence = CompanyEvidence(
        library, store, store.build("acme", library.passages(), {"S1": "orders.txt", "S2": "other.txt"})
    )
    server = evidence_server(evidence, "Acme GmbH")

    async def talk() -> tuple[Any, Any, Any]:
        async with Client(server) as client:
            tools = await client.list_tools()
            found = await client.call_tool("search", {"query": "orders by fax"})
            first = found.structured_content["results"][0]
            fetched = await client.call_tool("fetch", {"id": first["id"]})
            return tools, first, fetched.structured_content

    tools, first, fetched = asyncio.run(talk())
    assert [tool.name for tool in tools.tools] == ["search", "fetch"]
    assert first["title"].startswith("orders.txt")
    assert fetched["text"] == TEXTS["orders.txt"]
    assert fetched["metadata"]["source"] == "orders.txt"
