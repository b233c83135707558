"""The example companies' documents, read as a user's would be."""

from __future__ import annotations

from pathlib import Path

import pytest

from casebook.documents.sandbox import ReadJob, Sandbox
from casebook.domain.document import Document
from tests.unit.documents.checks import check

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("folder", ["examples/harrow_vale/documents", "src/casebook/demo/documents"])
def test_every_example_document_is_read(folder: str) -> None:
    paths = [path for path in sorted((ROOT / folder).rglob("*")) if path.is_file()]
    assert paths
    with Sandbox() as sandbox:
        for job, result in sandbox.read_all(ReadJob(path, path.name) for path in paths):
            assert isinstance(result, Document), f"{job.name}: {result}"
            check(result)
