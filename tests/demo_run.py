"""A submission of the bundled example, worked on for real behind a door under test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

import casebook
from casebook.backends.inboxes.folder import FolderInbox
from casebook.bootstrap import build
from casebook.domain.run import RunStatus
from casebook.settings import Settings
from tests.fakes import FakeProgress
from tests.front_door import Door, text_part

DEMO = Path(casebook.__file__).parent / "demo"
FIELDS: Mapping[str, object] = json.loads((DEMO / "submission.json").read_text("utf-8"))


def submit(door: Door, fields: Mapping[str, object] = FIELDS, **headers: str) -> tuple[str, str]:
    """Send a form; return the run's id and the access token."""
    answer = door.post_form(*(text_part(name, str(value)) for name, value in fields.items()), **headers).json
    return answer["run_id"], answer["access_token"]


def work_on(door: Door, run_id: str, folder: Path = DEMO / "documents") -> None:
    """Do a run as a worker does."""
    stored = door.store.find(run_id)
    assert stored is not None
    product = build(Settings(outputs=door.outputs), progress=FakeProgress())
    submission = replace(stored.submission, folder=stored.company_slug)
    product.run_stored(run_id, submission, FolderInbox(folder), received_at=stored.received_at)
    door.work.taken[run_id] = RunStatus.DONE
