"""Bodies -> fields and files, whatever the pieces they come in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.domain.submission import Submission
from casebook.errors import StorageFailed
from casebook.web.intake import Received, ReceivedFolder, parse_fields, parse_json, read_form, shown_name
from casebook.web.limits import Limits
from casebook.web.problems import Problem
from tests.front_door import file_part, form, text_part

CONTENT = b"\r\n--X\r\n-\r\r\n--" * 5 + bytes(range(256))  # looks like the boundary and is not
WHOLE = form(
    text_part("company", "Acme \N{SNOWMAN}"), file_part("a.txt", CONTENT), file_part("b.bin", b""), text_part("x", "y")
)


async def _pieces(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def read(folder: ReceivedFolder, pieces: Sequence[bytes], run_id: str) -> Received:
    received = Received()
    asyncio.run(read_form(_pieces(pieces), "XX", received, run_id=run_id, folder=folder, limits=Limits()))
    return received


@given(cuts=st.lists(st.integers(0, len(WHOLE)), max_size=12))
def test_a_form_is_read_the_same_however_it_is_cut(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    folder = ReceivedFolder(tmp_path_factory.mktemp("outputs"))
    edges = [0, *sorted(cuts), len(WHOLE)]
    cut = read(folder, [WHOLE[start:end] for start, end in pairwise(edges)], "R1")
    whole = read(folder, [WHOLE], "R2")
    assert (cut.fields, cut.files, cut.size) == (whole.fields, whole.files, len(WHOLE))
    assert cut.fields == {"company": "Acme \N{SNOWMAN}", "x": "y"}
    assert {file.name: file.size for file in cut.files}["b.bin"] == 0
    for file in cut.files:
        assert (folder.path / f"R1.{file.path}").stat().st_size == file.size
    folder.close()


@given(end=st.integers(0, len(WHOLE) - 5))
def test_a_form_that_is_cut_off_is_always_refused(tmp_path_factory: pytest.TempPathFactory, end: int) -> None:
    folder = ReceivedFolder(tmp_path_factory.mktemp("outputs"))
    with pytest.raises(Problem) as raised:
        read(folder, [WHOLE[:end]], "R1")
    assert raised.value.status == 400
    assert not list(folder.path.glob("*.part"))
    folder.close()


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_form_or_a_problem(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = ReceivedFolder(tmp_path_factory.mktemp("outputs"))
    with pytest.raises(Problem):
        read(folder, [b"--XX\r\n" + data], "R1")
    folder.close()


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_names = st.sampled_from(
    ["company", "companyName", "Company Name", "name", "use_cases", "Number of use cases to generate", "readiness"]
) | st.text(max_size=10)


@given(fields=st.dictionaries(_names, _values, max_size=6))
def test_any_fields_are_a_submission_or_a_problem_that_echoes_nothing(fields: dict[str, Any]) -> None:
    try:
        submission = parse_fields(parse_json(json.dumps(fields).encode()))
    except Problem as error:
        problem: Problem | None = error
    else:
        problem = None
        assert isinstance(submission, Submission)
    if problem is not None:
        assert problem.status in {400, 422}
        told = problem.detail + "".join(error.detail for error in problem.errors)
        assert not any(value in told for value in fields.values() if isinstance(value, str) and len(value) > 20)


@given(data=st.binary(max_size=100))
def test_any_bytes_are_json_or_a_problem(data: bytes) -> None:
    status = None
    try:
        assert isinstance(parse_json(data), dict)
    except Problem as problem:
        status = problem.status
    assert status in {None, 400}


@pytest.mark.parametrize("name", ["company", "companyName", "Company Name", "name", "COMPANY_NAME", "company-name"])
def test_the_company_is_found_under_the_names_that_form_tools_give(name: str) -> None:
    assert parse_fields({name: "Acme"}).company_name == "Acme"


def test_all_fields_are_found_under_their_other_names() -> None:
    assert parse_fields(
        {
            "name": "Jane",  # a person's, when the company has a field of its own
            "Company Name": "Acme",
            "Number of use cases to generate": "12",
            "overall_readiness_score": "61.5",
            "Google Drive Link": "https://drive.google.com/x",
            "readiness_category": "starting",
            "report_expectations": "",
            "description": "Pumps.",
        }
    ) == Submission.parse(
        company_name="Acme",
        use_cases_count=12,
        readiness_score=61.5,
        google_drive_link="https://drive.google.com/x",
        readiness_category="starting",
        company_description="Pumps.",
    )


def test_all_wrong_fields_are_named_at_once() -> None:
    with pytest.raises(Problem) as raised:
        parse_fields({"company": ["x"], "use_cases": "many"})
    assert [error.pointer for error in raised.value.errors] == ["/company", "/use_cases"]


@given(name=st.text(max_size=600))
def test_a_shown_name_is_short_and_leads_nowhere(name: str) -> None:
    shown = shown_name(name)
    assert 0 < len(shown.encode("utf-8", "strict")) <= 255
    assert not set(shown) & set("\\\0\n\r\u202e")
    assert not set(shown.split("/")) & {"", ".", ".."}


def test_sub_folders_stay_in_a_shown_name() -> None:
    assert shown_name("hr/2025\\plan.pdf") == "hr/2025/plan.pdf"
    assert shown_name("C:\\../..//etc/passwd") == "C:/etc/passwd"


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageFailed, match="cannot write"):
        ReceivedFolder(tmp_path / "file")
