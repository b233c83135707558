"""The client against a real front door: progress, tries, waits, and one submission whatever happens."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from casebook.domain.run import RunStatus
from casebook.errors import PermanentError, TransientError
from casebook.sending import TRIES, Outgoing, fetch_report, follow, send
from casebook.web.guard import Guard
from casebook.web.limits import Limits
from tests.fakes import FakeWorkQueue
from tests.front_door import MASTER, Door, open_door

FIELDS = {"company_name": "Acme GmbH", "use_cases_count": 3}


@pytest.fixture
def files(tmp_path: Path) -> list[Outgoing]:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"words" * 200_000)
    (folder / 'b "quoted".txt').write_bytes(b"")
    return [Outgoing(f"sub/{path.name}", path) for path in sorted(folder.iterdir())]


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with open_door(tmp_path / "outputs") as opened:
        yield opened


def address(door: Door) -> str:
    return f"http://127.0.0.1:{door.port}"


def test_a_folder_arrives_whole_and_progress_ends_at_the_end(door: Door, files: list[Outgoing]) -> None:
    heard: list[tuple[int, int]] = []
    answer = send(address(door), FIELDS, files, progress=lambda sent, total: heard.append((sent, total)))
    stored = door.store.find(answer["run_id"])
    assert stored is not None
    assert stored.submission.use_cases_count == 3
    assert [(file.name, file.size) for file in stored.files] == [
        ("sub/a.txt", 1_000_000),
        ('sub/b "quoted".txt', 0),
    ]
    assert stored.files[0].sha256 == hashlib.sha256(files[0].path.read_bytes()).hexdigest()
    assert heard == sorted(heard)
    assert heard[-1][0] == heard[-1][1]


def test_the_same_folder_is_kept_once_and_a_changed_one_is_another(door: Door, files: list[Outgoing]) -> None:
    first, again = (send(address(door), FIELDS, files)["run_id"] for _ in range(2))
    assert first == again
    files[0].path.write_bytes(b"other words")
    assert send(address(door), FIELDS, files)["run_id"] != first


def test_a_run_that_could_not_be_started_at_first_is_kept_once(tmp_path: Path, files: list[Outgoing]) -> None:
    work = FakeWorkQueue()
    work.broken = TransientError("the queue is away")
    said: list[str] = []
    waits: list[float] = []
    with open_door(tmp_path / "outputs", work=work) as door:
        answer = send(address(door), FIELDS, files, say=said.append, sleep=waits.append)
        assert door.rows() == [answer["run_id"]]
    assert "The server says 500: The submission is kept for good" in said[0]
    assert len(waits) == 1


def test_the_server_says_how_long_to_wait_and_the_last_try_ends_it(tmp_path: Path, files: list[Outgoing]) -> None:
    waits: list[float] = []
    with (
        open_door(tmp_path / "outputs", limits=Limits(free_bytes=0, backlog=0)) as door,
        pytest.raises(TransientError, match="503: Too many runs wait"),
    ):
        send(address(door), FIELDS, files, sleep=waits.append)
    assert waits == [60.0] * (TRIES - 1)


def test_a_server_that_is_not_there_is_tried_again_ever_later(files: list[Outgoing]) -> None:
    waits: list[float] = []
    with pytest.raises(TransientError, match="cannot be reached: Connection refused"):
        send("http://127.0.0.1:1", FIELDS, files, sleep=waits.append)
    assert len(waits) == TRIES - 1
    assert all(2**n <= wait <= 2**n * 1.25 for n, wait in enumerate(waits[:6]))
    assert max(waits) <= 120


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"company_name": ""}, "422: .*company_name"), ({"company_name": "A", "use_cases": 99}, "from 1 to 50")],
)
def test_what_the_server_refuses_is_said_at_once(door: Door, fields: dict[str, object], said: str) -> None:
    with pytest.raises(PermanentError, match=said):
        send(address(door), fields, [], sleep=_never)


def test_a_key_is_sent_to_a_server_that_wants_one(tmp_path: Path, files: list[Outgoing]) -> None:
    guard = Guard(master=MASTER, keys={hashlib.sha256(b"cbk_1").hexdigest(): "alpha"})
    with open_door(tmp_path / "outputs", guard=guard) as door:
        with pytest.raises(PermanentError, match="401"):
            send(address(door), FIELDS, files, sleep=_never)
        assert send(address(door), FIELDS, files, key="cbk_1")["status"] == "success"


def test_what_is_too_large_is_told_although_the_server_stops_reading(tmp_path: Path, files: list[Outgoing]) -> None:
    with (
        open_door(tmp_path / "outputs", limits=Limits(free_bytes=0, request_bytes=1000)) as door,
        pytest.raises(PermanentError, match="413"),
    ):
        send(address(door), FIELDS, files, sleep=_never)


@pytest.mark.parametrize("url", ["ftp://host/", "http://", "file:///etc/passwd"])
def test_an_address_that_is_none_is_named(url: str) -> None:
    with pytest.raises(PermanentError, match="is not an address"):
        send(url, FIELDS, [], sleep=_never)


def _never(_: float) -> None:
    raise AssertionError


@contextmanager
def answering(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[tuple[str, list[str]]]:
    """Lend the address of a server that gives these answers in turn, and what it was asked."""
    asked: list[str] = []
    left = iter(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def do_GET(self) -> None:
            asked.append(self.path)
            status, headers, body = next(left)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run_as(door: Door, answer: dict[str, Any], status: RunStatus) -> None:
    door.work.taken[answer["run_id"]] = status


def test_a_run_is_followed_to_its_end_and_its_newest_report_fetched(
    door: Door, files: list[Outgoing], tmp_path: Path
) -> None:
    answer = send(address(door), FIELDS, files)
    final = door.outputs / "acme_gmbh" / "final"
    final.mkdir(parents=True)
    for name in ("FINAL_REPORT_1.md", "FINAL_REPORT_2.md", "FINAL_REPORT_2.json"):
        (final / name).write_text(name)
    waits = iter([RunStatus.RUNNING, RunStatus.DONE])
    heard: list[str] = []
    state = follow(
        answer,
        heard=lambda state: heard.append(state["status"]),
        sleep=lambda _: run_as(door, answer, next(waits)),
    )
    assert (heard, state["status"]) == (["queued", "running", "done"], "done")
    fetched = fetch_report(answer, tmp_path / "new" / "folder")
    assert sorted(path.name for path in fetched) == ["FINAL_REPORT_2.json", "FINAL_REPORT_2.md"]
    assert all(path.read_text() == path.name for path in fetched)
    assert len(list((tmp_path / "new" / "folder").iterdir())) == 2


def test_a_company_without_a_report_and_a_run_that_is_not_known_are_named(door: Door, files: list[Outgoing]) -> None:
    answer = send(address(door), FIELDS, files)
    with pytest.raises(PermanentError, match="no report"):
        fetch_report(answer, door.outputs)
    with pytest.raises(PermanentError, match="404"):
        follow({**answer, "status_url": "/runs/none"})


def test_a_server_that_is_away_while_a_run_is_followed_is_asked_again() -> None:
    with answering((503, {}, b""), (200, {}, b'{"status": "done"}')) as (first, asked):
        waits: list[float] = []
        state = follow({"server": first, "status_url": "/runs/R1", "access_token": "t"}, sleep=waits.append)
        assert (state, asked, len(waits)) == ({"status": "done"}, ["/runs/R1"] * 2, 1)
    with pytest.raises(TransientError, match="cannot be reached"):
        follow({"server": first, "status_url": "/runs/R1", "access_token": "t"}, sleep=waits.append)
