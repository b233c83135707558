"""The interface for programs: OpenAPI 3.1, made of the types that are answered."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from casebook.domain.run import Stage
from casebook.domain.submission import MAX_LINK_CHARACTERS, MAX_NAME_CHARACTERS, MAX_TEXT_CHARACTERS, USE_CASES_RANGE
from casebook.web.answers import Health, RegionList, Runs, RunState, StorageListing, SubmissionAnswer, UploadAnswer
from casebook.web.problems import MEDIA_TYPE, ProblemDetails

_JSON = "application/json"
_TYPES = (Health, RegionList, Runs, RunState, StorageListing, SubmissionAnswer, UploadAnswer, ProblemDetails)


@cache
def describe(version: str) -> dict[str, Any]:
    """Return the description of all endpoints."""
    schemas, components = msgspec.json.schema_components(_TYPES, ref_template="#/components/schemas/{name}")
    references = dict(zip((kind.__name__ for kind in _TYPES), schemas, strict=True))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Casebook", "version": version},
        "security": [{}, {"bearer": []}],
        "paths": _paths(references),
        "components": {
            "schemas": {**components, "Form": _form()},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "responses": {
                "Problem": {
                    "description": "What is wrong",
                    "content": {MEDIA_TYPE: {"schema": references["ProblemDetails"]}},
                }
            },
        },
    }


def _paths(types: dict[str, Any]) -> dict[str, Any]:
    slug, run_id = _path_parameter("slug"), _path_parameter("run_id")
    return {
        "/": {"post": _submit(types["SubmissionAnswer"])},
        "/uploads": {"post": _upload(types["UploadAnswer"])},
        "/health": {"get": _operation("health", _body(types["Health"]), others={"503": _body(types["Health"])})},
        "/regions": {"get": _operation("regions", _body(types["RegionList"]))},
        "/health/live": {"get": _operation("live", _body({"type": "object"}))},
        "/test": {"get": _operation("describeItself", _body({"type": "object"}))},
        "/metrics": {"get": _operation("metrics", {"text/plain": {"schema": {"type": "string"}}})},
        "/openapi.json": {"get": _operation("openapi", _body({"type": "object"}))},
        "/storage/{slug}": {
            "parameters": [slug],
            "get": _operation("storage", _body(types["StorageListing"]), others={"304": None}),
            "delete": _operation("deleteCompany", None, status="204"),
        },
        "/storage/{slug}/files/{file_id}": {
            "parameters": [slug, _path_parameter("file_id")],
            "get": _operation(
                "file", {"application/octet-stream": {}}, others={"206": {"application/octet-stream": {}}}
            ),
        },
        "/runs": {
            "get": _operation(
                "runs", _body(types["Runs"]), parameters=[_query_parameter("company_slug", {"type": "string"})]
            )
        },
        "/runs/{run_id}": {"parameters": [run_id], "get": _operation("run", _body(types["RunState"]))},
        "/runs/{run_id}/events": {
            "parameters": [run_id],
            "get": _operation("events", {"text/event-stream": {}}),
        },
        "/runs/{run_id}/cancel": {
            "parameters": [run_id],
            "post": _operation("cancel", _body(types["RunState"]), status="202"),
        },
        "/runs/{run_id}/rerun": {
            "parameters": [run_id],
            "post": _operation(
                "rerun",
                _body(types["RunState"]),
                status="202",
                parameters=[_query_parameter("from", {"type": "string", "enum": [str(stage) for stage in Stage]})],
            ),
        },
    }


def _submit(answer: dict[str, Any]) -> dict[str, Any]:
    form = {"schema": {"$ref": "#/components/schemas/Form"}}
    key = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "pattern": "^[!-~]{16,255}$"}}
    operation = _operation("submit", _body(answer), status="202", others={"200": _body(answer)}, parameters=[key])
    return {**operation, "requestBody": {"required": True, "content": {_JSON: form, "multipart/form-data": form}}}


def _upload(answer: dict[str, Any]) -> dict[str, Any]:
    name = {"name": "X-File-Name", "in": "header", "schema": {"type": "string", "pattern": "^[!-~]{0,500}$"}}
    operation = _operation("upload", _body(answer), status="201", parameters=[name])
    return {**operation, "requestBody": {"content": {"application/octet-stream": {}}}}


def _form() -> dict[str, Any]:
    low, high = USE_CASES_RANGE
    text = {"type": "string", "maxLength": MAX_TEXT_CHARACTERS}
    return {
        "type": "object",
        "required": ["company_name"],
        "properties": {
            "company_name": {"type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARACTERS},
            "company_description": text,
            "use_cases_count": {"type": "integer", "minimum": low, "maximum": high},
            "readiness_score": {"type": "number", "minimum": 0, "maximum": 100},
            "readiness_category": text,
            "report_expectations": text,
            "google_drive_link": {"type": "string", "maxLength": MAX_LINK_CHARACTERS},
            "notify": {"type": "string", "maxLength": MAX_LINK_CHARACTERS},
        },
    }


def _operation(
    name: str,
    content: dict[str, Any] | None,
    *,
    status: str = "200",
    others: dict[str, dict[str, Any] | None] | None = None,
    parameters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    answers = {status: content, **(others or {})}
    responses: dict[str, Any] = {
        code: {"description": "As described", **({"content": found} if found else {})}
        for code, found in answers.items()
    }
    responses["default"] = {"$ref": "#/components/responses/Problem"}
    return {"operationId": name, "parameters": parameters or [], "responses": responses}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {_JSON: {"schema": schema}}


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query_parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}
