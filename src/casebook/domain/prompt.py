"""What is asked of a language model, and what it answers."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Self

import msgspec
from msgspec.structs import replace

CHARACTERS_A_TOKEN = 4  # a rule of thumb: counting exactly needs tables that would have to be fetched


class Finish(StrEnum):
    """Why a completion ends."""

    DONE = "done"
    CUT_OFF = "cut_off"  # it reached the number of tokens allowed
    FILTERED = "filtered"  # the provider's content filter held it back


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """One request to a language model. What many prompts have in common comes first, so that providers can reuse it."""

    name: str  # which of the prompts: "reading", "plan", ...
    instructions: str
    text: str
    schema: str  # the JSON schema of the answer, as JSON
    max_tokens: int  # of the answer

    def digest(self, model: str) -> str:
        """Tell this request to this model from all others."""
        parts = (model, self.instructions, self.text, self.schema, self.max_tokens)
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()

    def again(self, answer: str, faults: str) -> Self:
        """Return the prompt that asks for a better answer than `answer`."""
        return replace(self, text=f"{self.text}\n\n<previous_answer>\n{answer}\n</previous_answer>\n\n{faults}")

    @property
    def tokens(self) -> int:
        """About how many tokens it has, the schema included."""
        return count_tokens(self.instructions) + count_tokens(self.text) + count_tokens(self.schema)


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """What a language model answered to one prompt, and what it used up."""

    text: str
    finish: Finish
    input_tokens: int  # those of `cached_tokens` included
    output_tokens: int
    cached_tokens: int = 0
    cost_usd: float | None = None  # None when the price is not known


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A completion as the journal keeps it: which request it answers, and for which run it was paid."""

    digest: str  # of the request
    completion: Completion
    model: str
    prompt: str  # its name
    run_id: str
    company_slug: str
    stage: str
    at: str  # UTC, ISO 8601


class Spending(msgspec.Struct, frozen=True, kw_only=True):
    """What requests used up together; the cost is that of the requests whose price is known."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    unpriced: int = 0  # calls of unknown price

    def __add__(self, other: Spending) -> Spending:
        """Add up."""
        return Spending(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost_usd=self.cost_usd + other.cost_usd,
            unpriced=self.unpriced + other.unpriced,
        )

    @property
    def cost(self) -> float | None:
        """The cost when it is known for every call, None otherwise: what is unknown is never 0."""
        return None if self.unpriced else round(self.cost_usd, 6)


def count_tokens(text: str) -> int:
    """Tell about how many tokens `text` has."""
    return -(-len(text) // CHARACTERS_A_TOKEN)
