"""Secrets that a server is given, or is sent, are in nothing that it writes or answers."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.program import Program, wait
from tests.acceptance.test_serve import STARTED

CANARY = "canary7d1f2e"
KEY = f"cbk_{CANARY}_the-key-of-a-sender-0123456789"
MASTER = f"{CANARY}-master-key-of-all-access-tokens"
WEBHOOK = "whsec_" + base64.b64encode(f"{CANARY} a webhook's secret".encode()).decode()
MODEL = f"sk-{CANARY}-0123456789abcdef"
WRONG = "wrongvalue93ab"  # in a field of a known sender: set aside in the database, and repeated nowhere
SECRETS = [CANARY, WEBHOOK.removeprefix("whsec_"), KEY, MASTER, MODEL]


def post(port: int, body: object, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/", json.dumps(body), {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, str(answer.headers).encode() + answer.read()
    finally:
        connection.close()


def get(port: int, path: str, key: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        return answer.status, str(answer.headers).encode() + answer.read()
    finally:
        connection.close()


def body_of(answer: tuple[int, bytes]) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(answer[1][answer[1].index(b"{") :])
    return loaded


@pytest.fixture
def casebook(tmp_path: Path) -> Program:
    return Program(tmp_path, tmp_path / "outputs")


def test_no_secret_is_in_a_log_an_answer_or_a_saved_file(casebook: Program) -> None:
    environment = {
        "CASEBOOK_API_KEYS": f"sender:{hashlib.sha256(KEY.encode()).hexdigest()}",
        "CASEBOOK_MASTER_KEY": MASTER,
        "OPENAI_WEBHOOK_SECRET": WEBHOOK,
        "OPENAI_API_KEY": MODEL,
        "CASEBOOK_SMTP_PASSWORD": CANARY,  # of another program: its name is warned of, its value shown nowhere
    }
    process = casebook.start("serve", "--port", "0", env=environment)
    assert process.stderr is not None
    assert "CASEBOOK_SMTP_PASSWORD is not a setting" in process.stderr.readline()
    found = STARTED.search(process.stderr.readline())
    assert found
    port = int(found[1])
    submission = {"company_name": "Brook Parts Ltd", "company_description": "We make parts and answer mails by hand."}
    answers = [
        post(port, submission, {"Authorization": f"Bearer {KEY}"}),
        post(port, submission, {"Authorization": f"Bearer {KEY}x"}),
        post(port, submission, {"Authorization": f"Basic {CANARY}", "Cookie": f"session={CANARY}"}),
        post(port, submission, {"webhook-id": "m1", "webhook-timestamp": "1", "webhook-signature": f"v1,{CANARY}"}),
        post(port, {**submission, "readiness_score": WRONG}, {"Authorization": f"Bearer {KEY}"}),
        get(port, f"/runs/{CANARY}", KEY),
        get(port, f"/storage/{CANARY}?token={CANARY}", f"{KEY}x"),
    ]
    assert [status for status, _ in answers[:5]] == [202, 401, 401, 401, 422]
    run_id = body_of(answers[0])["run_id"]
    deadline = time.monotonic() + 60
    while body_of(state := get(port, f"/runs/{run_id}", KEY))["status"] in {"queued", "running"}:
        assert time.monotonic() < deadline, state
        time.sleep(0.2)
    answers += [state, get(port, "/test", KEY), get(port, "/metrics", KEY), get(port, "/health", KEY)]
    process.send_signal(signal.SIGTERM)
    ended = wait(process)
    written = {path: path.read_bytes() for path in casebook.root.rglob("*") if path.is_file()}
    logs = [path for path in written if path.parent.name == "logs"]
    assert logs
    assert run_id.encode() in b"".join(written[path] for path in logs)
    assert run_id in ended.out
    assert all(json.loads(line)["timestamp"] for line in ended.out.splitlines())
    everywhere = [*written.values(), *(body for _, body in answers), ended.out.encode(), ended.err.encode()]
    shown = [data for path, data in written.items() if ".sqlite3" not in path.name]
    shown += [*(body for _, body in answers), ended.out.encode(), ended.err.encode()]
    assert not [text for text in shown if WRONG.encode() in text]
    for secret in SECRETS:
        assert not [text for text in everywhere if secret.encode() in text]
