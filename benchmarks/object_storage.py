"""Requests of a run whose outputs are in a bucket: `uv run python -m benchmarks.object_storage`.

A server in memory that speaks as S3 does answers on loopback; it is asked how often it was asked. Seconds say little
(it is slower than a real one at some things and nearer than any), counts say what a real one would be asked.
"""

from __future__ import annotations

import http.client
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from moto.server import ThreadedMotoServer

_REQUEST = re.compile(r"(GET|PUT|HEAD|DELETE|POST) (/\S*)")


class Requests(logging.Handler):
    """Counts what the server logs of each request."""

    def __init__(self) -> None:
        """Count from nothing."""
        super().__init__()
        self.counted: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Count one request by what it does."""
        found = _REQUEST.search(record.getMessage())
        if found is not None:
            kind = "LIST" if found[1] == "GET" and "list-type" in found[2] else found[1]
            self.counted[kind] += 1


def main() -> None:
    """Run the demo twice on one bucket, and once on a folder, and print what each asked for."""
    requests = Requests()
    log = logging.getLogger("werkzeug")
    log.addHandler(requests)
    log.setLevel(logging.INFO)
    log.propagate = False
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=True)
    server.start()
    host, port = server.get_host_and_port()
    connection = http.client.HTTPConnection(host, port)
    connection.request("PUT", "/figures")
    connection.getresponse().read()
    with tempfile.TemporaryDirectory() as folder:
        bucket = {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "figures",
            "AWS_SECRET_ACCESS_KEY": "figures",
            "CASEBOOK_OUTPUTS": "s3://figures/outputs",
            "CASEBOOK_STATE": folder,
        }
        for name, environment in (
            ("first run", bucket),
            ("second run, nothing changed", bucket),
            ("on a folder", {"CASEBOOK_OUTPUTS": str(Path(folder, "outputs"))}),
        ):
            requests.counted.clear()
            seconds, files = _demo(environment)
            shown = ", ".join(f"{count} {kind}" for kind, count in sorted(requests.counted.items())) or "none"
            print(f"{name}: {files} files, {requests.counted.total()} requests ({shown}), {seconds:.1f} s")
    server.stop()


def _demo(environment: Mapping[str, str]) -> tuple[float, int]:
    begun = time.monotonic()
    command = [sys.executable, "-m", "casebook", "demo", "--json"]
    said = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, check=True).stdout
    return time.monotonic() - begun, json.loads(said)["files"]["received"]


if __name__ == "__main__":
    main()
