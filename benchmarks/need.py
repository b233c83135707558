"""How well `need` tells sentences that tell of a need from all others, on companies whose needs are labelled.

    python -m benchmarks.need [--learn]

For each company: the area under the ROC curve (AUC), and the precision among its first n sentences, where n is the
number of its labelled ones; with the shipped weights, and with weights learned on all other companies and on
sentences of licences and package descriptions, which tell of no need. The shipped weights were learned on all
companies: their own figures flatter them, those beside them do not. `--learn` prints weights learned on all.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import distributions
from pathlib import Path
from statistics import mean

import msgspec

from benchmarks.runs import COMPANIES
from casebook.analysts.extractive.corpus import Corpus
from casebook.analysts.extractive.statements import Statement, need_features, read_statements
from casebook.documents.passages import cut_passages
from casebook.documents.reading import Limits, ReadError, read_bytes
from casebook.domain.document import Document, Outcome, Segment, Source, Table
from casebook.domain.passage import Passage
from casebook.domain.quote import fold
from casebook.evaluation import HALF, Labels

RIDGE = 1.0  # L2 penalty on every weight but the bias
STEPS = 30  # Newton's method needs about ten
CONVERGED = 1e-6
LICENCES = 1_400  # sentences of other texts, of which one in FOREIGN_SHARE is learned from
FOREIGN_SHARE = 4
_LEGAL = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "METADATA")

Row = dict[str, float]


@dataclass(frozen=True, slots=True)
class Sentence:
    """What `need` looks at in a sentence, what it says of it, and whether the sentence is labelled."""

    features: Row
    shipped: float
    labelled: bool


@dataclass(frozen=True)
class FolderLibrary:
    """A `Library` of a folder, read in this process."""

    folder: Path

    @cached_property
    def _documents(self) -> dict[str, Document]:
        documents: dict[str, Document] = {}
        for number, path in enumerate(sorted(path for path in self.folder.rglob("*") if path.is_file()), start=1):
            try:
                documents[f"S{number}"] = read_bytes(path.name, path.read_bytes(), Limits())
            except ReadError as error:
                print(f"{path.name} was not read: {error}", file=sys.stderr)
        return documents

    def sources(self) -> Sequence[Source]:
        """Return the files that were read."""
        return [
            Source(source_id, source_id, None, source_id, len(document.text), "text/plain", Outcome.READ)
            for source_id, document in self._documents.items()
        ]

    def text(self, source_id: str) -> str:
        """Return the text of a source."""
        return self._documents[source_id].text

    def segments(self, source_id: str) -> Sequence[Segment]:
        """Return its segments."""
        return self._documents[source_id].segments

    def tables(self, source_id: str) -> Sequence[Table]:
        """Return its tables."""
        return self._documents[source_id].tables

    def passages(self) -> Sequence[Passage]:
        """Return the passages of all files."""
        return [
            passage
            for source_id, document in self._documents.items()
            for passage in cut_passages(source_id, document.text, document.segments)
        ]


def main(*, learn_all: bool) -> None:
    """Print one line a company, the means, and the weights when they are asked for."""
    companies = {folder.name: _labelled(folder) for folder in COMPANIES}
    foreign = _foreign()
    print(f"{'':<24} {'':>9} {'':>8} {'shipped weights':>18} {'company left out':>18}")
    print(f"{'company':<24} {'sentences':>9} {'labelled':>8} {'AUC':>9} {'prec@n':>8} {'AUC':>9} {'prec@n':>8}")
    figures: list[tuple[float, ...]] = []
    for name, own in companies.items():
        others = [sentence for other, found in companies.items() if other != name for sentence in found]
        weights = learn([*others, *foreign])
        labelled = [sentence.labelled for sentence in own]
        shipped = [sentence.shipped for sentence in own]
        relearned = [_total(weights, sentence.features) for sentence in own]
        figures.append(tuple(rate(scores, labelled) for scores in (shipped, relearned) for rate in (auc, precision)))
        print(f"{name:<24} {len(own):>9} {sum(labelled):>8} {_shown(figures[-1])}", flush=True)
    print(f"{'mean':<24} {'':>9} {'':>8} {_shown([mean(column) for column in zip(*figures, strict=True)])}")
    print(f"learned with {len(foreign)} sentences of licences and package descriptions")
    if learn_all:
        weights = learn([*(sentence for found in companies.values() for sentence in found), *foreign])
        print(
            f"\n_NEED_BIAS = {weights.pop(_BIAS):.2g}\n_NEED_WEIGHTS =",
            {name: round(weights[name], 2) for name in weights},
        )


def _shown(figures: Sequence[float]) -> str:
    return " ".join(f"{figure:>{width}.3f}" for figure, width in zip(figures, (9, 8, 9, 8), strict=True))


def _labelled(folder: Path) -> list[Sentence]:
    """Return the sentences of a company's documents that the analyst uses."""
    labels = msgspec.json.decode((folder / "labels.json").read_bytes(), type=Labels)
    evidence = [fold(text) for need in labels.needs for text in need.evidence]
    statements = Corpus.read(FolderLibrary(folder / "documents")).statements
    return [_sentence(statement, labelled=_tells(fold(statement.text), evidence)) for statement in statements]


def _tells(text: str, evidence: Sequence[str]) -> bool:
    """Tell whether a sentence is one of `evidence`, is part of one, or holds at least half of one."""
    return any(text in labelled or (labelled in text and len(labelled) >= HALF * len(text)) for labelled in evidence)


def _foreign() -> list[Sentence]:
    """Return some sentences of the licences and descriptions of installed packages: none of them tells of a need."""
    texts = sorted({text for text in _legal_texts() if text})
    documents = [read_bytes("licence.txt", text.encode(), Limits()) for text in texts]
    passages = [
        passage
        for number, document in enumerate(documents, start=1)
        for passage in cut_passages(f"S{number}", document.text, document.segments)
    ]
    statements = read_statements(passages)
    spread = statements[:: max(1, len(statements) // LICENCES)][:LICENCES]
    return [_sentence(statement, labelled=False) for statement in spread[::FOREIGN_SHARE]]


def _legal_texts() -> Iterator[str]:
    for package in distributions():
        for file in package.files or ():
            if file.name.upper().startswith(_LEGAL):
                path = Path(str(package.locate_file(file)))
                yield path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _sentence(statement: Statement, *, labelled: bool) -> Sentence:
    features = need_features(
        statement.tone,
        statement.quantities,
        statement.words,
        repeated=len(statement.origins) > 1,
        question=statement.text.endswith("?"),
    )
    return Sentence({name: float(value) for name, value in features.items()}, statement.need, labelled)


_BIAS = ""  # the name of the weight that every sentence has


def _total(weights: Row, features: Row) -> float:
    return weights[_BIAS] + sum(weights[name] * value for name, value in features.items())


def learn(sentences: Sequence[Sentence]) -> Row:
    """Learn weights by logistic regression: Newton's method on the penalised likelihood."""
    names = [_BIAS, *sentences[0].features]
    rows = [[(0, 1.0), *_filled(sentence.features)] for sentence in sentences]
    weights = [0.0] * len(names)
    for _ in range(STEPS):
        slope = [0.0, *(-RIDGE * weight for weight in weights[1:])]
        curve = [[RIDGE * (row == column > 0) for column in range(len(names))] for row in range(len(names))]
        for sentence, row in zip(sentences, rows, strict=True):
            likely = 1 / (1 + math.exp(-sum(weights[place] * value for place, value in row)))
            for place, value in row:
                slope[place] += (sentence.labelled - likely) * value
                for other, factor in row:
                    curve[place][other] += likely * (1 - likely) * value * factor
        change = solve(curve, slope)
        weights = [weight + part for weight, part in zip(weights, change, strict=True)]
        if max(map(abs, change)) < CONVERGED:
            break
    return dict(zip(names, weights, strict=True))


def _filled(features: Row) -> list[tuple[int, float]]:
    return [(place, value) for place, value in enumerate(features.values(), start=1) if value]


def solve(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """Solve a system of linear equations by elimination."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for place in range(size):
        pivot = max(range(place, size), key=lambda row: abs(rows[row][place]))
        rows[place], rows[pivot] = rows[pivot], rows[place]
        for below in rows[place + 1 :]:
            factor = below[place] / rows[place][place]
            below[place:] = [
                value - factor * above for value, above in zip(below[place:], rows[place][place:], strict=True)
            ]
    found = [0.0] * size
    for place in reversed(range(size)):
        known = sum(rows[place][column] * found[column] for column in range(place + 1, size))
        found[place] = (rows[place][size] - known) / rows[place][place]
    return found


def auc(scores: Sequence[float], labelled: Sequence[bool]) -> float:
    """Return how often a labelled sentence scores more than another one; a draw counts half."""
    good = [score for score, wanted in zip(scores, labelled, strict=True) if wanted]
    other = [score for score, wanted in zip(scores, labelled, strict=True) if not wanted]
    won = sum((high > low) + (high == low) / 2 for high in good for low in other)
    return won / (len(good) * len(other))


def precision(scores: Sequence[float], labelled: Sequence[bool]) -> float:
    """Return the share of labelled sentences among the first n, of which n are labelled in all."""
    ranked = sorted(range(len(scores)), key=lambda place: -scores[place])
    count = sum(labelled)
    return sum(labelled[place] for place in ranked[:count]) / count


if __name__ == "__main__":
    main(learn_all="--learn" in sys.argv[1:])
