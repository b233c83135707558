"""From settings to a language model: what is missing is said before anything starts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from casebook.analysts.catalogue import built_in_catalogue
from casebook.analysts.extractive.analyst import ExtractiveAnalyst
from casebook.bootstrap import analyst, costs, forget_answers
from casebook.errors import PermanentError
from casebook.settings import ModelSettings, Settings
from casebook.thinking import analyst_with_model, open_journal, open_model
from tests.contract.test_journal import ENTRY
from tests.samples import NOW

GPT = ModelSettings(model="openai:gpt-5-mini", openai_key="k")


def test_without_a_model_the_built_in_analyst_thinks(tmp_path: Path) -> None:
    found = analyst(Settings(outputs=tmp_path), progress=lambda *_: None, say=lambda _: None)
    assert isinstance(found, ExtractiveAnalyst)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        (ModelSettings(model="openai:gpt-5-mini"), "OPENAI_API_KEY"),
        (ModelSettings(model="local:/nowhere/model.gguf"), "no model file"),
        (ModelSettings(model="anthropic:claude-x"), r"casebook\[anthropic\]"),
    ],
)
def test_what_is_missing_is_named(chosen: ModelSettings, says: str) -> None:
    with pytest.raises(PermanentError, match=says):
        open_model(chosen)


def test_a_server_of_ones_own_needs_no_key() -> None:
    model = open_model(ModelSettings(model="openai:llama", openai_base_url="http://127.0.0.1:9/v1"))
    assert model.name == "openai:llama"
    assert "127.0.0.1:9" in model.identity


def test_a_price_is_looked_up_or_given() -> None:
    assert open_model(GPT).price(1_000_000, 0) == pytest.approx(0.25)
    assert open_model(replace(GPT, model_economy=True)).price(1_000_000, 0) == pytest.approx(0.125)
    assert open_model(replace(GPT, model="openai:mine")).price(1, 1) is None
    assert open_model(replace(GPT, model="openai:mine", model_price=(1.0, 2.0))).price(1_000_000, 1_000_000) == 3.0


def test_a_budget_that_cannot_be_held_is_refused(tmp_path: Path) -> None:
    chosen = replace(GPT, model="openai:mine", budget_run=1.0)
    settings = Settings(outputs=tmp_path, model=chosen)
    with pytest.raises(PermanentError, match="CASEBOOK_MODEL_PRICE"):
        analyst_with_model(
            settings, built_in_catalogue(), clock=lambda: NOW, progress=lambda *_: None, say=lambda _: None
        )


def test_costs_are_read_and_a_company_is_forgotten(tmp_path: Path) -> None:
    settings = Settings(outputs=tmp_path)
    assert costs(settings, "R1") == {}
    forget_answers(settings, "acme")
    assert list(tmp_path.iterdir()) == []
    journal = open_journal(settings)
    journal.keep(ENTRY)
    assert costs(settings, "R1")["part_a"].calls == 1
    forget_answers(settings, "acme")
    assert journal.find("d1") is None
    assert costs(settings, "R1")["part_a"].cost_usd == 0.25
    journal.close()
