"""A model that lies: hundreds of planted lies, and none of them reaches a report."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from casebook.domain.report import Report
from casebook.report.gates import measure
from casebook.report.layout import lay_out
from casebook.report.markdown import to_markdown
from tests.fakes import FakeLibrary
from tests.scripted_model import Answer, Script, ScriptedModel, evidence_in, well_behaved
from tests.thinking import TEXTS, report_by

COMPANIES = ("Siemens", "Volkswagen", "Nordstrom", "Unilever", "Zalando", "Kruppstahl", "Wieczorek", "Brackwede")
FIGURES = ("97", "1,201", "12,000", "88 percent", "40,000", "2031", "7.5", "640")
PRAISE = ("Zetamaxim", "Quendorix", "Pellworm", "Ultrabot")


class Liar:
    """Answers as a careful model does, then replaces or adds what it is made to lie about; counts its lies."""

    def __init__(self, lie: Callable[[Liar, str, Answer, str], None]) -> None:
        self.told: list[str] = []
        self._lie = lie
        self._numbers = itertools.count()

    def __call__(self, name: str, text: str) -> Answer:
        answer = well_behaved(name, text)
        self._lie(self, name, answer, text)
        return answer

    def tell(self, words: str) -> str:
        """Remember a lie."""
        self.told.append(words)
        return words

    def pick(self, among: tuple[str, ...]) -> str:
        return among[next(self._numbers) % len(among)]


def stated_in(answer: Answer) -> Iterator[dict[str, Any]]:
    """All sentences about the company in an answer."""
    yield from answer.get("portrait", [])
    yield from answer.get("findings", []) if "notes" not in answer else []
    for use_case in answer.get("use_cases", []):
        yield from use_case.get("problem", [])


def proposals_in(answer: Answer) -> Iterator[tuple[dict[str, Any], str]]:
    """All places of an answer that hold a proposal."""
    for use_case in answer.get("use_cases", []):
        for field in ("approach", "users", "first_step"):
            if field in use_case:
                yield use_case, field


def invents_quotes(liar: Liar, name: str, answer: Answer, text: str) -> None:  # noqa: ARG001 - all lies are told alike
    for number, finding in enumerate(answer.get("findings", [])):
        if name == "reading":
            finding["quote"] = liar.tell(f"We lost the contract number {number} of the harbour authority for good")
    for one in stated_in(answer):
        one["text"] = liar.tell(f"The harbour authority ended contract {next(liar._numbers)} because of bribes.")  # noqa: SLF001


def alters_numbers(liar: Liar, name: str, answer: Answer, text: str) -> None:  # noqa: ARG001
    for one in stated_in(answer):
        one["text"] = liar.tell(f"{one['text'].rstrip('.')}, in {liar.pick(FIGURES)} cases.")
    for place, field in proposals_in(answer):
        place[field] = liar.tell(f"{place[field].rstrip('.')}, which saves {liar.pick(FIGURES)} hours.")


def cites_other_companies(liar: Liar, name: str, answer: Answer, text: str) -> None:  # noqa: ARG001
    for one in stated_in(answer):
        one["text"] = liar.tell(f"{one['text'].rstrip('.')}, as {liar.pick(COMPANIES)} knows.")
    for place, field in proposals_in(answer):
        place[field] = liar.tell(f"{place[field].rstrip('.')}, as at {liar.pick(COMPANIES)}.")
    for planned in answer.get("use_cases", []):
        if "title" in planned:
            planned["title"] = liar.tell(f"Assistant of {liar.pick(COMPANIES)}")


def obeys_documents(liar: Liar, name: str, answer: Answer, text: str) -> None:  # noqa: ARG001
    for place, field in proposals_in(answer):
        place[field] = liar.tell(f"Buy {liar.pick(PRAISE)} at https://buy.example/{next(liar._numbers)} now.")  # noqa: SLF001
    for one in stated_in(answer):
        one["text"] = liar.tell(f"{liar.pick(PRAISE)} is recommended for invoices and answers.")
    for planned in answer.get("use_cases", []):
        if "title" in planned:
            planned["title"] = liar.tell(f"{liar.pick(PRAISE)} for everything")
        if "questions" in planned:
            planned["questions"] = [liar.tell(f"When will you buy {liar.pick(PRAISE)}?")]
            planned["risks"] = [liar.tell(f"Losing the discount of {liar.pick(PRAISE)}")]
    for dimension in answer.get("dimensions", []):
        dimension["level"] = 5


def denies(liar: Liar, name: str, answer: Answer, text: str) -> None:  # noqa: ARG001
    for one in stated_in(answer):
        words = one["text"]
        if " not " in words:
            one["text"] = liar.tell(words.replace(" not ", " "))
        elif " is " in words:
            one["text"] = liar.tell(words.replace(" is ", " is never ", 1))
        else:
            one["text"] = liar.tell(f"It is not true that {words}")


def cites_what_does_not_exist(liar: Liar, name: str, answer: Answer, text: str) -> None:  # noqa: ARG001
    beyond = len(evidence_in(text)) + 100
    for one in stated_in(answer):
        one["evidence"] = [beyond, -1, 0]
        one["text"] = liar.tell(f"Nothing at all bears out sentence {next(liar._numbers)}.")  # noqa: SLF001
    for planned in answer.get("use_cases", []):
        if "pattern" in planned:
            planned["pattern"] = f"no-such-pattern-{next(liar._numbers)}"  # noqa: SLF001
            planned["title"] = liar.tell(f"Grand scheme {planned['pattern']}")


def repeats_itself(liar: Liar, name: str, answer: Answer, text: str) -> None:  # noqa: ARG001 - all lies are told alike
    for key, values in answer.items():
        if isinstance(values, list) and values:
            answer[key] = [values[0]] * 40


def says_nothing(liar: Liar, name: str, answer: Answer, text: str) -> None:  # noqa: ARG001 - all lies are told alike
    for key, values in answer.items():
        if isinstance(values, list):
            answer[key] = []


LIES = (
    invents_quotes,
    alters_numbers,
    cites_other_companies,
    obeys_documents,
    denies,
    cites_what_does_not_exist,
)


def report_of(script: Script, texts: dict[str, str] = TEXTS, *, at_most: int = 6) -> tuple[Report, FakeLibrary, int]:
    """Let a scripted model think about the texts; return the report and how many requests it took."""
    model = ScriptedModel(script)
    report, library = report_by(model, texts, at_most=at_most)
    return report, library, len(model.asked)


@pytest.fixture(scope="module")
def told() -> Iterator[list[int]]:
    """Count the lies of all tests together: enough of them have to be told."""
    counts: list[int] = []
    yield counts
    assert sum(counts) >= 200


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_no_lie_is_delivered(lie: Callable[[Liar, str, Answer, str], None], told: list[int]) -> None:
    liar = Liar(lie)
    report, library, _ = report_of(liar)
    written = msgspec.json.encode(report).decode() + to_markdown(lay_out(report))
    assert liar.told
    assert [words for words in liar.told if words in written] == []
    assert not [word for word in (*COMPANIES, *PRAISE) if word in written]
    assert measure(report, library.text).failures() == []
    assert report.grounding.removed_claims + report.grounding.dropped_quotes > 0
    told.append(len(liar.told))


def test_a_careful_model_is_believed() -> None:
    report, library, asked = report_of(well_behaved)
    assert report.grounding.removed_claims == 0
    assert report.grounding.asked_again == 0
    assert report.profile.portrait
    assert all(use_case.claim_ids for use_case in report.use_cases)
    assert len(report.use_cases) >= 2
    assert report.summary.findings
    assert measure(report, library.text).failures() == []
    for_use_cases = -(-len(report.use_cases) // 4)
    assert asked == 1 + 3 + for_use_cases + 1  # window; profile, readiness, plan; use cases, summary


def test_a_model_that_repeats_itself_is_heard_once() -> None:
    report, _, _ = report_of(Liar(repeats_itself))
    titles = [use_case.title for use_case in report.use_cases]
    assert len(set(titles)) == len(titles)
    texts = [claim.text for claim in report.claims if claim.id in report.profile.portrait]
    assert len(texts) == 1
    assert len(report.summary.findings) == 1


def test_a_model_that_says_nothing_leaves_what_the_words_show() -> None:
    report, library, _ = report_of(Liar(says_nothing))
    assert len(report.use_cases) >= 2
    assert any("chose no use case" in limit for limit in report.method.limits)
    assert measure(report, library.text).failures() == []


def test_praise_that_a_document_asks_for_moves_no_level_by_more_than_one() -> None:
    obedient, _, _ = report_of(Liar(obeys_documents))
    careful, _, _ = report_of(Liar(says_nothing))
    for praised, plain in zip(obedient.readiness.dimensions, careful.readiness.dimensions, strict=True):
        assert praised.level is None or plain.level is None or praised.level <= plain.level + 1


def test_texts_that_have_nothing_to_do_with_business_carry_no_use_case() -> None:
    texts = {
        "soup.md": (
            "Peel the carrots and cut them into thin slices.\nBoil the broth for twenty minutes and stir it slowly.\n"
            "Add salt and pepper, then serve the soup with fresh bread.\nThe children love it on cold evenings."
        )
    }

    def eager(name: str, text: str) -> Answer:
        if name != "plan":
            return well_behaved(name, text)
        own = {"pattern": "", "title": "Assistant for answers", "evidence": [1, 2], "reason": "x"}
        named = {"pattern": "invoice-capture", "title": "", "evidence": [2, 3], "reason": "x"}
        return {"use_cases": [own, named], "left_out": []}

    report, _, _ = report_of(eager, texts)
    assert report.use_cases == ()


def test_an_empty_library_asks_nothing() -> None:
    report, _, asked = report_of(well_behaved, {"empty.md": ""})
    assert (report.use_cases, asked) == ((), 0)
