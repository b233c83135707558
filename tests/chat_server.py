"""A server that speaks OpenAI's chat protocol on loopback, by script; it counts its requests and fails when told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any

from tests.scripted_model import Script, well_behaved

Fault = Callable[["Request"], bool]  # answers in its own way and returns True, or leaves it to the script


class Request(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server: ChatServer
    body: dict[str, Any]
    number: int

    def do_POST(self) -> None:
        self.body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.number = self.server.count(self)
        if self.server.latency:
            time.sleep(self.server.latency)
        if not self.server.fault(self):
            self.answer(200, completion(self.body, self.server.script))

    def answer(self, status: int, content: object, **headers: str) -> None:
        """Send an answer."""
        self.send(status, json.dumps(content, ensure_ascii=False).encode(), headers=headers)

    def send(
        self, status: int, data: bytes, *, length: int | None = None, headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Send bytes; a `length` beyond theirs is a stream that was cut off."""
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(length or len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)
        if length:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class ChatServer(ThreadingHTTPServer):
    """The server."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, script: Script, *, latency: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.script = script
        self.latency = latency
        self.fault: Fault = lambda _request: False
        self.asked: list[str] = []  # the texts, in the order in which they came
        self.most_at_once = 0
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def count(self, request: Request) -> int:
        with self._lock:
            self.asked.append(json.dumps(request.body, sort_keys=True))
            return len(self.asked)

    def handle_error(self, *_: object) -> None:
        """A client that goes away is none."""


def completion(body: dict[str, Any], script: Script, *, finish: str = "stop") -> dict[str, Any]:
    """Answer a body as OpenAI would."""
    name = body["response_format"]["json_schema"]["name"]
    text = json.dumps(script(name, body["messages"][-1]["content"]), ensure_ascii=False)
    sent = sum(len(message["content"]) for message in body["messages"]) // 4
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": sent,
            "completion_tokens": len(text) // 4,
            "total_tokens": sent + len(text) // 4,
        },
    }


def refused(message: str, code: str | None = None) -> dict[str, Any]:
    """Say no as OpenAI does."""
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}


@contextmanager
def serving(script: Script = well_behaved, *, latency: float = 0.0) -> Iterator[ChatServer]:
    """Run a server for the length of a block."""
    server = ChatServer(script, latency=latency)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
