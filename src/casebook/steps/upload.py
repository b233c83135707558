"""Upload: deliver the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from casebook.domain.report_files import ReportFiles
from casebook.domain.run import Folder
from casebook.ports import Drive, Storage

_MEDIA_TYPES: Final = {
    "md": "text/markdown",
    "html": "text/html",
    "json": "application/json",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


class Delivery(msgspec.Struct, frozen=True):
    """Where the report went."""

    places: tuple[str, ...]
    message: str


def deliver(files: ReportFiles, *, drive: Drive | None, folder: str, run_id: str, storage: Storage) -> Delivery:
    """Put the report's files into `folder` of the drive; without a drive they stay where they are.

    The ids of the files are reserved and kept before anything is sent, so that a step that was cut off, or whose
    answer was lost, sends nothing twice.
    """
    if drive is None or not folder:
        return Delivery(places=(), message="kept in outputs/final")
    keys = [key for key in files.keys() if not key.endswith(".json")]  # noqa: SIM118 - a method of ours
    ids = _reserved(keys, drive, run_id, storage)
    places = tuple(
        drive.put(
            file_id,
            delivered_name(key),
            storage.read(key),
            media_type=_MEDIA_TYPES[key.rpartition(".")[2]],
            folder=folder,
        )
        for file_id, key in zip(ids, keys, strict=True)
    )
    return Delivery(places=places, message=f"delivered {len(places)} files to the drive")


def delivered_name(key: str) -> str:
    """Name a delivered file so that reports of several companies can lie in one folder.

    ``acme/final/FINAL_REPORT_20260102_030405.md`` becomes ``FINAL_REPORT_acme_20260102_030405.md``.
    """
    slug, _, name = key.partition("/")
    return name.rpartition("/")[2].replace("FINAL_REPORT_", f"FINAL_REPORT_{slug}_", 1)


def _reserved(keys: Sequence[str], drive: Drive, run_id: str, storage: Storage) -> list[str]:
    slug = keys[0].partition("/")[0]
    kept = f"{slug}/{Folder.DEBUG}/drive_ids_{run_id}.json"
    known = msgspec.json.decode(storage.read(kept), type=dict[str, str]) if storage.exists(kept) else {}
    missing = [key for key in keys if key not in known]
    if missing:
        known |= dict(zip(missing, drive.reserve(len(missing)), strict=True))
        storage.write(kept, msgspec.json.encode(known), durable=True)
    return [known[key] for key in keys]
