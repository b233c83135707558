"""The measures of a report: what passes, what is caught, and what is said when nothing can be measured."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from casebook.backends.inboxes.folder import FolderInbox
from casebook.bootstrap import build
from casebook.domain.submission import Submission
from casebook.errors import NoReadableDocuments, PermanentError
from casebook.evaluation import LabelledContradiction, Labels, Need, evaluate_folder, evaluate_report, quotes_half
from casebook.progress import Silent
from casebook.settings import Settings

NEED = (
    "Frau Thomsen tippt jeden Tag rund 85 Bestellungen, die als PDF kommen, von Hand in das ERP ab, das dauert lange."
)
WISH = "Every month two clerks copy 300 supplier invoices by hand into the ledger, and one in ten has an error."
NOTES = f"Besprechung im Einkauf\n\n{NEED}\n\nKuchen gibt es am Freitag.\n"
MINUTES = f"Minutes of the finance team\n\n{WISH} The picnic takes place in July.\n"

Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a company with a finished report."""
    documents = _documents(tmp_path_factory.mktemp("documents"))
    settings = Settings(outputs=tmp_path_factory.mktemp("outputs"))
    finished = build(settings, progress=Silent()).run(
        Submission.parse(company_name="Acme", use_cases_count=3), FolderInbox(documents)
    )
    return settings.outputs / finished.run.company_slug


@pytest.fixture
def report(company: Path, tmp_path: Path) -> Path:
    """A report of one's own to change, its texts beside it."""
    copy = shutil.copytree(company, tmp_path / "acme")
    (found,) = (copy / "final").glob("*.json")
    return found


def _documents(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "notes.txt").write_text(NOTES, encoding="utf-8")
    (folder / "minutes.txt").write_text(MINUTES, encoding="utf-8")
    return folder


def _changed(report: Path, change: Change) -> Path:
    content = json.loads(report.read_text(encoding="utf-8"))
    change(content)
    report.write_text(json.dumps(content), encoding="utf-8")
    return report


def test_a_fresh_report_passes_all_gates(report: Path) -> None:
    measured = evaluate_report(report)
    assert measured.passed
    assert measured.labelled is None
    assert measured.content.files_received == measured.content.files_read == 2
    assert "ship gates: passed" in measured.describe()


def test_figures_for_machines_are_plain_json(report: Path) -> None:
    figures = evaluate_report(report, Labels(needs=[Need("n1", [NEED])])).as_dict()
    assert json.loads(json.dumps(figures))["passed"] is True


def _alter_quote(content: dict[str, Any]) -> None:
    content["quotes"][0]["text"] = content["quotes"][0]["text"][:-1] + "!"


def _move_quote(content: dict[str, Any]) -> None:
    content["quotes"][0]["start"] += 1
    content["quotes"][0]["end"] += 1


def _add_number(content: dict[str, Any]) -> None:
    content["claims"][0]["text"] += " Das sind 77731 im Jahr."


def _drop_quotes_of_claim(content: dict[str, Any]) -> None:
    content["claims"][0].update(quote_ids=[], text="Acme has a problem.")


def _invent_source(content: dict[str, Any]) -> None:
    content["quotes"][0]["source_id"] = "S99"


@pytest.mark.parametrize(
    ("change", "missed"),
    [
        (_alter_quote, "quote exactness"),
        (_move_quote, "quote exactness"),
        (_add_number, "number fidelity"),
        (_drop_quotes_of_claim, "grounding"),
        (_invent_source, "invented sources 1"),
    ],
)
def test_a_report_that_was_tampered_with_fails(report: Path, change: Change, missed: str) -> None:
    measured = evaluate_report(_changed(report, change))
    assert not measured.passed
    assert any(failure.startswith(missed) for failure in measured.failures)
    assert "BELOW" in measured.describe()


def test_a_source_text_that_changed_afterwards_fails_the_quotes(report: Path) -> None:
    for text in (report.parent.parent / "data" / "text").glob("*.txt"):
        text.write_text(f"x{text.read_text(encoding='utf-8')}", encoding="utf-8")
    assert evaluate_report(report).gates.quote_exactness == 0


@pytest.mark.parametrize(
    ("suffix", "planted"),
    [
        (".md", "say PWN\\_1 now"),
        (".html", "<p>say PWN<b>_</b>1 now</p>"),
        (".html", "<!-- PWN_1 -->"),
        (".html", '<a title="PWN&#95;1">x</a>'),
        (".md", "PWN_\n1"),
    ],
)
def test_a_forbidden_string_is_found_in_every_format(report: Path, suffix: str, planted: str) -> None:
    file = report.with_suffix(suffix)
    file.write_text(f"{file.read_text(encoding='utf-8')}\n{planted}\n", encoding="utf-8")
    measured = evaluate_report(report, Labels(absent=["PWN_1", "never there"]))
    assert measured.injected == ("PWN_1",)
    assert not measured.passed


def test_a_forbidden_string_is_found_in_the_json_though_it_is_escaped(report: Path) -> None:
    def plant(content: dict[str, Any]) -> None:
        content["method"]["limits"].append('say "PWN" – ü')

    assert evaluate_report(_changed(report, plant), Labels(absent=['say "PWN" – ü'])).injected


def test_needs_and_use_cases_are_compared(report: Path) -> None:
    found = Need("n1", ["something else", NEED[:-40]], ["no-such-pattern"])
    needs = [found, Need("n2", ["Nobody ever wrote this sentence."])]
    labelled = evaluate_report(report, Labels(needs=needs)).labelled
    assert labelled is not None
    assert (labelled.found, labelled.missed, labelled.recall) == (("n1",), ("n2",), 0.5)
    assert labelled.pattern_hits == 0
    assert labelled.precision is not None
    assert 0 < labelled.precision <= 1


def test_labels_without_needs_give_neither_recall_nor_precision(report: Path) -> None:
    labelled = evaluate_report(report, Labels(absent=["x-1"])).labelled
    assert labelled is not None
    assert labelled.recall is labelled.precision is None


def test_contradictions_are_found_by_their_quotes(report: Path) -> None:
    def contradict(content: dict[str, Any]) -> None:
        claim = next(claim for claim in content["claims"] if claim["quote_ids"])
        content["profile"]["contradictions"] = [
            {"field": "x", "form_says": "y", "claim_ids": [claim["id"], "no such claim"], "question": "?"}
        ]

    _changed(report, contradict)
    content = json.loads(report.read_text(encoding="utf-8"))
    said = next(quote["text"] for quote in content["quotes"] if quote["id"] in content["claims"][0]["quote_ids"])
    unsaid = "The moon is of cheese."
    labels = Labels(contradictions=[LabelledContradiction("x", said), LabelledContradiction("x", unsaid)])
    labelled = evaluate_report(report, labels).labelled
    assert labelled is not None
    assert (labelled.contradictions_found, labelled.contradictions) == (1, 2)


def test_claims_that_say_the_same_are_duplication(report: Path) -> None:
    def repeat(content: dict[str, Any]) -> None:
        content["claims"] = [{**content["claims"][0], "id": f"C{number}"} for number in range(3)]

    assert evaluate_report(_changed(report, repeat)).content.duplication == 1


@pytest.mark.parametrize(
    ("quotes", "sentence", "expected"),
    [
        (["Fiveclerkscopyinvoices"], "Five clerks copy invoices by hand.", True),
        (["Fiveclerkscop"], "Five clerks copy invoices by hand each week.", False),
        (["Fiveclerkscopyinvoices", "byhandeachweek"], "Five clerks copy invoices by hand each week.", True),
        (["abc"], "", False),
        ([], "Five clerks", False),
        (["Fiveclerks"], "Five clerks", True),
    ],
)
def test_half_of_a_sentence_must_be_quoted(quotes: list[str], sentence: str, *, expected: bool) -> None:
    assert quotes_half(quotes, sentence) is expected


def test_line_ends_and_quotation_marks_do_not_hide_a_sentence() -> None:
    assert quotes_half(['the"goldenlist"isoutofdatesinceMay'], "the “golden\nlist” is out of date since May")


def test_a_missing_text_is_named(report: Path) -> None:
    shutil.rmtree(report.parent.parent / "data")
    with pytest.raises(PermanentError, match="evaluate a report where its run wrote it"):
        evaluate_report(report)


def test_a_text_outside_of_the_company_is_not_read(report: Path) -> None:
    def escape(content: dict[str, Any]) -> None:
        for source in content["sources"]:
            source["text_path"] = "../../../etc/passwd"

    with pytest.raises(PermanentError, match="outside the company's folder"):
        evaluate_report(_changed(report, escape))


@pytest.mark.parametrize("content", ["", "{}", "[1, 2]", '{"run": {"id": 3}}', "not json"])
def test_what_is_not_a_report_is_said_so(tmp_path: Path, content: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(PermanentError, match=r"is not a report of Casebook"):
        evaluate_report(path)


def _folder(tmp_path: Path, submission: object, labels: object = None) -> Path:
    _documents(tmp_path / "documents")
    (tmp_path / "submission.json").write_text(json.dumps(submission), encoding="utf-8")
    if labels is not None:
        (tmp_path / "labels.json").write_text(json.dumps(labels), encoding="utf-8")
    return tmp_path


def test_a_folder_is_run_and_compared_with_its_labels(tmp_path: Path) -> None:
    labels = {"needs": [{"id": "n1", "evidence": [NEED]}, {"id": "n2", "evidence": [WISH]}], "absent": ["Zyntegrix"]}
    folder = _folder(tmp_path, {"company_name": "Acme", "use_cases_count": 2}, labels)
    measured = evaluate_folder(folder, Settings(outputs=tmp_path / "outputs"))
    assert measured.passed
    assert measured.labelled is not None
    assert measured.labelled.recall == 1
    assert not (tmp_path / "outputs").exists()


def test_without_labels_the_gates_are_measured(tmp_path: Path) -> None:
    measured = evaluate_folder(_folder(tmp_path, {"company_name": "Acme"}), Settings())
    assert measured.passed
    assert measured.labelled is None


@pytest.mark.parametrize(
    ("submission", "message"),
    [
        ({"company_name": "Acme", "use_case_count": 3}, "use_case_count"),
        ({"company_name": "Acme", "use_cases_count": "many"}, "is not a submission"),
        ({"company_name": ""}, "company_name is empty"),
        ({}, "is not a submission"),
        ([], "is not a submission"),
    ],
)
def test_a_bad_submission_is_explained(tmp_path: Path, submission: object, message: str) -> None:
    with pytest.raises(PermanentError, match=message):
        evaluate_folder(_folder(tmp_path, submission), Settings())


def test_bad_labels_are_explained(tmp_path: Path) -> None:
    folder = _folder(tmp_path, {"company_name": "Acme"}, {"needs": [{"id": "n1"}]})
    with pytest.raises(PermanentError, match=r"labels.json is not a file of labels.*evidence"):
        evaluate_folder(folder, Settings())


def test_a_folder_without_submission_or_documents_is_explained(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"there is no .*submission.json"):
        evaluate_folder(tmp_path, Settings())
    (tmp_path / "submission.json").write_text('{"company_name": "Acme"}', encoding="utf-8")
    with pytest.raises(PermanentError, match="put the company's files there"):
        evaluate_folder(tmp_path, Settings())
    (tmp_path / "documents").mkdir()
    with pytest.raises(NoReadableDocuments):
        evaluate_folder(tmp_path, Settings())
