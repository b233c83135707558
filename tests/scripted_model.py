"""A language model by script: it answers every prompt of the analyst, well or, when told to, badly."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

from casebook.analysts.catalogue import built_in_catalogue
from casebook.analysts.model.analyst import ModelAnalyst, Thinking
from casebook.analysts.model.budget import Budget
from casebook.domain.prompt import Completion, Finish, Prompt, count_tokens
from casebook.ports import Journal, LanguageModel
from tests.samples import NOW

Answer = dict[str, Any]
Script = Callable[[str, str], Answer]  # the prompt's name and its text -> the answer

APPROACH = "An assistant drafts the answer from past cases and a person checks it before it goes out."
DIMENSIONS = ("strategy", "data", "technology", "people", "process", "governance")
KINDS = ("pain", "volume", "goal", "data", "system", "people", "governance", "constraint", "strategy")

_LINE = re.compile(r"(?m)^(\d+) (.+)$")
_USE_CASE = re.compile(r'(?s)<use_case number="(\d+)">\n(.*?)</use_case>')
_ASKED = re.compile(r"(?m)^Use cases asked for: (\d+)")
_PRIOR = re.compile(r"(?m)^([\w.-]+): .* \(evidence found: ([\d, ]+)\)$")


def evidence_in(text: str) -> dict[int, str]:
    """The numbered lines of a prompt."""
    return {int(number): words for number, words in _LINE.findall(text)}


def well_behaved(name: str, text: str) -> Answer:
    """Answer as a careful model would: in the words of the evidence."""
    return _ANSWERS[name](text)


def _reading(text: str) -> Answer:
    lines = [number for number, words in evidence_in(text).items() if len(words) > 40]
    return {
        "notes": "Minutes and lists of a company.",
        "findings": [
            {"kind": KINDS[place % len(KINDS)], "sentences": [number], "quote": ""}
            for place, number in enumerate(lines[:: max(1, len(lines) // 30)])
        ],
    }


def _profile(text: str) -> Answer:
    return {
        "portrait": [{"text": words[:300], "evidence": [number]} for number, words in _few(text, 4)],
        "contradictions": [],
    }


def _readiness(text: str) -> Answer:
    numbers = [number for number, _ in _few(text, 12)]
    pairs = zip(DIMENSIONS, zip(numbers[::2], numbers[1::2], strict=False), strict=False)
    return {"dimensions": [{"dimension": name, "level": 3, "evidence": list(pair)} for name, pair in pairs]}


def _plan(text: str) -> Answer:
    asked = int(_ASKED.findall(text)[0])
    return {
        "use_cases": [
            {"pattern": pattern, "title": "", "evidence": [int(number) for number in numbers.split(",")], "reason": "x"}
            for pattern, numbers in _PRIOR.findall(text)[:asked]
        ],
        "left_out": [],
    }


def _use_cases(text: str) -> Answer:
    return {
        "use_cases": [
            {
                "number": int(number),
                "problem": [{"text": words[:300], "evidence": [place]} for place, words in _few(body, 1)],
                "approach": APPROACH,
                "users": "the team that does the work today",
                "first_step": "Collect examples of the work and measure how long each takes.",
                "risks": ["wrong answers that nobody checks"],
                "questions": ["How long does one case take today?"],
            }
            for number, body in _USE_CASE.findall(text)
        ]
    }


def _summary(text: str) -> Answer:
    return {"findings": [{"text": words[:300], "evidence": [number]} for number, words in _few(text, 3)]}


def _few(text: str, count: int) -> list[tuple[int, str]]:
    return list(evidence_in(text).items())[:count]


_ANSWERS: Mapping[str, Callable[[str], Answer]] = {
    "reading": _reading,
    "profile": _profile,
    "readiness": _readiness,
    "plan": _plan,
    "use_cases": _use_cases,
    "summary": _summary,
}


def model_analyst(  # noqa: PLR0913 - what tests vary
    model: LanguageModel,
    journal: Journal,
    *,
    run_id: str = "R1",
    budget: Budget | None = None,
    at_once: int = 4,
    window_tokens: int = 8_000,
) -> ModelAnalyst:
    """An analyst of one run that asks `model`."""
    return ModelAnalyst(
        built_in_catalogue(),
        model,
        journal,
        thinking=Thinking(budget=budget or Budget(), at_once=at_once, window_tokens=window_tokens),
        clock=lambda: NOW,
        progress=lambda *_: None,
        run_id=run_id,
    )


class ScriptedModel:
    """A `LanguageModel` that answers by script and remembers what it was asked."""

    def __init__(
        self,
        script: Script = well_behaved,
        *,
        price: float | None = 0.000_001,
        fail: Callable[[int, Prompt], None] = lambda _number, _prompt: None,
    ) -> None:
        """Answer by `script`; every token costs `price`; `fail` may raise before the n-th request is answered."""
        self.script = script
        self.token_price = price
        self.fail = fail
        self.asked: list[Prompt] = []
        self._lock = threading.Lock()

    name = "scripted:model"
    identity = "scripted:model"

    def price(self, input_tokens: int, output_tokens: int) -> float | None:
        return None if self.token_price is None else self.token_price * (input_tokens + output_tokens)

    def complete(self, prompt: Prompt) -> Completion:
        with self._lock:
            self.asked.append(prompt)
            number = len(self.asked)
        self.fail(number, prompt)
        answer = json.dumps(self.script(prompt.name, prompt.text), ensure_ascii=False)
        tokens = prompt.tokens, count_tokens(answer)
        return Completion(
            text=answer,
            finish=Finish.DONE,
            input_tokens=tokens[0],
            output_tokens=tokens[1],
            cost_usd=self.price(*tokens),
        )
