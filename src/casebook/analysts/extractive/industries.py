"""Which industries a company is in, so that patterns of other industries step back."""

from __future__ import annotations

from collections.abc import Sequence

from casebook.analysts.catalogue import Catalogue
from casebook.analysts.extractive.phrases import Phrases
from casebook.analysts.extractive.statements import Statement
from casebook.analysts.extractive.wording import word_lists
from casebook.domain.submission import Submission
from casebook.domain.words import tokens

FOREIGN_WEIGHT = 0.6  # of a pattern whose industry the company does not speak of
_SPOKEN_OF = 0.02  # share of statements with a word of the industry from which on it is one of the company's


def industry_weights(catalogue: Catalogue, submission: Submission, statements: Sequence[Statement]) -> list[float]:
    """Return a weight for each pattern: 1, or less when it belongs to an industry that is not the company's."""
    own = _industries(submission, statements)
    return [
        FOREIGN_WEIGHT if pattern.function in word_lists().industries and pattern.function not in own else 1.0
        for pattern in catalogue.patterns
    ]


def _industries(submission: Submission, statements: Sequence[Statement]) -> set[str]:
    phrases = Phrases((phrase, industry) for industry, words in word_lists().industries.items() for phrase in words)
    about = tokens(f"{submission.company_name} {submission.company_description}")
    described = {industry for _, industry in phrases.find(about)}
    counts = dict.fromkeys(word_lists().industries, 0)
    for statement in statements:
        for industry in {industry for _, industry in phrases.find(statement.words)}:
            counts[industry] += 1
    spoken_of = {industry for industry, count in counts.items() if count >= _SPOKEN_OF * max(len(statements), 1)}
    return described | spoken_of
