"""A run that another machine works on: where it was started, and how far it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from casebook.errors import PermanentError

_RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class LaunchState(StrEnum):
    """How far a launched job is."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    GONE = "gone"  # cancelled, deleted or expired

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self not in {LaunchState.WAITING, LaunchState.RUNNING}


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """The record of what was started for a run; `handle` is the launcher's own name for it, None once it ended."""

    launcher: str
    attempt: int
    handle: str | None


@dataclass(frozen=True, slots=True)
class JobName:
    """All that a launched job is told: which run, and the how-manieth try. Nothing that a user wrote."""

    run_id: str
    attempt: int

    def __post_init__(self) -> None:
        """Refuse what is not one of our ids. Raises PermanentError."""
        if not _RUN_ID.fullmatch(self.run_id) or self.attempt < 1:
            message = "not the id of a run"
            raise PermanentError(message)

    @property
    def text(self) -> str:
        """A name that tells this try from every other, in lower-case letters, digits and dashes."""
        return f"casebook-{self.run_id.lower().replace('_', '-')}-{self.attempt}"
