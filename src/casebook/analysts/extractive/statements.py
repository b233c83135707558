"""Statements: the sentences of a company's documents, each with what its wording tells."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from casebook.analysts.extractive.quantities import find_quantities
from casebook.analysts.extractive.wording import Tone, tone
from casebook.domain.evidence import Quantity, Unit
from casebook.domain.passage import Passage
from casebook.domain.quote import MIN_QUOTE_CHARACTERS
from casebook.domain.sentences import sentence_spans
from casebook.domain.words import tokens

MIN_WORDS = 4
MAX_CHARACTERS = 420  # a longer "sentence" is a list or a table that lost its marks


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence; `start` and `end` are code points into its source's text."""

    passage: Passage
    number: int  # of the passage in the corpus
    start: int
    end: int
    text: str
    words: tuple[str, ...]  # stems, with stop words
    tone: Tone
    quantities: tuple[Quantity, ...]
    origins: tuple[str, ...]  # sources in which the same sentence stands
    need: float  # 0 to 1: how much it sounds like something that could be done better

    @property
    def source_id(self) -> str:
        """The source it stands in."""
        return self.passage.source_id

    @property
    def key(self) -> str:
        """Its place, for example ``S3:1200-1260``."""
        return f"{self.source_id}:{self.start}-{self.end}"


def read_statements(passages: Sequence[Passage]) -> list[Statement]:
    """Return the statements of a corpus, the same words only once, boilerplate and instructions to AI left out."""
    sentences = [found for number, passage in enumerate(passages) for found in _sentences(number, passage)]
    origins = _origins(sentences)
    statements: list[Statement] = []
    seen: set[str] = set()
    for number, passage, start, end in sentences:
        text = passage.text[start - passage.start : end - passage.start]
        key = _same(text)
        if key in seen:
            continue
        seen.add(key)
        words = tuple(tokens(text))
        measured = tone(words)
        quantities = find_quantities(text, start)
        statements.append(
            Statement(
                passage=passage,
                number=number,
                start=start,
                end=end,
                text=text,
                words=words,
                tone=measured,
                quantities=quantities,
                origins=origins[key],
                need=need(
                    measured,
                    quantities,
                    words,
                    repeated=len(origins[key]) > 1,
                    question=text.endswith("?"),
                ),
            )
        )
    return statements


def need(measured: Tone, quantities: Sequence[Quantity], words: Sequence[str], *, repeated: bool, question: bool) -> float:
    """Tell how much a sentence sounds like work that could be done better: 0 to 1.

    A logistic regression over the wording; its weights were learned on labelled sentences of several companies, each
    tested with the company left out (benchmarks/need.py prints the figures).
    """
    features = {
        "pain": math.log1p(measured.pain),
        "goal": math.log1p(measured.goal),
        "constraint": math.log1p(measured.constraint),
        "resolved": math.log1p(measured.resolved),
        "trivia": math.log1p(measured.trivia),
        "work": math.log1p(measured.work),
        "actor": math.log1p(measured.actor),
        "circumstance": math.log1p(measured.circumstance),
        "counted_over_time": any(found.unit is Unit.ITEMS and found.period for found in quantities),
        "money": any(found.unit is Unit.MONEY for found in quantities),
        "percent": any(found.unit is Unit.PERCENT for found in quantities),
        "each": any(found.each for found in quantities),
        "quantity": bool(quantities),
        "length": min(len(words), 40) / 10,
        "short": len(words) < 8,  # noqa: PLR2004
        "repeated": repeated,
        "question": question,
    }
    total = sum(_NEED_WEIGHTS[name] * value for name, value in features.items())
    return 1 / (1 + math.exp(-(total + _NEED_BIAS)))


_NEED_BIAS = -6.21
_NEED_WEIGHTS = {
    "pain": 2.03, "goal": 1.44, "constraint": 0.65, "resolved": -0.27, "trivia": -1.21, "work": 0.62, "actor": 0.39,
    "circumstance": 0.74, "counted_over_time": 0.59, "money": -0.53, "percent": -1.94, "each": 1.35, "quantity": 0.49,
    "length": 1.33, "short": -0.59, "repeated": -0.83, "question": -0.57,
}  # fmt: skip


def speaks_to_ai(text: str) -> bool:
    """Tell whether a sentence addresses a language model or asks it to do something."""
    return bool(_INSTRUCTION.search(text))


_INSTRUCTION = re.compile(
    r"""(?ix)
    \b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:previous|prior|above|earlier|all|other|these|your)\b.{0,30}
        \b(?:instruction|prompt|rule|context|guideline|text|document)
    |\bsystem\s*prompt\b|\byou\s+are\s+(?:now|a|an)\s+(?:\w+\s+){0,3}(?:assistant|model|ai|chatbot|system)\b
    |\b(?:ai|ki)[- ]?(?:systems?|systeme|assistants?|assistent\w*|models?|modelle?|agents?|agenten|tools?|readers?|summari[sz]ers?)\b
        .{0,80}\b(?:must|should|please|shall|are\s+(?:asked|instructed|required)|muss|müssen|soll\w*|bitte|sind\s+angewiesen|empf\w+|print|output|recommend|include|write|gib|schreib\w*)\b
    |\b(?:note|instruction|hinweis|anweisung|message)s?\s+(?:to|for|an|für)\s+(?:any\s+|all\s+|alle\s+|die\s+)?(?:ai|ki|llm|language\s+model|automated|automatisierte|automatische)
    |\b(?:llms?|language\s+models?|sprachmodelle?n?|chatgpt|gpt-?\d|copilot|claude|gemini)\b.{0,80}\b(?:must|should|please|reading|processing|lesen|verarbeite\w*|bitte|empf\w+|recommend|print|output|write|muss|soll\w*)\b
    |\bif\s+you\s+are\s+(?:an?\s+)?(?:ai|llm|language\s+model|automated)|\bfalls\s+sie\s+(?:eine?\s+)?(?:ki|sprachmodell|automatisiert)
    |\b(?:ignoriere|ignorieren|vergiss|missachte)\w*\b.{0,50}\b(?:anweisung|vorgabe|instruktion|regel|prompt)
    |\b(?:when|beim)\s+(?:summari[sz]ing|zusammenfassen|analy[sz]ing)\b.{0,60}\b(?:document|file|dokument|text)\b.{0,80}\b(?:recommend|empf|state|include|write|print|always)
    |\bas\s+an\s+ai\b|<\s*/?\s*(?:system|assistant|user)\s*>|\[/?INST\]|<\|im_
    """
)


def _sentences(number: int, passage: Passage) -> Iterator[tuple[int, Passage, int, int]]:
    for start, end in sentence_spans(passage.text):
        size = end - start
        text = passage.text[start:end]
        if MIN_QUOTE_CHARACTERS <= size <= MAX_CHARACTERS and text.count(" ") + 1 >= MIN_WORDS:
            yield number, passage, passage.start + start, passage.start + end


def _origins(sentences: Sequence[tuple[int, Passage, int, int]]) -> dict[str, tuple[str, ...]]:
    """Map each sentence, compared loosely, to the sources it stands in."""
    found: dict[str, dict[str, None]] = {}
    for _, passage, start, end in sentences:
        text = passage.text[start - passage.start : end - passage.start]
        found.setdefault(_same(text), {})[passage.source_id] = None
    return {key: tuple(sources) for key, sources in found.items()}


def _same(text: str) -> str:
    return " ".join(text.lower().split())
