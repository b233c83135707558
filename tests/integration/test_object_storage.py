"""Objects over HTTP: whole or not at all, few tries, and errors that say what to do."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from casebook.backends.storages.objects import ObjectStorage
from casebook.errors import StorageFailed

UPLOADS = """
import sys
from pathlib import Path
from casebook.backends.storages.objects import ObjectStorage
storage = ObjectStorage(sys.argv[1], plain_http=True)
print("ready", flush=True)
while True:
    path = Path(sys.argv[2])
    path.write_bytes(b"0123456789abcdef" * 65536 * 20)
    storage.adopt(path, "acme/final/report.md")
    storage.remove("acme/final/report.md")
"""


class Refusing(BaseHTTPRequestHandler):
    """Answers everything with the server's status, and counts."""

    def answer(self) -> None:
        server = self.server
        assert isinstance(server, RefusingServer)
        server.asked += 1
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b"<Error><Code>Refused</Code><Message>not today</Message></Error>"
        self.send_response(server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = answer  # noqa: N815 - the library's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


class RefusingServer(ThreadingHTTPServer):
    status = 503
    asked = 0


@contextmanager
def refusing(monkeypatch: pytest.MonkeyPatch, status: int) -> Iterator[RefusingServer]:
    with RefusingServer(("127.0.0.1", 0), Refusing) as server:
        server.status = status
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tests")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-tests")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "tries", "said"),
    [(503, 3, "Refused: not today"), (403, 1, "may not be used: check the credentials"), (400, 1, "Refused")],
)
def test_a_request_that_may_succeed_later_is_tried_three_times_and_others_once(
    monkeypatch: pytest.MonkeyPatch, status: int, tries: int, said: str
) -> None:
    with refusing(monkeypatch, status) as server:
        with pytest.raises(StorageFailed, match=said) as raised:
            ObjectStorage("s3://bucket", plain_http=True).write("acme/a", b"x")
        assert server.asked == tries
    assert "secret-of-tests" not in str(raised.value)


def test_a_store_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tests")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "tests")
    with pytest.raises(StorageFailed, match="cannot use s3://bucket/acme/a"):
        ObjectStorage("s3://bucket", plain_http=True).read("acme/a")


def test_a_bucket_that_is_not_there_is_to_be_created(bucket: str) -> None:
    storage = ObjectStorage(f"{bucket}-missing", plain_http=True)
    with pytest.raises(StorageFailed, match=r"there is no bucket for .*: create it"):
        storage.write("acme/a", b"x")
    with pytest.raises(StorageFailed, match="create it"):
        storage.keys("acme")


def test_a_url_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(StorageFailed, match="cannot use nowhere://bucket"):
        ObjectStorage("nowhere://bucket")


def test_prefixes_of_one_bucket_do_not_see_each_other(bucket: str) -> None:
    one, other = (ObjectStorage(f"{bucket}/{prefix}", plain_http=True) for prefix in ("a", "a2"))
    one.write("acme/a", b"x")
    other.remove_all("acme")
    assert list(other.keys("")) == []
    assert list(one.keys("")) == ["acme/a"]


def test_an_upload_that_is_killed_leaves_nothing_that_is_seen(bucket: str, tmp_path: Path) -> None:
    """A file of 20 MiB goes in parts; whenever the process dies, the file is there wholly or not at all."""
    storage = ObjectStorage(bucket, plain_http=True)
    for number in range(4):
        command = [sys.executable, "-c", UPLOADS, bucket, str(tmp_path / "file")]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.05 + 0.07 * number)
            process.send_signal(signal.SIGKILL)
        found = storage.look("acme/final/report.md")
        assert found is None or found.size == 20 * 1024 * 1024
        storage.remove("acme/final/report.md")
