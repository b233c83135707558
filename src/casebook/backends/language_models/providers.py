"""The clients of the providers, with their own retries switched off: there is one level that tries again."""

from __future__ import annotations

from pydantic_ai.models import Model


def open_openai(model: str, *, key: str, base_url: str | None, timeout: float) -> Model:
    """Open a model of OpenAI, or of a server that speaks the same protocol."""
    from openai import AsyncOpenAI  # noqa: PLC0415 - one provider's client is enough
    from pydantic_ai.models.openai import OpenAIChatModel  # noqa: PLC0415
    from pydantic_ai.providers.openai import OpenAIProvider  # noqa: PLC0415

    client = AsyncOpenAI(api_key=key, base_url=base_url, max_retries=0, timeout=timeout)
    return OpenAIChatModel(model, provider=OpenAIProvider(openai_client=client))


def open_anthropic(model: str, *, key: str, timeout: float) -> Model:
    """Open a model of Anthropic: needs the extra `anthropic`."""
    from anthropic import AsyncAnthropic  # noqa: PLC0415
    from pydantic_ai.models.anthropic import AnthropicModel  # noqa: PLC0415
    from pydantic_ai.providers.anthropic import AnthropicProvider  # noqa: PLC0415

    client = AsyncAnthropic(api_key=key, max_retries=0, timeout=timeout)
    return AnthropicModel(model, provider=AnthropicProvider(anthropic_client=client))


def open_google(model: str, *, key: str) -> Model:
    """Open a Gemini model of Google: needs the extra `google`. Its client tries again only when it is told to."""
    from pydantic_ai.models.google import GoogleModel  # noqa: PLC0415
    from pydantic_ai.providers.google import GoogleProvider  # noqa: PLC0415

    return GoogleModel(model, provider=GoogleProvider(api_key=key))
