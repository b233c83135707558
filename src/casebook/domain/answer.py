"""An answer to a question about a company's documents."""

from __future__ import annotations

import msgspec

from casebook.domain.quote import Quote


class Sentence(msgspec.Struct, frozen=True):
    """One sentence of a written answer and the ids of the quotes that bear it out."""

    text: str
    quote_ids: tuple[str, ...]


class QuotedAnswer(msgspec.Struct, frozen=True):
    """What the documents say to a question, best first; empty when they say nothing to it.

    `sentences` are written by a language model, if one was asked; the quotes are then those they rest on.
    """

    question: str
    quotes: tuple[Quote, ...]
    sources: dict[str, str]  # the files' names by source id
    sentences: tuple[Sentence, ...] = ()
