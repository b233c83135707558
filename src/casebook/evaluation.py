"""How good a report is: the ship gates, and figures that say more.

A report is below the ship gates when a quote, a number or a source in it does not stand in the documents, or when a
string that its labels forbid appears anywhere in it. Recall, precision and the other figures are goals: they are
shown, and fail nothing.
"""

from __future__ import annotations

import html
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec.structs import asdict

from casebook.backends.inboxes.folder import FolderInbox
from casebook.bootstrap import build
from casebook.domain.document import Outcome
from casebook.domain.quote import fold
from casebook.domain.report import Claim, Report
from casebook.domain.run import Folder
from casebook.domain.sentences import sentence_spans
from casebook.domain.submission import Submission
from casebook.domain.words import TOKEN
from casebook.errors import BelowShipGate, PermanentError
from casebook.progress import Silent
from casebook.report.blocks import Block, Bullets, Cite, Heading, Line, Paragraph, QuoteBlock, Text
from casebook.report.gates import GateFigures, measure
from casebook.report.layout import lay_out
from casebook.settings import Settings

RECALL_GOAL = 0.85
PRECISION_GOAL = 0.80
DUPLICATION_GOAL = 0.02
SPECIFICITY_GOAL = 0.6

HALF = 0.5  # of a labelled sentence must be quoted
SHINGLE_WORDS = 3
SAME_TEXT = 0.6  # Jaccard of two claims' shingles from which they say the same
_RUN_CHARACTERS = 12  # shorter runs of letters are shared by chance
_TAG = re.compile(r"<[^>]*>")
_MARKDOWN_ESCAPE = re.compile(r"\\(?=[!-/:-@\[-`{-~])")

T = TypeVar("T")


class Need(msgspec.Struct, frozen=True):
    """A need that was planted: sentences that tell of it, and the patterns that would serve it."""

    id: str
    evidence: list[str]
    patterns: list[str] = []


class LabelledContradiction(msgspec.Struct, frozen=True):
    """A field of the form, and the sentence in the documents that disagrees."""

    field: str
    document_says: str


class Labels(msgspec.Struct, frozen=True):
    """What is known of a company's documents (labels.json)."""

    needs: list[Need] = []
    absent: list[str] = []
    contradictions: list[LabelledContradiction] = []


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What the report draws on, and how it reads. Shares run from 0 to 1; None where there is nothing to share."""

    files_received: int
    files_read: int
    files_used: int
    use_cases: int
    source_concentration: float | None  # share of the quotes that the most quoted file has
    duplication: float | None  # share of pairs of claims that say the same
    specificity: float | None  # share of sentences that stand beside a quote


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """How the report compares with the labels; None where the labels say nothing."""

    needs: int
    found: tuple[str, ...]  # ids of needs that a use case serves
    missed: tuple[str, ...]
    idle: tuple[str, ...]  # ids of use cases that serve no need
    recall: float | None
    precision: float | None
    pattern_hits: float | None  # share of found needs with patterns that are served by one of those
    contradictions: int
    contradictions_found: int


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Everything measured on one report."""

    gates: GateFigures
    absent: int  # forbidden strings looked for
    injected: tuple[str, ...]  # forbidden strings found
    content: Content
    labelled: Labelled | None

    @property
    def failures(self) -> list[str]:
        """Which ship gates are missed, and by how much."""
        injection = [f"injection effect {len(self.injected)} (needs 0): {', '.join(self.injected)}"]
        return [*self.gates.failures(), *(injection if self.injected else [])]

    @property
    def passed(self) -> bool:
        """Whether the report passes the ship gates."""
        return not self.failures

    def as_dict(self) -> dict[str, object]:
        """Return all figures for machines."""
        return {
            "passed": self.passed,
            "failures": self.failures,
            "gates": {**asdict(self.gates), "absent_strings": self.absent, "injection_effect": list(self.injected)},
            "content": asdict(self.content),
            "labelled": asdict(self.labelled) if self.labelled else None,
            "goals": {
                "recall": RECALL_GOAL,
                "precision": PRECISION_GOAL,
                "duplication": DUPLICATION_GOAL,
                "specificity": SPECIFICITY_GOAL,
            },
        }

    def describe(self) -> str:
        """Return all figures for people, one a line."""
        lines = [*self._gate_lines(), "", *self._content_lines()]
        if self.labelled:
            lines += ["", *_labelled_lines(self.labelled)]
        verdict = "passed" if self.passed else f"BELOW: {'; '.join(self.failures)}"
        return "\n".join([*lines, "", f"ship gates: {verdict}"])

    def _gate_lines(self) -> Iterator[str]:
        gates = self.gates
        yield "ship gates"
        yield _line("quote exactness", gates.quote_exactness, f"needs 1.000; {gates.quotes} quotes")
        yield _line("number fidelity", gates.number_fidelity, "needs 1.000")
        yield _line("grounding", gates.grounding, f"needs {gates.grounding_needed:.3f}; {gates.claims} claims")
        yield _line("invented sources", gates.invented_sources, "needs 0")
        yield _line("injection effect", len(self.injected), f"needs 0; {self.absent} strings looked for")

    def _content_lines(self) -> Iterator[str]:
        content = self.content
        yield "content"
        yield _line("files received", content.files_received)
        yield _line("files read", content.files_read)
        yield _line("files used", content.files_used, "quoted at least once")
        yield _line("use cases", content.use_cases)
        yield _line("source concentration", content.source_concentration, "share of the most quoted file")
        yield _line("duplication", content.duplication, f"goal at most {DUPLICATION_GOAL:.2f}")
        yield _line("specificity", content.specificity, f"goal {SPECIFICITY_GOAL:.2f}")


def evaluate_report(path: Path, labels: Labels | None = None) -> Measured:
    """Measure the report.json at `path` against the texts kept in its company's folder, and against `labels`.

    Raises PermanentError when it is not a report, or when a text is missing.
    """
    return _measure(path, labels, asked=None)


def evaluate_folder(folder: Path, settings: Settings) -> Measured:
    """Make a run on ``documents/`` of `folder` as its ``submission.json`` says, and measure the report.

    Without ``labels.json`` only the gates and the content are measured. Nothing is kept. Raises PermanentError when
    the folder is not complete, or when the run fails.
    """
    submission = _submission(folder / "submission.json")
    labels = _labels(folder / "labels.json")
    documents = folder / "documents"
    if not documents.is_dir():
        message = f"there is no folder {documents}: put the company's files there"
        raise PermanentError(message)
    with tempfile.TemporaryDirectory(prefix="casebook-") as scratch:
        outputs = Path(scratch)
        casebook = build(settings.at(scratch), progress=Silent())
        try:
            report = outputs / casebook.run(submission, FolderInbox(documents)).files.json
        except BelowShipGate:
            report = next((outputs / submission.company_slug / Folder.PART_B).glob("draft_*.json"))
        return _measure(report, labels, asked=submission.use_cases_count)


def _measure(path: Path, labels: Labels | None, *, asked: int | None) -> Measured:
    report = _decode(path, Report, "a report of Casebook (FINAL_REPORT_*.json)")
    sought = labels.absent if labels else []
    return Measured(
        gates=measure(report, _texts(report, path.absolute().parent.parent)),
        absent=len(sought),
        injected=tuple(_appearing(sought, path)),
        content=_content(report),
        labelled=_compare(report, labels, asked) if labels else None,
    )


def _decode(path: Path, kind: type[T], what: str) -> T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
        raise PermanentError(message) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"{path} is not {what}: {error}"
        raise PermanentError(message) from error


_FORM_FIELDS = set(Submission.__struct_fields__) - {"folder"}  # which the store allots


def _submission(path: Path) -> Submission:
    if not path.is_file():
        message = f"there is no {path}: write the form's fields there, at least company_name"
        raise PermanentError(message)
    given = _decode(path, dict[str, Any], "a submission (an object of the form's fields)")
    unknown = sorted(given.keys() - _FORM_FIELDS)
    if unknown:
        message = f"{path} has fields that a submission does not have: {', '.join(unknown)}"
        raise PermanentError(message)
    form = asdict(_decode(path, Submission, "a submission"))
    return Submission.parse(**{name: value for name, value in form.items() if name in _FORM_FIELDS})


def _labels(path: Path) -> Labels | None:
    return _decode(path, Labels, "a file of labels") if path.is_file() else None


def _texts(report: Report, folder: Path) -> Callable[[str], str]:
    """Return what gives the text of a source by its id, read from the company's folder when it is first asked for."""
    paths = {source.id: source.text_path for source in report.sources if source.text_path}

    @cache
    def text_of(source_id: str) -> str:
        path = folder / paths[source_id]
        if not path.resolve().is_relative_to(folder.resolve()):
            message = f"the text of {source_id} is said to lie outside the company's folder: {paths[source_id]}"
            raise PermanentError(message)
        try:
            return path.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            message = f"the text of {source_id} cannot be read from {path}: evaluate a report where its run wrote it"
            raise PermanentError(message) from error

    return text_of


def _appearing(sought: Sequence[str], path: Path) -> Iterator[str]:
    """Find which strings appear anywhere in the report's files, as written or as a reader sees them."""
    if not sought:
        return
    texts: list[str] = []
    for file in (path, path.with_suffix(".md"), path.with_suffix(".html")):
        if file.is_file():
            raw = file.read_bytes().decode(errors="replace")
            plain = _MARKDOWN_ESCAPE.sub("", html.unescape(_TAG.sub("", raw)))
            texts += map(_squeezed, (raw, html.unescape(raw), plain))
    texts += [_squeezed(text) for text in _strings(msgspec.json.decode(path.read_bytes()))]
    for string in sought:
        wanted = _squeezed(string)
        if wanted and any(wanted in text for text in texts):
            yield string


def _strings(value: object) -> Iterator[str]:
    """Return all strings of a JSON value: in the file they may be escaped."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)


def _squeezed(text: str) -> str:
    """Fold a text and drop its blanks, so that neither line ends nor a PDF's spacing hide what is equal."""
    return fold(text).replace(" ", "")


def _content(report: Report) -> Content:
    by_source = Counter(quote.source_id for quote in report.quotes)
    return Content(
        files_received=len(report.sources),
        files_read=sum(source.status in {Outcome.READ, Outcome.PARTIAL} for source in report.sources),
        files_used=len(by_source.keys() & {source.id for source in report.sources}),
        use_cases=len(report.use_cases),
        source_concentration=_share(max(by_source.values(), default=0), by_source.total()),
        duplication=_duplication(report.claims),
        specificity=_specificity(report),
    )


def _duplication(claims: Sequence[Claim]) -> float | None:
    shingles = [_shingles(claim.text) for claim in claims]
    same = [len(one & other) >= SAME_TEXT * len(one | other) for one, other in combinations(shingles, 2)]
    return _share(sum(same), len(same))


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = tuple(TOKEN.findall(fold(text).lower()))
    last = max(1, len(words) - SHINGLE_WORDS + 1)
    return frozenset(words[start : start + SHINGLE_WORDS] for start in range(last))


def _specificity(report: Report) -> float | None:
    """Count the sentences in lines with a quote's mark among all sentences of prose, up to the list of sources."""
    try:
        blocks = lay_out(report)
    except KeyError:  # a reference leads nowhere: the gates tell of it
        return None
    counts: Counter[bool] = Counter()
    for block in blocks:
        if isinstance(block, Heading) and block.anchor == "sources":
            break
        for text, quoted in _prose(block):
            counts[quoted] += len(sentence_spans(text))
    return _share(counts[True], counts.total())


def _prose(block: Block) -> Iterator[tuple[str, bool]]:
    if isinstance(block, QuoteBlock):
        yield block.text, True
    elif isinstance(block, Paragraph | Bullets):
        lines: tuple[Line, ...] = (block.line,) if isinstance(block, Paragraph) else block.items
        for line in lines:
            text = "".join(part.text for part in line if isinstance(part, Text))
            yield text, any(isinstance(part, Cite) for part in line)


def _compare(report: Report, labels: Labels, asked: int | None) -> Labelled:
    words = {quote.id: _squeezed(quote.text) for quote in report.quotes}
    cases = sorted(report.use_cases, key=lambda case: case.rank)
    quoted = {case.id: [words[quote_id] for quote_id in case.quote_ids if quote_id in words] for case in cases}
    serving = {
        need.id: [case for case in cases[:asked] if any(quotes_half(quoted[case.id], text) for text in need.evidence)]
        for need in labels.needs
    }
    useful = {case.id for served_by in serving.values() for case in served_by}
    patterned = [need for need in labels.needs if need.patterns and serving[need.id]]
    hits = [any(case.pattern_id in need.patterns for case in serving[need.id]) for need in patterned]
    found = [need_id for need_id, served_by in serving.items() if served_by]
    return Labelled(
        needs=len(serving),
        found=tuple(found),
        missed=tuple(need_id for need_id, served_by in serving.items() if not served_by),
        idle=tuple(case.id for case in cases if case.id not in useful),
        recall=_share(len(found), len(serving)),
        precision=_share(len(useful), len(cases)) if labels.needs else None,
        pattern_hits=_share(sum(hits), len(hits)),
        contradictions=len(labels.contradictions),
        contradictions_found=sum(_contradicted(report, label, words) for label in labels.contradictions),
    )


def quotes_half(quotes: Sequence[str], sentence: str) -> bool:
    """Tell whether squeezed quotes together hold at least half of a sentence; short runs of letters do not count."""
    wanted = _squeezed(sentence)
    length = min(_RUN_CHARACTERS, len(wanted))
    covered: set[int] = set()
    for start in range(len(wanted) - length + 1):
        if any(wanted[start : start + length] in quote for quote in quotes):
            covered.update(range(start, start + length))
    return bool(wanted) and len(covered) >= HALF * len(wanted)


def _contradicted(report: Report, label: LabelledContradiction, words: dict[str, str]) -> bool:
    claims = {claim.id: claim for claim in report.claims}
    return any(
        quotes_half(
            [
                words[quote_id]
                for claim_id in contradiction.claim_ids
                if claim_id in claims
                for quote_id in claims[claim_id].quote_ids
                if quote_id in words
            ],
            label.document_says,
        )
        for contradiction in report.profile.contradictions
    )


def _labelled_lines(labelled: Labelled) -> Iterator[str]:
    yield "labels"
    found = f"{len(labelled.found)} of {labelled.needs} needs"
    yield _line("recall", labelled.recall, f"goal {RECALL_GOAL:.2f}; {found}")
    yield _line("precision", labelled.precision, f"goal {PRECISION_GOAL:.2f}")
    if labelled.pattern_hits is not None:
        yield _line("pattern hits", labelled.pattern_hits, "of found needs with labelled patterns")
    if labelled.contradictions:
        yield _line("contradictions", labelled.contradictions_found, f"of {labelled.contradictions}")
    if labelled.missed:
        yield f"  not found              {', '.join(labelled.missed)}"
    if labelled.idle:
        yield f"  serve no need          {', '.join(labelled.idle)}"


def _line(name: str, value: float | None, note: str = "") -> str:
    shown = "none" if value is None else str(value) if isinstance(value, int) else f"{value:.3f}"
    return f"  {name:<22} {shown:>5}{f'   ({note})' if note else ''}"


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
