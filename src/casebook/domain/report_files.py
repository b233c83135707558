"""The files of a finished report, as the workflow hands them on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFiles:
    """Keys of the report's files in the storage, and the figures that are shown when a run ends."""

    md: str
    html: str
    json: str
    pdf: str | None = None
    docx: str | None = None
    use_cases: int
    quotes: int
    files_received: int
    files_read: int
    files_failed: int

    def keys(self) -> tuple[str, ...]:
        """Return the keys of all files that were written."""
        return tuple(key for key in (self.md, self.html, self.json, self.pdf, self.docx) if key)

    def by_format(self) -> dict[str, str]:
        """Return the keys by format: ``md``, ``html``, ``json`` and what else was written."""
        return {key.rpartition(".")[2]: key for key in self.keys()}
