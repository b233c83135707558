"""The demo: a report, one JSON object, the layout of the outputs folder, and what can be asked afterwards."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.acceptance.program import Ended, Program, files_below, report_of, stripped

STAGES = ["setup", "vector_store", "part_a", "quotes", "part_b", "consolidation", "upload"]


def test_demo_prints_one_object_of_the_documented_shape(demo: Ended) -> None:
    assert demo.code == 0, demo.err
    assert list(demo.object) == [
        "run_id", "status", "company_slug", "outputs", "report", "seconds", "files", "use_cases", "quotes",
    ]  # fmt: skip
    assert list(demo.object["report"]) == ["md", "html", "json"]
    assert list(demo.object["files"]) == ["received", "read", "failed"]
    assert demo.object["status"] == "done"
    assert demo.object["use_cases"] > 0
    assert demo.object["quotes"] > 0
    assert demo.object["files"]["received"] == demo.object["files"]["read"]


def test_demo_writes_the_report_in_three_formats_that_agree(demo: Ended) -> None:
    report = report_of(demo)
    assert len(report["use_cases"]) == demo.object["use_cases"]
    assert len(report["quotes"]) == demo.object["quotes"]
    markdown = Path(demo.object["report"]["md"]).read_text(encoding="utf-8")
    page = Path(demo.object["report"]["html"]).read_text(encoding="utf-8")
    for use_case in report["use_cases"]:
        assert use_case["title"] in markdown
    assert page.startswith("<!doctype html>")
    assert not re.search(r"""(src|href)=["']?https?://""", page)  # self-contained


def test_every_quote_of_the_demo_stands_in_the_text_beside_the_report(demo: Ended) -> None:
    report = report_of(demo)
    company = Path(demo.object["outputs"])
    texts = {
        source["id"]: (company / source["text_path"]).read_bytes().decode()
        for source in report["sources"]
        if source["text_path"]
    }
    for quote in report["quotes"]:
        assert texts[quote["source_id"]][quote["start"] : quote["end"]] == quote["text"]


def test_progress_of_all_steps_goes_to_stderr_in_plain_lines(demo: Ended) -> None:
    assert [line[:5] for line in demo.err.splitlines() if " of " not in line] == [
        f"[{number}/7]" for number in range(1, 8)
    ]
    assert "\x1b" not in demo.err


def test_outputs_have_the_documented_layout(demo: Ended, demo_program: Program) -> None:
    company = Path(demo.object["outputs"])
    assert company == demo_program.outputs / demo.object["company_slug"]
    assert {path.name for path in demo_program.outputs.iterdir()} == {company.name, "logs"}
    folders = ["data", "debug", "final", "part_a", "part_b", "vector_ids"]
    assert sorted(path.name for path in company.iterdir()) == folders
    for folder in folders:
        assert any((company / folder).iterdir()), folder
    assert {path.parent for path in map(Path, demo.object["report"].values())} == {company / "final"}
    for kind, path in demo.object["report"].items():
        assert re.fullmatch(rf"FINAL_REPORT_\d{{8}}_\d{{6}}\.{kind}", Path(path).name)


def test_the_submission_and_the_company_are_written_down(demo: Ended) -> None:
    company = Path(demo.object["outputs"])
    (saved,) = (company / "debug").glob("submission_*.json")
    submission = json.loads(saved.read_bytes())
    info = json.loads((company / "data" / "company_info.json").read_bytes())
    assert re.fullmatch(r"submission_\d{8}_\d{6}\.json", saved.name)
    assert submission["run_id"] == demo.object["run_id"]
    for field in ("company_name", "company_description", "use_cases_count", "readiness_score"):
        assert submission[field] == info[field]
    assert len(info["files"]) == demo.object["files"]["received"]


def test_the_log_is_one_json_object_a_line(demo: Ended, demo_program: Program) -> None:
    (log,) = (demo_program.outputs / "logs").iterdir()
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert all({"timestamp", "level", "message"} <= line.keys() for line in lines)
    done = [line["step"] for line in lines if line["message"] == "step done"]
    assert done == STAGES
    assert {line["run_id"] for line in lines if "run_id" in line} == {demo.object["run_id"]}


@pytest.mark.usefixtures("demo")
def test_no_scratch_is_left_by_the_demo(demo_program: Program) -> None:
    assert files_below(demo_program.scratch) == []
    assert not [name for name in files_below(demo_program.outputs) if ".writing-" in name]


def test_show_tells_the_steps_and_the_outcome_of_every_file(demo: Ended, demo_program: Program) -> None:
    shown = demo_program("show", demo.object["run_id"])
    assert shown.code == 0
    for stage in STAGES:
        assert re.search(rf"^ +{stage} +done ", shown.out, re.MULTILINE)
    for source in report_of(demo)["sources"]:
        assert f"{source['id']:<5} {source['status']:<8} {source['name']}" in shown.out
    as_object = demo_program("show", "--json").object  # without an id: the latest
    assert as_object["id"] == demo.object["run_id"]
    assert [step["stage"] for step in as_object["steps"]] == STAGES


def test_runs_lists_the_run(demo: Ended, demo_program: Program) -> None:
    assert demo.object["run_id"] in demo_program("runs").out
    listed = demo_program("runs", "--json").object["runs"]
    assert [(run["id"], run["status"]) for run in listed] == [(demo.object["run_id"], "done")]


def test_the_same_input_elsewhere_makes_the_same_bytes(demo: Ended, casebook: Program) -> None:
    again = casebook("demo", "--json")
    assert again.object["run_id"] != demo.object["run_id"]
    assert stripped(again.object["report"]["json"]) == stripped(demo.object["report"]["json"])


def test_without_json_stdout_is_the_path_of_the_report(casebook: Program, brook: Path) -> None:
    ended = casebook("run", brook, "--company", "Brook Parts Ltd", "--quiet")
    assert ended.code == 0
    (line,) = ended.out.splitlines()
    assert line == str(next((casebook.outputs / "brook_parts_ltd" / "final").glob("*.md")))
    assert "[1/7]" not in ended.err


def test_outputs_option_comes_before_the_environment(casebook: Program, brook: Path) -> None:
    ended = casebook.run(brook, "Brook Parts Ltd", "--outputs", "elsewhere")
    assert ended.object["outputs"] == str(casebook.root / "elsewhere" / "brook_parts_ltd")
    assert not casebook.outputs.exists()


def test_options_reach_the_report(casebook: Program, brook: Path) -> None:
    options = ("--use-cases", "2", "--readiness", "55", "--description", "Maker of metal parts.")
    report = report_of(casebook.run(brook, "Brook Parts Ltd", *options))
    assert len(report["use_cases"]) == 2
    assert report["run"]["company"] == "Brook Parts Ltd"


def test_the_shipped_example_becomes_a_report(casebook: Program) -> None:
    folder = Path(__file__).resolve().parents[2] / "examples" / "harrow_vale" / "documents"
    ended = casebook.run(folder, "Harrow & Vale Mutual", "--use-cases", "12")
    assert ended.object["files"]["failed"] == 0
    assert 0 < ended.object["use_cases"] <= 12
    assert ended.object["company_slug"] == "harrow_and_vale_mutual"
