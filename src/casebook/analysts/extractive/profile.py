"""The company's profile: the form's fields beside what the documents say, and where the two do not fit together."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.analysts.extractive.claims import Claims
from casebook.analysts.extractive.contradictions import contradictions
from casebook.analysts.extractive.corpus import Corpus
from casebook.domain.report import Profile, ProfileField
from casebook.domain.sentences import sentence_spans
from casebook.domain.submission import Submission
from casebook.domain.words import terms
from casebook.ports import Search

_SAYS = 2  # statements shown for a field
_MIN_OVERLAP = 0.3  # of the field's words


def describe(submission: Submission, corpus: Corpus, search: Search, claims: Claims) -> Profile:
    """Put the form beside the documents."""
    return Profile(
        fields=tuple(_fields(submission, corpus, search, claims)),
        contradictions=contradictions(submission, corpus, claims),
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
