"""Windows: documents with numbered sentences, each as long as a language model reads at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from casebook.analysts.extractive.corpus import SHARED_IN, Corpus
from casebook.analysts.extractive.statements import MIN_WORDS, Statement, make_statement, same_words, speaks_to_ai
from casebook.analysts.model.prompts import plain
from casebook.domain.passage import Passage
from casebook.domain.prompt import count_tokens
from casebook.domain.quote import MIN_QUOTE_CHARACTERS
from casebook.ports import Library

LINE_TOKENS = 1.5  # what number and line end add to a sentence
_NO_PARAGRAPH = -1  # of a sentence that is not matched by its words
DOCUMENT_TOKENS = 16  # what the tags around a document add


class Sentence(msgspec.Struct, frozen=True):
    """A sentence of a document; without a statement it is shown but cannot be cited."""

    source_id: str
    text: str
    statement: Statement | None

    @property
    def tokens(self) -> float:
        """About how many tokens its line has."""
        return count_tokens(self.text) + LINE_TOKENS


class Window(msgspec.Struct, frozen=True):
    """What is read with one request."""

    sentences: tuple[Sentence, ...]
    names: tuple[tuple[str, str], ...]  # of the sources, by id

    @property
    def statements(self) -> tuple[Statement, ...]:
        """What can be cited; number 1 is the first."""
        return tuple(sentence.statement for sentence in self.sentences if sentence.statement)

    @property
    def tokens(self) -> int:
        """About how many tokens its text has."""
        return round(sum(sentence.tokens for sentence in self.sentences) + DOCUMENT_TOKENS * len(self.names))

    def text(self) -> str:
        """Write it down with the numbers."""
        lines: list[str] = []
        number = 0
        names = dict(self.names)
        for source_id, sentences in groupby(self.sentences, key=lambda sentence: sentence.source_id):
            lines.append(f'<document name="{plain(names[source_id]).replace(chr(34), chr(39))}">')
            for sentence in sentences:
                number += sentence.statement is not None
                lines.append(f"{number if sentence.statement else '·'} {plain(sentence.text)}")
            lines.append("</document>")
        return "\n".join(lines)

    def halves(self) -> tuple[Window, ...]:
        """Split it in two; one of a single sentence cannot be split."""
        middle = len(self.sentences) // 2
        return tuple(_window(part, dict(self.names)) for part in (self.sentences[:middle], self.sentences[middle:]))


def cut_windows(library: Library, corpus: Corpus, *, tokens: int) -> list[Window]:
    """Cut a company's documents into windows of about `tokens` tokens; small documents share one.

    Each sentence is shown once, however many files it stands in. Sentences that speak to AI systems, and letterheads,
    are left out.
    """
    names = {source.id: source.name for source in library.sources()}
    windows: list[Window] = []
    held: list[Sentence] = []
    size = 0.0
    for document in _documents(library.passages(), corpus):
        for part in _parts(document, tokens):
            length = sum(sentence.tokens for sentence in part) + DOCUMENT_TOKENS
            if held and size + length > tokens:
                windows.append(_window(held, names))
                held, size = [], 0.0
            held.extend(part)
            size += length
    return [*windows, *([_window(held, names)] if held else [])]


def _window(sentences: Sequence[Sentence], names: dict[str, str]) -> Window:
    shown = dict.fromkeys(sentence.source_id for sentence in sentences)
    return Window(tuple(sentences), tuple((source_id, names[source_id]) for source_id in shown))


def _documents(passages: Sequence[Passage], corpus: Corpus) -> Iterator[list[Sentence]]:
    known = {statement.key: statement for statement in corpus.statements}
    seen: set[str] = set()
    for _, numbered in groupby(enumerate(passages), key=lambda entry: entry[1].source_id):
        document = [
            sentence for number, passage in numbered for sentence in _sentences(number, passage, known, seen, corpus)
        ]
        if document:
            yield document


def _sentences(
    number: int, passage: Passage, known: dict[str, Statement], seen: set[str], corpus: Corpus
) -> Iterator[Sentence]:
    for start, end in passage.sentences:
        text = passage.between(start, end)
        words = same_words(text)
        if speaks_to_ai(text) or words in seen or len(corpus.origins_of(words)) >= SHARED_IN:
            continue
        seen.add(words)
        statement = known.get(f"{passage.source_id}:{start}-{end}")
        if statement is None and len(text) >= MIN_QUOTE_CHARACTERS and text.count(" ") + 1 >= MIN_WORDS:
            statement = make_statement(
                number, passage, start, end, paragraph=_NO_PARAGRAPH, origins=(passage.source_id,)
            )
        yield Sentence(passage.source_id, text, statement)


def _parts(document: Sequence[Sentence], tokens: int) -> Iterator[list[Sentence]]:
    """Cut a document that is longer than a window."""
    part: list[Sentence] = []
    size = float(DOCUMENT_TOKENS)
    for sentence in document:
        if part and size + sentence.tokens > tokens:
            yield part
            part, size = [], float(DOCUMENT_TOKENS)
        part.append(sentence)
        size += sentence.tokens
    yield part
