"""Upload: deliver the report."""

from __future__ import annotations

from dataclasses import dataclass

from casebook.domain.report_files import ReportFiles
from casebook.ports import Drive


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where the report went."""

    places: tuple[str, ...]
    message: str


def deliver(files: ReportFiles, *, drive: Drive | None, folder: str, run_id: str) -> Delivery:
    """Put the report's files into `folder` of the drive; without a drive they stay where they are."""
    if drive is None:
        return Delivery(places=(), message="kept in outputs/final")
    places = drive.deliver(files.keys(), folder=folder, idempotency_key=run_id)
    return Delivery(places=tuple(places), message=f"delivered to {folder}")
