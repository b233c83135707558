"""`--catalogue`: a user's own patterns as JSON, YAML or CSV, and what is said of a broken one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.program import Program, report_of

INVOICES = (
    "inv-1",
    "Reading supplier invoices",
    "Supplier invoices that are typed by hand into the ERP system are read automatically: amounts; order numbers.",
)
MAILS = (
    "mail-1",
    "Answering customer e-mails",
    "Customer e-mails to the service desk are sorted; forwarded and answered with a draft so nobody waits four days.",
)


def as_json() -> str:
    import json  # noqa: PLC0415

    return json.dumps([dict(zip(("id", "title", "description"), entry, strict=True)) for entry in (INVOICES, MAILS)])


def as_csv() -> str:
    return "id,title,description\n" + "".join(
        ",".join(f'"{cell}"' for cell in entry) + "\n" for entry in (INVOICES, MAILS)
    )


def as_yaml() -> str:
    return "patterns:\n" + "".join(
        f"- id: {entry[0]}\n  title: {entry[1]}\n  description: '{entry[2]}'\n" for entry in (INVOICES, MAILS)
    )


@pytest.mark.parametrize(("suffix", "text"), [("json", as_json()), ("csv", as_csv()), ("yaml", as_yaml())])
def test_the_use_cases_come_from_the_users_own_catalogue(
    casebook: Program, brook: Path, tmp_path: Path, suffix: str, text: str
) -> None:
    path = tmp_path / f"own.{suffix}"
    path.write_text(text, encoding="utf-8")
    report = report_of(casebook.run(brook, "Brook Parts Ltd", "--catalogue", path))
    assert {case["pattern_id"] for case in report["use_cases"]} == {"inv-1", "mail-1"}
    assert "own" in report["run"]["catalogue"]


def test_columns_that_are_not_used_are_named_once_on_stderr_and_in_the_report(
    casebook: Program, brook: Path, tmp_path: Path
) -> None:
    path = tmp_path / "own.csv"
    path.write_text("owner,id,title,description,risks\n" + ",".join(("Jo", *INVOICES, "None")) + "\n", encoding="utf-8")
    ended = casebook.run(brook, "Brook Parts Ltd", "--catalogue", path)
    assert ended.err.count("Not used of the catalogue own.csv: owner, risks.") == 1
    (limit,) = [line for line in report_of(ended)["method"]["limits"] if "own.csv" in line]
    assert "owner, risks" in limit


def test_the_own_catalogue_stands_beside_the_built_in_one_when_asked(
    casebook: Program, brook: Path, tmp_path: Path
) -> None:
    path = tmp_path / "own.json"
    path.write_text(as_json(), encoding="utf-8")
    alone = report_of(casebook.run(brook, "Brook Parts Ltd", "--catalogue", path))
    beside = report_of(casebook.run(brook, "Brook Parts Ltd", "--catalogue", path, "--with-built-in"))
    assert len(beside["use_cases"]) > len(alone["use_cases"])


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (("own.json", "["), "not valid .json"),
        (("own.json", "{}"), "not a list of entries"),
        (("own.json", "[]"), "has no entries"),
        (("own.json", '[{"id": "a", "title": "A", "description": "A."}, {"id": "b", "title": "B"}]'), "entry 2"),
        (("own.json", '[{"id": "a", "titel": "A", "title": "A", "description": "A."}]'), "entry 1"),
        (("own.json", '["a"]'), "entry 1"),
        (("own.yaml", "- id: a\n  title: A\n   description: ["), "not valid .yaml"),
        (("own.csv", "id,title,description\na,A,A text.\na,B,B text.\n"), "entry 2"),
        (("own.csv", "id,title\na,A\n"), "entry 1"),
    ],
)
def test_of_a_broken_catalogue_the_entry_is_named(
    casebook: Program, brook: Path, tmp_path: Path, broken: tuple[str, str], words: str
) -> None:
    name, text = broken
    (tmp_path / name).write_text(text, encoding="utf-8")
    ended = casebook.run(brook, "Brook Parts Ltd", "--catalogue", tmp_path / name)
    assert ended.code == 2
    assert ended.out == ""
    assert words in ended.message
    assert name in ended.message


def test_a_catalogue_that_is_not_there_is_wrong_usage(casebook: Program, brook: Path) -> None:
    ended = casebook.run(brook, "Brook Parts Ltd", "--catalogue", "nowhere.json")
    assert ended.code == 2
    assert "nowhere.json" in ended.message
