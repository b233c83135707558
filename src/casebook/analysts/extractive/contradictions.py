"""Statements that do not fit together: the form and a document, or two documents. They are listed, never resolved."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from pathlib import PurePath

from casebook.analysts.extractive.claims import Claims
from casebook.analysts.extractive.corpus import Corpus
from casebook.analysts.extractive.figures import TOLERANCE, Figure, figures_in, figures_of, same_noun
from casebook.analysts.extractive.phrases import Phrases
from casebook.analysts.extractive.practice import Practice, may_deny, may_tell_of, practices
from casebook.analysts.extractive.quantities import find_quantities
from casebook.analysts.extractive.statements import Statement
from casebook.analysts.extractive.systems import named_systems
from casebook.analysts.extractive.wording import phrases_of
from casebook.domain.evidence import Quantity, Unit
from casebook.domain.report import Contradiction
from casebook.domain.sentences import sentence_spans
from casebook.domain.submission import Submission
from casebook.domain.words import tokens

_MAX_CONTRADICTIONS = 8
_COMMON_WORD = 30  # figures: a word that stands beside so many does not tell what they measure
_A_NAME = 3  # letters: less is left of names that say nothing
_SERIAL = re.compile(  # what tells two issues of one document apart in their names
    r"\d+|januar[y]?|februar[y]?|m(?:ä|ae)rz|march|april|mai|may|jun[ie]|jul[iy]|august|septem(?:ber)?|o[ck]tober|novem(?:ber)?"
    r"|de[cz]ember|spring|summer|autumn|winter|frühjahr|sommer|herbst|_final|\bv\b|[\s_.-]"
)
_PLACE = re.compile(r"\b(?:in|at|and|und|am)\s+([A-ZÄÖÜ][\w-]{2,})")

_ABOUT_READINESS = re.compile(
    r"(?i)reifegrad|maturity|readiness|selbst(?:check|einsch|bewert|test)|self[- ]?(?:check|assess)"
)
_OF_100 = re.compile(r"(?i)(?<![\d.,])(\d{1,3}(?:[.,]\d+)?)\s*(?:von|out\s+of|of|/)\s*100\b")
_SCORE = re.compile(  # not a year, a level of another scale, or years to maturity
    r"(?i)(?:reifegrad|maturity|readiness)[^\d.;]{0,30}(?<![\d.,])(\d{2}(?:[.,]\d+)?|100)(?![\d.,]*\d)"
    r"(?=\s*(?:points?\b|punkte|%|[.,;)]|$))"
)


def contradictions(submission: Submission, corpus: Corpus, claims: Claims) -> tuple[Contradiction, ...]:
    """Find what does not fit together, the form first, each statement once."""
    found = chain(
        _score_contradictions(submission, corpus, claims),
        _system_contradictions(submission, corpus, claims),
        _practice_contradictions(submission, corpus, claims),
        _figure_contradictions(submission, corpus, claims),
        _between_documents(corpus, claims),
    )
    quoted: set[str] = set()
    kept: list[Contradiction] = []
    for one in found:
        if one.claim_ids[-1] not in quoted:
            quoted.update(one.claim_ids)
            kept.append(one)
    return tuple(kept[:_MAX_CONTRADICTIONS])


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


def _practice_contradictions(submission: Submission, corpus: Corpus, claims: Claims) -> Iterator[Contradiction]:
    """One says how things are done, another that they are not done so."""
    told, denials = _told_practices(corpus)
    for sentence in _sentences(submission.company_description):
        for practice in practices(sentence):
            denial = _denial(practice, denials)
            claim = claims.company("profile", [denial], theme="practice") if denial else None
            if claim:
                yield Contradiction(
                    field="company_description", form_says=sentence, claim_ids=(claim,), question=practice.question
                )
    for practice, statement in told:
        denial = _denial(practice, denials, besides=statement) if practice.is_of_some else None
        ids = _both(statement, denial, claims, theme="practice") if denial else ()
        if ids:
            yield Contradiction(field="documents", form_says=None, claim_ids=ids, question=practice.question)


_Told = list[tuple[Practice, Statement]]


def _told_practices(corpus: Corpus) -> tuple[_Told, _Told]:
    """Return the practices of a corpus that something denies, as far as the documents tell of them, and all denials."""
    read = cache(practices)
    denying = [statement for statement in corpus.statements if may_deny(statement.text)]
    denials = [(practice, one) for one in denying for practice in read(one.text) if practice.denied]
    denied = {practice.about for practice, _ in denials if practice.is_of_some}
    telling = [statement for statement in corpus.statements if denied and may_tell_of(statement.text, denied)]
    return [(practice, one) for one in telling for practice in read(one.text)], denials


def _denial(
    practice: Practice, denials: list[tuple[Practice, Statement]], besides: Statement | None = None
) -> Statement | None:
    """Take the first statement, of another document than `besides`, that denies a practice; it is taken once."""
    if practice.denied:
        return None
    for place, (denied, statement) in enumerate(denials):
        if denied.about == practice.about and (besides is None or statement.source_id != besides.source_id):
            taken = denials.pop(place)[1]
            denials[:] = [entry for entry in denials if entry[1] is not taken]
            return taken
    return None


def _figure_contradictions(submission: Submission, corpus: Corpus, claims: Claims) -> Iterator[Contradiction]:
    """Figures of the form against statements on the whole company: head count, revenue, what it has or runs."""
    for sentence in _sentences(submission.company_description):
        for stated in figures_in(sentence, find_quantities(sentence)):
            other = next((found for found in _comparable(stated, sentence, corpus)), None)
            claim = claims.company("profile", [other], theme="figures") if other else None
            if claim:
                yield Contradiction(
                    field="company_description",
                    form_says=sentence,
                    claim_ids=(claim,),
                    question="Which figure is right, and as of when?",
                )


def _comparable(stated: Figure, sentence: str, corpus: Corpus) -> Iterator[Statement]:
    """Find statements with another figure for the same, said of the whole company."""
    unit = stated.quantity.unit
    about = {Unit.MONEY: "revenue", Unit.PEOPLE: "headcount"}.get(unit)
    if unit not in {Unit.MONEY, Unit.PEOPLE, Unit.ITEMS} or (about and not _says(phrases_of(about), tokens(sentence))):
        return
    for statement in corpus.statements:
        if about and not _says(phrases_of(about), statement.words):
            continue
        if unit is not Unit.MONEY and not _is_of_the_whole(statement, sentence):
            continue
        near = [found for found in figures_of(statement) if _is_same_kind(stated.quantity, found.quantity)]
        if len(near) == 1 and not _close(stated.quantity.value, near[0].quantity.value):
            yield statement


def _is_same_kind(stated: Quantity, other: Quantity) -> bool:
    over_same = stated.period == other.period or stated.unit is Unit.MONEY  # revenue is a year's, said or not
    return (
        stated.unit is other.unit
        and over_same
        and not other.each
        and same_noun(stated.noun_family, other.noun_family)
        and stated.value / 2 <= other.value <= stated.value * 2
    )


def _is_of_the_whole(statement: Statement, sentence: str) -> bool:
    """Tell whether a statement speaks of the whole company, not of one of the places that the form names."""
    named = {place for place in _PLACE.findall(sentence) if place in statement.text}
    several = len(set(_PLACE.findall(sentence))) > 1
    return _says(phrases_of("whole_company"), statement.words) and not (several and len(named) == 1)


def _between_documents(corpus: Corpus, claims: Claims) -> Iterator[Contradiction]:
    """Two documents give different figures for what seems to be the same."""
    names = {source.id: _SERIAL.sub("", PurePath(source.name.lower()).stem) for source in corpus.sources}
    seen: dict[str, list[Figure]] = defaultdict(list)
    reported: set[frozenset[str]] = set()
    for figure in (figure for statement in corpus.statements for figure in figures_of(statement)):
        places = [seen[word] for word in sorted(figure.words)]
        others = {id(other): other for place in places if len(place) < _COMMON_WORD for other in place}
        for other in others.values():
            shared = figure.words & other.words
            if shared not in reported and _are_apart(figure, other, names):
                reported.add(shared)
                yield from _disagreement(other, figure, claims)
        for place in places:
            place.append(figure)


def _are_apart(figure: Figure, other: Figure, names: Mapping[str, str]) -> bool:
    """Tell whether two documents contradict each other; two issues of one series tell of two moments."""
    first, second = figure.statement, other.statement
    if first is None or second is None or first.source_id == second.source_id:
        return False
    if figure.quantity.unit is Unit.ITEMS and not (figure.periods and other.periods):
        return False  # counted once, at two moments
    name, other_name = names.get(first.source_id, ""), names.get(second.source_id, "")
    in_series = len(name) >= _A_NAME and name == other_name
    return not in_series and figure.contradicts(other)


def _disagreement(first: Figure, second: Figure, claims: Claims) -> Iterator[Contradiction]:
    if first.statement and second.statement:
        ids = _both(first.statement, second.statement, claims, theme="figures")
        if ids:
            yield Contradiction(
                field="documents",
                form_says=None,
                claim_ids=ids,
                question="Which figure is right, or do the two measure different things?",
            )


def _both(first: Statement, second: Statement, claims: Claims, *, theme: str) -> tuple[str, ...]:
    """Claim two statements; none when one of them cannot be quoted."""
    ids = [claims.company("profile", [statement], theme=theme) for statement in (first, second)]
    return tuple(claim_id for claim_id in ids if claim_id) if all(ids) else ()


def _says(phrases: Phrases[str], words: Sequence[str]) -> bool:
    return any(True for _ in phrases.find(words))


def _count(phrases: Phrases[str], words: Sequence[str]) -> int:
    return sum(1 for _ in phrases.find(words))


def _close(first: float, second: float) -> bool:
    return abs(first - second) <= TOLERANCE * max(abs(first), abs(second))


def _sentence_with(text: str, words: str) -> str:
    return next((text[start:end] for start, end in sentence_spans(text) if words in text[start:end]), text)


def _sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]
