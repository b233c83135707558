"""Control planes on loopback that hold what they are asked to their grammar: a Kubernetes API server, Paperspace v1."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "the-token"  # noqa: S105 - of this server


@dataclass
class Plane:
    """What was asked, and what happens to the next calls: a status, or `lost` after it was carried out."""

    url: str = ""
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    faults: list[int | str] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    listed: bool = True  # whether a run that was created is shown

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:  # noqa: ANN401
        """Carry out a call."""
        if path.startswith("/apis/batch/v1/namespaces/casebook/jobs"):
            return self._kubernetes(method, path.removeprefix("/apis/batch/v1/namespaces/casebook/jobs"), query, body)
        return self._paperspace(method, path, query, body)

    def _kubernetes(self, method: str, rest: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:  # noqa: ANN401
        name = rest.strip("/")
        if method == "POST":
            name = body["metadata"]["name"]
            if name in self.jobs:
                return 409, {"reason": "AlreadyExists"}
            self.jobs[name] = {**body, "status": {}}
            return 201, self.jobs[name]
        if name not in self.jobs:
            return 404, {"reason": "NotFound"}
        if method == "DELETE":
            assert query == {"propagationPolicy": ["Background"]}
            del self.jobs[name]
            return 200, {}
        return 200, self.jobs[name]

    def _paperspace(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:  # noqa: ANN401
        if path == "/deployments":
            assert set(body) == {"projectId", "config"}
            return 200, {"deploymentId": "d1"}
        if path == "/workflows/w1/runs" and method == "POST":
            assert set(body) <= {"spec", "inputs", "clusterId", "markDefault", "meta"}
            self.runs.append(
                {
                    "id": len(self.runs) + 1,
                    "meta": body["meta"],
                    "spec": body["spec"],
                    "status": {"phase": "Submitting"},
                }
            )
            return 200, self.runs[-1]
        if path == "/workflows/w1/runs":
            start = int(query.get("after", ["0"])[0])
            newest = list(reversed(self.runs)) if self.listed else []
            page = newest[start : start + 2]
            return 200, {"items": page, "hasMore": start + 2 < len(newest), "nextPage": str(start + 2)}
        run = self.runs[int(path.split("/")[4]) - 1]
        if path.endswith("/cancel"):
            run["status"]["phase"] = "Canceled"
        return 200, run


@contextmanager
def serve_plane() -> Iterator[Plane]:
    """Serve on loopback."""
    plane = Plane()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            parts = urlsplit(self.path)
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(data) if data else None
            plane.asked.append((self.command, parts.path, body))
            assert self.headers["Authorization"] == f"Bearer {TOKEN}"
            fault = plane.faults.pop(0) if plane.faults else None
            if isinstance(fault, int):
                self._send(fault, {"code": "FAULT"})
                return
            status, answer = plane.answer(self.command, parts.path, parse_qs(parts.query), body)
            if fault == "lost":
                self.close_connection = True
                return
            self._send(status, answer)

        def _send(self, status: int, answer: object) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            if status == 429:
                self.send_header("Retry-After", "4")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _handle  # noqa: N815 - the base class's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    plane.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield plane
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
