"""Planted quotes: true ones as they come out of PDFs and word processors, and false ones that look true.

Each case says whether its words may be quoted from its passage. Cases are made from the documents of the example
companies with a fixed seed. A false case is left out when its words happen to stand in the passage all the same.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from casebook.documents.passages import cut_passages
from casebook.documents.reading import Limits, read_bytes
from casebook.domain.document import Locator, SegmentKind
from casebook.domain.passage import Passage

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (ROOT / "examples" / "harrow_vale" / "documents", ROOT / "src" / "casebook" / "demo" / "documents")
SEED = 20_261
TRUE_CLASSES = ("exact", "noisy")

_MIN_CHARACTERS = 40
_ENTITY = re.compile(r"(?<=[a-zäöüß,] )[A-ZÄÖÜ][a-zäöüß]{3,}\b")
_NEGATION = re.compile(r" (?:not|no|never|nicht|kein|keine|keinen|nie|nobody|niemand)(?= )")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_PREFIXED = re.compile(r"\b(?:un|Un|in|In|non|dis)(?=[a-zäöü]{4})")
_SUFFIXED = re.compile(r"(?<=[a-zäöüß]{4})(?:less|los|lose|frei|free)\b")
_VERB = re.compile(r" (?:is|are|was|were|has|have|can|will|ist|sind|war|wird|werden|hat|haben|kann|muss)(?= )")


@dataclass(frozen=True, slots=True)
class Planted:
    """Words, the passage they are said to stand in, and the class of what was done to them."""

    kind: str
    words: str
    passage: Passage

    @property
    def is_true(self) -> bool:
        """Whether the words stand there."""
        return self.kind in TRUE_CLASSES


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    passage: Passage
    file: int


@cache
def planted_quotes() -> tuple[Planted, ...]:
    """Make all cases; the same ones each time."""
    chance = random.Random(SEED)  # noqa: S311 - reproducible, not secret
    sentences = _sentences()
    found: list[Planted] = []
    for number, sentence in enumerate(sentences):
        found.append(Planted("exact", sentence.text, sentence.passage))
        found += [Planted("noisy", words, sentence.passage) for words in _noisy(sentence.text, chance)]
        for kind, make in _FALSE.items():
            words = make(number, sentences, chance)
            found += [
                Planted(kind, one, sentence.passage)
                for one in words
                if kind in _CUT or not _stands(one, sentence.passage)
            ]
    return tuple(found)


def _sentences() -> list[_Sentence]:
    """Return the longer sentences of all documents, each once, with the passage they stand in."""
    sentences: dict[str, _Sentence] = {}
    paths = [path for folder in FOLDERS for path in sorted(folder.rglob("*")) if path.is_file()]
    for file, path in enumerate(paths):
        document = read_bytes(path.name, path.read_bytes(), Limits())
        for passage in cut_passages(f"S{file}", document.text, document.segments):
            for start, end in passage.sentences:
                text = document.text[start:end]
                if len(text) >= _MIN_CHARACTERS:
                    sentences.setdefault(text, _Sentence(text, passage, file))
    return list(sentences.values())


def _stands(words: str, passage: Passage) -> bool:
    """Tell whether the words stand in the passage, what a mark of omission leaves out between them or not."""
    text, position = " ".join(passage.text.split()), 0
    for part in re.split(r" (?:…|\[\.\.\.\]) ", " ".join(words.split())):
        position = text.find(part, position)
        if position < 0:
            return False
        position += len(part)
    return True


def _noisy(text: str, chance: random.Random) -> Iterator[str]:
    """Write the words as other programs do: other blanks, ligatures, dashes, marks, broken lines."""
    yield text.replace(" ", "\n", 2)
    yield re.sub(r"(?<=\d) (?=\d)|(?<=[a-z]) (?=[a-z])", "\N{NO-BREAK SPACE}", text, count=3)
    yield f"  {re.sub(r' ', '   ', text, count=4)}\n"
    for plain, fancy in (("fi", "ﬁ"), ("fl", "ﬂ"), ("ff", "ﬀ"), ("-", "\u2011"), (" – ", " - "), ("...", "…")):
        if plain in text:
            yield text.replace(plain, fancy)
    for plain, fancy in (("'", "’"), ('"', "“"), ("„", "“"), ("“", "”"), ("’", "'")):
        if plain in text:
            yield text.replace(plain, fancy)
    place = chance.choice([match.end() for match in re.finditer(r"\b[a-zäöüß]{3}(?=[a-zäöüß]{3})", text)] or [0])
    if place:
        yield f"{text[:place]}\u00ad{text[place:]}"
        yield f"{text[:place]}-\n{text[place:]}"
    yield text.replace("ä", "a\u0308").replace("ö", "o\u0308").replace("ü", "u\u0308")


def _number_altered(number: int, sentences: Sequence[_Sentence], chance: random.Random) -> Iterator[str]:
    text = sentences[number].text
    places = list(_NUMBER.finditer(text))
    if not places:
        return
    place = chance.choice(places)
    figure = place.group()
    digit = chance.randrange(len(figure))
    while not figure[digit].isdigit():
        digit = chance.randrange(len(figure))
    other = str((int(figure[digit]) + chance.randint(1, 9)) % 10)
    for altered in (
        f"{figure[:digit]}{other}{figure[digit + 1 :]}",
        f"{figure}0",
        f"1{figure}",
        re.sub(r"[.,]", "", figure),
        f"{figure[:1]},{figure[1:]}" if len(figure) > 1 else f"{figure},5",
    ):
        if altered != figure:
            yield f"{text[: place.start()]}{altered}{text[place.end() :]}"


def _number_cut(number: int, sentences: Sequence[_Sentence], chance: random.Random) -> Iterator[str]:
    """Begin or end the quote inside a number, so that another number is left."""
    text = sentences[number].text
    places = [place for place in _NUMBER.finditer(text) if len(place.group()) > 1]
    if not places:
        return
    place = chance.choice(places)
    for words in (text[: place.end() - 1], text[place.start() + 1 :]):
        if len(words) >= _MIN_CHARACTERS and words[-1] not in ".," and words[0] not in ".,":
            yield words


def _word_cut(number: int, sentences: Sequence[_Sentence], chance: random.Random) -> Iterator[str]:  # noqa: ARG001
    """Begin or end the quote inside a word, so that another word is left: "able" of "unable"."""
    text = sentences[number].text
    place = _PREFIXED.search(text)
    if place and len(text) - place.end() >= _MIN_CHARACTERS:
        yield text[place.end() :]
    place = _SUFFIXED.search(text, _MIN_CHARACTERS)
    if place:
        yield text[: place.start()]


def _entity_altered(number: int, sentences: Sequence[_Sentence], chance: random.Random) -> Iterator[str]:
    text = sentences[number].text
    places = list(_ENTITY.finditer(text))
    others = _ENTITY.findall(chance.choice(sentences).text)
    if places and others:
        place = chance.choice(places)
        yield f"{text[: place.start()]}{chance.choice(others)}{text[place.end() :]}"


def _negated(number: int, sentences: Sequence[_Sentence], chance: random.Random) -> Iterator[str]:
    text = sentences[number].text
    if _NEGATION.search(text):
        yield _NEGATION.sub("", text, count=1)
    verbs = list(_VERB.finditer(text))
    if verbs:
        place = chance.choice(verbs).end()
        yield f"{text[:place]} {chance.choice(('not', 'nicht', 'never', 'nie'))}{text[place:]}"


def _fabricated(number: int, sentences: Sequence[_Sentence], chance: random.Random) -> Iterator[str]:
    """Write something plausible with the sentence's own words."""
    words = sentences[number].text.split()
    chance.shuffle(words)
    yield " ".join(words)


def _stitched(number: int, sentences: Sequence[_Sentence], chance: random.Random) -> Iterator[str]:
    """Put halves of two sentences together, with and without a mark of omission."""
    own = sentences[number].text.split()
    other = sentences[chance.randrange(len(sentences))].text.split()
    start, end = " ".join(own[: len(own) // 2]), " ".join(other[len(other) // 2 :])
    yield f"{start} {end}"
    yield f"{start} … {end}"
    yield f"{' '.join(own[len(own) // 2 :])} [...] {start}"


def _wrong_file(number: int, sentences: Sequence[_Sentence], chance: random.Random) -> Iterator[str]:
    others = [sentence for sentence in sentences if sentence.file != sentences[number].file]
    yield chance.choice(others).text


_FALSE: dict[str, Callable[[int, Sequence[_Sentence], random.Random], Iterator[str]]] = {
    "number altered": _number_altered,
    "number cut": _number_cut,
    "word cut": _word_cut,
    "entity altered": _entity_altered,
    "negation": _negated,
    "fabricated": _fabricated,
    "stitched": _stitched,
    "wrong file": _wrong_file,
}
_CUT = {"number cut", "word cut"}  # their words stand there, letter by letter, and still say something else


def whole(text: str, source_id: str = "S0") -> Passage:
    """Make a passage of a whole text."""
    return Passage(source_id, 0, len(text), text, SegmentKind.PARAGRAPH, Locator(), ((0, len(text)),))
