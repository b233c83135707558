"""What a run with a language model is expected to take."""

from __future__ import annotations

import msgspec


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is expected to take; `cost_usd` is None when the model's price is not known."""

    calls: int
    known_calls: int  # answers that the journal has: they cost nothing
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    seconds: float

    def describe(self, model: str) -> str:
        """Say it in one line."""
        cost = "cost unknown, for no price is known" if self.cost_usd is None else f"{self.cost_usd:.4f} USD"
        known = f"; {self.known_calls} more are in the journal and cost nothing" if self.known_calls else ""
        tokens = f"{self.input_tokens:,} tokens in and {self.output_tokens:,} out"
        return f"{model}: about {self.calls} calls, {tokens}, {cost}, {self.seconds:.0f} s{known}"
