"""The files of a finished report, as the workflow hands them on."""

from __future__ import annotations

from typing import Final

import msgspec

from casebook.errors import PermanentError

ALWAYS: Final = ("md", "html", "json")
EXTRA: Final = ("pdf", "docx")  # written when asked for, each with the extra of its name


class ReportFiles(msgspec.Struct, frozen=True, kw_only=True):
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
    not_written: tuple[str, ...] = ()  # what was asked for and could not be made, with the reason

    def keys(self) -> tuple[str, ...]:
        """Return the keys of all files that were written."""
        return tuple(key for key in (self.md, self.html, self.json, self.pdf, self.docx) if key)

    def by_format(self) -> dict[str, str]:
        """Return the keys by format: ``md``, ``html``, ``json`` and what else was written."""
        return {key.rpartition(".")[2]: key for key in self.keys()}


def parse_formats(text: str) -> tuple[str, ...]:
    """Read a list of formats, such as ``md,html,pdf``, and return the extra ones. Raises PermanentError."""
    asked = [name.strip().lower() for name in text.split(",") if name.strip()]
    unknown = [name for name in asked if name not in {*ALWAYS, *EXTRA}]
    if unknown or not asked:
        wrong = f"there is no report format {unknown[0]!r}" if unknown else "no report format is named"
        message = f"{wrong}: name some of {', '.join((*ALWAYS, *EXTRA))}, separated by commas"
        raise PermanentError(message)
    return tuple(name for name in EXTRA if name in asked)
