"""A Google Drive on loopback that is strict: requests and answers are held to Google's own discovery document.

It is driven by Google's client, so two independent programs have to agree about every call.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from googleapiclient.discovery_cache import get_static_doc

GOOGLE = "application/vnd.google-apps."
_DISCOVERY = json.loads(get_static_doc("drive", "v3"))
_METHODS = _DISCOVERY["resources"]["files"]["methods"]
_FILE = _DISCOVERY["schemas"]["File"]["properties"]
_TOO_LARGE_TO_EXPORT = 10 * 1024 * 1024


@dataclass
class Item:
    """A file or folder. `drive` names its shared drive; `key` is the resource key without which it is not shown."""

    id: str
    name: str
    kind: str = "text/plain"
    data: bytes = b""
    parent: str | None = None
    drive: str | None = None
    key: str | None = None
    target: str | None = None  # of a shortcut
    downloadable: bool = True
    listed_md5: str | None = None  # when the listing is to say something else than the content
    modified: str = "2026-01-02T03:04:05.000Z"

    def facts(self) -> dict[str, Any]:
        """As the API shows it."""
        shown: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "mimeType": self.kind,
            "modifiedTime": self.modified,
            "trashed": False,
            "capabilities": {"canDownload": self.downloadable},
        }
        if not self.kind.startswith(GOOGLE):
            digest = hashlib.md5(self.data, usedforsecurity=False).hexdigest()
            shown |= {"size": str(len(self.data)), "md5Checksum": self.listed_md5 or digest}
        if self.key:
            shown["resourceKey"] = self.key
        if self.target:
            shown["shortcutDetails"] = {"targetId": self.target, "targetMimeType": "application/octet-stream"}
        return shown


@dataclass
class Fault:
    """An answer given instead of the right one, to the next request whose path matches; `after` it was carried out."""

    path: str
    status: int
    reason: str = "backendError"
    headers: Mapping[str, str] = field(default_factory=dict)
    after: bool = False


@dataclass
class Drive:
    """What the server holds and what it was asked."""

    items: dict[str, Item] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    created: dict[str, tuple[dict[str, Any], bytes]] = field(default_factory=dict)
    reserved: list[str] = field(default_factory=list)
    quota: bool = True  # whether the caller may own files
    page_size: int = 2
    api_key: str | None = None
    url: str = ""

    def add(self, *items: Item) -> None:
        for item in items:
            self.items[item.id] = item

    def service_account(self) -> dict[str, str]:
        """Return a key file whose tokens come from this server."""
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - only where one is made
        from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "type": "service_account",
            "client_email": "casebook@project.example",
            "private_key": pem.decode(),
            "private_key_id": "1",
            "token_uri": f"{self.url}token",
        }


class _Handler(BaseHTTPRequestHandler):
    drive: Drive
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def do_GET(self) -> None:
        self._handle("GET", b"")

    def do_POST(self) -> None:
        self._handle("POST", self.rfile.read(int(self.headers.get("content-length", "0"))))

    def _handle(self, verb: str, body: bytes) -> None:
        drive, parts = self.drive, urlsplit(self.path)
        drive.asked.append(f"{verb} {parts.path}")
        fault = next((fault for fault in drive.faults if re.search(fault.path, self.path)), None)
        if fault:
            drive.faults.remove(fault)
            if fault.after:
                self._answer(verb, parts.path, parse_qs(parts.query), body)
            self._refuse(fault.status, fault.reason, fault.headers)
            return
        answer = self._answer(verb, parts.path, parse_qs(parts.query), body)
        if isinstance(answer, tuple):
            self._refuse(*answer)
        elif isinstance(answer, bytes):
            self._send(200, answer, {"Content-Type": "application/octet-stream"})
        else:
            self._send(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _answer(  # noqa: PLR0911 - one answer a route
        self, verb: str, path: str, query: dict[str, list[str]], body: bytes
    ) -> bytes | dict[str, Any] | tuple[int, str]:
        drive = self.drive
        if path == "/token":
            claims = json.loads(base64.urlsafe_b64decode(parse_qs(body.decode())["assertion"][0].split(".")[1] + "=="))
            assert claims["scope"].startswith("https://www.googleapis.com/auth/drive")
            return {
                "access_token": f"for {claims.get('sub', claims['iss'])}",
                "expires_in": 3600,
                "token_type": "Bearer",
            }
        authorised = self.headers.get("Authorization", "").startswith("Bearer for ")
        if not authorised and (drive.api_key is None or query.get("key") != [drive.api_key]):
            return 401, "authError"
        if verb == "POST":
            return self._create(path, query, body)
        if path == "/drive/v3/files/generateIds":
            _check("generateIds", query)
            ids = [f"reserved-{len(drive.reserved) + number}" for number in range(int(query["count"][0]))]
            drive.reserved += ids
            return {"kind": "drive#generatedIds", "space": "drive", "ids": ids}
        if path == "/drive/v3/files":
            return self._list(query)
        match = re.fullmatch(r"/drive/v3/files/([^/]+)(/export)?", path)
        item = self._visible(unquote(match[1])) if match else None
        if match is None or item is None:
            return 404, "notFound"
        return self._export(item, query) if match[2] else self._get(item, query)

    def _list(self, query: dict[str, list[str]]) -> dict[str, Any] | tuple[int, str]:
        _check("list", query)
        parent = re.fullmatch(r"'([^']+)' in parents and trashed=false", query["q"][0])
        assert parent, query["q"]
        if self._visible(parent[1]) is None:
            return 404, "notFound"
        wide = query.get("supportsAllDrives") == ["true"] and query.get("includeItemsFromAllDrives") == ["true"]
        found = [item for item in self.drive.items.values() if item.parent == parent[1] and (wide or not item.drive)]
        start = int(query.get("pageToken", ["0"])[0])
        page = found[start : start + self.drive.page_size]
        fields = query["fields"][0]
        assert fields.startswith("nextPageToken,incompleteSearch,files(")
        wanted = fields.removeprefix("nextPageToken,incompleteSearch,files(")[:-1]
        answer: dict[str, Any] = {"incompleteSearch": False, "files": [_shown(item, wanted) for item in page]}
        if start + len(page) < len(found):
            answer["nextPageToken"] = str(start + len(page))
        return answer

    def _get(self, item: Item, query: dict[str, list[str]]) -> bytes | dict[str, Any] | tuple[int, str]:
        _check("get", query)
        if item.drive and query.get("supportsAllDrives") != ["true"]:
            return 404, "notFound"
        if query.get("alt") == ["media"]:
            return (403, "fileNotDownloadable") if item.kind.startswith(GOOGLE) else item.data
        return _shown(item, query["fields"][0])

    def _export(self, item: Item, query: dict[str, list[str]]) -> bytes | tuple[int, str]:
        _check("export", query)
        assert item.kind.startswith(GOOGLE)
        return (403, "exportSizeLimitExceeded") if len(item.data) > _TOO_LARGE_TO_EXPORT else item.data

    def _create(self, path: str, query: dict[str, list[str]], body: bytes) -> dict[str, Any] | tuple[int, str]:
        assert path == "/upload/drive/v3/files"
        assert query.pop("uploadType") == ["multipart"]
        _check("create", query)
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        about, content = BytesParser(policy=HTTP).parsebytes(head + body).iter_parts()
        metadata = json.loads(str(about.get_payload()))
        assert set(metadata) <= set(_FILE), metadata
        if not self.drive.quota:
            return 403, "storageQuotaExceeded"
        assert metadata["id"] in self.drive.reserved
        if metadata["id"] in self.drive.created:
            return 409, "fileIdInUse"
        data = content.get_payload(decode=True)
        assert isinstance(data, bytes)
        self.drive.created[metadata["id"]] = (metadata, data)
        return {"id": metadata["id"]}

    def _visible(self, item_id: str) -> Item | None:
        item = self.drive.items.get(item_id)
        keys = dict(pair.split("/") for pair in self.headers.get("X-Goog-Drive-Resource-Keys", "").split(",") if pair)
        return None if item is None or (item.key and keys.get(item_id) != item.key) else item

    def _refuse(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        error = {"error": {"code": status, "message": "refused", "errors": [{"domain": "global", "reason": reason}]}}
        self._send(status, json.dumps(error).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _send(self, status: int, data: bytes, headers: Mapping[str, str]) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if wanted and status == 200 and data:
            first, last = int(wanted[1]), min(int(wanted[2]), len(data) - 1)
            headers = {**headers, "Content-Range": f"bytes {first}-{last}/{len(data)}"}
            status, data = 206, data[first : last + 1]
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def _check(method: str, query: dict[str, list[str]]) -> None:
    """Hold the parameters to the discovery document."""
    known = set(_METHODS[method]["parameters"]) | set(_DISCOVERY["parameters"])
    assert set(query) <= known, set(query) - known


def _shown(item: Item, fields: str) -> dict[str, Any]:
    names = {name.partition("(")[0] for name in re.split(r",(?![^(]*\))", fields)}
    assert names <= set(_FILE), names - set(_FILE)
    return {name: value for name, value in item.facts().items() if name in names}


@contextmanager
def serve_drive() -> Iterator[Drive]:
    """Serve an empty Drive on loopback."""
    drive = Drive()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"drive": drive}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    drive.url = f"http://127.0.0.1:{server.server_port}/"
    try:
        yield drive
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
