"""The command line, called as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from casebook.cli import cli
from casebook.domain.run import Stage
from casebook.extras import EXTRAS

TEXT = (
    "Every invoice from our suppliers is typed into the ledger by hand, and it takes eight minutes each.\n\n"
    "We receive 1,200 invoices a month and about 4 percent of them are booked with a wrong amount.\n\n"
    "The clerks complain that checking invoices against orders is slow and full of errors.\n"
)


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "purchase.md").write_text(TEXT, "utf-8")
    (folder / "empty.txt").write_bytes(b"")
    return folder


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CASEBOOK_CATALOGUE", "CASEBOOK_CATALOGUE_MODE", "CASEBOOK_WORKERS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CASEBOOK_OUTPUTS", str(tmp_path / "outputs"))
    return tmp_path / "outputs"


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def loaded(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_run_prints_one_object_and_its_progress_goes_to_stderr(documents: Path, outputs: Path) -> None:
    result = call("run", documents, "--company", "Acme GmbH", "--json", "--use-cases", "3", "--readiness", "55")
    assert result.exit_code == 0, result.output
    found = loaded(result)
    assert (found["status"], found["company_slug"]) == ("done", "acme_gmbh")
    assert found["files"] == {"received": 2, "read": 1, "failed": 1}
    assert found["use_cases"] >= 1
    assert set(found["report"]) == {"md", "html", "json"}
    assert all(Path(path).is_file() and path.startswith(str(outputs)) for path in found["report"].values())
    assert len([line for line in result.stderr.splitlines() if line.startswith("[")]) >= len(Stage)


def test_a_run_for_people_ends_with_the_path_of_the_report(documents: Path, outputs: Path) -> None:
    result = call("run", documents, "--company", "Acme", "--outputs", outputs / "mine")
    assert result.exit_code == 0, result.output
    (path,) = result.stdout.split()
    assert Path(path).read_text("utf-8").startswith("# AI use cases for Acme")
    assert path.startswith(str(outputs / "mine" / "acme" / "final" / "FINAL_REPORT_"))
    assert "read 1 of 2 files" in result.stderr


def test_a_quiet_run_prints_the_path_and_nothing_else(documents: Path, outputs: Path) -> None:
    result = call("run", documents, "--company", "Acme", "--quiet")
    assert result.stderr == ""
    assert Path(result.stdout.strip()).is_relative_to(outputs)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "Missing option '--company'"),
        (["run", "--company", "A"], "give a FOLDER with documents, or --drive-link"),
        (["run", "--company", "A", "--drive-link", "https://x.example"], "--drive-link is not a link"),
        (["run", "DOCUMENTS"], "Missing option '--company'"),
        (["run", "DOCUMENTS", "--company", " "], "--company is empty"),
        (["run", "DOCUMENTS", "--company", "A", "--use-cases", "0"], "from 1 to 50"),
        (["run", "DOCUMENTS", "--company", "A", "--use-cases", "many"], "not a valid integer"),
        (["run", "DOCUMENTS", "--company", "A", "--readiness", "101"], "from 0 to 100"),
        (["run", "DOCUMENTS/none", "--company", "A"], "there is no folder"),
        (["run", "DOCUMENTS/purchase.md", "--company", "A"], "is a file: give the folder"),
        (["run", "DOCUMENTS", "--company", "A", "--catalogue", "none.json"], "cannot read the catalogue"),
        (["evaluate", "DOCUMENTS/none"], "does not exist"),
        (["evaluate", "DOCUMENTS/purchase.md"], "a report is measured by its data: give its FINAL_REPORT_*.json"),
        (["ask", "Acme", " "], "it is empty: ask something"),
        (["submit", "DOCUMENTS/none", "--to", "http://127.0.0.1:9", "--company", "A"], "there is no folder"),
        (["submit", "DOCUMENTS/hollow", "--to", "http://127.0.0.1:9", "--company", "A"], "there are no files to send"),
        (["walk"], "No such command"),
    ],
)
def test_wrong_usage_exits_with_two_and_says_what_is_right(
    documents: Path, outputs: Path, arguments: list[str], said: str
) -> None:
    (documents / "hollow").mkdir()
    result = call(*[argument.replace("DOCUMENTS", str(documents)) for argument in arguments])
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
    assert not list(outputs.rglob("*.md"))


def test_a_wrong_variable_is_wrong_usage(documents: Path, outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEBOOK_WORKERS", "lots")
    result = call("run", documents, "--company", "Acme")
    assert (result.exit_code, outputs.exists()) == (2, False)
    assert "CASEBOOK_WORKERS is a whole number" in result.stderr


@pytest.mark.usefixtures("outputs")
def test_asking_a_company_without_runs_says_where_to_look() -> None:
    result = call("ask", "Acme", "How many invoices a month?")
    assert result.exit_code == 1
    assert "no run of acme has read its documents yet: see all runs with casebook runs" in result.stderr


def test_a_run_that_fails_exits_with_one_and_can_be_looked_at(documents: Path, outputs: Path) -> None:
    (documents / "purchase.md").unlink()
    result = call("run", documents, "--company", "Acme")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Error: None of the 1 files could be read (empty.txt: " in result.stderr
    shown = call("show")
    assert "failed" in shown.stdout
    assert "Run the same command again" in shown.stdout
    assert (outputs / "acme" / "data" / "company_info.json").is_file()


def test_runs_and_show_tell_of_the_runs_there_are(documents: Path, outputs: Path) -> None:
    run_id = loaded(call("run", documents, "--company", "Acme", "--json"))["run_id"]
    assert loaded(call("runs", "--json"))["runs"][0]["id"] == run_id
    assert call("runs").stdout.startswith(f"{run_id}  done")
    assert loaded(call("show", run_id, "--json"))["status"] == "done"
    shown = call("show").stdout
    assert all(stage in shown for stage in Stage)
    assert "empty.txt: " in shown
    assert outputs.is_dir()


def test_without_runs_there_is_nothing_to_show(outputs: Path) -> None:
    assert call("runs").exit_code == 0
    assert "no runs yet" in call("runs").stderr
    assert call("show").exit_code == 1
    assert "start one with casebook demo" in call("show").stderr
    missing = call("show", "R9")
    assert missing.exit_code == 1
    assert "there is no run R9: see them all with: casebook runs" in missing.stderr
    assert not outputs.exists()


def test_an_own_catalogue_is_used_instead_of_or_beside_the_built_in_one(
    documents: Path, outputs: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own.csv"
    own.write_text("id,title,description\np1,Read invoices,Typing invoices into the ledger by hand.\n", "utf-8")
    alone = loaded(call("run", documents, "--company", "Acme", "--json", "--catalogue", own))
    beside = loaded(call("run", documents, "--company", "Acme", "--json", "--catalogue", own, "--with-built-in"))
    made_with = [
        json.loads(Path(found["report"]["json"]).read_bytes())["run"]["catalogue"] for found in (alone, beside)
    ]
    assert made_with[0].startswith("own, 1 patterns")
    assert not made_with[1].startswith("own, 1 patterns")
    assert outputs.is_dir()


def test_a_report_measures_well_and_a_changed_one_does_not(documents: Path, outputs: Path) -> None:
    report = Path(loaded(call("run", documents, "--company", "Acme", "--json"))["report"]["json"])
    assert report.is_relative_to(outputs)
    assert call("evaluate", report).exit_code == 0
    assert f"give {report}" in call("evaluate", report.with_suffix(".md")).stderr
    assert loaded(call("evaluate", report, "--json"))
    content = json.loads(report.read_bytes())
    content["quotes"][0]["text"] += " And more."
    report.write_text(json.dumps(content), "utf-8")
    assert call("evaluate", report).exit_code == 1


def test_the_schema_is_one_object() -> None:
    assert loaded(call("schema"))["$defs"]


def test_help_names_the_commands() -> None:
    result = call("--help")
    assert result.exit_code == 0
    assert all(name in result.stdout for name in ("run", "demo", "show", "runs", "evaluate", "schema", "doctor"))
    assert call("--version").stdout.startswith("casebook, version ")


def test_formats_asked_for_are_written_and_listed(documents: Path, outputs: Path) -> None:
    result = call("run", documents, "--company", "Acme", "--json", "--format", "pdf, docx")
    assert result.exit_code == 0, result.output
    report = loaded(result)["report"]
    assert list(report) == ["md", "html", "json", "pdf", "docx"]
    assert Path(report["pdf"]).read_bytes().startswith(b"%PDF-1.7")
    assert Path(report["docx"]).read_bytes().startswith(b"PK")
    assert len(list((outputs / "acme" / "final").iterdir())) == 5


def test_an_unknown_format_is_wrong_usage(documents: Path) -> None:
    result = call("run", documents, "--company", "Acme", "--format", "odt")
    assert result.exit_code == 2
    assert "there is no report format 'odt': name some of md, html, json, pdf, docx" in result.stderr.replace("\n", "")


def test_a_format_whose_package_is_missing_says_which_extra_to_install(
    documents: Path, outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(EXTRAS, "pdf", ("the report as a PDF", ("no_such_package",)))
    result = call("run", documents, "--company", "Acme", "--format", "pdf")
    assert result.exit_code == 1
    assert "pip install 'casebook[pdf]'" in result.stderr
    assert not list(outputs.glob("*/final/*"))
