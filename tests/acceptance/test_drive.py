"""From a Drive link to a report in a Drive folder, with word to whoever waits, as a user meets it."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from casebook.backends.drives.google.listing import FOLDER
from casebook.settings import Settings
from tests.acceptance.program import Program, report_of, stripped
from tests.acceptance.submitted import submit
from tests.drive_server import Drive, Fault, Item, serve_drive

TOP = "shared-folder-1"
LINK = f"https://drive.google.com/drive/folders/{TOP}?usp=sharing"
REPORTS = "reports-folder-1"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - made for this test


@pytest.fixture
def drive(brook: Path) -> Iterator[Drive]:
    with serve_drive() as served:
        served.add(Item(TOP, "Brook", FOLDER))
        for number, path in enumerate(sorted(path for path in brook.rglob("*") if path.is_file())):
            served.add(Item(f"file-number-{number}", path.name, "text/plain", path.read_bytes(), parent=TOP))
        served.add(Item("locked-file", "Secret.pdf", "application/pdf", b"x", parent=TOP, downloadable=False))
        yield served


@pytest.fixture
def settings(drive: Drive, casebook: Program) -> dict[str, str]:
    path = casebook.root / "account.json"
    path.write_text(json.dumps(drive.service_account()))
    return {
        "GOOGLE_APPLICATION_CREDENTIALS": str(path),
        "CASEBOOK_DRIVE_URL": drive.url,
        "GDRIVE_FINAL_REPORT_FOLDER": REPORTS,
    }


def test_a_shared_folder_becomes_a_report_in_a_folder(
    casebook: Program, drive: Drive, settings: dict[str, str]
) -> None:
    ended = casebook("run", "--company", "Brook Parts Ltd", "--drive-link", LINK, "--json", env=settings)
    report = report_of(ended)
    outcomes = {source["name"]: (source["status"], source["reason"]) for source in report["sources"]}
    assert len(outcomes) == len(drive.items) - 1
    assert outcomes.pop("Google Drive/Secret.pdf")[0] == "skipped"
    assert {status for status, _ in outcomes.values()} == {"read"}
    assert report["use_cases"]
    names = [metadata["name"] for metadata, _ in drive.created.values()]
    assert names[0].startswith("FINAL_REPORT_brook_parts_ltd_")
    assert {metadata["parents"][0] for metadata, _ in drive.created.values()} == {REPORTS}
    assert b"Brook Parts Ltd" in next(iter(drive.created.values()))[1]


def test_an_upload_that_was_killed_is_ended_without_a_second_copy(
    casebook: Program, drive: Drive, settings: dict[str, str]
) -> None:
    arguments = ["run", "--company", "Brook Parts Ltd", "--drive-link", LINK, "--json"]
    killed = casebook(*arguments, env=settings, sabotage=("kill", "after:upload"))
    assert killed.code == -signal.SIGKILL
    fetched = sum(
        "alt=media" not in line and line.startswith("GET /drive/v3/files/file-number") for line in drive.asked
    )
    drive.asked.clear()
    ended = casebook(*arguments, env=settings)
    assert ended.code == 0, ended.err
    assert len(drive.created) == len({metadata["name"] for metadata, _ in drive.created.values()})
    assert fetched
    assert not any(line.startswith("GET /drive/v3/files/file-number") for line in drive.asked)


def test_an_unchanged_file_is_not_fetched_for_the_next_report(
    casebook: Program, drive: Drive, settings: dict[str, str]
) -> None:
    arguments = ["run", "--company", "Brook Parts Ltd", "--drive-link", LINK, "--json"]
    first = casebook(*arguments, env=settings)
    drive.asked.clear()
    second = casebook(*arguments, env=settings)
    assert stripped(first.object["report"]["json"]) == stripped(second.object["report"]["json"])
    assert first.object["run_id"] != second.object["run_id"]
    assert not any("file-number" in line for line in drive.asked)


def test_a_drive_that_refuses_the_report_says_how_to_mend_it_and_the_report_stays(
    casebook: Program, brook: Path, drive: Drive, settings: dict[str, str]
) -> None:
    drive.quota = False
    ended = casebook("run", brook, "--company", "Brook Parts Ltd", env=settings)
    assert ended.code == 1
    assert "service accounts have no storage" in ended.message
    assert list(casebook.outputs.glob("brook_parts_ltd/final/FINAL_REPORT_*.md"))
    drive.quota = True
    assert casebook("run", brook, "--company", "Brook Parts Ltd", env=settings).code == 0
    assert drive.created


def test_a_drive_that_is_busy_for_a_moment_ends_no_run(
    casebook: Program, drive: Drive, settings: dict[str, str]
) -> None:
    drive.faults = [
        Fault(TOP, 503, headers={"Retry-After": "0"}),
        Fault("generateIds", 429, headers={"Retry-After": "0"}),
    ]
    assert casebook("run", "--company", "Brook", "--drive-link", LINK, env=settings).code == 0


def test_word_is_sent_when_a_run_is_done_and_when_it_has_failed(casebook: Program, brook: Path, tmp_path: Path) -> None:
    got: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(Webhook(SECRET).verify(body, dict(self.headers.items())))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/"
    env = {"CASEBOOK_NOTIFY_WEBHOOK": url, "CASEBOOK_NOTIFY_WEBHOOK_SECRET": SECRET}
    assert casebook("run", brook, "--company", "Brook Parts Ltd", env=env).code == 0
    (tmp_path / "nothing").mkdir()
    assert casebook("run", tmp_path / "nothing", "--company", "Empty Ltd", env=env).code == 1
    server.shutdown()
    thread.join()
    server.server_close()
    assert [message["type"] for message in got] == ["run.done", "run.failed"]
    assert not list(casebook.outputs.glob("_notices/*"))


def test_a_job_works_on_one_submitted_run_and_says_when_there_is_none(
    casebook: Program, brook: Path, uncut: bytes
) -> None:
    (slug,) = submit(Settings(outputs=casebook.outputs), brook, ["R1"])
    ended = casebook("job", "--run", "R1")
    assert ended.code == 0, ended.err
    (report,) = (casebook.outputs / slug / "final").glob("*.json")
    assert stripped(report) == uncut
    missing = casebook("job", "--run", "R2")
    assert missing.code == 1
    assert "never was there" in missing.message
