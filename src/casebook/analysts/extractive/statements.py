"""Statements: the sentences of a company's documents, each with what its wording tells."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import msgspec

from casebook.analysts.extractive.asides import is_aside
from casebook.analysts.extractive.quantities import find_quantities, may_count
from casebook.analysts.extractive.wording import Tone, tone
from casebook.domain.evidence import Quantity, Unit
from casebook.domain.passage import Passage
from casebook.domain.quote import MIN_QUOTE_CHARACTERS
from casebook.domain.words import tokens

MIN_WORDS = 4
MAX_CHARACTERS = 420  # a longer "sentence" is a list or a table that lost its marks


class Statement(msgspec.Struct, frozen=True):
    """One sentence; `start` and `end` are code points into its source's text."""

    passage: Passage
    number: int  # of the passage in the corpus
    paragraph: int  # of the corpus; the sentences of one paragraph speak of one matter
    start: int
    end: int
    text: str
    words: tuple[str, ...]  # stems, with stop words
    tone: Tone
    quantities: tuple[Quantity, ...]
    origins: tuple[str, ...]  # sources in which the same sentence stands
    need: float  # 0 to 1: how much it sounds like something that could be done better
    aside: bool = False  # it tells of no need, however it sounds

    @property
    def source_id(self) -> str:
        """The source it stands in."""
        return self.passage.source_id

    @property
    def key(self) -> str:
        """Its place, for example ``S3:1200-1260``."""
        return f"{self.source_id}:{self.start}-{self.end}"


class Sentence(msgspec.Struct, frozen=True, array_like=True):
    """What is looked at of a sentence."""

    text: str
    start: int  # in its source's text
    repeated: bool = False  # in another source


class Wording(msgspec.Struct, frozen=True, array_like=True):
    """What the wording of a sentence tells, whatever stands around it; fields as in `Statement`."""

    words: tuple[str, ...]
    tone: Tone
    quantities: tuple[Quantity, ...]
    need: float
    aside: bool


Reader = Callable[[Sequence[Sentence]], list[Wording]]


def read_wordings(sentences: Sequence[Sentence]) -> list[Wording]:
    """Read what the wording of each sentence tells."""
    return [_read_wording(sentence) for sentence in sentences]


def read_statements(passages: Sequence[Passage], reader: Reader = read_wordings) -> list[Statement]:
    """Return the statements of a corpus, the same words only once; `reader` does most of the work."""
    first: dict[str, _Found] = {}
    origins: dict[str, dict[str, None]] = {}  # the sources of each sentence, compared loosely, in order
    for found in _sentences(passages):
        _, passage, _, start, end = found
        key = same_words(passage.between(start, end))
        first.setdefault(key, found)
        origins.setdefault(key, {})[passage.source_id] = None
    sentences = [
        Sentence(passage.between(start, end), start, repeated=len(origins[key]) > 1)
        for key, (_, passage, _, start, end) in first.items()
    ]
    return [
        _statement(number, passage, sentence, wording, paragraph=paragraph, origins=tuple(origins[key]))
        for (key, (number, passage, paragraph, _, _)), sentence, wording in zip(
            first.items(), sentences, reader(sentences), strict=True
        )
    ]


def make_statement(  # noqa: PLR0913 - where it stands
    number: int, passage: Passage, start: int, end: int, *, paragraph: int, origins: tuple[str, ...]
) -> Statement:
    """Read what the wording of a stretch of a passage tells; `number` is the passage's in the corpus."""
    sentence = Sentence(passage.between(start, end), start, repeated=len(origins) > 1)
    return _statement(number, passage, sentence, _read_wording(sentence), paragraph=paragraph, origins=origins)


def _read_wording(sentence: Sentence) -> Wording:
    text = sentence.text
    words = tuple(tokens(text))
    measured = tone(words)
    quantities = find_quantities(text, sentence.start) if may_count(words) else ()
    aside = is_aside(text)
    sounds = need(measured, quantities, words, repeated=sentence.repeated, question=text.endswith("?"))
    return Wording(words, measured, quantities, need=0.0 if aside else sounds, aside=aside)


def _statement(  # noqa: PLR0913 - where it stands
    number: int, passage: Passage, sentence: Sentence, wording: Wording, *, paragraph: int, origins: tuple[str, ...]
) -> Statement:
    return Statement(
        passage=passage,
        number=number,
        paragraph=paragraph,
        start=sentence.start,
        end=sentence.start + len(sentence.text),
        text=sentence.text,
        words=wording.words,
        tone=wording.tone,
        quantities=wording.quantities,
        origins=origins,
        need=wording.need,
        aside=wording.aside,
    )


def need(
    measured: Tone, quantities: Sequence[Quantity], words: Sequence[str], *, repeated: bool, question: bool
) -> float:
    """Tell how much a sentence sounds like work that could be done better: 0 to 1.

    A logistic regression over the wording; its weights were learned on labelled sentences of several companies, each
    tested with the company left out (benchmarks/need.py prints the figures).
    """
    features = need_features(measured, quantities, words, repeated=repeated, question=question)
    total = sum(_NEED_WEIGHTS[name] * value for name, value in features.items())
    return 1 / (1 + math.exp(-(total + _NEED_BIAS)))


def need_features(
    measured: Tone, quantities: Sequence[Quantity], words: Sequence[str], *, repeated: bool, question: bool
) -> dict[str, float]:
    """Return what `need` looks at, by name."""
    return {
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
        "length": min(len(words), 30) / 10,
        "short": len(words) < 8,  # noqa: PLR2004
        "repeated": repeated,
        "question": question,
        "pain_of_someone": measured.pain > 0 and measured.actor > 0,
        "pain_at_work": measured.pain > 0 and measured.work > 0,
        "neither_pain_nor_goal": measured.pain == 0 and measured.goal == 0,
    }


_NEED_BIAS = -7.6
_NEED_WEIGHTS = {
    "pain": 1.85, "goal": 0.81, "constraint": 0.11, "resolved": -0.48, "trivia": -1.37, "work": 0.69, "actor": 0.59,
    "circumstance": 0.91, "counted_over_time": 0.41, "money": -0.31, "percent": -0.3, "each": 0.32, "quantity": 1.04,
    "length": 1.92, "short": -0.87, "repeated": -0.87, "question": -0.02, "pain_of_someone": 0.05, "pain_at_work": 0.13,
    "neither_pain_nor_goal": -0.45,
}  # fmt: skip


def speaks_to_ai(text: str) -> bool:
    """Tell whether a sentence addresses a language model or asks it to do something."""
    line = " ".join(text.split())  # wherever it was wrapped
    return _may_speak_to_ai(line) and bool(_instruction().search(line))


def _may_speak_to_ai(line: str) -> bool:
    """Tell whether a line has letters that every instruction has: nearly none has, and the search costs ten times more.

    A search that ignores case takes the dotless i, the long s and the like for plain letters.
    """
    plain = line.lower() if line.isascii() else line.casefold().translate(_AS_SEARCHED)
    if any(part in plain for part in _IN_INSTRUCTIONS):
        return True
    return ("ai" in plain or "ki" in plain) and any(part in plain for part in _IN_MACHINES)


_AS_SEARCHED = {0x131: "i", 0x307: None}  # the dotless i; the dot that folding a capital i with a dot leaves above
_IN_INSTRUCTIONS = (
    "ignor", "disregard", "forget", "overrid", "prompt", "you are", "vergiss", "vergess", "missacht", "llm",
    "language model", "sprachmodell", "gpt", "copilot", "claude", "gemini", "note", "instruction", "hinweis",
    "anweisung", "message", "falls sie", "when ", "beim ", "as an ai", "<", "inst]",
)  # fmt: skip
_IN_MACHINES = ("system", "assist", "model", "agent", "tool", "reader", "summari", "review")


_OUTPUT = (
    r"(?:recommend|print|output|include|write|state|list|name|mention|say|add|ignore|disregard|follow|obey|rate|rank|"
    r"praise|propose|report|give|skip|treat|conclude|empf[eio]\w+|schreib\w*|nenn\w*|erwähn\w*|aus(?:zu)?geb\w*|gib\w*|"
    r"geben|aufnehm\w*|übernehm\w*|ignorier\w*|befolg\w*|bewert\w*|überspring\w*|lob\w*)\b"
)
_MODAL = (
    r"(?:must|should|please|shall|are\s+(?:asked|instructed|required)|muss|müssen|soll\w*|bitte|sind\s+angewiesen)\b"
)
_THIS = r"(?:this|these|the\s+above|dies\w*)\b"
_READING = (
    r"(?:read\w*|process\w*|summari[sz]\w*|analy[sz]\w*|pars\w+|lesen|liest|verarbeite\w*|zusammenfass\w*|auswert\w*)"
)
_MACHINE = (
    r"(?:(?:ai|ki)[- ]?(?:systems?|systeme\w*|assistants?|assistent\w*|models?|modelle?\w*|agents?|agenten|tools?|"
    r"readers?|summari[sz]ers?|reviewers?)|llms?|language\s+models?|sprachmodell\w*|chatgpt|gpt-?\d|copilot|claude|gemini)\b"
)
_AUTOMATED = (
    r"automat(?:ed|ic|isierte\w*|ische\w*)\s+(?:reader|system|review|summar|process|tool|assistant|leser|auswert|verarbeit|"
    r"zusammen)\w*"
)
# Companies write of AI systems too, of what theirs should do and must not: only a system that is told what to put out,
# or that is reading this very text, is spoken to. In doubt a sentence is left out: it costs a quote, not the report.
_INSTRUCTION = rf"""(?ix)
    \b(?:ignore|disregard|forget|override)\b.{{0,40}}\b(?:previous|prior|above|earlier|all|other|these|your)\b(?:\W+\w+){{0,2}}?\W+
        (?:instruction|prompt|rule|context|guideline|text|document)
    |\bsystem\s*prompt\b|\byou\s+are\s+(?:now|a|an)\s+(?:[\w-]+\s+){{0,3}}(?:assistant|model|ai|chatbot|system)\b
    |\b{_MACHINE}.{{0,80}}\b{_MODAL}.{{0,60}}\b{_OUTPUT}
    |\b{_MACHINE}\s*[:,!–-]+\s*(?:(?:always|please|bitte|immer|only|nur)\s+)*{_OUTPUT}
    |\b{_MACHINE}.{{0,30}}\b{_READING}\b.{{0,20}}\b{_THIS}.{{0,80}}\b(?:{_MODAL}|{_OUTPUT})
    |\b(?:note|instruction|hinweis|anweisung|message)e?n?s?\s+(?:to|for|an|für)\s+(?:any\s+|all\s+|alle\s+|die\s+)?
        (?:(?:ai|ki|llms?)\b|language\s+model|sprachmodell|{_AUTOMATED})
    |\bif\s+you\s+are\s+(?:an?\s+)?(?:(?:ai|llm)\b|language\s+model|{_AUTOMATED})
    |\bfalls\s+sie\s+(?:eine?\s+)?(?:ki\b|sprachmodell|{_AUTOMATED})
    |\b(?:ignorier|vergiss|vergess|missachte)\w*\b.{{0,50}}\b(?:anweisung|vorgabe|instruktion|regel|prompt)
    |\b(?:when|beim)\s+(?:summari[sz]ing|zusammenfassen|analy[sz]ing|auswerten)\b.{{0,20}}\b{_THIS}.{{0,80}}\b(?:always|{_OUTPUT})
    |\b(?:when|beim)\s+(?:summari[sz]ing|zusammenfassen|analy[sz]ing|auswerten)\b.{{0,60}},\s*(?:(?:always|please|bitte)\s+)?{_OUTPUT}
    |\bas\s+an\s+ai\b|<\s*/?\s*(?:system|assistant|user)\s*>|\[/?INST\]|<\|im_
    """


@cache
def _instruction() -> re.Pattern[str]:
    """Compile it when a sentence may be one: it takes as long as looking at a hundred sentences."""
    return re.compile(_INSTRUCTION)


_Found = tuple[int, Passage, int, int, int]  # number of the passage, passage, number of the paragraph, start, end


def _sentences(passages: Sequence[Passage]) -> Iterator[_Found]:
    """Yield all sentences that can be quoted; a new paragraph begins where more than a blank or a line end stands."""
    paragraph, source_id, before = 0, "", (0, 0)
    for number, passage in enumerate(passages):
        for start, end in passage.sentences:
            if passage.source_id != source_id or _is_apart(passage, before, start):
                paragraph += 1
            source_id, before = passage.source_id, (start, end)
            text = passage.between(start, end)
            if MIN_QUOTE_CHARACTERS <= len(text) <= MAX_CHARACTERS and text.count(" ") + 1 >= MIN_WORDS:
                yield number, passage, paragraph, start, end


def _is_apart(passage: Passage, before: tuple[int, int], start: int) -> bool:
    """Tell whether the gap between the sentence `before` and `start` ends a paragraph; inside a passage, lines say so.

    Notes have one matter a line: a sentence that is a line of its own is a paragraph of its own. In a text whose lines
    are broken to a width, sentences hardly ever end with the line they begin.
    """
    begun, last = before
    if last < passage.start:
        return start - last > 1
    gap = passage.between(last, start)
    if "\n" not in gap or len(gap) > 1:
        return "\n" in gap
    place = begun - passage.start
    at_line_start = place <= 0 or passage.text[place - 1] == "\n"
    return at_line_start and "\n" not in passage.text[max(place, 0) : last - passage.start]


def same_words(text: str) -> str:
    """Write a sentence so that two of the same words are equal."""
    return " ".join(text.lower().split())
