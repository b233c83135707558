"""The page of a run: who may see it, what it shows, what can be asked of it."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from casebook.backends.storages.local import LocalStorage
from casebook.domain.document import Manifest, Outcome, Source
from casebook.domain.report_files import ReportFiles
from casebook.domain.run import Run, RunStatus, Stage, StepRecord
from casebook.run_records import RunRecords
from casebook.web.guard import Guard
from casebook.web.pages.run_view import log_lines, usual_seconds
from tests.front_door import MASTER, Door, open_door, text_part

PAGE = {"Accept": "text/html"}
FORM_TYPE = "application/x-www-form-urlencoded"
HOSTILE = "</script><script>alert(1)</script> \u202e 😀 **x** #let"


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with open_door(tmp_path, guard=Guard(master=MASTER, strangers=True), embedders=[]) as opened:
        yield opened


def submit(door: Door, name: str = "Acme") -> tuple[str, str]:
    """Send a submission; return the run's id and the access token."""
    answer = door.post_form(text_part("company_name", name)).json
    return answer["run_id"], answer["access_token"]


def cookie_from_link(door: Door, run_id: str, token: str) -> str:
    entered = door.ask("GET", f"/runs/{run_id}?token={token}&lang=de", **PAGE)
    assert (entered.status, entered.headers["location"]) == (303, f"/runs/{run_id}?lang=de")
    assert f"Path=/runs/{run_id};" in entered.headers["set-cookie"]
    return entered.headers["set-cookie"].partition(";")[0]


def record(
    door: Door, run_id: str, *steps: StepRecord, status: RunStatus, error: str | None = None, slug: str = "acme"
) -> None:
    run = Run(
        id=run_id,
        company_name="Acme",
        company_slug=slug,
        inputs_digest="",
        status=status,
        started_at="2026-01-02T03:04:05+00:00",
        steps=steps,
        error=error,
    )
    door.work.taken[run_id] = status
    RunRecords(LocalStorage(door.outputs)).write(run)


def step(stage: Stage, status: RunStatus, **more: object) -> StepRecord:
    return msgspec.convert({"stage": stage, "status": status, "started_at": "2026-01-02T03:04:05", **more}, StepRecord)


def save(door: Door, key: str, value: object) -> str:
    LocalStorage(door.outputs).write(key, msgspec.json.encode(value))
    return key


def finish(door: Door, run_id: str) -> None:
    """Write down that a run is done, with one file that failed and a report."""
    sources = tuple(
        Source(id=f"S{number}", name=name, path=None, sha256="0", size=2000, media_type="", status=status, reason=why)
        for number, (name, status, why) in enumerate(
            [("plan.pdf", Outcome.READ, None), (HOSTILE, Outcome.FAILED, "damaged <b>")], start=1
        )
    )
    files = ReportFiles(
        md=save(door, "acme/final/r.md", "words"),
        html=save(door, "acme/final/r.html", "words"),
        json=save(door, "acme/final/r.json", "words"),
        use_cases=1,
        quotes=1,
        files_received=2,
        files_read=1,
        files_failed=1,
    )
    outputs = {
        Stage.SETUP: save(door, "acme/debug/setup.json", Manifest(sources=sources, digest="")),
        Stage.CONSOLIDATION: save(door, "acme/debug/consolidation.json", files),
    }
    steps = [step(stage, RunStatus.DONE, seconds=2.0, output=outputs.get(stage)) for stage in Stage]
    record(door, run_id, *steps, status=RunStatus.DONE)


def test_a_private_link_opens_its_company_alone_and_leaves_no_token_in_the_address(door: Door) -> None:
    run_id, token = submit(door)
    other_id, other_token = submit(door, "Other")
    cookie = cookie_from_link(door, run_id, token)
    assert door.ask("GET", f"/runs/{run_id}", Cookie=cookie, **PAGE).status == 200
    assert door.ask("GET", f"/runs/{run_id}", **PAGE).status == 404
    assert door.ask("GET", f"/runs/{other_id}", Cookie=cookie, **PAGE).status == 404
    assert door.ask("GET", f"/runs/{run_id}?token={other_token}", **PAGE).status == 404
    assert door.ask("GET", f"/runs/{run_id}/events", Accept="text/event-stream").status == 404
    assert door.ask("GET", f"/runs/nothing?token={token}", **PAGE).status == 404


def test_programs_still_get_json(door: Door) -> None:
    run_id, token = submit(door)
    answer = door.ask("GET", f"/runs/{run_id}", Authorization=f"Bearer {token}")
    assert answer.json["run_id"] == run_id


def test_a_run_that_waits_shows_its_files_and_follows_by_itself(door: Door) -> None:
    run_id, token = submit(door, HOSTILE)
    page = door.ask("GET", f"/runs/{run_id}", Cookie=cookie_from_link(door, run_id, token), **PAGE).body.decode()
    assert "Waiting for its turn" in page
    assert '<noscript><meta http-equiv="refresh"' in page
    assert "<script>alert" not in page


def test_a_finished_run_shows_each_files_outcome_and_hands_out_its_report(door: Door) -> None:
    run_id, token = submit(door)
    cookie = cookie_from_link(door, run_id, token)
    finish(door, run_id)
    page = door.ask("GET", f"/runs/{run_id}", Cookie=cookie, **PAGE).body.decode()
    assert "The report is ready" in page
    assert "1 of 2 read" in page
    assert "damaged &lt;b&gt;" in page
    assert "<script>alert" not in page
    assert "14 s" in page
    report = door.ask("GET", f"/runs/{run_id}/report/md", Cookie=cookie)
    assert (report.status, json.loads(report.body)) == (200, "words")
    assert report.headers["content-disposition"] == 'attachment; filename="r.md"'
    assert door.ask("GET", f"/runs/{run_id}/report/docx", Cookie=cookie).status == 404
    assert door.ask("GET", f"/runs/{run_id}/report/html").status == 404


def test_a_failed_run_says_where_why_and_what_to_do(door: Door) -> None:
    run_id, token = submit(door)
    record(
        door,
        run_id,
        step(Stage.SETUP, RunStatus.DONE),
        step(Stage.VECTOR_STORE, RunStatus.FAILED, attempts=3, error=HOSTILE),
        status=RunStatus.FAILED,
        error=HOSTILE,
    )
    page = door.ask("GET", f"/runs/{run_id}", Cookie=cookie_from_link(door, run_id, token), **PAGE).body.decode()
    assert "It ended in the step “Make passages searchable”" in html.unescape(page)
    assert html.escape(HOSTILE) in page.replace("&#39;", "&#x27;")
    assert "run it again" in page
    assert "try 3" in page
    assert f'action="/runs/{run_id}/rerun"' in page


def test_a_run_is_cancelled_and_run_again_by_forms_of_this_site_alone(door: Door) -> None:
    run_id, token = submit(door)
    cookie = cookie_from_link(door, run_id, token)
    here = {"Cookie": cookie, "Content_Type": FORM_TYPE, **PAGE}
    assert door.ask("POST", f"/runs/{run_id}/cancel", b"", Sec_Fetch_Site="cross-site", **here).status == 404
    cancelled = door.ask("POST", f"/runs/{run_id}/cancel", b"", **here)
    assert (cancelled.status, cancelled.headers["location"]) == (303, f"/runs/{run_id}")
    assert door.work.state(run_id) is RunStatus.CANCELLED
    assert door.ask("POST", f"/runs/{run_id}/rerun", b"from=nowhere", **here).status == 422
    assert door.ask("POST", f"/runs/{run_id}/rerun", b"from=", **here).status == 303
    assert door.work.state(run_id) is RunStatus.QUEUED
    assert door.ask("POST", f"/runs/{run_id}/rerun", b"from=setup", **here).status == 409


def test_the_log_shows_the_lines_of_its_run_and_of_no_other(tmp_path: Path) -> None:
    def line(run_id: str, at: int, message: str) -> str:
        facts = {"timestamp": f"2026-01-02T03:04:{at:02}", "level": "INFO", "run_id": run_id, "message": message}
        return json.dumps(facts | {"secret": "s3cret"})

    (tmp_path / "a.log").write_text("\n".join([line("r1", 2, "second"), line("r2", 1, "about r1"), "r1 {broken"]))
    (tmp_path / "b.log").write_text("\n".join([line("r1", 1, "first"), '{"run_id": "r1"}', '"r1"']))
    found = list(log_lines(tmp_path, "r1"))
    assert [(entry.time, entry.message) for entry in found] == [("03:04:01", "first"), ("03:04:02", "second")]
    assert list(log_lines(tmp_path / "nowhere", "r1")) == []


def test_the_time_left_is_told_from_runs_that_are_done() -> None:
    def run(seconds: float, status: RunStatus) -> Run:
        facts = {"company_name": "", "company_slug": "", "inputs_digest": "", "started_at": ""}
        steps = (step(Stage.SETUP, RunStatus.DONE, seconds=seconds),)
        return Run(id="", status=status, steps=steps, **facts)

    runs = [run(1, RunStatus.DONE), run(3, RunStatus.DONE), run(9, RunStatus.DONE), run(99, RunStatus.FAILED)]
    assert usual_seconds(runs) == {Stage.SETUP: 3}
    assert usual_seconds([]) == {}
