"""What people are told when a run has ended."""

from __future__ import annotations

import hashlib
from enum import StrEnum

import msgspec

_MOST_CHARACTERS = 2_000


class Event(StrEnum):
    """What may be told; the words are those of the outbound webhook's `type`."""

    RUN_DONE = "run.done"
    RUN_FAILED = "run.failed"
    BUDGET_REACHED = "run.budget_reached"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One message about one run; the same run and event make the same id, so that a receiver can tell repeats."""

    event: Event
    run_id: str
    company_name: str
    company_slug: str
    at: str  # UTC, ISO 8601
    occasion: str  # what tells a run that was run again, and is told of again, from a message sent twice
    step: str | None = None  # that failed
    reason: str | None = None
    use_cases: int | None = None
    quotes: int | None = None
    link: str | None = None  # to the run's page, or where the report lies
    to: tuple[str, ...] = ()  # further addresses, of this submission alone

    @property
    def id(self) -> str:
        """The message's id, the same for every try."""
        occasion = hashlib.sha256(self.occasion.encode()).hexdigest()[:8]
        return f"{self.run_id}-{self.event.value.replace('.', '-')}-{occasion}"

    @property
    def title(self) -> str:
        """One line, without line ends: it becomes a mail's subject."""
        what = {
            Event.RUN_DONE: "the report is ready",
            Event.RUN_FAILED: "the run failed",
            Event.BUDGET_REACHED: "the run stopped at its budget",
        }[self.event]
        return f"Casebook: {what} for {_plain(self.company_name)}"

    @property
    def body(self) -> str:
        """What happened and what to do, in plain text."""
        lines = []
        if self.event is Event.RUN_DONE:
            lines.append(f"{self.use_cases or 0} use cases on {self.quotes or 0} quotes.")
        else:
            where = f" at the step {self.step}" if self.step else ""
            lines += [f"It stopped{where}: {_plain(self.reason or 'no reason was given')}", *self._what_to_do()]
        if self.link:
            lines.append(self.link)
        return "\n".join([*lines, f"Run {self.run_id}"])

    def _what_to_do(self) -> list[str]:
        if self.event is Event.BUDGET_REACHED:
            return ["What was paid for is kept. Raise the budget, then run it again: it goes on where it stopped."]
        return [f"What was done is kept. When the cause is mended: casebook rerun {self.run_id}"]


def _plain(text: str) -> str:
    """Make what others wrote one line of text that no chat program or mail header takes for more.

    Angle brackets and at signs become look-alikes: `<!channel>` and `@everyone` would call people.
    """
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line.replace("<", "‹").replace(">", "›").replace("@", "＠")[:_MOST_CHARACTERS]  # noqa: RUF001 - on purpose
