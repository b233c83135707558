"""Two runs at once: of one company never, of two companies without a trace of one in the other."""

from __future__ import annotations

import time
from pathlib import Path

from tests.acceptance import companies
from tests.acceptance.program import Program, wait
from tests.data.hostile_files import pdf_stream, text_pdf


def test_a_second_run_of_a_company_says_that_one_is_under_way(casebook: Program, brook: Path) -> None:
    operators = b"BT /F1 9 Tf 50 700 Td (slow) Tj ET\n" * 1_500_000
    (brook / "slow.pdf").write_bytes(text_pdf([[]]).replace(pdf_stream(b""), pdf_stream(operators)))
    first = casebook.start("run", brook, "--company", "Brook Parts Ltd", "--json")
    while not casebook.records():
        assert first.poll() is None
        time.sleep(0.02)
    second = casebook.run(brook)
    assert "cut off" not in casebook("show").out
    assert first.poll() is None, "the first run ended too early for this test"
    assert second.code == 1
    assert second.out == ""
    assert "Another run of this company is under way" in second.message
    ended = wait(first)
    assert ended.code == 0
    assert [run["status"] for run in casebook.records()] == ["done"]


def test_two_companies_at_once_never_share_a_word(casebook: Program, tmp_path: Path) -> None:
    names = {"Brook Parts Ltd": "CANARY-BROOK-1847", "Heron Tools GmbH": "CANARY-HERON-2963"}
    processes = {}
    for company, canary in names.items():
        folder = companies.english(tmp_path / canary.lower())
        (folder / "own.md").write_text(
            f"# {canary}\n\nOur depot {canary} types 700 delivery notes a day by hand, which costs 9 hours a day.\n",
            encoding="utf-8",
        )
        processes[company] = casebook.start("run", folder, "--company", company, "--json")
    for company, process in processes.items():
        ended = wait(process)
        assert ended.code == 0, ended.err
        (other,) = set(names.values()) - {names[company]}
        files = [path for path in Path(ended.object["outputs"]).rglob("*") if path.is_file()]
        contents = {path: path.read_bytes().lower() for path in files}
        assert any(names[company].lower().encode() in data for data in contents.values())
        assert not [path for path, data in contents.items() if other.lower().encode() in data]
        assert not [path for path in files if other.lower() in path.name]
