"""The JSON Schema of report.json, made from the report's types."""

from __future__ import annotations

from typing import Any

import msgspec

from casebook.domain.report import SCHEMA_VERSION, Report

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_ID = f"urn:casebook:report:{SCHEMA_VERSION}"


def report_schema() -> dict[str, Any]:
    """Return the schema; every object in it is closed, so that a misspelt field does not pass."""
    schema: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(msgspec.json.schema(Report)))  # tuples are lists
    parts: dict[str, dict[str, Any]] = schema["$defs"]
    for part in parts.values():
        if "properties" in part:
            part["additionalProperties"] = False
    parts["Report"]["properties"]["schema_version"] = {"const": SCHEMA_VERSION}
    return {
        "$schema": DIALECT,
        "$id": SCHEMA_ID,
        "title": f"Casebook report, version {SCHEMA_VERSION}",
        **schema,
    }
