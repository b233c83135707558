"""Bad input: one clear message that says what to do, a non-zero exit, and nothing saved is lost."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from tests.acceptance import companies
from tests.acceptance.program import Ended, Program, files_below, report_of
from tests.unit.documents import office_files

COMPANY = "Brook Parts Ltd"


def wrong_usage(ended: Ended, *words: str) -> None:
    assert ended.code == 2
    assert ended.out == ""
    assert all(word in ended.message for word in words), ended.message


def failed(ended: Ended, *words: str) -> None:
    assert ended.code == 1
    assert ended.out == ""
    assert all(word in ended.message for word in words), ended.message


def test_a_missing_folder_is_wrong_usage(casebook: Program) -> None:
    wrong_usage(casebook.run("nowhere"), "there is no folder nowhere")
    assert not casebook.outputs.exists()


def test_a_name_that_cannot_be_a_folder_is_a_message(casebook: Program) -> None:
    failed(casebook.run("x" * 300), "File name too long")


def test_a_file_instead_of_a_folder_is_wrong_usage(casebook: Program, brook: Path) -> None:
    wrong_usage(casebook.run(brook / "minutes.md"), "is a file", "give the folder")


@pytest.mark.parametrize("name", ["", "  \t ", "\N{ZERO WIDTH SPACE}\N{RIGHT-TO-LEFT OVERRIDE}"])
def test_an_empty_company_name_is_wrong_usage(casebook: Program, brook: Path, name: str) -> None:
    wrong_usage(casebook.run(brook, name), "--company is empty")
    assert not casebook.outputs.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--company", "x" * 201], "200 characters"),
        (["--use-cases", "0"], "from 1 to 50"),
        (["--use-cases", "many"], "not a valid integer"),
        (["--readiness", "101"], "from 0 to 100"),
        (["--readiness", "nan"], "from 0 to 100"),
        (["--colour", "red"], "No such option"),
    ],
)
def test_a_wrong_option_is_wrong_usage(casebook: Program, brook: Path, options: list[str], words: str) -> None:
    wrong_usage(casebook.run(brook, COMPANY, *options), words)


def test_a_wrong_setting_is_wrong_usage(casebook: Program, brook: Path) -> None:
    ended = casebook("run", brook, "--company", COMPANY, env={"CASEBOOK_WORKERS": "two"})
    wrong_usage(ended, "CASEBOOK_WORKERS")


def test_no_company_is_wrong_usage(casebook: Program, brook: Path) -> None:
    wrong_usage(casebook("run", brook), "--company")


def test_an_unknown_run_is_a_failure_that_says_where_to_look(casebook: Program) -> None:
    failed(casebook("show", "20260101_000000-abcdef"), "casebook runs")
    failed(casebook("show"), "no runs yet")
    assert casebook("runs").code == 0
    assert casebook("runs", "--json").object == {"runs": []}


def test_a_folder_without_files_fails_and_says_what_to_give(casebook: Program, tmp_path: Path) -> None:
    (tmp_path / "empty" / "deeper").mkdir(parents=True)
    failed(casebook.run(tmp_path / "empty"), "There are no files", "give a folder")
    (run,) = casebook.records()
    assert run["status"] == "failed"
    assert files_below(casebook.scratch) == []


def unreadable(folder: Path) -> Path:
    folder.mkdir()
    (folder / "cut.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n<<")
    (folder / "cut.docx").write_bytes(office_files.docx(office_files.paragraph("Nine days"))[:400])
    (folder / "empty.txt").write_bytes(b"")
    (folder / "noise.bin").write_bytes(bytes(range(256)) * 4)
    return folder


def test_only_unreadable_files_fail_with_every_reason_kept(casebook: Program, tmp_path: Path) -> None:
    folder = unreadable(tmp_path / "bad")
    failed(casebook.run(folder), "None of the 4 files could be read", "empty.txt: the file is empty")
    (company,) = casebook.outputs.glob("brook_parts_ltd")
    info = json.loads((company / "data" / "company_info.json").read_bytes())
    assert [file["name"] for file in info["files"]] == ["cut.docx", "cut.pdf", "empty.txt", "noise.bin"]
    assert all(file["reason"] and file["status"] in {"failed", "skipped"} for file in info["files"])
    assert list((company / "final").glob("*")) == []
    shown = casebook("show")
    assert "failed" in shown.out
    assert "noise.bin" in shown.out


def test_a_failed_run_goes_on_when_there_is_something_to_read(casebook: Program, tmp_path: Path) -> None:
    folder = unreadable(tmp_path / "bad")
    assert casebook.run(folder).code == 1
    companies.english(folder)
    ended = casebook.run(folder)
    assert ended.code == 0
    assert ended.object["files"] == {"received": 7, "read": 3, "failed": 4}


def test_one_bad_file_does_not_stop_the_others(casebook: Program, brook: Path) -> None:
    (brook / "cut.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n<<")
    report = report_of(casebook.run(brook))
    outcomes = {source["name"]: (source["status"], source["reason"]) for source in report["sources"]}
    assert outcomes["cut.pdf"][0] == "failed"
    assert outcomes["cut.pdf"][1]
    assert outcomes["minutes.md"] == ("read", None)


def test_a_file_that_changes_while_it_is_read_is_that_files_outcome(casebook: Program, brook: Path) -> None:
    growing, ended = brook / "growing.txt", threading.Event()
    growing.write_bytes(b"A line that is not the last.\n" * 1_000_000)

    def write() -> None:
        with growing.open("ab", buffering=0) as file:
            while not ended.is_set():
                file.write(b"One more line.\n")
                ended.wait(0.0001)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        report = report_of(casebook.run(brook))
    finally:
        ended.set()
        writer.join()
    outcomes = {source["name"]: source for source in report["sources"]}
    assert outcomes["growing.txt"]["status"] == "failed"
    assert "changed while it was read" in outcomes["growing.txt"]["reason"]
    assert outcomes["minutes.md"]["status"] == "read"


def test_names_of_any_kind_are_read_and_shown(casebook: Program, brook: Path) -> None:
    names = [
        "😀 angebot 🧾.txt",
        "\u202etxt.exe.txt",
        "תכנית.txt",
        "n" * 196 + ".txt",
        "two\nlines.txt",
        "$(id);`id`&.txt",
        "-rf.txt",
        "A.TXT ",
    ]
    for number, name in enumerate(names):
        (brook / name).write_text(f"Note {number}: quotations take nine days.\n", encoding="utf-8")
    Path(os.fsdecode(os.fsencode(brook) + b"/latin\xe9.txt")).write_text("The stock has grown.\n", encoding="utf-8")
    ended = casebook.run(brook)
    sources = report_of(ended)["sources"]
    assert len(sources) == ended.object["files"]["received"] == len(names) + 4
    assert {source["status"] for source in sources} == {"read"}
    shown = {source["name"] for source in sources}
    assert {"😀 angebot 🧾.txt", "תכנית.txt", "n" * 196 + ".txt", "latin\N{REPLACEMENT CHARACTER}.txt"} <= shown
    assert not any("\n" in name or "\u202e" in name for name in shown)
    kept = list((Path(ended.object["outputs"]) / "data" / "files").iterdir())
    assert len(kept) == len(sources)
    assert all(path.name.isascii() and len(path.name) < 80 for path in kept)
    narrow = casebook("show", env={"PYTHONIOENCODING": "ascii"})
    assert narrow.code == 0
    assert "angebot" in narrow.out


@pytest.mark.parametrize(
    ("company", "slug"),
    [
        ("Ünïcode & Söhne 😀", "uenicode_and_soehne"),
        ("../../etc", "etc"),
        ("x" * 200, "x" * 40),
    ],
)
def test_company_names_of_any_kind_become_folder_names(casebook: Program, brook: Path, company: str, slug: str) -> None:
    ended = casebook.run(brook, company)
    assert ended.object["company_slug"] == slug
    assert {path.name for path in casebook.outputs.iterdir()} == {slug, "logs"}
    assert report_of(ended)["run"]["company"] == company


def test_links_are_not_followed(casebook: Program, brook: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("CANARY-4711 is none of the company's business.\n", encoding="utf-8")
    (brook / "link.txt").symlink_to(secret)
    (brook / "loop").symlink_to(brook, target_is_directory=True)
    os.mkfifo(brook / "pipe.txt")
    report = report_of(casebook.run(brook))
    outcomes = {source["name"]: source["status"] for source in report["sources"]}
    assert outcomes["link.txt"] == outcomes["loop"] == outcomes["pipe.txt"] == "skipped"
    assert not [path for path in casebook.outputs.rglob("*") if path.is_file() and b"CANARY-4711" in path.read_bytes()]
