"""Asking a language model: from the journal if it was answered before, else once within the budget; checked, kept.

This is the one level at which a failed request is sent again. Two more tries follow a failure that may pass; what
comes out of here is permanent, so that the step around it does not begin anew.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

import msgspec

from casebook.analysts.model.budget import Budget, Purse
from casebook.analysts.model.prompts import faults_text
from casebook.domain.analysis import Checked
from casebook.domain.prompt import Completion, Finish, JournalEntry, Prompt, Spending
from casebook.domain.run import Stage
from casebook.errors import PermanentError, PromptTooLong, TransientError
from casebook.ports import Clock, Journal, LanguageModel

T = TypeVar("T")
R = TypeVar("R")

MORE_TRIES = 2  # after a failure that may pass
LONGEST_WAIT = 120.0  # seconds: who asks us to wait longer is told that the run has failed
_FIRST_WAIT = 1.0


class Answered(msgspec.Struct, Generic[T], frozen=True):
    """An answer, and what was still wrong with it; None when there is none to be had."""

    value: T | None
    faults: tuple[str, ...] = ()
    cut_off: bool = False


class Asker:
    """Asks the model for one run."""

    def __init__(  # noqa: PLR0913 - what a request passes through
        self,
        model: LanguageModel,
        journal: Journal,
        *,
        run_id: str,
        budget: Budget,
        clock: Clock,
        at_once: int = 8,
        sleep: Callable[[float], None] = time.sleep,
        heard: Callable[[Stage, Spending], None] = lambda _stage, _spent: None,
    ) -> None:
        """Ask `model`, `at_once` requests at a time; `heard` is told what was spent after each answer."""
        self._model = model
        self._journal = journal
        self._run_id = run_id
        self._clock = clock
        self._at_once = at_once
        self._sleep = sleep
        self._heard = heard
        self._gate = _Gate()
        self._lock = threading.Lock()
        self._few = threading.BoundedSemaphore(at_once)
        self.purse = Purse(budget, journal, model, run_id, clock)
        self._checked: dict[Stage, Checked] = {}

    def ask(
        self,
        prompt: Prompt,
        answer: type[T],
        stage: Stage,
        company_slug: str,
        faults_of: Callable[[T], Sequence[str]] = lambda _answer: (),
    ) -> Answered[T]:
        """Ask, and ask once more with the reasons when the answer has faults.

        Raises PermanentError when the model cannot be asked, PromptTooLong when the prompt has to be split,
        BudgetReached when it would cost too much.
        """
        first = self._complete(prompt, stage, company_slug)
        found = _read(first, answer, faults_of)
        if first.finish is Finish.FILTERED:
            self.note(stage, Checked(remarks=(_filtered(prompt),)))
            return found
        if not found.faults:
            return found
        self.note(stage, Checked(asked_again=1))
        second = self._complete(prompt.again(first.text, faults_text(found.faults)), stage, company_slug)
        better = _read(second, answer, faults_of)
        return better if better.value is not None else found

    def note(self, stage: Stage, checked: Checked) -> None:
        """Take note of what became of an answer."""
        with self._lock:
            self._checked[stage] = self._checked.get(stage, Checked()) + checked

    def checked(self, stage: Stage) -> Checked:
        """Return what was noted in a step; the order in which answers came does not show."""
        return _sorted(self._checked.get(stage, Checked()))

    def side_by_side(self, jobs: Sequence[Callable[[], R]]) -> list[R]:
        """Do all jobs, a bounded number at a time and begun in the order given, and return what they return.

        When one fails no other is begun, those under way end and are kept, and its error is raised.
        """
        waiting: SimpleQueue[int] = SimpleQueue()
        for number in range(len(jobs)):
            waiting.put(number)
        results: dict[int, R] = {}
        errors: dict[int, BaseException] = {}

        def work() -> None:
            while not errors:
                try:
                    number = waiting.get_nowait()
                except Empty:
                    return
                try:
                    results[number] = jobs[number]()
                except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that asked
                    errors[number] = error

        # Not a pool: an interrupt must not wait for answers that take minutes.
        threads = [threading.Thread(target=work, daemon=True) for _ in range(min(self._at_once, len(jobs)))]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        except BaseException as error:
            errors[-1] = error  # no other job is begun
            raise
        if errors:
            raise errors[min(errors)]
        return [results[number] for number in range(len(jobs))]

    def _complete(self, prompt: Prompt, stage: Stage, company_slug: str) -> Completion:
        digest = prompt.digest(self._model.identity)
        known = self._journal.find(digest)
        if known is not None:
            return known
        completion = self._gate.through(lambda: self._send(prompt))
        self._journal.keep(
            JournalEntry(
                digest=digest,
                completion=completion,
                model=self._model.name,
                prompt=prompt.name,
                run_id=self._run_id,
                company_slug=company_slug,
                stage=stage,
                at=self._clock().isoformat(),
            )
        )
        self._heard(stage, sum(self._journal.spent_by(self._run_id).values(), Spending()))
        return completion

    def _send(self, prompt: Prompt) -> Completion:
        """Send a request, and again when it fails in a way that may pass."""
        tries = 0
        while True:
            tries += 1
            try:
                with self._few, self.purse.paying(prompt):
                    return self._model.complete(prompt)
            except TransientError as error:
                wait = error.retry_after if error.retry_after is not None else _FIRST_WAIT * 2 ** (tries - 1)
                if tries > MORE_TRIES or wait > LONGEST_WAIT:
                    message = (
                        f"{error} (tried {tries} times). What was answered is kept: run the same command again later "
                        "to go on"
                    )
                    raise PermanentError(message) from error
                self._sleep(wait)


class _Gate:
    """Lets the first request go alone: a key that is refused is found out with one request, not with many."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_open = False
        self._error: PermanentError | None = None

    def through(self, send: Callable[[], Completion]) -> Completion:
        if not self._is_open:
            with self._lock:
                self._raise_known()
                if not self._is_open:
                    return self._sent(send)
        self._raise_known()
        return self._sent(send)

    def _raise_known(self) -> None:
        if self._error is not None:
            raise self._error

    def _sent(self, send: Callable[[], Completion]) -> Completion:
        try:
            completion = send()
        except PromptTooLong:
            self._is_open = True  # it was read, and so the key was taken
            raise
        except PermanentError as error:
            self._error = error
            raise
        self._is_open = True
        return completion


def _read(completion: Completion, answer: type[T], faults_of: Callable[[T], Sequence[str]]) -> Answered[T]:
    """Read an answer; one that is cut off or not of the form asked for has that as its fault."""
    if completion.finish is Finish.CUT_OFF:
        return Answered(None, ("It was cut off because it was too long: be shorter.",), cut_off=True)
    try:
        value = msgspec.json.decode(_unfenced(completion.text), type=answer)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        return Answered(None, (f"It is not JSON of the schema given: {error}.",))
    return Answered(value, tuple(faults_of(value)))


def _unfenced(text: str) -> str:
    """Take off the fence that some models put around JSON."""
    stripped = text.strip()
    if stripped.startswith("```"):
        stripped = stripped.partition("\n")[2].rpartition("```")[0]
    return stripped


def _filtered(prompt: Prompt) -> str:
    words = prompt.name.replace("_", " ")
    return f"The provider's content filter held back an answer ({words}): what it would have said is missing here."


def _sorted(checked: Checked) -> Checked:
    return Checked(
        removed_claims=checked.removed_claims,
        dropped_quotes=checked.dropped_quotes,
        asked_again=checked.asked_again,
        remarks=tuple(sorted(checked.remarks)),
    )
