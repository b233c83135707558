"""Two regions as processes: a folder that is sent to one is worked on in the other, and is only there."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.program import Program, stripped, wait
from tests.acceptance.test_serve import Server

FOLDER = "brook_parts_ltd"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[dict[str, Server]]:
    """`casebook serve` twice, with outputs, a database and a port of its own each."""
    ports = {"eu": free_port(), "us": free_port()}
    file = tmp_path / "regions.toml"
    file.write_text(
        "".join(
            f'[regions.{name}]\nurl = "http://127.0.0.1:{port}"\ncountries = ["{name.upper()}"]\n'
            for name, port in ports.items()
        ),
        encoding="utf-8",
    )
    started = {}
    for name, port in ports.items():
        program = Program(root=tmp_path, outputs=tmp_path / name)
        environment = {"CASEBOOK_REGIONS": str(file), "CASEBOOK_REGION": name}
        started[name] = Server(program, "--port", str(port), env=environment)
    yield started
    for server in started.values():
        server.process.kill()
        server.process.communicate()


def test_a_folder_for_another_region_is_worked_on_there_and_leaves_nothing_here(
    servers: dict[str, Server], brook: Path, uncut: bytes
) -> None:
    eu, us = servers["eu"], servers["us"]
    sent = wait(
        eu.casebook.start("submit", brook, "--to", eu.url, "--company", "Brook Parts Ltd", "--country", "us", "--json")
    )
    assert sent.code == 0, sent.err
    assert f"Sent on to 127.0.0.1:{us.port}." in sent.err
    assert sent.object["server"] == us.url
    assert us.wait_for(sent.object["run_id"])["status"] == "done"
    (report,) = (us.casebook.outputs / FOLDER / "final").glob("*.json")
    assert stripped(report) == uncut
    assert eu.ask("/runs")[1]["runs"] == []
    for path in eu.casebook.outputs.rglob("*"):
        assert not (path.is_file() and b"Brook Parts" in path.read_bytes()), path
    us.process.kill()
    us.process.communicate()
    assert eu.ask("/health")[0] == 200  # one region that is down takes none with it
    home = wait(eu.casebook.start("submit", brook, "--to", eu.url, "--company", "Brook Parts Ltd", "--region", "eu"))
    assert home.code == 0, home.err
