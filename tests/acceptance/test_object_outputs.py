"""Outputs in a bucket: the same layout, the same reports, cut off or not, run here or sent to a server."""

from __future__ import annotations

import http.client
import json
import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from casebook.backends.storages.objects import ObjectStorage
from tests.acceptance.program import Ended, Program, files_below, stripped, wait
from tests.acceptance.test_serve import Server, send

COMPANY = "Brook Parts Ltd"
SLUG = "brook_parts_ltd"
VARYING = re.compile(r"\d{8}_\d{6}(-[0-9a-f]{6})?")


@pytest.fixture
def kept(bucket: str) -> ObjectStorage:
    return ObjectStorage(f"{bucket}/outputs", plain_http=True)


@pytest.fixture
def remote(casebook: Program, kept: ObjectStorage, monkeypatch: pytest.MonkeyPatch) -> Program:
    """The program with its outputs in a bucket; `outputs` is what the machine keeps for itself."""
    state = casebook.root / "state"
    monkeypatch.setattr(Program, "place", kept.url)
    monkeypatch.setattr(Program, "environment", {"CASEBOOK_STATE": str(state)})
    return replace(casebook, outputs=state)


def run(remote: Program, folder: Path, *sabotage: str) -> Ended:
    return remote("run", folder, "--company", COMPANY, "--json", sabotage=sabotage)


def report(kept: ObjectStorage, folder: Path) -> bytes:
    """The one report in the bucket, as it does not vary."""
    (key,) = [key for key in kept.keys(f"{SLUG}/final") if key.endswith(".json")]
    (folder / "report.json").write_bytes(kept.read(key))
    return stripped(folder / "report.json")


def names(keys: list[str]) -> list[str]:
    return sorted(VARYING.sub("{id}", key) for key in keys)


def test_a_run_on_a_bucket_writes_and_shows_what_a_run_on_a_folder_does(
    remote: Program, kept: ObjectStorage, brook: Path, uncut: bytes, tmp_path: Path
) -> None:
    ended = run(remote, brook)
    assert ended.code == 0, ended.err
    assert ended.object["report"]["md"].startswith(f"{kept.url}/{SLUG}/final/FINAL_REPORT_")
    assert report(kept, tmp_path) == uncut
    (listed,) = remote("runs", "--json").object["runs"]
    assert (listed["id"], listed["status"]) == (ended.object["run_id"], "done")
    shown = remote("show").out
    assert f"{kept.url}/{SLUG}/final/FINAL_REPORT_" in shown
    assert "S1    read" in shown
    measured = remote("evaluate", ended.object["report"]["json"])
    assert "ship gates: passed" in measured.out, measured.err
    local = tmp_path / "local"
    assert remote("run", brook, "--company", COMPANY, "--outputs", local).code == 0
    on_disk = [name for name in files_below(local / SLUG) if (local / SLUG / name).is_file()]
    assert names(on_disk) == names([*(key.removeprefix(f"{SLUG}/") for key in kept.keys(SLUG)), "debug/.lock"])
    assert {name.split("/")[0] for name in files_below(remote.outputs)} == {"logs", "scratch"}
    assert files_below(remote.outputs / "scratch") == files_below(remote.scratch) == []


@pytest.mark.parametrize("moment", ["after:part_a"])
def test_a_run_killed_around_a_save_goes_on_and_leaves_no_half_report(  # noqa: PLR0913, PLR0917
    remote: Program, kept: ObjectStorage, brook: Path, uncut: bytes, tmp_path: Path, moment: str
) -> None:
    assert run(remote, brook, "kill", moment).code == -signal.SIGKILL
    assert "it was cut off" in remote("show").out
    before = {entry.key: entry.written_at for entry in kept.entries(SLUG)}
    ended = run(remote, brook)
    assert ended.code == 0, ended.err
    assert report(kept, tmp_path) == uncut
    assert len(kept.keys(f"{SLUG}/final")) == 3
    assert [run["status"] for run in remote("runs", "--json").object["runs"]] == ["done"]
    saved = [key for key in before if "/part_a/" in key or "/data/text/" in key]
    after = {entry.key: entry.written_at for entry in kept.entries(SLUG)}
    assert [key for key in saved if after[key] != before[key]] == [], "what was saved was made again"
    assert files_below(remote.outputs / "scratch") == []


@pytest.mark.parametrize("key", [".html"])
def test_a_run_killed_at_any_put_goes_on_and_whatever_is_there_is_whole(  # noqa: PLR0913, PLR0917
    remote: Program, kept: ObjectStorage, brook: Path, uncut: bytes, tmp_path: Path, key: str
) -> None:
    assert run(remote, brook, "kill", f"put:{key}").code == -signal.SIGKILL
    for there in kept.keys(SLUG):
        if there.endswith(".json"):
            json.loads(kept.read(there))
    assert [name for name in kept.keys(f"{SLUG}/final") if not name.endswith(".md")] == []
    assert len(kept.keys(f"{SLUG}/final")) == 1
    ended = run(remote, brook)
    assert ended.code == 0, ended.err
    assert report(kept, tmp_path) == uncut


def test_a_bucket_that_is_missing_is_named(remote: Program, brook: Path) -> None:
    ended = remote("run", brook, "--company", COMPANY, "--outputs", "s3://nowhere-at-all/x")
    assert ended.code == 1
    assert "there is no bucket for s3://nowhere-at-all/x: create it" in ended.message
    ended = remote("run", brook, "--company", COMPANY, "--outputs", "ftp://host/x")
    assert ended.code == 2
    assert "s3://bucket/prefix" in ended.err


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    started: list[Server] = []
    yield started
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
            server.process.communicate()


@pytest.mark.parametrize("moment", ["before:quotes"])
def test_a_folder_that_is_sent_is_worked_on_in_the_bucket_whenever_the_server_dies(  # noqa: PLR0913, PLR0917
    remote: Program,
    kept: ObjectStorage,
    servers: list[Server],
    brook: Path,
    uncut: bytes,
    tmp_path: Path,
    moment: str,
) -> None:
    servers.append(dying := Server(remote, sabotage=("kill", moment)))
    client = send(dying, brook)
    assert wait(dying.process).code == -signal.SIGKILL
    client.kill()
    client.communicate()
    servers.append(server := Server(remote))
    sent = wait(send(server, brook))
    assert sent.code == 0, sent.err
    assert server.wait_for(sent.object["run_id"])["status"] == "done"
    assert report(kept, tmp_path) == uncut
    assert files_below(remote.outputs / "_received") == []  # nothing that was sent stays on the machine
    _, listing = server.ask(f"/storage/{SLUG}")
    sizes = {entry.key: entry.size for entry in kept.entries(SLUG) if "/." not in entry.key}
    assert listing["total_size_bytes"] == sum(sizes.values())
    assert len(listing["final_reports"]) == 3
    (shown,) = [file for file in listing["final_reports"] if file["path"].endswith(".md")]
    whole = kept.read(f"{SLUG}/{shown['path']}")
    assert fetch(server, "GET", shown["url"]) == (200, whole)
    assert fetch(server, "GET", shown["url"], Range="bytes=10-99") == (206, whole[10:100])
    assert fetch(server, "DELETE", f"/storage/{SLUG}")[0] == 204
    assert kept.keys(SLUG) == []


def fetch(server: Server, method: str, path: str, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_a_server_and_a_worker_share_a_bucket_and_a_database_and_no_folder(  # noqa: PLR0913, PLR0917
    remote: Program,
    kept: ObjectStorage,
    servers: list[Server],
    brook: Path,
    uncut: bytes,
    tmp_path: Path,
    postgres_url: str,
) -> None:
    database = {"CASEBOOK_DATABASE": postgres_url}
    servers.append(server := Server(remote, "--workers-elsewhere", env=database))
    worker = remote.start("worker", env={**database, "CASEBOOK_STATE": str(tmp_path / "elsewhere")})
    try:
        sent = wait(send(server, brook))
        assert sent.code == 0, sent.err
        assert server.wait_for(sent.object["run_id"])["status"] == "done"
    finally:
        worker.terminate()
        wait(worker)
    assert report(kept, tmp_path) == uncut
    assert kept.keys("_received") == []  # moved to the company by then
    assert len([key for key in kept.keys(SLUG) if "/data/uploads/" in key]) == len(list(brook.iterdir()))
    assert files_below(tmp_path / "elsewhere" / "scratch") == []
