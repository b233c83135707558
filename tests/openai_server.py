"""Files and vector stores as OpenAI serves them, on loopback: strict about what is asked, lexical in what it finds."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePath
from typing import Any

from openai.types import FileObject, VectorStore
from openai.types.vector_stores import VectorStoreFile

KEY = "sk-canary-of-the-tests"
_SEARCHABLE = {".md", ".txt", ".json", ".pdf", ".html", ".docx", ".pptx"}


@dataclass
class Hosting:
    """What is held, what was asked, and what goes wrong."""

    url: str = ""
    files: dict[str, tuple[str, str]] = field(default_factory=dict)  # name and content by id
    stores: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    faults: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)  # status, code and headers of the next
    polls: int = 1  # looks before a file is indexed
    refuse: str = ""  # contents with this are not indexed
    made: int = 0

    def new_id(self, kind: str) -> str:
        self.made += 1
        return f"{kind}_{self.made}"

    def answer(self, method: str, path: str, body: Any) -> Any:  # noqa: ANN401 - JSON
        """Carry out a call; None is a 404."""
        parts = path.removeprefix("/v1/").split("/")
        if parts[0] == "files":
            return self._files(method, parts[1:], body)
        if len(parts) == 1:
            return self._create(body)
        store = self.stores.get(parts[1])
        if store is None:
            return None
        if len(parts) == 2:
            if method == "DELETE":
                del self.stores[parts[1]]
                return {"id": parts[1], "object": "vector_store.deleted", "deleted": True}
            return store["shown"]
        return self._search(store, body) if parts[2] == "search" else self._attached(method, store, parts[3:], body)

    def _files(self, method: str, rest: list[str], body: Any) -> Any:  # noqa: ANN401
        if method == "POST":
            file_id = self.new_id("file")
            self.files[file_id] = body
            shown = {
                "id": file_id,
                "object": "file",
                "bytes": len(body[1]),
                "created_at": 1,
                "filename": body[0],
                "purpose": "assistants",
                "status": "processed",
            }
            return FileObject.model_validate(shown).model_dump(mode="json")
        if rest[0] not in self.files:
            return None
        assert method == "DELETE"
        del self.files[rest[0]]
        for store in self.stores.values():
            store["files"].pop(rest[0], None)
        return {"id": rest[0], "object": "file", "deleted": True}

    def _create(self, body: Any) -> Any:  # noqa: ANN401
        assert set(body) <= {"name", "description", "metadata", "expires_after", "file_ids", "chunking_strategy"}
        assert 1 <= body["expires_after"]["days"] <= 365
        store_id = self.new_id("vs")
        counts = dict.fromkeys(("cancelled", "completed", "failed", "in_progress", "total"), 0)
        shown = {
            "id": store_id,
            "object": "vector_store",
            "created_at": 1,
            "name": body["name"],
            "usage_bytes": 0,
            "status": "completed",
            "file_counts": counts,
            "metadata": body["metadata"],
        }
        self.stores[store_id] = {"shown": VectorStore.model_validate(shown).model_dump(mode="json"), "files": {}}
        return self.stores[store_id]["shown"]

    def _attached(self, method: str, store: dict[str, Any], rest: list[str], body: Any) -> Any:  # noqa: ANN401
        if method == "POST":
            assert set(body) <= {"file_id", "attributes", "chunking_strategy"}
            static = body["chunking_strategy"]["static"]
            assert 100 <= static["max_chunk_size_tokens"] <= 4096
            assert static["chunk_overlap_tokens"] * 2 <= static["max_chunk_size_tokens"]
            assert all(len(key) <= 64 and len(str(value)) <= 512 for key, value in body["attributes"].items())
            store["files"][body["file_id"]] = {"attributes": body["attributes"], "looks": self.polls}
            return self._state(store, body["file_id"])
        if rest[0] not in store["files"]:
            return None
        if method == "DELETE":
            del store["files"][rest[0]]
            return {"id": rest[0], "object": "vector_store.file.deleted", "deleted": True}
        store["files"][rest[0]]["looks"] -= 1
        return self._state(store, rest[0])

    def _state(self, store: dict[str, Any], file_id: str) -> Any:  # noqa: ANN401
        attached, (name, content) = store["files"][file_id], self.files[file_id]
        error = None
        if attached["looks"] > 0:
            status = "in_progress"
        elif PurePath(name).suffix not in _SEARCHABLE or (self.refuse and self.refuse in content):
            status, error = "failed", {"code": "unsupported_file", "message": "This file is not supported."}
        else:
            status = "completed"
        shown = {
            "id": file_id,
            "object": "vector_store.file",
            "created_at": 1,
            "usage_bytes": len(content),
            "vector_store_id": store["shown"]["id"],
            "status": status,
            "last_error": error,
            "attributes": attached["attributes"],
        }
        return VectorStoreFile.model_validate(shown).model_dump(mode="json")

    def _search(self, store: dict[str, Any], body: Any) -> Any:  # noqa: ANN401
        assert set(body) <= {"query", "max_num_results", "filters", "ranking_options", "rewrite_query"}
        assert 1 <= body["max_num_results"] <= 50
        wanted = set(re.findall(r"\w+", body["query"].lower()))
        found = []
        for file_id, attached in store["files"].items():
            name, content = self.files[file_id]
            for chunk in content.split("\n\n")[1:]:
                shared = len(wanted & set(re.findall(r"\w+", chunk.lower())))
                if shared and attached["looks"] <= 0:
                    found.append((shared / len(wanted), file_id, name, attached["attributes"], chunk))
        found.sort(key=lambda entry: -entry[0])
        data = [
            {
                "file_id": file_id,
                "filename": name,
                "score": score,
                "attributes": attributes,
                "content": [{"type": "text", "text": chunk}],
            }
            for score, file_id, name, attributes, chunk in found[: body["max_num_results"]]
        ]
        return {
            "object": "vector_store.search_results.page",
            "search_query": [body["query"]],
            "data": data,
            "has_more": False,
            "next_page": None,
        }


@contextmanager
def serve_hosting() -> Iterator[Hosting]:
    """Serve on loopback."""
    hosting = Hosting()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            hosting.asked.append(f"{self.command} {self.path}")
            assert self.headers["Authorization"] == f"Bearer {KEY}"
            if hosting.faults:
                status, code, headers = hosting.faults.pop(0)
                self._send(status, {"error": {"message": "no", "type": "x", "param": None, "code": code}}, headers)
                return
            answer = hosting.answer(self.command, self.path, self._body(data))
            if answer is None:
                self._send(404, {"error": {"message": "none", "type": "x", "param": None, "code": None}}, {})
            else:
                self._send(200, answer, {})

        def _body(self, data: bytes) -> Any:  # noqa: ANN401
            kind = self.headers.get("Content-Type", "")
            if not kind.startswith("multipart/"):
                return json.loads(data) if data else None
            message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + data)
            parts = {part.get_param("name", header="content-disposition"): part for part in message.iter_parts()}
            assert set(parts) == {"file", "purpose"}
            content = parts["file"].get_payload(decode=True)
            assert isinstance(content, bytes)
            return str(parts["file"].get_filename()), content.decode()

        def _send(self, status: int, answer: object, headers: dict[str, str]) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {
                **headers,
                "Content-Length": str(len(content)),
                "Content-Type": "application/json",
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _handle  # noqa: N815 - the base class's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    hosting.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield hosting
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
