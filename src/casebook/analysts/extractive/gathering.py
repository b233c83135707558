"""The quotes step: statements that matter, verbatim, each once, by theme."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from casebook.analysts.catalogue import Catalogue
from casebook.analysts.extractive.claims import Claims
from casebook.analysts.extractive.corpus import Corpus
from casebook.analysts.extractive.matches import Match
from casebook.analysts.extractive.statements import Statement
from casebook.analysts.extractive.systems import named_systems
from casebook.analysts.extractive.wording import phrases_of
from casebook.domain.evidence import Evidence, EvidenceBase, Kind, Theme

NEED_FROM = 0.3  # from here on a statement is evidence of a pain
THEME_FROM = 0.05  # cosine with a pattern, below which a statement belongs to no theme
OTHER = "other"


def gather(corpus: Corpus, matched: Sequence[dict[int, Match]], catalogue: Catalogue) -> EvidenceBase:
    """Cut a quote for each statement that tells a pain, a goal, a volume, a constraint, data or systems in use."""
    cutter = Claims("")
    items: list[Evidence] = []
    themes: dict[str, list[str]] = defaultdict(list)
    for statement, matches in zip(corpus.statements, matched, strict=True):
        kinds = tuple(_kinds(statement))
        if not kinds:
            continue
        theme = _theme(matches, catalogue)
        quote = cutter.quote(statement, theme=theme)
        if quote is None:
            continue
        items.append(
            Evidence(
                quote=quote,
                kinds=kinds,
                strength=round(statement.need, 3),
                quantities=statement.quantities,
                origins=statement.origins,
                language=corpus.languages[statement.source_id],
            )
        )
        themes[theme].append(quote.id)
    return EvidenceBase(
        items=tuple(items),
        themes=tuple(Theme(label, tuple(ids)) for label, ids in sorted(themes.items())),
        duplicates=corpus.duplicates,
        dropped_quotes=cutter.dropped,
        instructions=corpus.instructions,
    )


def _kinds(statement: Statement) -> Iterator[Kind]:
    measured = statement.tone
    if measured.trivia > measured.pain + measured.goal:
        return
    if measured.pain and statement.need >= NEED_FROM:
        yield Kind.PAIN
    if measured.goal:
        yield Kind.GOAL
    if statement.quantities and statement.need >= NEED_FROM / 2:
        yield Kind.VOLUME
    if measured.constraint:
        yield Kind.CONSTRAINT
    if any(True for _ in phrases_of("data_spoken_of").find(statement.words)):
        yield Kind.DATA
    if any(True for _ in named_systems(statement.text)):
        yield Kind.SYSTEM


def _theme(matches: dict[int, Match], catalogue: Catalogue) -> str:
    best = max(matches, key=lambda pattern: (matches[pattern].fit, -pattern), default=None)
    if best is None or matches[best].fit < THEME_FROM:
        return OTHER
    return catalogue.patterns[best].function
