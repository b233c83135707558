"""The prompts: files that can be read, and the text that goes with them made safe to put between tags."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from casebook.domain.language import NAMES
from casebook.domain.prompt import Prompt
from casebook.domain.submission import Submission

PROMPT_NAMES = ("reading", "profile", "readiness", "plan", "use_cases", "summary", "answer")

MAX_FORM_CHARACTERS = 3_000
_OPENING, _CLOSING = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}", "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"


@cache
def text_of(name: str) -> str:
    """Return a prompt as it stands in its file."""
    return files("casebook.analysts.model").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8").strip()


@cache
def version() -> str:
    """Tell these prompts from those of another release, by their words."""
    words = "\0".join(text_of(name) for name in ("ground_rules", "again", *PROMPT_NAMES))
    return hashlib.sha256(words.encode()).hexdigest()[:12]


def instructions(name: str, language: str = "") -> str:
    """Return ground rules and task, and the language of what is not quoted."""
    wanted = f"\nWrite what is not bound to its evidence's language in {NAMES.get(language, language)}."
    return f"{text_of('ground_rules')}\n\n{text_of(name)}{wanted if language else ''}"


def make_prompt(name: str, text: str, answer: type, *, max_tokens: int, language: str = "") -> Prompt:
    """Make the prompt called `name` over `text`, for an answer of the type given."""
    return Prompt(
        name=name,
        instructions=instructions(name, language),
        text=text,
        schema=schema_of(answer),
        max_tokens=max_tokens,
    )


def faults_text(faults: Sequence[str]) -> str:
    """Say what was wrong with an answer."""
    return text_of("again").format(faults="\n".join(f"- {fault}" for fault in faults))


def plain(text: str) -> str:
    """Put a text on one line that cannot close a tag or open one."""
    return " ".join(text.replace("<", _OPENING).replace(">", _CLOSING).split())


def form_of(submission: Submission) -> str:
    """Return what the form says, between tags."""
    fields = (
        ("name", submission.company_name),
        ("description", submission.company_description[:MAX_FORM_CHARACTERS]),
        ("expectations", submission.report_expectations[:MAX_FORM_CHARACTERS]),
    )
    lines = "\n".join(f"{name}: {plain(value)}" for name, value in fields if value)
    return f"<form>\n{lines}\n</form>"


@cache
def schema_of(answer: type) -> str:
    """Return the JSON schema of a type with every part in its place: some servers do not follow references."""
    (root,), parts = msgspec.json.schema_components([answer], ref_template="{name}")
    return msgspec.json.encode(_resolved(root, parts)).decode()


def _resolved(schema: Any, parts: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(schema, list):
        return [_resolved(item, parts) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _resolved(parts[schema["$ref"]], parts)
    return {name: _resolved(value, parts) for name, value in schema.items() if name not in {"title", "default"}}
