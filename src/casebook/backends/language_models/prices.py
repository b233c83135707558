"""What requests cost, from price lists that come with a package: nothing is fetched."""

from __future__ import annotations

import warnings

import msgspec
from genai_prices import Usage, calc_price


class ListedPrices(msgspec.Struct, frozen=True):
    """The price list of a provider. Each request is priced by itself: some prices depend on its length."""

    provider: str  # "openai", "anthropic", "google"
    model: str
    service_tier: str | None = None

    def __call__(self, input_tokens: int, cached_tokens: int, output_tokens: int) -> float | None:
        """Tell what a request costs in USD, None when the model is not on the list."""
        usage = Usage(input_tokens=input_tokens, cache_read_tokens=cached_tokens, output_tokens=output_tokens)
        context = {"service_tier": self.service_tier} if self.service_tier else None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of models that are listed without a price: their cost is unknown
                found = calc_price(usage, self.model, provider_id=self.provider, price_context=context)
        except LookupError:
            return None
        return float(found.total_price)


class OwnPrices(msgspec.Struct, frozen=True):
    """Prices that the user gave, in USD for a million tokens."""

    input: float
    output: float

    def __call__(self, input_tokens: int, cached_tokens: int, output_tokens: int) -> float | None:  # noqa: ARG002
        """Tell what a request costs in USD."""
        return (input_tokens * self.input + output_tokens * self.output) / 1_000_000
