"""The real llama.cpp server in this process, with a model of random weights: nonsense of the right form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest

from casebook.analysts.model.answers import Plan, Reading
from casebook.analysts.model.prompts import make_prompt
from casebook.backends.language_models.chat import ChatModel
from casebook.backends.language_models.local import LlamaServer
from casebook.backends.language_models.prices import OwnPrices
from casebook.backends.language_models.providers import open_openai
from casebook.domain.prompt import Finish
from casebook.errors import PermanentError, PromptTooLong
from casebook.ports import LanguageModel
from casebook.report.gates import measure
from tests.thinking import TEXTS, report_by
from tests.tiny_model import write_tiny_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageModel]:
    path = tmp_path_factory.mktemp("models") / "tiny.gguf"
    write_tiny_model(path)
    server = LlamaServer(path, at_once=2, context=24_576)
    opened = ChatModel(
        "local:tiny.gguf",
        partial(open_openai, "tiny", key="none", base_url=server.url(), timeout=120.0),
        price=OwnPrices(0.0, 0.0),
        timeout=120.0,
    )
    yield opened
    opened.close()


@pytest.mark.parametrize("answer", [Reading, Plan])
def test_answers_have_the_form_of_the_schema(model: LanguageModel, answer: type) -> None:
    found = model.complete(make_prompt("reading", "1 Every invoice is typed by hand.", answer, max_tokens=900))
    assert found.input_tokens > 100
    assert found.cost_usd == 0.0
    if found.finish is Finish.DONE:
        msgspec.json.decode(found.text, type=answer)
    else:
        assert found.text.startswith("{")


def test_a_prompt_that_is_too_long_is_told_from_other_failures(model: LanguageModel) -> None:
    with pytest.raises(PromptTooLong):
        model.complete(make_prompt("reading", "1 word " * 6_000, Reading, max_tokens=9))


def test_nonsense_makes_no_false_report(model: LanguageModel) -> None:
    report, library = report_by(model)
    figures = measure(report, library.text)
    assert figures.failures() == []
    assert report.run.model == "local:tiny.gguf"
    assert report.run.model_calls >= 4
    texts = " ".join(TEXTS.values())
    claimed = [quote.text for quote in report.quotes]
    assert claimed
    assert all(words in texts for words in claimed)
    assert json.loads(msgspec.json.encode(report))["grounding"]["claims"] == report.grounding.verified


def test_a_file_that_is_no_model_says_so(tmp_path: Path) -> None:
    (tmp_path / "no.gguf").write_bytes(b"this is not a model")
    with pytest.raises(PermanentError, match="GGUF"):
        LlamaServer(tmp_path / "no.gguf", at_once=1).url()
    with pytest.raises(PermanentError, match="no model file"):
        LlamaServer(tmp_path / "gone.gguf", at_once=1).url()
