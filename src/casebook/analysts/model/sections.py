"""Part A: the sections that the model writes, and the plan of use cases, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from casebook.analysts.catalogue import Catalogue
from casebook.analysts.extractive.claims import Claims
from casebook.analysts.extractive.readiness import LABELS
from casebook.analysts.extractive.statements import Statement
from casebook.analysts.model.answers import Plan, ProfileAnswer, ReadinessAnswer, Stated
from casebook.analysts.model.checking import Checker
from casebook.analysts.model.pool import Pool
from casebook.analysts.model.prompts import form_of, make_prompt, plain
from casebook.domain.analysis import Checked
from casebook.domain.prompt import Prompt
from casebook.domain.report import Contradiction, DimensionAssessment, Profile, Readiness
from casebook.domain.submission import Submission

MAX_TOKENS = 4_000
MAX_PORTRAIT = 6
MAX_CONTRADICTIONS = 8
MAX_SHOWN = 2  # statements for a dimension
LEVELS = (1, 5)
_SINGLE_LEVELS = (2, 3)  # one statement alone never shows the best or the worst
_FURTHEST = 1  # levels that the model may be away from what the wording of the documents shows


class Prior(msgspec.Struct, frozen=True):
    """A pattern that the matching by words found likely, with the statements that speak for it."""

    pattern_id: str
    statements: tuple[Statement, ...]


def profile_prompt(submission: Submission, notes: Sequence[str], pool: Pool, language: str) -> Prompt:
    """Ask for a portrait and for contradictions."""
    text = f"{form_of(submission)}\n{_notes(notes)}\n{pool.text()}"
    return make_prompt("profile", text, ProfileAnswer, max_tokens=MAX_TOKENS, language=language)


def readiness_prompt(pool: Pool, language: str) -> Prompt:
    """Ask for the levels of readiness."""
    return make_prompt("readiness", pool.text(), ReadinessAnswer, max_tokens=MAX_TOKENS, language=language)


def plan_prompt(  # noqa: PLR0913, PLR0917 - what a plan rests on
    submission: Submission,
    notes: Sequence[str],
    pool: Pool,
    priors: Sequence[Prior],
    catalogue: Catalogue,
    language: str,
) -> Prompt:
    """Ask which use cases to write."""
    lines = "\n".join(_prior_line(prior, pool, catalogue) for prior in priors)
    text = (
        f"{form_of(submission)}\n{_notes(notes)}\n<patterns>\n{lines}\n</patterns>\n{pool.text()}\n"
        f"Use cases asked for: {submission.use_cases_count}"
    )
    return make_prompt("plan", text, Plan, max_tokens=MAX_TOKENS, language=language)


def _prior_line(prior: Prior, pool: Pool, catalogue: Catalogue) -> str:
    pattern = catalogue.pattern(prior.pattern_id)
    numbers = [str(number) for statement in prior.statements if (number := pool.number_of(statement))]
    return f"{pattern.id}: {plain(pattern.name)} (evidence found: {', '.join(numbers) or 'none'})"


def _notes(notes: Sequence[str]) -> str:
    return "<notes>\n" + "\n".join(plain(note) for note in notes if note) + "\n</notes>"


def stated_faults(stated: Sequence[Stated], pool: Pool, checker: Checker) -> list[str]:
    """Say what is wrong with sentences about the company."""
    return [fault for one in stated for fault in checker.claim(one.text, _words(pool.cited(one.evidence)))]


def keep_stated(  # noqa: PLR0913 - where the claims go, and what they rest on
    stated: Sequence[Stated],
    pool: Pool,
    checker: Checker,
    claims: Claims,
    *,
    section: str,
    at_most: int,
    note: Callable[[Checked], None],
    theme: str = "",
) -> tuple[str, ...]:
    """Make claims of the sentences that their own quotes bear out; remove and count the others."""
    kept: dict[str, str] = {}
    removed = 0
    for one in stated[: 2 * at_most]:
        cited = pool.cited(one.evidence)
        if checker.claim(one.text, _words(cited)):
            removed += 1
            continue
        key = " ".join(sorted(set(one.text.lower().split())))
        if key in kept or len(kept) == at_most:
            continue  # said before
        claim = claims.stated(section, one.text, cited, theme=theme)
        if claim:
            kept[key] = claim
    note(Checked(removed_claims=removed))
    return tuple(kept.values())


def profile_faults(answer: ProfileAnswer, pool: Pool, checker: Checker) -> list[str]:
    """Say what is wrong with a profile."""
    return stated_faults(answer.portrait, pool, checker)


def write_profile(  # noqa: PLR0913, PLR0917 - as above
    answer: ProfileAnswer,
    profile: Profile,
    submission: Submission,
    pool: Pool,
    checker: Checker,
    claims: Claims,
    note: Callable[[Checked], None],
) -> Profile:
    """Add portrait and contradictions to the profile that was found without the model."""
    portrait = keep_stated(
        answer.portrait, pool, checker, claims, section="profile", at_most=MAX_PORTRAIT, note=note, theme="profile"
    )
    found = list(profile.contradictions)
    for one in answer.contradictions:
        cited = pool.cited(one.evidence)[:2]
        form = _form_sentence(one.form, submission)
        if not cited or (len(cited) < 2 and form is None):  # noqa: PLR2004 - two sides
            continue
        question = one.question if not checker.question(one.question) else _QUESTION
        ids = [claims.company("profile", [statement], theme="figures") for statement in cited]
        kept = tuple(claim for claim in ids if claim)
        field = "documents" if form is None else "company_description"
        if len(kept) == len(cited):
            found.append(Contradiction(field=field, form_says=form, claim_ids=kept, question=question))
    return replace(profile, portrait=portrait, contradictions=tuple(found[:MAX_CONTRADICTIONS]))


_QUESTION = "Which of these is right, or do they speak of different things?"


def _form_sentence(words: str, submission: Submission) -> str | None:
    """Return the words if they stand in the form."""
    wanted = " ".join(words.split())
    return wanted if wanted and wanted in " ".join(submission.company_description.split()) else None


def readiness_faults(answer: ReadinessAnswer, pool: Pool) -> list[str]:
    """Say what is wrong with the levels."""
    return [
        f"{found.dimension} cites no evidence that exists."
        for found in answer.dimensions
        if not pool.cited(found.evidence)
    ]


def write_readiness(answer: ReadinessAnswer, readiness: Readiness, pool: Pool, claims: Claims) -> Readiness:
    """Take over the levels that rest on evidence; a dimension that the model leaves out stays as it was found."""
    chosen = {found.dimension: found for found in answer.dimensions if pool.cited(found.evidence)}
    dimensions = []
    for assessed in readiness.dimensions:
        found = chosen.get(assessed.dimension.value)
        if found is None:
            dimensions.append(assessed)
            continue
        cited = pool.cited(found.evidence)
        ids = [claims.company("readiness", [one], theme=assessed.dimension) for one in cited[:MAX_SHOWN]]
        level = _bounded(found.level, assessed.level, len(cited))
        dimensions.append(
            DimensionAssessment(
                dimension=assessed.dimension,
                level=level,
                label=LABELS[level],
                claim_ids=tuple(claim for claim in ids if claim) or assessed.claim_ids,
                next_level=assessed.next_level,
            )
        )
    levels = [found.level for found in dimensions if found.level]
    score = round(sum(25.0 * (level - 1) for level in levels) / len(levels), 1) if levels else None
    return replace(readiness, dimensions=tuple(dimensions), evidence_score=score)


def _bounded(level: int, found: int | None, statements: int) -> int:
    """Hold a level near to what the wording shows: no text may talk a model into praise."""
    low, high = LEVELS if found is None else (found - _FURTHEST, found + _FURTHEST)
    if statements < 2:  # noqa: PLR2004
        low, high = max(low, _SINGLE_LEVELS[0]), min(high, _SINGLE_LEVELS[1])
    low, high = max(low, LEVELS[0]), min(high, LEVELS[1])
    return min(max(level, low), high) if low <= high else found or _SINGLE_LEVELS[0]


def _words(statements: Sequence[Statement]) -> list[str]:
    return [statement.text for statement in statements]
