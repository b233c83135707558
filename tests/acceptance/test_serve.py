"""The front door as a process: a folder is sent, the server is killed at any moment, the report is the same."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from casebook.domain.run import Stage
from tests.acceptance.program import Program, stripped, wait

STARTED = re.compile(r"http://127\.0\.0\.1:(\d+)/")


class Server:
    """`casebook serve` as a process."""

    def __init__(
        self,
        casebook: Program,
        *arguments: str,
        sabotage: tuple[str, ...] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.casebook = casebook
        self.process = casebook.start("serve", "--port", "0", *arguments, sabotage=sabotage, env=env)
        assert self.process.stderr is not None
        found = STARTED.search(self.process.stderr.readline())
        assert found
        self.port = int(found[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def wait_for(self, run_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while True:
            _, state = self.ask(f"/runs/{run_id}")
            if state["status"] not in {"queued", "running"}:
                return state
            assert time.monotonic() < deadline, state
            time.sleep(0.1)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return wait(self.process).code


@pytest.fixture
def servers(casebook: Program) -> Iterator[list[Server]]:
    """Servers that a test starts, ended whatever happens."""
    del casebook
    started: list[Server] = []
    yield started
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
            server.process.communicate()


def send(server: Server, folder: Path) -> subprocess.Popen[str]:
    return server.casebook.start("submit", folder, "--to", server.url, "--company", "Brook Parts Ltd", "--json")


def test_a_folder_is_sent_and_its_report_is_the_one_of_a_local_run(
    casebook: Program, servers: list[Server], brook: Path, uncut: bytes
) -> None:
    servers.append(server := Server(casebook))
    sent = wait(send(server, brook))
    assert sent.code == 0, sent.err
    state = server.wait_for(sent.object["run_id"])
    assert (state["status"], {job["status"] for job in state["jobs"]}) == ("done", {"done"})
    _, listing = server.ask("/storage/brook_parts_ltd")
    (report,) = [file for file in listing["final_reports"] if file["path"].endswith(".json")]
    assert stripped(casebook.outputs / "brook_parts_ltd" / report["path"]) == uncut
    fetched = casebook.outputs.parent / "fetched"
    again = casebook(
        "submit", brook, "--to", server.url, "--company", "Brook Parts Ltd", "--wait", "--into", fetched, "--json"
    )
    assert again.object["run_id"] == sent.object["run_id"]
    (report,) = [Path(path) for path in again.object["report"] if path.endswith(".json")]
    assert (report.parent, stripped(report)) == (fetched, uncut)
    assert server.end() == 0


@pytest.mark.parametrize("moment", ["start", *(f"{when}:{stage}" for stage in Stage for when in ("before", "after"))])
def test_a_server_that_is_killed_goes_on_after_a_restart_with_nothing_done_twice(
    casebook: Program, servers: list[Server], brook: Path, uncut: bytes, moment: str
) -> None:
    servers.append(dying := Server(casebook, sabotage=("kill", moment)))
    client = send(dying, brook)
    assert wait(dying.process).code == -signal.SIGKILL
    client.kill()  # it would try again for minutes; a new one takes its place
    client.communicate()
    servers.append(server := Server(casebook))
    sent = wait(send(server, brook))
    assert server.wait_for(sent.object["run_id"])["status"] == "done"
    (report,) = (casebook.outputs / "brook_parts_ltd" / "final").glob("*.json")
    assert stripped(report) == uncut
    assert [(run["id"], run["status"]) for run in casebook.records()] == [(sent.object["run_id"], "done")]
    assert server.ask("/runs")[1]["runs"][0]["run_id"] == sent.object["run_id"]


def test_a_second_server_on_the_same_files_refuses_to_start(casebook: Program, servers: list[Server]) -> None:
    servers.append(Server(casebook, "--workers-elsewhere"))
    ended = casebook("serve", "--port", "0")
    assert (ended.code, "another server works on these files" in ended.message) == (1, True)


def test_a_server_for_the_network_without_authentication_refuses_to_start(casebook: Program) -> None:
    ended = casebook("serve", "--host", "0.0.0.0")  # noqa: S104 - refused
    assert (ended.code, "can be reached from other machines" in ended.message) == (1, True)


def test_a_wrong_setting_is_wrong_usage(casebook: Program) -> None:
    ended = casebook("serve", env={"CASEBOOK_PORT": "none"})
    assert (ended.code, "CASEBOOK_PORT" in ended.message) == (2, True)


def test_a_key_is_made_and_lets_in(casebook: Program, servers: list[Server], brook: Path) -> None:
    made = casebook("key", "alpha")
    entry = made.err.split("CASEBOOK_API_KEYS=")[1].split()[0]
    assert made.out.strip() not in made.err
    servers.append(server := Server(casebook, "--workers-elsewhere", env={"CASEBOOK_API_KEYS": entry}))
    assert "401" in wait(send(server, brook)).message
    arguments = ("submit", brook, "--to", server.url, "--company", "Brook", "--quiet")
    assert casebook(*arguments, env={"CASEBOOK_KEY": made.out.strip()}).code == 0


def test_a_run_that_was_under_way_when_the_queue_lost_it_goes_on(
    casebook: Program, servers: list[Server], brook: Path, uncut: bytes
) -> None:
    servers.append(dying := Server(casebook, sabotage=("kill", "after:part_a")))
    client = send(dying, brook)
    assert wait(dying.process).code == -signal.SIGKILL
    client.kill()
    client.communicate()
    for path in casebook.outputs.glob("queue.sqlite3*"):
        path.unlink()  # as a power cut takes what the queue did not flush
    servers.append(server := Server(casebook))
    sent = wait(send(server, brook))
    assert server.wait_for(sent.object["run_id"])["status"] == "done"
    (report,) = (casebook.outputs / "brook_parts_ltd" / "final").glob("*.json")
    assert stripped(report) == uncut


def test_a_queue_whose_file_is_gone_loses_no_submission(
    casebook: Program, servers: list[Server], brook: Path, uncut: bytes
) -> None:
    servers.append(first := Server(casebook, "--workers-elsewhere"))
    run_id = wait(send(first, brook)).object["run_id"]
    time.sleep(1.5)  # until it is written down that the queue has the run
    assert first.end() == 0
    for path in casebook.outputs.glob("queue.sqlite3*"):
        path.unlink()
    servers.append(server := Server(casebook))
    assert server.wait_for(run_id)["status"] == "done"
    (report,) = (casebook.outputs / "brook_parts_ltd" / "final").glob("*.json")
    assert stripped(report) == uncut
