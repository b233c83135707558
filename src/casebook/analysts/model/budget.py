"""The budget of a run and of a day: what may be spent, and what has been."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import msgspec

from casebook.domain.prompt import Prompt
from casebook.errors import BudgetReached
from casebook.ports import Clock, Journal, LanguageModel

_MORE_TOKENS = 1.1  # than the rule of thumb counts


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What may be spent on language models, in USD; None is no limit."""

    run_usd: float | None = None
    day_usd: float | None = None  # of all runs that share the journal, by UTC

    @property
    def is_set(self) -> bool:
        """Whether there is a limit at all."""
        return self.run_usd is not None or self.day_usd is not None


class Purse:
    """Lets a request go out only when the most it can cost is still within the budget."""

    def __init__(self, budget: Budget, journal: Journal, model: LanguageModel, run_id: str, clock: Clock) -> None:
        """Pay for the run `run_id`."""
        self._budget = budget
        self._journal = journal
        self._model = model
        self._run_id = run_id
        self._clock = clock
        self._under_way = 0.0
        self._lock = threading.Lock()

    @contextmanager
    def paying(self, prompt: Prompt) -> Iterator[None]:
        """Set aside what a request costs at most while it is under way. Raises BudgetReached."""
        most = self._model.price(round(prompt.tokens * _MORE_TOKENS), prompt.max_tokens) or 0.0
        with self._lock:
            if self._budget.is_set:
                self.demand(self._under_way + most)
            self._under_way += most
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= most

    def demand(self, more: float) -> None:
        """Raise BudgetReached when `more` USD would go beyond the budget."""
        if self._budget.run_usd is not None:
            spent = sum(part.cost_usd for part in self._journal.spent_by(self._run_id).values())
            _compare(spent, more, self._budget.run_usd, "run: raise CASEBOOK_BUDGET_RUN")
        if self._budget.day_usd is not None:
            spent = self._journal.spent_since(_midnight(self._clock())).cost_usd
            _compare(spent, more, self._budget.day_usd, "day: raise CASEBOOK_BUDGET_DAY or wait until tomorrow (UTC)")


def _compare(spent: float, more: float, limit: float, whose: str) -> None:
    if spent + more > limit:
        span, _, advice = whose.partition(": ")
        message = (
            f"the budget of {limit:g} USD for a {span} would be exceeded: {spent:.4f} USD are spent, and what comes "
            f"next may cost {more:.4f} USD. What was answered is kept: {advice}, then run the same command again to go "
            "on"
        )
        raise BudgetReached(message)


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)
