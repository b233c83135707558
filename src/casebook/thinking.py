"""Settings -> the analyst that thinks with a language model. Imported only when a model is named."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from casebook.analysts.catalogue import Catalogue
from casebook.analysts.model.analyst import ModelAnalyst, Thinking
from casebook.analysts.model.answering import MOST_EVIDENCE, AnswerWriter
from casebook.analysts.model.asking import Asker
from casebook.analysts.model.budget import Budget
from casebook.analysts.model.checking import Checker
from casebook.answering import CompanyEvidence
from casebook.backends.journals.rows import SCHEMA, RowJournal
from casebook.backends.language_models.beside import OpenedBeside
from casebook.backends.submission_stores.sqlite import SqliteDatabase
from casebook.domain.answer import QuotedAnswer
from casebook.errors import PermanentError
from casebook.extras import is_installed
from casebook.ports import Clock, LanguageModel, Progress
from casebook.settings import ModelSettings, Settings

LOCAL_AT_ONCE = 2  # requests: more would share the same cores
LOCAL_TIMEOUT = 1_800.0  # seconds: a processor is slow

_KEY_VARIABLES = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY", "google": "GOOGLE_API_KEY"}
_PACKAGES = {
    "openai": ("model", "pydantic_ai"),
    "anthropic": ("anthropic", "anthropic"),
    "google": ("google", "google.genai"),
    "local": ("local", "xllamacpp"),
}
_NO_KEY = "none"  # what servers that need no key are sent


def analyst_with_model(
    settings: Settings, catalogue: Catalogue, *, clock: Clock, progress: Progress, say: Callable[[str], None]
) -> ModelAnalyst:
    """Return the analyst for the model that the settings name.

    Raises PermanentError when its package or its key is missing, or when a budget is set that could not be held.
    """
    chosen = settings.model
    model = open_model(chosen)
    budget = Budget(run_usd=chosen.budget_run or None, day_usd=chosen.budget_day or None)
    if budget.is_set and model.price(1, 1) is None:
        message = (
            f"no price is known for {chosen.model}, so a budget could not be held: give its price in "
            "CASEBOOK_MODEL_PRICE, as IN/OUT in USD for a million tokens, or take the budget away"
        )
        raise PermanentError(message)
    return ModelAnalyst(
        catalogue,
        model,
        open_journal(settings),
        thinking=Thinking(
            budget=budget,
            language=chosen.report_language,
            window_tokens=chosen.model_window,
            at_once=LOCAL_AT_ONCE if _parts(chosen)[0] == "local" else chosen.model_requests,
        ),
        clock=clock,
        progress=progress,
        say=say,
        processes=settings.workers or None,
    )


def write_answer(  # noqa: PLR0913 - who asks whom about what
    question: str,
    evidence: CompanyEvidence,
    *,
    company: str,
    slug: str,
    settings: Settings,
    catalogue: Catalogue,
    clock: Clock,
) -> QuotedAnswer:
    """Have the model answer a question from a company's documents.

    Raises PermanentError as `analyst_with_model` does and when the model cannot be asked, BudgetReached.
    """
    chosen = settings.model
    budget = Budget(run_usd=chosen.budget_run or None, day_usd=chosen.budget_day or None)
    asker = Asker(
        open_model(chosen), open_journal(settings), run_id=f"ask {slug}", budget=budget, clock=clock, at_once=1
    )
    writer = AnswerWriter(asker, Checker(company, catalogue))
    return evidence.write(question, writer, company_slug=slug, evidence=MOST_EVIDENCE)


def open_journal(settings: Settings) -> RowJournal:
    """Open the journal, made when it is not there: beside the queue, by the same setting."""
    if settings.engine.database == "sqlite":
        return RowJournal(SqliteDatabase(settings.outputs.absolute() / "journal.sqlite3", SCHEMA))
    from casebook.backends.submission_stores.postgres import PostgresDatabase  # noqa: PLC0415 - the `serve` extra

    return RowJournal(PostgresDatabase(settings.engine.database, SCHEMA))


def open_model(chosen: ModelSettings) -> LanguageModel:
    """Return the model by its name. Raises PermanentError when its package or its key is missing."""
    provider, name = _parts(chosen)
    extra, package = _PACKAGES[provider]
    if not is_installed("pydantic_ai") or not is_installed(package):
        message = f"{chosen.model} needs a package that is not installed: pip install 'casebook[{extra}]'"
        raise PermanentError(message)
    price = _price(chosen)
    server = _server(chosen)
    return OpenedBeside(
        chosen.model if provider != "local" else f"local:{Path(name).name}",
        partial(_open, chosen, price, server),
        price=lambda tokens_in, tokens_out: price(tokens_in, 0, tokens_out),
        server=server,
    )


def _open(chosen: ModelSettings, price: Callable[[int, int, int], float | None], server: str) -> LanguageModel:
    """Import the client and make the model: this takes a second or two."""
    from casebook.backends.language_models import providers  # noqa: PLC0415 - heavy: done beside other work
    from casebook.backends.language_models.chat import ChatModel  # noqa: PLC0415

    provider, name = _parts(chosen)
    timeout = LOCAL_TIMEOUT if provider == "local" else float(chosen.model_timeout)
    key = _key(chosen)
    if provider == "anthropic":
        open_client = partial(providers.open_anthropic, name, key=key, timeout=timeout)
    elif provider == "google":
        open_client = partial(providers.open_google, name, key=key)
    elif provider == "local":
        from casebook.backends.language_models.local import LlamaServer  # noqa: PLC0415

        url = LlamaServer(Path(name), at_once=LOCAL_AT_ONCE).url()
        open_client = partial(providers.open_openai, Path(name).name, key=_NO_KEY, base_url=url, timeout=timeout)
    else:
        elsewhere = chosen.openai_base_url or None
        open_client = partial(providers.open_openai, name, key=key, base_url=elsewhere, timeout=timeout)
    flex = chosen.model_economy and provider == "openai"
    return ChatModel(chosen.model, open_client, price=price, server=server, flex=flex, timeout=timeout)


def _parts(chosen: ModelSettings) -> tuple[str, str]:
    provider, _, name = chosen.model.partition(":")
    return provider, name


def _key(chosen: ModelSettings) -> str:
    """Return the provider's key; a server of one's own may need none. Raises PermanentError."""
    provider, _ = _parts(chosen)
    keys = {"openai": chosen.openai_key, "anthropic": chosen.anthropic_key, "google": chosen.google_key}
    key = keys.get(provider, _NO_KEY) or (_NO_KEY if provider == "openai" and chosen.openai_base_url else "")
    if not key:
        message = f"{chosen.model} needs a key: set {_KEY_VARIABLES[provider]}, or leave CASEBOOK_MODEL empty"
        raise PermanentError(message)
    return key


def _server(chosen: ModelSettings) -> str:
    """Tell models of one name apart: by the server, or by the file."""
    provider, name = _parts(chosen)
    _key(chosen)
    if provider == "openai":
        return chosen.openai_base_url
    if provider == "local":
        path = Path(name)
        if not path.is_file():
            message = f"there is no model file {name}: check CASEBOOK_MODEL"
            raise PermanentError(message)
        return f"{path.stat().st_size} bytes of {path.stat().st_mtime_ns}"
    return ""


def _price(chosen: ModelSettings) -> Callable[[int, int, int], float | None]:
    from casebook.backends.language_models.prices import ListedPrices, OwnPrices  # noqa: PLC0415 - reads price lists

    provider, name = _parts(chosen)
    if chosen.model_price:
        return OwnPrices(*chosen.model_price)
    if provider == "local":
        return OwnPrices(0.0, 0.0)
    return ListedPrices(provider, name, "flex" if chosen.model_economy and provider == "openai" else None)
