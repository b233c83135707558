"""Spans of a run and its steps, sent to a collector on loopback and read with OpenTelemetry's own types."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.acceptance.program import Program

STEPS = ["setup", "vector_store", "part_a", "quotes", "part_b", "consolidation", "upload"]


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    got: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            data = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(gzip.decompress(data) if self.headers.get("Content-Encoding") == "gzip" else data)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_run_and_its_steps_are_spans_without_words_of_the_documents(
    casebook: Program, brook: Path, collector: tuple[str, list[bytes]]
) -> None:
    url, got = collector
    ended = casebook("run", brook, "--company", "Brook Parts Ltd", "--json", env={"OTEL_EXPORTER_OTLP_ENDPOINT": url})
    assert ended.code == 0, ended.err
    spans = [
        span
        for data in got
        for resource in ExportTraceServiceRequest.FromString(data).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert [span.name for span in spans] == [*(f"step {step}" for step in STEPS), "run"]
    run = spans[-1]
    assert {span.parent_span_id for span in spans[:-1]} == {run.span_id}
    told = {one.key: one.value.string_value for span in spans for one in span.attributes}
    assert told["casebook.run_id"] == ended.object["run_id"]
    assert set(told) == {"casebook.run_id", "casebook.company", "casebook.step"}


def test_nothing_is_imported_or_sent_unless_it_is_asked_for(casebook: Program, brook: Path) -> None:
    ended = casebook("run", brook, "--company", "Brook Parts Ltd", env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert ended.code == 0
    assert "casebook.service" in ended.err
    assert "opentelemetry.sdk" not in ended.err
