"""The front door over HTTP on loopback: what is answered, and what is on disk when it is."""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from casebook.backends.locks import company_lock
from casebook.backends.storages.local import LocalStorage
from casebook.domain.intake import NewSubmission, Receipt, access_token, confirmation_code
from casebook.domain.run import Run, RunStatus, Stage, StepRecord
from casebook.errors import DiskFull, StorageFailed, TransientError
from casebook.ports import SubmissionStore
from casebook.run_records import RunRecords
from casebook.web.answers import SubmissionAnswer
from casebook.web.intake import ReceivedFolder
from casebook.web.limits import Limits
from casebook.web.problems import Problem
from tests.fakes import FakeSubmissionStore, FakeWorkQueue
from tests.front_door import MASTER, Answer, Door, file_part, open_door, text_part

ACME = {"company_name": "Acme GmbH", "use_cases": "3"}


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with open_door(tmp_path) as opened:
        yield opened


def eventually(check: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_json_submission_is_kept_started_and_shown(door: Door) -> None:
    answer = door.post({**ACME, "googleDriveLink": "https://drive.google.com/x", "unknown": [1]})
    assert answer.status == 202
    stored = door.store.find(answer.json["run_id"])
    assert stored is not None
    assert (stored.submission.use_cases_count, stored.submission.google_drive_link[-2:]) == (3, "/x")
    assert answer.json == {
        "status": "success",
        "message": "The submission is kept and its run starts.",
        "confirmation_code": confirmation_code(stored.run_id),
        "company_name": "Acme GmbH",
        "company_slug": "acme_gmbh",
        "run_id": stored.run_id,
        "status_url": f"/runs/{stored.run_id}",
        "access_token": access_token(MASTER, stored.company_id),
        "files_saved": 0,
        "workflow_triggered": True,
        "timestamp": stored.received_at,
    }
    assert answer.headers["location"] == f"/runs/{stored.run_id}"
    assert door.work.state(stored.run_id) is RunStatus.QUEUED
    shown = door.outputs / "acme_gmbh" / "debug" / f"submission_{stored.run_id}.json"
    eventually(shown.is_file)
    assert json.loads(shown.read_bytes())["company_name"] == "Acme GmbH"


def test_a_form_with_files_is_on_disk_when_it_is_answered(door: Door) -> None:
    big = bytes(range(256)) * 4096
    answer = door.post_form(
        text_part("json_data", json.dumps({"Company Name": "Acme GmbH"})),
        text_part("Number of use cases to generate", "5"),
        file_part("plan.pdf", b"%PDF one"),
        file_part("big.bin.TAR", big, name="upload2"),
        file_part("", b""),
        file_part("nothing.txt", b""),
    )
    assert (answer.status, answer.json["files_saved"]) == (202, 3)
    stored = door.store.find(answer.json["run_id"])
    assert stored is not None
    assert stored.submission.use_cases_count == 5
    assert [(file.name, file.size, file.path[:4]) for file in stored.files] == [
        ("plan.pdf", 8, "001-"),
        ("big.bin.TAR", len(big), "002-"),
        ("nothing.txt", 0, "003-"),
    ]
    folder = door.outputs / "acme_gmbh" / "data" / "uploads" / stored.run_id
    eventually(lambda: folder.is_dir() and len(list(folder.iterdir())) == 3)
    assert [path.read_bytes() for path in sorted(folder.iterdir())] == [b"%PDF one", big, b""]
    assert door.received() == []
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_clients_that_test_for_200_get_it(tmp_path: Path) -> None:
    with open_door(tmp_path, success_status=200) as door:
        assert door.post(ACME).status == 200


@pytest.mark.parametrize("form_of", [None, file_part("a.txt", b"words")])
def test_the_same_again_gets_the_first_answer(door: Door, form_of: bytes | None) -> None:
    def send(**headers: str) -> Any:  # noqa: ANN401 - an answer
        if form_of is None:
            return door.post(ACME, **headers)
        return door.post_form(text_part("company", "Acme GmbH"), form_of, **headers)

    first, again = send(Idempotency_Key="k1"), send(Idempotency_Key="k1")
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert {**again.json, "message": ""} == {**first.json, "message": ""}
    assert send().json["run_id"] == first.json["run_id"]  # without a key: the same within ten minutes
    assert len(door.rows()) == 1
    eventually(lambda: door.received() == [])


def test_a_key_that_comes_with_another_body_is_refused(door: Door) -> None:
    door.post(ACME, Idempotency_Key="k1")
    answer = door.post({**ACME, "use_cases": 4}, Idempotency_Key="k1")
    assert (answer.status, answer.json["type"]) == (422, "urn:casebook:key-reused")
    assert answer.headers["content-type"] == "application/problem+json"


class _Breaking:
    """A `SubmissionStore` that saves nothing while `error` is set, unless it only fails to say that it did."""

    def __init__(self, store: SubmissionStore) -> None:
        self.store = store
        self.error: Exception | None = None
        self.keeps = False

    def save(self, new: NewSubmission) -> Future[Receipt]:
        if self.error is None:
            return self.store.save(new)
        if self.keeps:
            self.store.save(new).result(timeout=30)
        future: Future[Receipt] = Future()
        future.set_exception(self.error)
        return future

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - everything else is the store's
        return getattr(self.store, name)


@pytest.mark.parametrize(
    ("error", "status", "kind", "stops"),
    [
        (DiskFull(retry_after=60), 507, "disk-full", False),
        (TransientError(retry_after=7), 503, "not-kept", False),
        (StorageFailed(), 503, "not-kept", True),
    ],
)
def test_what_cannot_be_kept_is_written_down_and_may_be_sent_again(
    tmp_path: Path,
    error: Exception,
    status: int,
    kind: str,
    stops: bool,  # noqa: FBT001
) -> None:
    breaking: list[_Breaking] = []

    def wrap(store: SubmissionStore) -> SubmissionStore:
        breaking.append(_Breaking(store))
        return breaking[0]

    with open_door(tmp_path, wrap_store=wrap) as door:
        breaking[0].error = error
        parts = (text_part("company", "Acme GmbH"), file_part("a.txt", b"words"))
        answer = door.post_form(*parts, Idempotency_Key="k1")
        assert (answer.status, answer.json["type"]) == (status, f"urn:casebook:{kind}")
        assert int(answer.headers["retry-after"]) >= 5
        assert bool(door.stopped) is stops
        (written,) = tmp_path.glob("error_*.json")
        assert json.loads(written.read_bytes())["fields"] == {"company": "Acme GmbH"}
        kept = [path.read_bytes() for path in written.with_suffix("").glob("*")]
        assert kept == ([] if isinstance(error, DiskFull) else [b"words"])
        assert len(door.received()) == (0 if isinstance(error, DiskFull) else 1)  # for an hour
        breaking[0].error = None
        assert door.post_form(*parts, Idempotency_Key="k1").status == 202
        assert len(door.rows()) == 1


def test_what_the_store_kept_and_could_not_say_so_keeps_its_files(tmp_path: Path) -> None:
    breaking: list[_Breaking] = []

    def wrap(store: SubmissionStore) -> SubmissionStore:
        breaking.append(_Breaking(store))
        return breaking[0]

    with open_door(tmp_path, wrap_store=wrap) as door:
        breaking[0].error, breaking[0].keeps = TransientError(), True
        parts = (text_part("company", "Acme GmbH"), file_part("a.txt", b"words"))
        assert door.post_form(*parts, Idempotency_Key="k1").status == 503
        breaking[0].error = None
        again = door.post_form(*parts, Idempotency_Key="k1")
        assert (again.status, again.headers["idempotency-replayed"]) == (202, "true")
        door.sweeper.sweep()
        folder = tmp_path / "acme_gmbh" / "data" / "uploads" / again.json["run_id"]
        assert [path.read_bytes() for path in folder.iterdir()] == [b"words"]
        assert door.received() == []


@pytest.mark.parametrize("path", ["/", "/uploads"])
@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, (507, "disk-full", False)),
        (errno.EMFILE, (503, "not-kept", False)),
        (errno.EIO, (503, "not-kept", True)),
    ],
)
def test_a_file_that_cannot_be_kept_is_refused_and_only_a_lost_write_ends_the_server(
    door: Door, monkeypatch: pytest.MonkeyPatch, path: str, number: int, expected: tuple[int, str, bool]
) -> None:
    status, kind, stops = expected

    def send() -> Answer:
        if path == "/":
            return door.post_form(text_part("company", "Acme GmbH"), file_part("a.txt", b"words"))
        return door.ask("POST", path, b"words", X_File_Name="a.txt")

    def fail(*_: object) -> BinaryIO:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as changed:
        changed.setattr(ReceivedFolder, "create", fail)
        answer = send()
    assert (answer.status, answer.json["type"]) == (status, f"urn:casebook:{kind}")
    assert int(answer.headers["retry-after"]) >= 5
    assert bool(door.stopped) is stops
    assert (door.rows(), door.received()) == ([], [])
    assert send().status in {201, 202}


def test_a_disk_that_turned_read_only_acknowledges_nothing(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    really = os.open

    def read_only(path: Any, flags: int, *arguments: Any, **named: Any) -> int:  # noqa: ANN401 - as the original
        if flags & (os.O_WRONLY | os.O_RDWR):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return really(path, flags, *arguments, **named)

    monkeypatch.setattr(os, "open", read_only)
    answer = door.post_form(text_part("company", "Acme GmbH"), file_part("a.txt", b"words"))
    upload = door.ask("POST", "/uploads", b"words", X_File_Name="a.txt")
    monkeypatch.undo()
    assert (answer.status, answer.json["type"], upload.status) == (503, "urn:casebook:not-kept", 503)
    assert (door.rows(), door.received()) == ([], [])


def test_a_run_that_cannot_be_started_is_kept_and_started_later(tmp_path: Path) -> None:
    work = FakeWorkQueue()
    work.broken = TransientError("the queue is away")
    with open_door(tmp_path, work=work) as door:
        answer = door.post(ACME)
        assert (answer.status, answer.json["type"]) == (500, "urn:casebook:not-started")
        (run_id,) = door.rows()
        assert answer.json["confirmation_code"] == confirmation_code(run_id)
        assert work.state(run_id) is None
        work.broken = None
        eventually(lambda: work.state(run_id) is RunStatus.QUEUED)
        eventually(lambda: not door.store.waiting(9))


def test_what_was_kept_before_a_crash_is_started_and_shown_by_the_next_server(tmp_path: Path) -> None:
    work = FakeWorkQueue()
    work.broken = TransientError()
    with open_door(tmp_path, work=work) as door:
        door.post_form(text_part("company", "Acme GmbH"), file_part("a.txt", b"words"))
        (run_id,) = door.rows()
        shown = tmp_path / "acme_gmbh" / "debug" / f"submission_{run_id}.json"
        eventually(shown.is_file)
    shown.write_bytes(b"")  # as a power cut leaves it
    with open_door(tmp_path) as door:
        eventually(lambda: door.work.state(run_id) is RunStatus.QUEUED)
        eventually(lambda: shown.stat().st_size > 0)
        assert json.loads(shown.read_bytes())["files"][0]["name"] == "a.txt"


def test_received_files_that_nobody_claims_are_removed_after_an_hour(tmp_path: Path) -> None:
    folder = tmp_path / "_received"
    folder.mkdir()
    for name, age in (("R1.001.part", 3700), ("R2.001-aa.pdf", 3700), ("R3.001.part", 60)):
        (folder / name).write_bytes(b"half")
        moment = time.time() - age
        os.utime(folder / name, (moment, moment))
    with open_door(tmp_path) as door:
        eventually(lambda: door.received() == ["R3.001.part"])


def test_a_full_backlog_is_told_before_anything_is_read(tmp_path: Path) -> None:
    work = FakeWorkQueue()
    with open_door(tmp_path, work=work, limits=Limits(backlog=0)) as door:
        answer = door.post(ACME)
        assert (answer.status, answer.json["type"]) == (503, "urn:casebook:backlog")
        assert answer.headers["retry-after"] == "60"
        assert door.rows() == []


def test_uploads_leave_space_on_the_disk(tmp_path: Path) -> None:
    with open_door(tmp_path, limits=Limits(free_bytes=10**18)) as door:
        assert door.post_form(file_part("a.txt", b"")).status == 507
        assert door.post(ACME).status == 202  # a row is small
        assert door.ask("GET", "/health").status == 200


def test_a_run_is_told_with_its_jobs_and_steps(door: Door) -> None:
    run_id = door.post(ACME).json["run_id"]
    run = Run(
        id=run_id,
        company_name="Acme GmbH",
        company_slug="acme_gmbh",
        inputs_digest="d",
        status=RunStatus.RUNNING,
        started_at="2026-03-01T12:00:00+00:00",
        steps=(
            StepRecord(stage=Stage.SETUP, status=RunStatus.DONE, started_at="x", seconds=1.5),
            StepRecord(stage=Stage.VECTOR_STORE, status=RunStatus.DONE, started_at="x"),
            StepRecord(stage=Stage.PART_A, status=RunStatus.FAILED, started_at="x", attempts=3, error="why"),
        ),
    )
    RunRecords(LocalStorage(door.outputs)).write(run)
    state = door.ask("GET", f"/runs/{run_id}").json
    assert [(job["name"], job["status"], job["seconds"]) for job in state["jobs"]] == [
        ("setup", "done", 1.5),
        ("vector_store", "done", 0.0),
        ("pipeline", "failed", 0.0),
        ("upload", "queued", 0.0),
    ]
    assert state["jobs"][2]["steps"] == [
        {"name": "part_a", "status": "failed", "seconds": 0.0, "attempts": 3, "error": "why"},
        *(
            {"name": name, "status": "queued", "seconds": 0.0, "attempts": 0, "error": None}
            for name in ("quotes", "part_b", "consolidation")
        ),
    ]
    assert state["failure"] is None  # the queue has it again
    assert door.ask("GET", "/runs").json["runs"] == [state]
    assert door.ask("GET", "/runs?company_slug=acme_gmbh").json["runs"] == [state]


@pytest.mark.parametrize(
    ("status", "attempts", "advice"),
    [
        (RunStatus.FAILED, 1, "Put right what the cause names"),
        (RunStatus.FAILED, 3, "It was tried 3 times"),
        (RunStatus.INTERRUPTED, 1, "goes on by itself"),
        (RunStatus.CANCELLED, 1, "ask for a rerun"),
    ],
)
def test_a_run_without_a_report_names_the_step_the_cause_and_what_to_do(
    door: Door, status: RunStatus, attempts: int, advice: str
) -> None:
    run_id = door.post(ACME).json["run_id"]
    door.work.taken[run_id] = status
    steps = (
        StepRecord(stage=Stage.SETUP, status=RunStatus.DONE, started_at="x"),
        StepRecord(stage=Stage.VECTOR_STORE, status=RunStatus.FAILED, started_at="x", attempts=attempts),
    )
    run = Run(
        id=run_id,
        company_name="Acme GmbH",
        company_slug="acme_gmbh",
        inputs_digest="d",
        status=status,
        started_at="x",
        steps=steps,
        error="the index is away",
    )
    RunRecords(LocalStorage(door.outputs)).write(run)
    failure = door.ask("GET", f"/runs/{run_id}").json["failure"]
    assert (failure["step"], failure["cause"]) == ("vector_store", "the index is away")
    assert advice in failure["advice"]


class _FakePages:
    """Pages that tell what they were asked."""

    def routes(self) -> list[Route]:
        return [Route("/hello", lambda _: Response("<p>Hello</p>", media_type="text/html"))]

    def confirm(self, _: Request, answer: SubmissionAnswer) -> Response:
        return RedirectResponse(f"/kept/{answer.run_id}", 303)

    def explain(self, _: Request, problem: Problem, request_id: str) -> Response:
        return Response(f"<p>{problem.kind} {request_id}</p>", problem.status, problem.headers, "text/html")


def test_browsers_get_pages_and_programs_get_json(tmp_path: Path) -> None:
    page = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    with open_door(tmp_path, pages=_FakePages()) as door:
        assert door.ask("GET", "/hello").body == b"<p>Hello</p>"
        kept = door.post_form(text_part("company", "Acme GmbH"), **page)
        (run_id,) = door.rows()
        assert (kept.status, kept.headers["location"]) == (303, f"/kept/{run_id}")
        assert door.work.state(run_id) is RunStatus.QUEUED
        refused = door.post_form(text_part("company", ""), **page)
        assert (refused.status, refused.headers["content-type"]) == (422, "text/html; charset=utf-8")
        assert refused.body.startswith(b"<p>invalid-fields ")
        assert door.post_form(text_part("company", "Acme GmbH")).json["run_id"] == run_id


def test_events_carry_the_whole_state_until_the_run_ends(door: Door) -> None:
    run_id = door.post(ACME).json["run_id"]
    door.work.cancel(run_id)
    answer = door.ask("GET", f"/runs/{run_id}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    number, event, data, *_ = answer.body.decode().split("\n")
    assert (number, event) == ("id: 1", "event: state")
    assert json.loads(data.removeprefix("data: ")) == door.ask("GET", f"/runs/{run_id}").json


def test_a_run_is_cancelled_and_run_again(door: Door) -> None:
    run_id = door.post(ACME).json["run_id"]
    assert door.ask("POST", f"/runs/{run_id}/cancel").json["status"] == "cancelled"
    again = door.ask("POST", f"/runs/{run_id}/rerun?from=part_a")
    assert (again.status, again.json["status"]) == (202, "queued")
    assert door.ask("POST", f"/runs/{run_id}/rerun?from=nowhere").status == 422
    assert door.ask("POST", f"/runs/{run_id}x/rerun").status == 404


def test_storage_is_listed_and_each_file_is_an_attachment(door: Door) -> None:
    door.post(ACME)
    root = door.outputs / "acme_gmbh"
    for path, data in {
        "data/files/a.pdf": b"a",
        "part_a/x.json": b"bb",
        "part_b/y.json": b"",
        "final/R.md": b"# R",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    (root / "final" / "link.md").symlink_to("/etc/passwd")
    (root / "elsewhere").symlink_to("/etc")
    (root / ".hidden").write_bytes(b"")
    eventually(lambda: list((root / "debug").glob("*.json")))
    listing = door.ask("GET", "/storage/acme_gmbh")
    found = listing.json
    assert (found["company"], found["company_slug"]) == ("Acme GmbH", "acme_gmbh")
    shelves = ("data_files", "part_a_drafts", "part_b_reports", "final_reports")
    assert [[file["path"] for file in found[shelf]] for shelf in shelves] == [
        ["data/files/a.pdf"],
        ["part_a/x.json"],
        ["part_b/y.json"],
        ["final/R.md"],
    ]
    assert found["total_size_bytes"] == 6 + sum(file["size_bytes"] for file in found["other_files"])
    assert all(file["path"].startswith("debug/submission_") for file in found["other_files"])
    report = door.ask("GET", found["final_reports"][0]["url"])
    assert report.body == b"# R"
    assert report.headers["content-disposition"].startswith("attachment")
    assert report.headers["x-content-type-options"] == "nosniff"
    assert door.ask("GET", found["final_reports"][0]["url"], Range="bytes=2-").body == b"R"
    unchanged = door.ask("GET", "/storage/acme_gmbh", If_None_Match=listing.headers["etag"])
    assert (unchanged.status, unchanged.body) == (304, b"")


def test_a_deleted_company_is_gone(door: Door) -> None:
    run_id = door.post_form(text_part("company", "Acme GmbH"), file_part("a.txt", b"words")).json["run_id"]
    eventually((door.outputs / "acme_gmbh" / "data").is_dir)
    assert door.ask("DELETE", "/storage/acme_gmbh").status == 204
    assert not (door.outputs / "acme_gmbh").exists()
    assert door.work.state(run_id) is None
    for path in ("/storage/acme_gmbh", f"/runs/{run_id}"):
        assert door.ask("GET", path).status == 404


def test_a_company_is_forgotten_elsewhere_before_it_is_forgotten_here(tmp_path: Path) -> None:
    troubles, forgotten = [TransientError("busy")], list[str]()

    def forget(slug: str, _: Sequence[str] | None) -> None:
        if troubles:
            raise troubles.pop()
        forgotten.append(slug)

    with open_door(tmp_path, forget_answers=forget) as door:
        door.post_form(text_part("company", "Acme GmbH"), file_part("a.txt", b"words"))
        refused = door.ask("DELETE", "/storage/acme_gmbh")
        assert (refused.status, refused.json["type"]) == (503, "urn:casebook:elsewhere")
        assert door.ask("GET", "/storage/acme_gmbh").status == 200
        assert door.ask("DELETE", "/storage/acme_gmbh").status == 204
    assert forgotten == ["acme_gmbh"]


def test_a_company_whose_run_is_under_way_is_not_deleted_yet(door: Door) -> None:
    run_id = door.post(ACME).json["run_id"]
    door.work.taken[run_id] = RunStatus.RUNNING
    door.work.busy = True
    answer = door.ask("DELETE", "/storage/acme_gmbh")
    assert (answer.status, answer.json["type"]) == (409, "urn:casebook:running")
    assert len(door.rows()) == 1


def test_a_company_whose_cancelled_run_is_still_in_a_step_is_not_deleted_yet(tmp_path: Path) -> None:
    with open_door(tmp_path, hold=partial(company_lock, tmp_path)) as door:
        door.post(ACME)
        with company_lock(tmp_path, "acme_gmbh"):
            answer = door.ask("DELETE", "/storage/acme_gmbh")
        assert (answer.status, answer.json["type"]) == (409, "urn:casebook:running")
        assert len(door.rows()) == 1
        assert door.ask("DELETE", "/storage/acme_gmbh").status == 204


def test_health_description_figures_and_interface(door: Door) -> None:
    door.post(ACME)
    health = door.ask("GET", "/health")
    assert (health.status, health.json["status"], health.json["store"]) == (200, "ok", True)
    assert door.ask("GET", "/health/live").json == {"status": "ok"}
    described = door.ask("GET", "/test").json
    assert described["authentication"] == ["local"]
    assert described["limits"]["files"] == 50
    assert b'casebook_submissions_total{outcome="kept"} 1.0' in door.ask("GET", "/metrics").body
    interface = door.ask("GET", "/openapi.json").json
    assert interface["openapi"] == "3.1.0"
    assert set(described["endpoints"]) == set(interface["paths"])
    assert {"company_name", "confirmation_code"} <= set(
        interface["components"]["schemas"]["SubmissionAnswer"]["properties"]
    )


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/none", 404), ("PUT", "/", 405), ("GET", "/", 405)])
def test_what_is_not_there_is_a_problem_too(door: Door, method: str, path: str, status: int) -> None:
    answer = door.ask(method, path)
    assert (answer.status, answer.json["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_fault_of_ours_is_500_without_a_word_of_what_was_sent(tmp_path: Path) -> None:
    def wrap(_: SubmissionStore) -> SubmissionStore:
        store = FakeSubmissionStore()
        store.broken = RuntimeError("canary value")
        return store

    with open_door(tmp_path, wrap_store=wrap) as door:
        answer = door.post(ACME)
        assert (answer.status, answer.json["type"]) == (500, "urn:casebook:internal")
        assert b"canary" not in answer.body
        assert "canary" not in "".join(door.logged)
        assert any("request failed" in line for line in door.logged)


def test_a_queue_that_fills_up_meanwhile_loses_nothing(tmp_path: Path) -> None:
    work = FakeWorkQueue(max_waiting=0)
    with open_door(tmp_path, work=work) as door:
        answer = door.post(ACME)
        assert (answer.status, answer.json["workflow_triggered"]) == (202, False)
        work.max_waiting = 1
        eventually(lambda: work.state(answer.json["run_id"]) is RunStatus.QUEUED)


def test_a_run_that_the_queue_has_lost_is_handed_over_again(tmp_path: Path) -> None:
    with open_door(tmp_path) as door:
        run_id = door.post(ACME).json["run_id"]
    with open_door(tmp_path) as door:  # the queue is a new one
        eventually(lambda: door.work.state(run_id) is RunStatus.QUEUED)
        assert any("lost by the queue" in line for line in door.logged)


def test_a_senders_priority_goes_with_its_runs(tmp_path: Path) -> None:
    work = FakeWorkQueue()
    with open_door(tmp_path, work=work, priorities={"local": -5}) as door:
        run_id = door.post(ACME).json["run_id"]
    assert work.priorities == {run_id: -5}
