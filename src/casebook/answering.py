"""Ask a company's documents: answers made of verbatim quotes, from what the company's latest run kept."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Final

import msgspec
from msgspec.structs import replace

from casebook.domain.answer import QuotedAnswer, Sentence
from casebook.domain.document import Locator, Manifest
from casebook.domain.passage import Passage
from casebook.domain.quote import Quote
from casebook.domain.run import RunStatus, Stage
from casebook.domain.words import stem, terms, tokens
from casebook.errors import PermanentError, QuoteNotFound
from casebook.ports import Library, Storage, VectorStore
from casebook.run_records import RunRecords

Writer = Callable[[str, Sequence[Quote], str], tuple[Sentence, ...]]
LibraryOpener = Callable[[Manifest, Storage, str], Library]

MOST_QUOTES: Final = 5
_MOST_PASSAGES: Final = 40  # that are looked through for an answer
_LEAST_MATCH: Final = 0.34  # of the question's weight that a quote must speak of
_LEAST_WORDS: Final = 5  # of a sentence
_NUMBER_BONUS: Final = 0.25  # when a figure is asked for and the quote has one
_SAME: Final = 0.6  # shared stems above which two quotes say the same
_NOT_ASKED: Final = frozenset(
    map(stem, "many much often long viel viele vielen oft lange tell know say gibt sagt weiss anzahl number".split())
)
_ASKS_FOR_A_FIGURE: Final = re.compile(
    r"\b(how (many|much|often|long)|wie ?(viele?n?|oft|lange)|number of|anzahl)\b", re.IGNORECASE
)


class FoundPassage(msgspec.Struct, frozen=True):
    """A passage for programs that search: its id, its words, and where they stand."""

    id: str
    source: str
    place: str
    text: str
    score: float


class CompanyEvidence:
    """The documents of one company as its latest run left them."""

    def __init__(self, library: Library, store: VectorStore, store_id: str) -> None:
        """Answer from `library`, with `store` to find passages."""
        self._library = library
        self._store = store
        self._store_id = store_id
        self._names = {source.id: source.name for source in library.sources()}

    @cached_property
    def _passages(self) -> dict[str, Passage]:
        return {passage.id: passage for passage in self._library.passages()}

    def ask(self, question: str, limit: int = MOST_QUOTES) -> QuotedAnswer:
        """Return at most `limit` sentences that speak of what is asked, each a quote."""
        wanted = [term for term in dict.fromkeys(terms(question)) if term not in _NOT_ASKED]
        passages = self._found(question)
        weights = _weights(wanted, passages)
        figure = bool(_ASKS_FOR_A_FIGURE.search(question))
        scored = sorted(
            (-match - (_NUMBER_BONUS if figure and _has_figure(sentence) else 0.0), number, place, sentence, passage)
            for number, passage in enumerate(passages)
            for place, sentence in enumerate(_sentences(passage))
            if (match := _match(sentence, weights)) >= _LEAST_MATCH
        )
        quotes = _distinct((sentence, passage) for _, _, _, sentence, passage in scored)
        chosen = tuple(quote for quote, _ in zip(quotes, range(limit), strict=False))
        return QuotedAnswer(question, chosen, {quote.source_id: self._names[quote.source_id] for quote in chosen})

    def write(self, question: str, answer: Writer, *, company_slug: str, evidence: int) -> QuotedAnswer:
        """Have an answer written on at most `evidence` quotes, and return it with those it rests on.

        When the model finds no answer, or none that its quotes bear out, the quotes alone are the answer.
        """
        found = self.ask(question, evidence)
        sentences = answer(question, found.quotes, company_slug)
        if not sentences:
            return replace(found, quotes=found.quotes[:MOST_QUOTES])
        used = {quote_id for sentence in sentences for quote_id in sentence.quote_ids}
        quotes = tuple(quote for quote in found.quotes if quote.id in used)
        return replace(found, quotes=quotes, sentences=sentences)

    def search(self, query: str, limit: int = 10) -> list[FoundPassage]:
        """Return the passages that fit a query best."""
        hits = self._store.search(self._store_id, query, limit)
        return [self._shown(self._passages[hit.passage_id], hit.score) for hit in hits]

    def fetch(self, passage_id: str) -> FoundPassage:
        """Return one passage. Raises PermanentError when there is none of that id."""
        passage = self._passages.get(passage_id)
        if passage is None:
            message = "there is no passage of that id"
            raise PermanentError(message)
        return self._shown(passage, 1.0)

    def _found(self, question: str) -> list[Passage]:
        hits = self._store.search(self._store_id, question, _MOST_PASSAGES)
        return [self._passages[hit.passage_id] for hit in hits]

    def _shown(self, passage: Passage, score: float) -> FoundPassage:
        return FoundPassage(passage.id, self._names[passage.source_id], place_of(passage.locator), passage.text, score)


def open_evidence(
    slug: str, storage: Storage, records: RunRecords, *, store: VectorStore, library: LibraryOpener
) -> CompanyEvidence:
    """Open what the company's latest run kept of its documents. Raises PermanentError when no run got so far."""
    for run in records.of_company(slug):
        setup, indexed = run.step(Stage.SETUP), run.step(Stage.VECTOR_STORE)
        done = setup and indexed and setup.status is indexed.status is RunStatus.DONE
        if done and setup and indexed and setup.output and indexed.output:
            manifest = msgspec.json.decode(storage.read(setup.output), type=Manifest)
            store_id = msgspec.json.decode(storage.read(indexed.output), type=str)
            return CompanyEvidence(library(manifest, storage, slug), store, store_id)
    message = (
        f"no run of {slug} has read its documents yet: see all runs with casebook runs, or start one with casebook run"
    )
    raise PermanentError(message)


def place_of(locator: Locator) -> str:
    """Say where something stands, with the heading it stands under."""
    under = f"under “{locator.heading}”" if locator.heading else ""
    return ", ".join(part for part in (locator.describe(), under) if part)


def _sentences(passage: Passage) -> Iterator[str]:
    for start, end in passage.sentences:
        yield passage.between(start, end)


def _weights(wanted: Sequence[str], passages: Sequence[Passage]) -> dict[str, float]:
    """Weigh what is asked for: words that few of the found passages hold tell more. The weights add up to 1."""
    holding = Counter(term for passage in passages for term in set(terms(passage.text)))
    raw = {term: math.log(1 + (len(passages) + 1) / (holding[term] + 0.5)) for term in wanted}
    total = sum(raw.values()) or 1.0
    return {term: weight / total for term, weight in raw.items()}


def _match(sentence: str, weights: dict[str, float]) -> float:
    """Tell how much of the question's weight a sentence speaks of; scraps of tables speak of nothing."""
    held = tokens(sentence)
    return sum(weights.get(term, 0.0) for term in set(held)) if len(held) >= _LEAST_WORDS else 0.0


def _has_figure(sentence: str) -> bool:
    return any(character.isdigit() for character in sentence)


def _distinct(found: Iterator[tuple[str, Passage]]) -> Iterator[Quote]:
    """Cut quotes, leaving out what says the same as one before."""
    said: list[set[str]] = []
    number = 0
    for sentence, passage in found:
        words = set(tokens(sentence))
        if any(len(words & before) > _SAME * len(words | before) for before in said):
            continue
        try:
            quote = Quote.cut(sentence, passage, id=f"Q{number + 1}")
        except QuoteNotFound:
            continue  # too short to be evidence
        number += 1
        said.append(words)
        yield quote
