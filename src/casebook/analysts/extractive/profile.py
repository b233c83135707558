"""The company's profile: the form's fields beside what the documents say, and where the two do not fit together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from casebook.analysts.extractive.claims import Claims
from casebook.analysts.extractive.corpus import Corpus
from casebook.analysts.extractive.phrases import Phrases
from casebook.analysts.extractive.quantities import find_quantities
from casebook.analysts.extractive.statements import Statement
from casebook.analysts.extractive.systems import named_systems
from casebook.analysts.extractive.wording import phrases_of
from casebook.domain.evidence import Quantity, Unit
from casebook.domain.report import Contradiction, Profile, ProfileField
from casebook.domain.sentences import sentence_spans
from casebook.domain.submission import Submission
from casebook.domain.words import terms, tokens
from casebook.ports import Search

_SAYS = 2  # statements shown for a field
_MIN_OVERLAP = 0.3  # of the field's words
_TOLERANCE = 0.1  # figures that differ by less are rounded differently
_MAX_CONTRADICTIONS = 8
_MIN_SHARED_WORDS = 2
_COMMON_WORD = 30  # figures: a word that stands beside so many does not tell what they measure
_MIN_SHARED = 0.5  # of the words beside two figures that are said to measure the same

_ABOUT_READINESS = re.compile(
    r"(?i)reifegrad|maturity|readiness|selbst(?:check|einsch|bewert|test)|self[- ]?(?:check|assess)"
)
_OF_100 = re.compile(r"(?i)(?<![\d.,])(\d{1,3}(?:[.,]\d+)?)\s*(?:von|out\s+of|of|/)\s*100\b")
_SCORE = re.compile(  # not a year, a level of another scale, or years to maturity
    r"(?i)(?:reifegrad|maturity|readiness)[^\d.;]{0,30}(?<![\d.,])(\d{2}(?:[.,]\d+)?|100)(?![\d.,]*\d)"
    r"(?=\s*(?:points?\b|punkte|%|[.,;)]|$))"
)


def describe(submission: Submission, corpus: Corpus, search: Search, claims: Claims) -> Profile:
    """Put the form beside the documents."""
    return Profile(
        fields=tuple(_fields(submission, corpus, search, claims)),
        contradictions=tuple(_contradictions(submission, corpus, claims))[:_MAX_CONTRADICTIONS],
    )


def _fields(submission: Submission, corpus: Corpus, search: Search, claims: Claims) -> Iterator[ProfileField]:
    description = submission.company_description
    for start, end in sentence_spans(description):
        sentence = description[start:end]
        yield ProfileField(
            name="company_description",
            form_says=sentence,
            claim_ids=_said_of(sentence, submission.company_name, corpus, search, claims),
        )


def _said_of(sentence: str, company: str, corpus: Corpus, search: Search, claims: Claims) -> tuple[str, ...]:
    """Quote what the documents say on the same matter."""
    wanted = set(terms(sentence)) - set(terms(company))
    if not wanted:
        return ()
    places = {hit.passage_id for hit in search(sentence, 12)}
    rated = [
        (len(wanted & set(statement.words)) / len(wanted), statement)
        for statement in corpus.statements
        if statement.passage.id in places
    ]
    best = sorted(
        (entry for entry in rated if entry[0] >= _MIN_OVERLAP), key=lambda entry: (-entry[0], entry[1].number)
    )
    ids = (claims.company("profile", [statement], theme="profile") for _, statement in best[:_SAYS])
    return tuple(claim_id for claim_id in ids if claim_id)


def _contradictions(submission: Submission, corpus: Corpus, claims: Claims) -> Iterator[Contradiction]:
    yield from _score_contradictions(submission, corpus, claims)
    yield from _system_contradictions(submission, corpus, claims)
    yield from _figure_contradictions(submission, corpus, claims)
    yield from _between_documents(corpus, claims)


def _score_contradictions(submission: Submission, corpus: Corpus, claims: Claims) -> Iterator[Contradiction]:
    own = submission.readiness_score
    if own is None:
        return
    for statement in corpus.statements:
        found = _stated_score(statement)
        if found is not None and abs(found - own) > 10:  # noqa: PLR2004 - points of 100
            claim = claims.company("profile", [statement], theme="readiness")
            if claim:
                yield Contradiction(
                    field="readiness_score",
                    form_says=f"{own:g}",
                    claim_ids=(claim,),
                    question="Which assessment is current, and what did each of them measure?",
                )


def _stated_score(statement: Statement) -> float | None:
    """Read a score of readiness, 0 to 100, from a statement that speaks of readiness, or whose heading does."""
    about = f"{statement.passage.locator.heading or ''} {statement.text}"
    found = _OF_100.search(statement.text) or _SCORE.search(statement.text) if _ABOUT_READINESS.search(about) else None
    return float(found[1].replace(",", ".")) if found else None


def _system_contradictions(submission: Submission, corpus: Corpus, claims: Claims) -> Iterator[Contradiction]:
    """The form names a system as in use; a document speaks of that system as not yet, or no longer, in use."""
    seen: set[str] = set()
    for name, _, _ in named_systems(submission.company_description):
        if name in seen:
            continue
        seen.add(name)
        doubting = [
            statement
            for statement in corpus.statements
            if any(found in name for found, _, _ in named_systems(statement.text) if " " in name or found == name)
            and _says(phrases_of("not_in_use"), statement.words)
            and not _is_family_only(name, statement)
        ]
        best = max(
            doubting,
            key=lambda statement: (_count(phrases_of("not_in_use"), statement.words), -statement.number),
            default=None,
        )
        claim = claims.company("profile", [best], theme="systems") if best else None
        if claim:
            yield Contradiction(
                field="company_description",
                form_says=_sentence_with(submission.company_description, name),
                claim_ids=(claim,),
                question=f"Which system is in use today: is {name} live, planned or replaced?",
            )


def _is_family_only(name: str, statement: Statement) -> bool:
    """Tell whether a statement names only the maker ("SAP") of a system that has a name of its own."""
    maker = name.split(maxsplit=1)[0]
    return " " in name and all(found == maker for found, _, _ in named_systems(statement.text) if found in name)


def _figure_contradictions(submission: Submission, corpus: Corpus, claims: Claims) -> Iterator[Contradiction]:
    """Head count and revenue in the form against statements on the whole company."""
    for stated in find_quantities(submission.company_description):
        sentence = _sentence_with(submission.company_description, stated.text)
        for statement in corpus.statements:
            other = _comparable(stated, sentence, statement)
            if other is None or _close(stated.value, other.value):
                continue
            claim = claims.company("profile", [statement], theme="figures")
            if claim:
                yield Contradiction(
                    field="company_description",
                    form_says=sentence,
                    claim_ids=(claim,),
                    question="Which figure is right, and as of when?",
                )
                break


def _comparable(stated: Quantity, sentence: str, statement: Statement) -> Quantity | None:
    """Find a figure of `statement` that measures the same for the whole company."""
    about = phrases_of("revenue") if stated.unit is Unit.MONEY else phrases_of("headcount")
    if stated.unit not in {Unit.MONEY, Unit.PEOPLE} or not _says(about, tokens(sentence)):
        return None
    if not _says(about, statement.words) or (
        stated.unit is Unit.PEOPLE and not _says(phrases_of("whole_company"), statement.words)
    ):
        return None
    same = [
        other for other in statement.quantities if other.unit is stated.unit and other.noun_family == stated.noun_family
    ]
    near = [other for other in same if stated.value / 2 <= other.value <= stated.value * 2]
    return near[0] if len(near) == 1 else None


@dataclass(frozen=True, slots=True)
class _Figure:
    """A figure with the words beside it, which tell what it measures."""

    statement: Statement
    quantity: Quantity
    words: frozenset[str]

    def contradicts(self, other: _Figure) -> bool:
        """Tell whether two sources give different figures for what seems to be the same."""
        shared = len(self.words & other.words)
        return (
            self.statement.source_id != other.statement.source_id
            and not _close(self.quantity.value, other.quantity.value)
            and shared >= _MIN_SHARED_WORDS
            and shared >= _MIN_SHARED * len(self.words | other.words)
        )


def _between_documents(corpus: Corpus, claims: Claims) -> Iterator[Contradiction]:
    """Two documents give different figures beside nearly the same words."""
    seen: dict[tuple[str, str, str], list[_Figure]] = defaultdict(list)
    reported: set[frozenset[str]] = set()
    for figure in _figures(corpus):
        unit, noun = figure.quantity.unit, figure.quantity.noun_family
        places = [seen[unit, noun, word] for word in sorted(figure.words)]
        others = {id(other): other for place in places if len(place) < _COMMON_WORD for other in place}
        for other in others.values():
            shared = figure.words & other.words
            if shared not in reported and figure.contradicts(other):
                reported.add(shared)
                yield _disagreement(other.statement, figure.statement, claims)
        for place in places:
            place.append(figure)


def _figures(corpus: Corpus) -> Iterator[_Figure]:
    for statement in corpus.statements:
        for quantity in statement.quantities:
            if quantity.unit is not Unit.HOURS and not quantity.each:
                yield _Figure(statement, quantity, frozenset(terms(_beside(statement, quantity))))


def _disagreement(first: Statement, second: Statement, claims: Claims) -> Contradiction:
    ids = [claims.company("profile", [statement], theme="figures") for statement in (first, second)]
    return Contradiction(
        field="documents",
        form_says=None,
        claim_ids=tuple(claim_id for claim_id in ids if claim_id),
        question="Which figure is right, or do the two measure different things?",
    )


def _beside(statement: Statement, quantity: Quantity) -> str:
    """The words around a figure: what it measures usually stands within a few words."""
    start = quantity.start - statement.start
    end = quantity.end - statement.start
    return " ".join([*statement.text[:start].split()[-5:], quantity.noun, *statement.text[end:].split()[:4]])


def _says(phrases: Phrases[str], words: Sequence[str]) -> bool:
    return any(True for _ in phrases.find(words))


def _count(phrases: Phrases[str], words: Sequence[str]) -> int:
    return sum(1 for _ in phrases.find(words))


def _close(first: float, second: float) -> bool:
    return abs(first - second) <= _TOLERANCE * max(abs(first), abs(second))


def _sentence_with(text: str, words: str) -> str:
    return next((text[start:end] for start, end in sentence_spans(text) if words in text[start:end]), text)
