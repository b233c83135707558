"""What a run with a language model will take, told before the first request."""

from __future__ import annotations

from collections.abc import Sequence

from casebook.analysts.model.prompts import instructions
from casebook.analysts.model.reading import reading_prompt
from casebook.analysts.model.windows import Window
from casebook.analysts.model.writing import FOR_ONE_REQUEST
from casebook.domain.estimate import Estimate
from casebook.domain.prompt import count_tokens
from casebook.domain.submission import Submission
from casebook.ports import Journal, LanguageModel

SECTIONS = 3  # profile, readiness, plan
_SECTION_TOKENS = 1_700  # of evidence in a prompt of Part A
_USE_CASE_TOKENS = 350  # of evidence for one use case
_SUMMARY_TOKENS = 900
_ANSWER = {"reading": 700, "section": 700, "use_case": 350, "summary": 300}  # tokens
_FIRST_TOKEN, _TOKENS_A_SECOND = 0.9, 100.0  # of a usual model: seconds, and how fast it writes


def estimate_run(  # noqa: PLR0913 - what the figures depend on
    windows: Sequence[Window],
    submission: Submission,
    *,
    model: LanguageModel,
    journal: Journal,
    at_once: int,
    language: str = "",
) -> Estimate:
    """Estimate a run; each request is priced by itself."""
    prompts = [reading_prompt(window, language) for window in windows]
    unread = [prompt for prompt in prompts if journal.find(prompt.digest(model.identity)) is None]
    batches = -(-submission.use_cases_count // FOR_ONE_REQUEST)
    for_batch = min(FOR_ONE_REQUEST, submission.use_cases_count)
    requests = [
        *((prompt.tokens, _ANSWER["reading"]) for prompt in unread),
        *((_fixed("plan") + _SECTION_TOKENS, _ANSWER["section"]) for _ in range(SECTIONS if windows else 0)),
        *(
            (_fixed("use_cases") + for_batch * _USE_CASE_TOKENS, for_batch * _ANSWER["use_case"])
            for _ in range(batches if windows else 0)
        ),
        *([(_fixed("summary") + _SUMMARY_TOKENS, _ANSWER["summary"])] if windows else []),
    ]
    prices = [model.price(tokens_in, tokens_out) for tokens_in, tokens_out in requests]
    known = [price for price in prices if price is not None]
    return Estimate(
        calls=len(requests),
        known_calls=len(prompts) - len(unread),
        input_tokens=sum(tokens for tokens, _ in requests),
        output_tokens=sum(tokens for _, tokens in requests),
        cost_usd=round(sum(known), 6) if len(known) == len(prices) else None,
        seconds=_seconds(len(unread), batches, for_batch, at_once),
    )


def _fixed(name: str) -> int:
    return count_tokens(instructions(name)) + _SCHEMA_TOKENS


_SCHEMA_TOKENS = 150


def _seconds(windows: int, batches: int, for_batch: int, at_once: int) -> float:
    """Add up the rounds that wait for each other: the first window alone, the others, sections, use cases."""
    more = -(-max(windows - 1, 0) // at_once)
    rounds = [_ANSWER["reading"]] * ((windows > 0) + more) + [_ANSWER["section"]]
    rounds += [for_batch * _ANSWER["use_case"]] * -(-(batches + 1) // at_once)
    return sum(_FIRST_TOKEN + tokens / _TOKENS_A_SECOND for tokens in rounds)
