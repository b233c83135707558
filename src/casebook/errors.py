"""Everything Casebook raises on purpose.

    CasebookError
    ├── TransientError        try again: the same call may succeed later
    │   ├── DiskFull              nothing more can be written until space is freed
    │   ├── QueueFull             as many runs wait as are allowed to
    │   └── Unanswered            it may have been carried out, or not: look before asking again
    └── PermanentError        the same call will fail again: say so at once
        ├── InvalidSubmission     the form's fields cannot be accepted
        ├── NoReadableDocuments   nothing was given that could be read
        ├── InvalidCatalogue      a catalogue file does not have the catalogue's form
        ├── NotRouted             a region or a country was named that no region goes by
        ├── CompanyBusy           another run of the company is under way
        ├── KeyReused             the idempotency key was used for another submission
        ├── QuoteNotFound         the words do not stand in the passage
        ├── StorageFailed         the outputs folder cannot be read or written
        ├── PromptTooLong         a prompt is longer than the language model takes
        ├── BudgetReached         a model would cost more than the run or the day may
        └── BelowShipGate         the report is not good enough to be delivered
    Interruption          ends a run from outside: not an error, so that nothing that handles errors catches it
    ├── RunCancelled          somebody asked for it
    ├── RunTakenOver          another worker has the run
    └── WorkerStopped         the worker is to end; the run goes on elsewhere or later

The docstring of a class is its default message.
"""

from __future__ import annotations

import inspect


class CasebookError(Exception):
    """Casebook could not do what was asked."""

    def __init__(self, message: str | None = None) -> None:
        """Take the message, or the class's docstring when there is none."""
        super().__init__(message or inspect.getdoc(type(self)) or "")


class TransientError(CasebookError):
    """The outside world failed for the moment; the same call may succeed later."""

    def __init__(self, message: str | None = None, *, retry_after: float | None = None) -> None:
        """Keep `retry_after`, the seconds the other side asked us to wait, if it said so."""
        super().__init__(message)
        self.retry_after = retry_after


class DiskFull(TransientError):
    """The disk is full: free some space, then send the same again."""


class QueueFull(TransientError):
    """As many runs wait as are allowed to: send the same again later."""


class Unanswered(TransientError):
    """The call may have been carried out, or not: look before sending it again."""


class PermanentError(CasebookError):
    """The call failed and would fail again in the same way."""


class InvalidSubmission(PermanentError):
    """The submission's fields cannot be accepted."""


class NoReadableDocuments(PermanentError):
    """None of the files could be read, so there is nothing a report could rest on."""


class InvalidCatalogue(PermanentError):
    """The catalogue file does not have the form of a catalogue."""


class NotRouted(PermanentError):
    """No region takes this submission: name one of the regions."""

    def __init__(self, message: str | None = None, *, field: str = "region") -> None:
        """Name the `field` that cannot be followed."""
        super().__init__(message)
        self.field = field


class CompanyBusy(PermanentError):
    """Another run of this company is under way: wait for it, or end it first."""


class KeyReused(PermanentError):
    """The idempotency key was used before, for another submission: use a new key."""


class QuoteNotFound(PermanentError):
    """The words do not stand in the passage they are said to come from."""


class StorageFailed(PermanentError):
    """The outputs folder cannot be read or written."""


class PromptTooLong(PermanentError):
    """The prompt is longer than the language model takes."""


class BudgetReached(PermanentError):
    """The budget for language models is reached; what was paid for is kept."""


class BelowShipGate(PermanentError):
    """The report is below the ship gates and is not delivered as done."""


class Interruption(BaseException):
    """The run was ended from outside."""

    def __init__(self) -> None:
        """Take the class's docstring as the message."""
        super().__init__(inspect.getdoc(type(self)) or "")


class RunCancelled(Interruption):
    """The run was cancelled."""


class RunTakenOver(Interruption):
    """This worker was not heard of for too long, and another may have taken the run over."""


class WorkerStopped(Interruption):
    """The worker was stopped; the run goes on by itself when one is there."""
