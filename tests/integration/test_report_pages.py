"""The report and its sources over HTTP, on a run that was really made."""

from __future__ import annotations

import hashlib
import html
import itertools
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import pytest

from casebook.documents.page_worker import PageAnswer
from casebook.documents.pages import PageReader
from casebook.web.guard import Guard
from tests import demo_run
from tests.front_door import MASTER, Answer, Door, open_door

PAGE = {"Accept": "text/html"}
KEY = "cbk_secret"


class Reading:
    """A reader with a private link to one run."""

    def __init__(self, door: Door, run_id: str, token: str) -> None:
        self.door = door
        self.run_id = run_id
        self._cookie = f"casebook_access={token}"

    def ask(self, path: str, **headers: str) -> Answer:
        return self.door.ask("GET", f"/runs/{self.run_id}{path}", Cookie=self._cookie, **{**PAGE, **headers})

    def page(self, path: str) -> str:
        answer = self.ask(path)
        assert answer.status == 200
        return answer.body.decode()

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("/report/json").json
        return found


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    keys = {hashlib.sha256(KEY.encode()).hexdigest(): "form"}
    guard = Guard(master=MASTER, keys=keys, strangers=True, rate="1000/minute")
    with open_door(tmp_path_factory.mktemp("outputs"), guard=guard, embedders=[]) as opened:
        yield opened


@pytest.fixture(scope="module")
def reading(door: Door) -> Reading:
    run_id, token = demo_run.submit(door, Authorization=f"Bearer {KEY}")
    demo_run.work_on(door, run_id)
    return Reading(door, run_id, token)


def marked(page: str) -> str:
    return html.unescape("".join(re.findall(r"<mark>(.*?)</mark>", page, re.DOTALL)))


def test_the_report_is_read_with_its_private_link_alone(reading: Reading) -> None:
    page = reading.page("/report")
    assert "AI use cases for Nordwerk Pumpen GmbH" in page
    assert reading.door.ask("GET", f"/runs/{reading.run_id}/report", **PAGE).status == 404
    assert reading.door.ask("GET", f"/runs/{reading.run_id}/sources/S1", **PAGE).status == 404
    assert reading.door.ask("GET", f"/runs/{reading.run_id}/sources/S1/pages/1.png").status == 404
    assert reading.door.ask("GET", f"/runs/{reading.run_id}/sources/S1/file").status == 404


def test_each_quotes_page_marks_its_very_letters(reading: Reading) -> None:
    report = reading.report
    for quote in report["quotes"]:
        page = reading.page(f"/sources/{quote['source_id']}?q={quote['id']}")
        assert "".join(marked(page).split()) == "".join(quote["text"].split()), quote["id"]
        assert f"?q=Q{int(quote['id'][1:]) + 1}" in page or quote is report["quotes"][-1]


def test_each_quote_in_a_pdf_is_marked_on_the_picture_of_its_page(reading: Reading) -> None:
    report = reading.report
    pdfs = {source["id"] for source in report["sources"] if source["media_type"] == "application/pdf"}
    quotes = [quote for quote in report["quotes"] if quote["source_id"] in pdfs]
    assert len(quotes) >= 5
    for quote in quotes:
        page = reading.page(f"/sources/{quote['source_id']}?q={quote['id']}&part=pane")
        assert '<rect class="mark"' in page
        assert f"/sources/{quote['source_id']}/pages/{quote['locator']['page']}.png" in page
    picture = reading.ask(f"/sources/{quotes[0]['source_id']}/pages/1.png", Accept="image/*")
    assert (picture.body[:4], picture.headers["content-type"]) == (b"\x89PNG", "image/png")
    again = reading.ask(f"/sources/{quotes[0]['source_id']}/pages/1.png", If_None_Match=picture.headers["etag"])
    assert (again.status, again.body) == (304, b"")


def test_rows_and_slides_are_shown_as_such(reading: Reading) -> None:
    report = reading.report
    row = next(quote for quote in report["quotes"] if quote["locator"]["row"])
    page = reading.page(f"/sources/{row['source_id']}?q={row['id']}")
    assert f'<tr class="here" aria-current="true"><th scope="row">{row["locator"]["row"]}</th>' in page
    slide = next(quote for quote in report["quotes"] if quote["locator"]["slide"])
    assert 'class="passage slide"' in reading.page(f"/sources/{slide['source_id']}?q={slide['id']}")


@pytest.mark.parametrize(
    "path",
    [
        "/sources/S999",
        "/sources/S1?q=Q999",
        "/sources/S1?q=Q1",  # which stands elsewhere
        "/sources/S1/pages/99.png",
        "/sources/S1/pages/0.png",
        "/sources/S1/pages/x.png",
        pytest.param(f"/sources/S1/pages/{'9' * 5000}.png", id="a number that no page has"),
        "/sources/S2/pages/1.png",  # no PDF
        "/sources/S999/file",
        "/sources/..%2f..%2f/file",
        "/report/exe",
    ],
)
def test_what_is_not_there_is_not_found(reading: Reading, path: str) -> None:
    assert reading.ask(path).status == 404


def test_a_page_that_is_slow_to_draw_keeps_nobody_else_waiting(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing, drawn = threading.Semaphore(0), threading.Event()

    def draw(*_: object) -> PageAnswer:
        drawing.release()
        drawn.wait()
        return PageAnswer(reason="the page cannot be drawn")

    monkeypatch.setattr(PageReader, "draw", draw)
    with ThreadPoolExecutor(40) as readers:
        asked = [readers.submit(reading.ask, f"/sources/S1/pages/{90_000 + n}.png") for n in range(40)]
        assert drawing.acquire(timeout=20)
        refused = [answer.result() for answer in itertools.islice(as_completed(asked), 20)]
        assert {(answer.status, answer.headers["retry-after"]) for answer in refused} == {(503, "5")}
        assert reading.ask("").status == 200
        assert reading.door.ask("GET", "/health").status == 200
        drawn.set()
        assert [answer.result().status for answer in asked].count(404) == 20


def test_a_file_is_handed_out_as_an_attachment(reading: Reading) -> None:
    answer = reading.ask("/sources/S1/file")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert answer.body.startswith(b"%PDF")


def test_use_cases_are_filtered_without_scripts(reading: Reading) -> None:
    every = reading.page("/report").count('<article class="card case"')
    function = reading.report["use_cases"][0]["function"]
    some = reading.page(f"/report?function={function}").count('<article class="card case"')
    assert 0 < some < every == len(reading.report["use_cases"])
    assert reading.page("/report?q=zeppelin").count('<article class="card case"') == 0
    assert 'value="&lt;b&gt;&#34;"' in reading.page("/report?q=%3Cb%3E%22")


def test_the_page_weighs_little(reading: Reading) -> None:
    for path in ("", "/report", "/sources/S8?q=Q4"):
        page = reading.ask(path, Accept_Encoding="gzip")
        assert len(page.body) < 60_000


def test_a_later_report_says_what_changed(door: Door, reading: Reading, tmp_path: Path) -> None:
    fewer = tmp_path / "documents"
    fewer.mkdir()
    for number, path in enumerate(sorted(demo_run.DEMO.rglob("documents/**/*.*"))):
        if number % 3:
            (fewer / path.name).write_bytes(path.read_bytes())
    run_id, token = demo_run.submit(door, {**demo_run.FIELDS, "use_cases_count": 5}, Authorization=f"Bearer {KEY}")
    demo_run.work_on(door, run_id, fewer)
    later = Reading(door, run_id, token)
    page = later.page("/report")
    assert "What changed" in page
    assert "No longer proposed" in page
    assert "Since the report of" in page
    assert "What changed" not in reading.page("/report")


def test_hostile_documents_are_text_on_every_page(door: Door, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)> {{ 7*7 }} **x** #let \u202e שלום 😀 [a](x)"
    sentence = (
        "Our clerks retype 85 orders a day from PDF into SAP by hand, which takes 6 hours a day and causes errors"
    )
    (folder / "<b>a 😀.txt").write_text(f"{sentence} {evil}.\n\n{sentence} for the Tczew plant.\n", "utf-8")
    (folder / "rows.csv").write_text(f'note,who\n"{sentence} again, {evil.replace(chr(34), "")}",<i>Eva</i>\n', "utf-8")
    run_id, token = demo_run.submit(door, {"company_name": f"Evil {evil}"[:190], "use_cases_count": 3})
    demo_run.work_on(door, run_id, folder)
    reader = Reading(door, run_id, token)
    report = reader.report
    assert any("<script>" in quote["text"] or "<script>" in quote["after"] for quote in report["quotes"])
    paths = ["", "/report", "/submitted"]
    paths += [f"/sources/{quote['source_id']}?q={quote['id']}" for quote in report["quotes"]]
    for path in paths:
        page = reader.page(path)
        assert not re.search(r"<script(?! defer src=\"/static/)|<img (?!src=\"/static/)|<b>|<i>", page)
        assert "49" not in re.findall(r"\{\{ (\S+) \}\}", page)
