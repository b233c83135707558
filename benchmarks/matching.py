"""How well needs are matched to a large catalogue that is there for measuring only, beside plain TF-IDF.

    python -m benchmarks.matching [--trials N] [--catalogue FILE --needs FILE]

A trial hides 12 needs among 60 paragraphs of ordinary office talk in 5 text files, and asks for 12 use cases out of
the 260 of benchmarks/corpora/inventory/catalogue.csv. A use case is right when its pattern is the one that a hidden
need was written for; it is right by its own evidence when it also quotes that need's paragraph. Another catalogue (as
for `casebook run --catalogue`) comes with its needs: a CSV file with the columns catalogue_id and text.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import mean, stdev

from msgspec.structs import replace

from benchmarks.runs import ROOT
from benchmarks.tfidf import assign, likenesses
from casebook.analysts.catalogue import Catalogue, load_catalogue
from casebook.analysts.extractive.analyst import ExtractiveAnalyst
from casebook.analysts.extractive.matching import PatternIndex
from casebook.documents.passages import cut_passages
from casebook.documents.reading import Limits, read_bytes
from casebook.domain.document import Document, Outcome, Segment, Source, Table
from casebook.domain.language import detect_language
from casebook.domain.passage import Hit, Passage
from casebook.domain.report import UseCase
from casebook.domain.submission import Submission
from casebook.domain.words import tokens

INVENTORY = ROOT / "benchmarks" / "corpora" / "inventory"
TRIALS = 30
NEEDS = 12
DISTRACTORS = 60
FILES = 5
RANKS = (1, 5, 10)


@dataclass(frozen=True, slots=True)
class Need:
    """A paragraph that tells of a need, and the pattern that it was written for."""

    pattern_id: str
    text: str


@dataclass(frozen=True)
class TextLibrary:
    """A `Library` of plain texts in memory."""

    texts: Sequence[str]

    @cached_property
    def _documents(self) -> dict[str, Document]:
        return {
            f"S{number}": read_bytes("notes.txt", text.encode(), Limits())
            for number, text in enumerate(self.texts, start=1)
        }

    def sources(self) -> Sequence[Source]:
        """Return the texts as sources."""
        return [
            Source(
                id=source_id,
                name=f"{source_id}.txt",
                path=None,
                sha256=source_id,
                size=len(document.text),
                media_type="text/plain",
                status=Outcome.READ,
                text_path=f"{source_id}.txt",
                language=detect_language(document.text),
                words=len(document.text.split()),
            )
            for source_id, document in self._documents.items()
        ]

    def text(self, source_id: str) -> str:
        """Return the text of a source."""
        return self._documents[source_id].text

    def segments(self, source_id: str) -> Sequence[Segment]:
        """Return its segments."""
        return self._documents[source_id].segments

    def tables(self, source_id: str) -> Sequence[Table]:
        """Return its tables: there are none."""
        return self._documents[source_id].tables

    def passages(self) -> Sequence[Passage]:
        """Return the passages of all texts."""
        return self._passages

    @cached_property
    def _passages(self) -> tuple[Passage, ...]:
        return tuple(
            passage
            for source_id, document in self._documents.items()
            for passage in cut_passages(source_id, document.text, document.segments)
        )


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How many use cases were written, right, and right by their own evidence."""

    written: int
    right: int
    by_own_evidence: int


def main(trials: int, catalogue_file: Path, needs_file: Path) -> None:
    """Print precision and recall of both, and their ratio."""
    needs, distractors = _needs(needs_file), read_distractors()
    catalogue = load_catalogue(catalogue_file)
    ours, baseline = measure(ExtractiveAnalyst(catalogue), catalogue, needs, distractors, trials)
    print(f"{trials} trials, {NEEDS} of {len(needs)} needs among {DISTRACTORS} of {len(distractors)} other paragraphs,")
    print(f"{len(catalogue.patterns)} patterns, {NEEDS} use cases asked for\n")
    print_outcomes(ours, baseline)
    print()
    _single(catalogue, needs)


def read_distractors() -> list[str]:
    """Return the paragraphs of office life."""
    lines = (INVENTORY / "distractors.txt").read_text(encoding="utf-8").split("\n")
    return [line.strip() for line in lines if line.strip()]


def measure(
    analyst: ExtractiveAnalyst, catalogue: Catalogue, needs: Sequence[Need], distractors: Sequence[str], trials: int
) -> tuple[list[Outcomes], list[Outcomes]]:
    """Hide needs among distractors, once a trial, and return the outcomes of Casebook and of the baseline."""
    ours: list[Outcomes] = []
    baseline: list[Outcomes] = []
    for seed in range(trials):
        chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
        planted = chance.sample(list(needs), NEEDS)
        paragraphs = [need.text for need in planted] + chance.sample(list(distractors), DISTRACTORS)
        chance.shuffle(paragraphs)
        ours.append(_casebook(analyst, planted, paragraphs))
        baseline.append(_baseline(catalogue, planted, paragraphs))
    return ours, baseline


def print_outcomes(ours: Sequence[Outcomes], baseline: Sequence[Outcomes]) -> None:
    """Print what was written and right, of both, and their ratio."""
    print(f"{'':<10} {'written':>8} {'precision@12':>13} {'± sd':>6} {'recall':>7} {'by own evidence':>16}")
    for name, outcomes in (("casebook", ours), ("tf-idf", baseline)):
        _print(name, outcomes)
    ours_mean, baseline_mean = mean(_precisions(ours)), mean(_precisions(baseline))
    ratio = f"{ours_mean / baseline_mean:.2f}" if baseline_mean else "none, tf-idf found nothing"
    print(f"ratio of precision, casebook / tf-idf: {ratio}")


def _needs(path: Path) -> list[Need]:
    with path.open(encoding="utf-8", newline="") as file:
        return [Need(row["catalogue_id"], row["text"]) for row in csv.DictReader(file)]


def _casebook(analyst: ExtractiveAnalyst, planted: Sequence[Need], paragraphs: Sequence[str]) -> Outcomes:
    library = TextLibrary(["\n\n".join(paragraphs[number::FILES]) for number in range(FILES)])
    submission = replace(Submission.parse(company_name="Trial"), use_cases_count=NEEDS)
    analysis = analyst.analyze(submission, library, _no_search)
    evidence = analyst.extract(submission, library, _no_search, analysis)
    portfolio = analyst.propose(submission, library, _no_search, analysis, evidence)
    quotes = {quote.id: quote.text for quote in portfolio.quotes}
    text_of = {need.pattern_id: need.text for need in planted}
    right = [case for case in portfolio.use_cases if case.pattern_id in text_of]
    return Outcomes(
        len(portfolio.use_cases), len(right), sum(_by_own_evidence(case, quotes, text_of) for case in right)
    )


def _by_own_evidence(case: UseCase, quotes: dict[str, str], text_of: dict[str, str]) -> bool:
    return any(quotes[quote_id] in text_of[case.pattern_id or ""] for quote_id in case.quote_ids)


def _no_search(query: str, limit: int) -> Sequence[Hit]:  # noqa: ARG001 - the profile is not measured here
    return ()


def _baseline(catalogue: Catalogue, planted: Sequence[Need], paragraphs: Sequence[str]) -> Outcomes:
    pairs = assign(likenesses(paragraphs, _texts(catalogue)), NEEDS)
    text_of = {need.pattern_id: need.text for need in planted}
    chosen = [(catalogue.patterns[pattern].id, paragraphs[passage]) for passage, pattern in pairs]
    right = [text_of[pattern_id] == text for pattern_id, text in chosen if pattern_id in text_of]
    return Outcomes(len(chosen), len(right), sum(right))


def _texts(catalogue: Catalogue) -> list[str]:
    return [f"{pattern.name}. {' '.join(pattern.texts(pattern.description))}" for pattern in catalogue.patterns]


def _precisions(outcomes: Sequence[Outcomes]) -> list[float]:
    return [one.right / one.written if one.written else 0.0 for one in outcomes]


def _print(name: str, outcomes: Sequence[Outcomes]) -> None:
    precisions = _precisions(outcomes)
    spread = stdev(precisions) if len(precisions) > 1 else 0.0
    recall = mean(one.right / NEEDS for one in outcomes)
    own = mean(one.by_own_evidence / NEEDS for one in outcomes)
    written = mean(one.written for one in outcomes)
    print(f"{name:<10} {written:>8.1f} {mean(precisions):>13.3f} {spread:>6.3f} {recall:>7.3f} {own:>16.3f}")


def _single(catalogue: Catalogue, needs: Sequence[Need]) -> None:
    """Print at which rank each need's own pattern comes when its paragraph is compared with all patterns."""
    index = PatternIndex(catalogue)
    number_of = {pattern.id: number for number, pattern in enumerate(catalogue.patterns)}
    texts = [need.text for need in needs]
    ours = [index.fits(index.features.of(tokens(text))) for text in texts]
    print(f"{len(needs)} single paragraphs: rank of the right pattern among {len(catalogue.patterns)}")
    print(f"{'':<10} {'mean rank':>10}", *(f"{f'recall@{rank}':>10}" for rank in RANKS))
    for name, rows in (("casebook", ours), ("tf-idf", likenesses(texts, _texts(catalogue)))):
        ranks = [_rank(row, number_of[need.pattern_id], len(number_of)) for row, need in zip(rows, needs, strict=True)]
        shares = [mean(found <= rank for found in ranks) for rank in RANKS]
        print(f"{name:<10} {mean(ranks):>10.2f}", *(f"{share:>10.3f}" for share in shares))


def _rank(row: dict[int, float], wanted: int, total: int) -> int:
    return 1 + sum(score > row[wanted] for score in row.values()) if wanted in row else total


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure how well needs are matched to a catalogue.")
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--catalogue", type=Path, default=INVENTORY / "catalogue.csv")
    parser.add_argument("--needs", type=Path, default=INVENTORY / "needs.csv")
    arguments = parser.parse_args()
    main(arguments.trials, arguments.catalogue, arguments.needs)
