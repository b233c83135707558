"""The published schema of report.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from casebook.backends.inboxes.folder import FolderInbox
from casebook.bootstrap import build
from casebook.domain.submission import Submission
from casebook.progress import Silent
from casebook.report.schema import DIALECT, report_schema
from casebook.settings import Settings

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report on the bundled example."""
    demo = ROOT / "src" / "casebook" / "demo"
    fields: dict[str, Any] = json.loads((demo / "submission.json").read_text(encoding="utf-8"))
    settings = Settings(outputs=tmp_path_factory.mktemp("outputs"))
    finished = build(settings, progress=Silent()).run(Submission.parse(**fields), FolderInbox(demo / "documents"))
    content: dict[str, Any] = json.loads((settings.outputs / finished.files.json).read_text(encoding="utf-8"))
    return content


def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(report_schema())


def test_the_schema_is_a_valid_schema() -> None:
    assert report_schema()["$schema"] == DIALECT
    jsonschema.Draft202012Validator.check_schema(report_schema())


def test_the_published_file_is_the_schema() -> None:
    published = (ROOT / "docs" / "reference" / "report-schema.json").read_text(encoding="utf-8")
    assert json.loads(published) == report_schema(), "write it anew with: casebook schema"


def test_a_real_report_is_valid(report: dict[str, Any]) -> None:
    _validator().validate(report)


def test_every_object_is_closed() -> None:
    parts = report_schema()["$defs"].values()
    assert all(part["additionalProperties"] is False for part in parts if part.get("type") == "object")


@pytest.mark.parametrize(
    "change",
    [{"extra": 1}, {"schema_version": "0.9"}, {"quotes": [{"id": "Q1"}]}, {"use_cases": None}],
)
def test_a_report_of_another_form_is_not_valid(report: dict[str, Any], change: dict[str, Any]) -> None:
    assert not _validator().is_valid({**report, **change})
