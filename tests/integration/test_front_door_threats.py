"""What strangers may try at the front door, and what they get."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace
from starlette.requests import Request

from casebook.domain.intake import access_token
from casebook.errors import StorageFailed
from casebook.web.guard import Guard
from casebook.web.intake import ReceivedFolder
from casebook.web.limits import Limits
from casebook.web.problems import Problem
from tests.front_door import FORM, MASTER, Door, file_part, form, open_door, text_part, trickled

ACME = {"company_name": "Acme GmbH"}
KEYS = {"cbk_canary-alpha": "alpha", "cbk_canary-beta": "beta"}
OLD, NEW = b"o" * 32, b"n" * 32
NOW = 1_780_000_000.0
SMALL = Limits(
    free_bytes=0,
    json_bytes=2000,
    request_bytes=20_000,
    file_bytes=8_000,
    files=3,
    fields=4,
    field_bytes=1000,
    part_header_bytes=4000,
    head_bytes=4096,
    head_seconds=0.5,
    idle_seconds=0.5,
    slow_after_seconds=0.5,
)


def guarded(**settings: object) -> Guard:
    keys = {hashlib.sha256(key.encode()).hexdigest(): name for key, name in KEYS.items()}
    return Guard(master=MASTER, keys=keys, **({"rate": "1000/minute"} | settings))  # type: ignore[arg-type]


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with open_door(tmp_path / "outputs", limits=SMALL) as opened:
        yield opened


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[Door]:
    guard = guarded(webhook_secrets=(OLD, NEW), now=lambda: NOW)
    with open_door(tmp_path / "outputs", guard=guard, limits=SMALL) as opened:
        yield opened


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {next(key for key, owner in KEYS.items() if owner == name)}"}


def post_head(length: int | str | None, *more: str) -> bytes:
    lines = ["POST / HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", *more]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


# Signatures


def sign(
    body: bytes, *, secret: bytes = NEW, message_id: str = "msg_1", at: float = NOW, version: str = "v1"
) -> dict[str, str]:
    mac = hmac.new(secret, f"{message_id}.{int(at)}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at)),
        "webhook-signature": f"{version},{base64.b64encode(mac).decode()}",
    }


def asked(headers: dict[str, str], client: str) -> Request:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": raw, "client": (client, 1)})


def post_signed(door: Door, body: bytes, headers: dict[str, str], kind: str = "application/json") -> int:
    return door.ask("POST", "/", body, **{**headers, "Content-Type": kind}).status


BODY = json.dumps(ACME).encode()


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_a_signed_webhook_is_taken_under_the_old_and_the_new_secret(keyed: Door, secret: bytes) -> None:
    assert post_signed(keyed, BODY, sign(BODY, secret=secret)) == 202


def test_a_signed_form_with_bytes_of_any_kind_is_taken(keyed: Door) -> None:
    body = form(text_part("company", "Acme"), file_part("a.bin", bytes(range(256))))
    assert post_signed(keyed, body, sign(body), FORM) == 202


@pytest.mark.parametrize(
    ("at", "status"), [(NOW - 299, 202), (NOW + 299, 202), (NOW - 301, 401), (NOW + 301, 401), (1, 401)]
)
def test_a_signature_is_believed_for_five_minutes(keyed: Door, at: float, status: int) -> None:
    assert post_signed(keyed, BODY, sign(BODY, at=at)) == status


SIGNED = sign(BODY)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "other"},
        {"webhook-id": "a.b"},
        {"webhook-id": "x" * 256},
        {"webhook-timestamp": str(int(NOW) + 1)},
        {"webhook-timestamp": f" {int(NOW)}.0"},
        {"webhook-timestamp": "9" * 4000},
        {"webhook-timestamp": "-1"},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,odd"},
        {"webhook-signature": "v1,\xe9"},
        {"webhook-signature": SIGNED["webhook-signature"].replace("v1,", "v1a,")},
        {"webhook-signature": " ".join(["v1,AAAA"] * 10 + [SIGNED["webhook-signature"]])},
        sign(BODY, secret=b"x" * 32),
    ],
)
def test_a_wrong_signature_is_401_whatever_is_wrong(keyed: Door, changed: dict[str, str]) -> None:
    assert post_signed(keyed, BODY, {**SIGNED, **changed}) == 401
    assert keyed.rows() == []


@pytest.mark.parametrize("missing", list(SIGNED))
def test_a_missing_or_doubled_header_is_401(keyed: Door, missing: str) -> None:
    assert post_signed(keyed, BODY, {name: value for name, value in SIGNED.items() if name != missing}) == 401
    lines = [f"{name}: {value}" for name, value in [*SIGNED.items(), (missing, SIGNED[missing])]]
    answer = keyed.raw(post_head(len(BODY), *lines, "Connection: close") + BODY)
    assert answer.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("body", [BODY + b" ", json.dumps(ACME, indent=1).encode()])
def test_a_changed_body_is_401_and_leaves_nothing(keyed: Door, body: bytes) -> None:
    assert post_signed(keyed, body, SIGNED) == 401
    files = form(text_part("company", "Acme"), file_part("a.txt", b"words"))
    assert post_signed(keyed, files + b"\r\n", sign(files), FORM) == 401
    assert (keyed.rows(), keyed.received()) == ([], [])


def test_a_webhook_sent_again_is_the_same_submission_and_another_body_is_not(keyed: Door) -> None:
    first, again = (
        keyed.ask("POST", "/", BODY, **{**sign(BODY, at=NOW + late), "Content-Type": "application/json"})
        for late in (0, 60)
    )
    assert again.json["confirmation_code"] == first.json["confirmation_code"]
    other = json.dumps({"company_name": "Other"}).encode()
    assert post_signed(keyed, other, sign(other)) == 422
    assert len(keyed.rows()) == 1


def test_one_signature_of_several_is_enough(keyed: Door) -> None:
    right = SIGNED["webhook-signature"]
    several = f"v1a,{right[3:]} v2,x v1, v1,AAAA {right}"
    assert post_signed(keyed, BODY, {**SIGNED, "webhook-signature": several}) == 202


def test_ten_thousand_signatures_are_refused_though_one_is_right(tmp_path: Path) -> None:
    guard = guarded(webhook_secrets=(OLD, NEW), now=lambda: NOW)
    claims = " ".join(["v1,AAAA"] * 9_999 + [SIGNED["webhook-signature"]])
    with open_door(tmp_path, guard=guard, limits=replace(SMALL, head_bytes=1 << 20)) as door:
        assert post_signed(door, BODY, {**SIGNED, "webhook-signature": claims}) == 401
        assert post_signed(door, BODY, SIGNED) == 202


@pytest.mark.parametrize("jump", [3600, -3600])
def test_a_clock_that_jumps_lets_nothing_in_and_keeps_nothing_twice(tmp_path: Path, jump: int) -> None:
    times = [NOW]
    guard = guarded(webhook_secrets=(NEW,), now=lambda: times[-1])
    with open_door(tmp_path, guard=guard, limits=SMALL) as door:
        assert post_signed(door, BODY, SIGNED) == 202
        times.append(NOW + jump)
        assert post_signed(door, BODY, SIGNED) == 401
        assert post_signed(door, BODY, sign(BODY, at=NOW + jump)) == 202  # the same id: the same submission
        other = json.dumps({"company_name": "Other"}).encode()
        assert post_signed(door, other, sign(other, at=NOW + jump, message_id="msg_2")) == 202
        assert len(door.rows()) == 2


def test_how_far_the_clocks_of_signers_are_off_is_measured(keyed: Door) -> None:
    assert post_signed(keyed, BODY, sign(BODY, at=NOW - 250)) == 202
    figures = [json.loads(line) for line in keyed.logged if "webhook_skew" in line]
    assert [(line["value"], line["unit"]) for line in figures] == [(250, "s")]
    forged = {**sign(BODY, at=NOW - 200), "webhook-signature": "v1,AAAA"}
    assert post_signed(keyed, BODY, forged) == 401
    assert len([line for line in keyed.logged if "webhook_skew" in line]) == 1


def test_a_claimed_signature_uploads_no_file(keyed: Door) -> None:
    forged = {**SIGNED, "webhook-signature": "v1,AAAA"}
    assert keyed.ask("POST", "/uploads", b"words", **{**forged, "X-File-Name": "a.txt"}).status == 401
    assert keyed.received() == []
    signed = {**sign(b"words", message_id="msg_2"), "X-File-Name": "a.txt"}
    assert keyed.ask("POST", "/uploads", b"words", **signed).status == 201


def test_claimed_signatures_do_not_use_up_what_the_real_sender_may_send() -> None:
    guard = guarded(webhook_secrets=(NEW,), now=lambda: NOW, rate="2/minute")
    forged = {**SIGNED, "webhook-signature": "v1,AAAA"}
    for _ in range(2):
        asyncio.run(guard.sender(asked(forged, "203.0.113.9")))
    with pytest.raises(Problem):
        asyncio.run(guard.sender(asked(forged, "203.0.113.9")))
    assert asyncio.run(guard.sender(asked(SIGNED, "198.51.100.1")))[0].principal == "webhook"


# Who may see what


def test_without_a_right_key_nothing_is_taken(keyed: Door) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic eDp5"},
        {"Authorization": "Bearer"},
    ):
        answer = keyed.post(ACME, **headers)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert keyed.rows() == []


def test_a_stranger_who_posts_the_same_name_never_reaches_the_others_files(keyed: Door) -> None:
    first = keyed.post_form(text_part("company", "Acme GmbH"), file_part("a.txt", b"alpha"), **bearer("alpha")).json
    other = keyed.post_form(text_part("company", "Acme GmbH"), file_part("a.txt", b"beta"), **bearer("beta")).json
    assert first["company_slug"] == "acme_gmbh" != other["company_slug"]
    missing = keyed.ask("GET", "/storage/none", **bearer("beta"))
    for path in ("/storage/acme_gmbh", "/storage/acme_gmbh/files/x", f"/runs/{first['run_id']}"):
        for headers in (bearer("beta"), {}, {"Authorization": f"Bearer {other['access_token']}"}):
            answer = keyed.ask("GET", path, **headers)
            assert answer.status == 404
            same = {**answer.json, "instance": ""}
            assert same == {**missing.json, "instance": ""}
        assert keyed.ask("DELETE", "/storage/acme_gmbh", **bearer("beta")).status == 404
    assert [run["run_id"] for run in keyed.ask("GET", "/runs", **bearer("beta")).json["runs"]] == [other["run_id"]]
    assert keyed.ask("GET", "/runs").json["runs"] == []
    for headers in (bearer("alpha"), {"Authorization": f"Bearer {first['access_token']}"}):
        assert keyed.ask("GET", "/storage/acme_gmbh", **headers).status == 200
        assert keyed.ask("GET", f"/runs/{first['run_id']}", **headers).status == 200
    assert keyed.ask("POST", f"/runs/{first['run_id']}/cancel", **bearer("beta")).status == 404


def test_anonymous_senders_get_a_company_each_and_need_long_keys(tmp_path: Path) -> None:
    with open_door(tmp_path, guard=Guard(master=MASTER, strangers=True, rate="1000/minute")) as door:
        one = door.post({**ACME, "use_cases": 1}).json
        two = door.post({**ACME, "use_cases": 2}).json
        assert one["company_slug"] != two["company_slug"]
        token = {"Authorization": f"Bearer {two['access_token']}"}
        assert door.ask("GET", f"/storage/{one['company_slug']}", **token).status == 404
        assert door.ask("GET", f"/storage/{two['company_slug']}", **token).status == 200
        assert door.ask("GET", "/metrics").status == 404
        assert door.post(ACME, Idempotency_Key="short").status == 400
        assert door.post(ACME, Idempotency_Key="long-enough-a-key").status == 202


def test_a_key_is_visible_ascii_sent_once(door: Door) -> None:
    for key in ("", "a b", "x" * 256, "\xe9"):
        assert door.post(ACME, Idempotency_Key=key).status == 400
    answer = door.raw(post_head(len(BODY), "Idempotency-Key: a", "Idempotency-Key: b", "Connection: close") + BODY)
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_submissions_are_limited_for_a_principal_and_wrong_keys_for_an_address(tmp_path: Path) -> None:
    keys = {hashlib.sha256(key.encode()).hexdigest(): name for key, name in KEYS.items()}
    with open_door(tmp_path, guard=Guard(master=MASTER, keys=keys, rate="3/minute")) as door:
        statuses = [door.post({"company": f"C{n}"}, **bearer("alpha")).status for n in range(4)]
        assert statuses == [202, 202, 202, 429]
        assert door.post(ACME, **bearer("beta")).status == 202
        wrong = [door.post(ACME, Authorization=f"Bearer {n}") for n in range(4)]
        assert [answer.status for answer in wrong] == [401, 401, 401, 429]
        assert 1 <= int(wrong[-1].headers["retry-after"]) <= 60


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://evil.test", 403),
        ("null", 403),
        ("https://forms.test.evil.test", 403),
        ("https://forms.test", 202),
        ("http://127.0.0.1:{port}", 202),
    ],
)
def test_only_pages_of_configured_sites_may_use_the_server(tmp_path: Path, origin: str, status: int) -> None:
    with open_door(tmp_path, guard=Guard(master=MASTER, origins=("https://forms.test",))) as door:
        origin = origin.replace("{port}", str(door.port))
        answer = door.post(ACME, Origin=origin)
        assert answer.status == status
        allowed = origin == "https://forms.test"
        assert (answer.headers.get("access-control-allow-origin") == origin) is allowed
        assert "access-control-allow-credentials" not in answer.headers
        preflight = door.ask("OPTIONS", "/", Origin=origin, Access_Control_Request_Method="POST")
        assert "access-control-allow-credentials" not in preflight.headers
        assert preflight.headers.get("access-control-allow-origin") != "*"
        assert preflight.status == (204 if allowed else 403)
        assert ("access-control-allow-origin" in preflight.headers) is allowed


def test_names_that_are_not_ours_are_refused(tmp_path: Path) -> None:
    with open_door(tmp_path, guard=Guard(master=MASTER, hosts=("127.0.0.1", "[::1]"))) as door:
        for host, status in (
            ("evil.test", 421),
            ("evil.test:8000", 421),
            ("127.0.0.1.evil.test", 421),
            ("127.0.0.1@evil.test", 421),
            ("127.0.0.1.", 421),
            ("[", 421),
            ("", 421),
            ("127.0.0.1:99", 200),
            ("[::1]:8000", 200),
        ):
            assert door.ask("GET", "/health", Host=host).status == status
            assert door.ask("GET", "/", Host=host, Accept="text/html").status == (421 if status == 421 else 405)
        nameless = b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n"
        assert door.raw(nameless).startswith(b"HTTP/1.1 421 ")
        whole = b"GET http://127.0.0.1/health HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n"
        assert door.raw(whole).startswith(b"HTTP/1.1 421")


def test_a_forwarded_address_is_believed_from_trusted_proxies_alone(tmp_path: Path) -> None:
    def wrong_keys(door: Door, *forwarded: str) -> list[int]:
        return [
            door.post(ACME, Authorization="Bearer wrong", X_Forwarded_For=address, X_Forwarded_Proto="https").status
            for address in forwarded
        ]

    addresses = [f"203.0.113.{number}" for number in range(3)]
    with open_door(tmp_path / "a", guard=guarded(rate="2/minute")) as door:
        assert wrong_keys(door, *addresses) == [401, 401, 429]
    with open_door(tmp_path / "b", guard=guarded(rate="2/minute"), proxies=["127.0.0.1"]) as door:
        assert wrong_keys(door, *addresses) == [401, 401, 401]
        # what a sender puts in front of what the proxy adds does not hide it
        assert wrong_keys(door, *(f"{made_up}, 198.51.100.7" for made_up in addresses)) == [401, 401, 429]
        assert set(wrong_keys(door, "[", "unknown", "\xff", "", ",", "127.0.0.1", "::1%\x01")) <= {400, 401, 429}
    with open_door(tmp_path / "c", guard=guarded(rate="2/minute"), proxies=["192.0.2.1"]) as door:
        assert wrong_keys(door, *addresses) == [401, 401, 429]


def test_a_stranger_is_not_made_local_by_a_header(tmp_path: Path) -> None:
    with open_door(tmp_path, guard=guarded(strangers=True)) as door:
        kept = door.post(ACME, **bearer("alpha")).json
        for headers in ({"X_Forwarded_For": "127.0.0.1"}, {"Forwarded": "for=127.0.0.1"}, {"X_Real_IP": "127.0.0.1"}):
            assert door.ask("GET", f"/runs/{kept['run_id']}", **headers).status == 404
            assert door.ask("GET", "/metrics", **headers).status == 404


def test_every_answer_has_the_headers_that_keep_browsers_out(door: Door) -> None:
    for answer in (door.post(ACME), door.ask("GET", "/none"), door.ask("GET", "/health")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


# Bodies


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"null", 400),
        (b"{", 400),
        (b'{"company_name": "A", "readiness_score": NaN}', 400),
        (b'{"company_name": "A", "readiness_score": Infinity}', 400),
        (b'{"company_name": "A", "readiness_score": 1e999}', 422),
        (b'{"company_name": "A", "company_name": "B"}', 400),
        (b'{"company_name": "\\ud800"}', 422),
        (b'{"company_name": "A\\u0000B"}', 422),
        (b'{"company_name": "\xff"}', 400),
        ('{"company_name": "A"}'.encode("utf-16"), 400),
        (b"[" * 1900, 400),
        (b'{"company_name": "A", "use_cases": ' + b"9" * 1800 + b"}", 422),
        (b'{"company_name": "A", "use_cases": -0.0}', 422),
        (b'\xef\xbb\xbf{"company_name": "A"}', 400),
        (b'{"company_name": "' + b"A" * 2000 + b'"}', 413),
        (b'{"company_name": "A", "use_cases": true}', 422),
        (b'{"company_name": "A", "use_cases": 1.5}', 422),
        (b'{"company_name": "A", "use_cases": "0x7"}', 422),
        (b'{"company_name": "A", "use_cases": 51}', 422),
        (b'{"company_name": "A", "readiness_score": "101"}', 422),
        (b'{"company_name": ["A"]}', 422),
        (b'{"company_name": "   "}', 422),
        (b'{"description": "without a name"}', 422),
    ],
)
def test_json_that_is_not_a_submission_is_refused_without_an_echo(door: Door, body: bytes, status: int) -> None:
    answer = door.ask("POST", "/", body, Content_Type="application/json")
    assert answer.status == status
    assert answer.json["status"] == status
    assert not re.search(rb"AAAA|9999|NaN|ud800", answer.body)
    assert door.rows() == []


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"company_name": "A", "more": ' + b'{"a":' * 40_000 + b"1" + b"}" * 40_001,
        b'{"company_name": "A", "use_cases": ' + b"9" * 5000 + b"}",
        b'{"company_name": "A", "readiness": -' + b"9" * 5000 + b"}",
    ],
)
def test_json_that_is_deep_or_has_endless_numbers_is_refused(tmp_path: Path, body: bytes) -> None:
    with open_door(tmp_path) as door:
        answer = door.ask("POST", "/", body, Content_Type="application/json")
        assert (answer.status, answer.json["type"]) == (400, "urn:casebook:bad-json")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": ""}, 415),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content_Type": "application/json; charset=utf-16"}, 415),
        ({"Content_Type": "application/json", "Content_Encoding": "gzip"}, 415),
        ({"Content_Type": "multipart/form-data"}, 400),
        ({"Content_Type": "multipart/form-data; boundary="}, 400),
        ({"Content_Type": f"multipart/form-data; boundary={'x' * 201}"}, 400),
    ],
)
def test_other_content_types_are_refused(door: Door, headers: dict[str, str], status: int) -> None:
    assert door.ask("POST", "/", BODY, **headers).status == status


WHOLE = form(text_part("company", "Acme"), file_part("a.txt", b"w" * 300))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (WHOLE[:-8], 400),  # the end is cut off
        (WHOLE[:200], 400),
        (WHOLE.replace(b"\r\n", b"\n"), 400),
        (b"junk" * 3000 + WHOLE, 400),
        (b"", 400),
        (form(text_part("company", "A"), text_part("company", "B")), 400),
        (form(text_part("company", "A"), text_part("json_data", '{"company": "B"}')), 400),
        (form(text_part("json_data", "{")), 400),
        (form(text_part("json_data", "[]")), 400),
        (form(b'Content-Disposition: form-data; name="company"\r\n\r\n\xff'), 400),
        (form(b"X-Nothing: 1\r\n\r\nwords"), 400),
        (form(b"X: " + b"y" * 4000 + b"\r\n" + text_part("company", "A")), 413),
        (form(text_part("company", "A" * 1001)), 413),
        (form(*[text_part(f"f{n}", "") for n in range(5)]), 413),
        (form(*[file_part(f"{n}.txt", b"x") for n in range(4)]), 413),
        (form(file_part("a.txt", b"x" * 8001)), 413),
        (form(*[file_part(f"{n}.txt", b"x" * 7900) for n in range(3)]), 413),
        (form(file_part("a.txt", b"no company")), 422),
    ],
)
def test_forms_that_are_damaged_or_too_large_leave_nothing(door: Door, body: bytes, status: int) -> None:
    assert door.ask("POST", "/", body, Content_Type=FORM).status == status
    assert (door.rows(), door.received()) == ([], [])


def test_a_chunked_body_is_taken_and_cut_when_it_grows_too_large(door: Door) -> None:
    pieces = [WHOLE[start : start + 7] for start in range(0, len(WHOLE), 7)]
    assert door.ask("POST", "/", iter(pieces), Content_Type=FORM).status == 202
    endless = (b"x" * 1000 for _ in range(30))
    assert door.ask("POST", "/", endless, Content_Type=FORM).status in {400, 413}
    assert door.ask("GET", "/health").status == 200


@pytest.mark.parametrize(
    "head",
    [
        post_head("-1"),
        post_head("+5"),
        post_head("5", "Content-Length: 6"),
        post_head("5", "Transfer-Encoding: chunked"),
        post_head(None, "Transfer-Encoding: identity, chunked", "Content-Length: 3"),
        b"POST / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
    ],
)
def test_heads_that_two_servers_would_read_differently_are_refused(door: Door, head: bytes) -> None:
    answer = door.raw(head + b"12345")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert door.rows() == []


def test_a_body_that_is_announced_too_large_is_refused_before_it_is_sent(door: Door) -> None:
    answer = door.raw(post_head(3 * 1024**3, "Expect: 100-continue"))
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("length", [5, len(BODY) - 1])
def test_a_length_that_is_too_short_cuts_the_body_and_smuggles_nothing(door: Door, length: int) -> None:
    answer = door.raw(post_head(length) + BODY)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"HTTP/1.1 2" not in answer
    assert door.rows() == []


def test_a_length_that_is_too_long_waits_for_a_rest_that_never_comes(door: Door) -> None:
    answer = door.raw(post_head(len(BODY) + 1) + BODY)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert door.raw(post_head(len(BODY) + 1) + BODY, shut=True) == b""
    assert door.rows() == []


def test_a_client_that_leaves_in_the_middle_leaves_nothing(door: Door) -> None:
    head = post_head(len(WHOLE)).replace(b"application/json", FORM.encode())
    with socket.create_connection(("127.0.0.1", door.port)) as connection:
        connection.sendall(head + WHOLE[:250])
        time.sleep(0.1)
    deadline = time.monotonic() + 10
    while door.received() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (door.rows(), door.received()) == ([], [])
    assert not [line for line in door.logged if "error" in line]


def test_what_a_known_sender_typed_wrongly_is_set_aside_and_what_strangers_send_is_not(keyed: Door) -> None:
    wrong = {"company_name": "Acme", "use_cases": "many", "description": "\ud800 kept"}
    assert keyed.post(wrong, **bearer("alpha")).status == 422
    assert keyed.post(wrong).status == 401
    assert keyed.post({**ACME, "use_cases": "1"}, **bearer("alpha")).status == 202  # what came before is written by now
    (kept,) = keyed.store.refused(9)
    assert (kept.principal, json.loads(kept.fields)) == ("alpha", wrong)
    assert "/use_cases is a whole number" in kept.reason


# Slow clients


def test_slow_heads_slow_bodies_and_silence_are_ended_while_health_answers(door: Door) -> None:
    sockets = [socket.create_connection(("127.0.0.1", door.port), timeout=15) for _ in range(30)]
    starts = [b"", b"GET / HT", post_head(1000) + b'{"company', post_head(1000)]
    begun = time.monotonic()
    for number, connection in enumerate(sockets):
        connection.sendall(starts[number % len(starts)])
    assert door.ask("GET", "/health").status == 200
    for connection in sockets:
        with connection:
            while True:
                try:
                    if not connection.recv(1000):
                        break
                except ConnectionResetError:
                    break
    assert time.monotonic() - begun < 12
    assert door.rows() == []


def test_a_body_that_trickles_is_told_that_it_is_too_slow(door: Door) -> None:
    with socket.create_connection(("127.0.0.1", door.port), timeout=15) as connection:
        connection.sendall(post_head(1000))
        answer = trickled(connection, b" ", every=0.1, times=100)
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_head_without_end_is_refused(door: Door) -> None:
    answer = door.raw(b"GET / HTTP/1.1\r\n" + b"X-Filler: 0123456789\r\n" * 300)
    assert answer.startswith(b"HTTP/1.1 431 ")


# Names and paths


NAMES = [
    "../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "%2e%2e%2fetc",
    "a\u202efdp.exe",
    "\U0001f680.pdf",
    "e" + "\u0301" * 1000 + ".txt",
    "x" * 300 + ".pdf",
    ".hidden",
    "-rf",
    "trailing. ",
    "CON.pdf",
    "a.pdf:ads",
    "x.pdf.exe",
    "submission_20260101_000000.json",
    "../final/FINAL_REPORT_1.md",
    "...",
    "no suffix",
    "a.\xfc\xfc",
    "a\0b.pdf",
    "\xe4" * 255 + ".pdf",
    "~root/.ssh/authorized_keys",
    "a" * 40 + "/" * 3000 + "b.txt",
]


def tree(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


@pytest.mark.parametrize("name", NAMES)
def test_a_files_name_never_leads_out_of_the_company(door: Door, tmp_path: Path, name: str) -> None:
    before = {path for path in tree(tmp_path) if not path.startswith("outputs")}
    answer = door.post_form(text_part("company", "Acme GmbH"), file_part(name, b"words"))
    assert answer.status == 202
    stored = door.store.find(answer.json["run_id"])
    assert stored is not None
    (file,) = stored.files
    assert re.fullmatch(r"001-[0-9a-f]{12}\.[a-z0-9]{1,8}", file.path)
    assert not set(file.name.split("/")) & {"", ".", ".."}
    assert file.name.isprintable()
    assert 0 < len(file.name.encode()) <= 255
    door.sweeper.sweep()
    assert {path for path in tree(tmp_path) if not path.startswith("outputs")} == before
    kept = door.outputs / "acme_gmbh" / "data" / "uploads" / stored.run_id / file.path
    assert kept.read_bytes() == b"words"


def test_files_of_the_same_name_are_all_kept(door: Door) -> None:
    names = ("a.txt", "A.TXT", "a.txt", "\xfc.txt", "u\u0308.txt")
    with open_door(door.outputs.parent / "more") as larger:
        same = [file_part(name, name.encode()) for name in names]
        answer = larger.post_form(text_part("company", "Acme"), *same)
        stored = larger.store.find(answer.json["run_id"])
        assert stored is not None
        assert [file.name for file in stored.files] == list(names)
        larger.sweeper.sweep()
        kept = larger.outputs / "acme" / "data" / "uploads" / stored.run_id
        assert [path.read_bytes() for path in sorted(kept.iterdir())] == [name.encode() for name in names]
        assert kept.stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o777 for path in kept.iterdir()} == {0o600}


def test_a_name_in_two_spellings_is_one_name_that_leads_nowhere(door: Door) -> None:
    head = "Content-Disposition: form-data; name=files; filename=shown.txt; filename*=UTF-8''..%2F..%2Fhidden.pdf"
    answer = door.post_form(text_part("company", "Acme"), head.encode() + b"\r\n\r\nwords")
    assert answer.status == 202
    stored = door.store.find(answer.json["run_id"])
    assert stored is not None
    assert stored.files[0].name in {"shown.txt", "hidden.pdf"}


@pytest.mark.parametrize(
    "path", ["/storage/..", "/storage/%2e%2e", "/storage/..%2f..", "/storage/acme_gmbh/files/..%2fx"]
)
def test_paths_in_addresses_lead_nowhere(door: Door, path: str) -> None:
    door.post(ACME)
    assert door.ask("GET", path).status == 404


def test_a_link_in_place_of_the_folder_of_received_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "_received").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageFailed):
        ReceivedFolder(tmp_path)


def test_a_link_in_place_of_a_companys_folder_shows_nothing(door: Door, tmp_path: Path) -> None:
    door.post(ACME)
    door.sweeper.sweep()
    (door.outputs / "acme_gmbh").rename(tmp_path / "away")
    (door.outputs / "acme_gmbh").symlink_to("/etc")
    assert door.ask("GET", "/storage/acme_gmbh").json["total_size_bytes"] == 0


@pytest.mark.parametrize("place", ["acme_gmbh", "acme_gmbh/debug", "acme_gmbh/data", "acme_gmbh/data/uploads"])
def test_a_link_in_place_of_a_folder_leads_no_submission_elsewhere(door: Door, tmp_path: Path, place: str) -> None:
    door.post(ACME)
    door.sweeper.sweep()
    (tmp_path / "elsewhere").mkdir()
    folder = door.outputs / place
    if folder.exists():
        folder.rename(tmp_path / "away")
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(tmp_path / "elsewhere")
    answer = door.post_form(text_part("company", "Acme GmbH"), file_part("a.txt", b"words"))
    assert answer.status == 202
    door.sweeper.sweep()
    assert tree(tmp_path / "elsewhere") == set()
    (received,) = (door.outputs / "_received").iterdir()
    assert received.read_bytes() == b"words"  # kept until there is a folder again
    folder.unlink()
    door.sweeper.sweep()
    kept = door.outputs / "acme_gmbh" / "data" / "uploads" / answer.json["run_id"]
    assert [path.read_bytes() for path in kept.iterdir()] == [b"words"]


def test_a_link_in_place_of_a_submissions_file_is_replaced(door: Door, tmp_path: Path) -> None:
    run_id = door.post(ACME).json["run_id"]
    door.sweeper.sweep()
    shown, victim = door.outputs / "acme_gmbh" / "debug" / f"submission_{run_id}.json", tmp_path / "victim"
    victim.write_bytes(shown.read_bytes())  # so that what the link leads to is what should be there
    shown.unlink()
    shown.symlink_to(victim)
    door.sweeper.sweep()
    assert not shown.is_symlink()
    assert json.loads(shown.read_bytes())["run_id"] == run_id


# Output


def test_names_cannot_forge_lines_of_the_log_or_headers(door: Door) -> None:
    door.post({"company_name": 'Acme\r\nX-Evil: 1\n{"level": "error"}'})
    answer = door.post({"company_name": "# Acme `x` \n<!channel>"})
    assert "x-evil" not in answer.headers
    assert all(json.loads(line)["service"] == "serve" for line in door.logged)


def everything_in(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())


def test_secrets_are_found_in_no_answer_no_log_and_no_file(keyed: Door) -> None:
    canaries: Sequence[bytes] = [
        *(key.encode() for key in KEYS),
        b"canary-query",
        MASTER,
        OLD,
        NEW,
        base64.b64encode(NEW),
    ]
    answers = [
        keyed.post(ACME, **bearer("alpha")),
        keyed.post(ACME, Authorization="Bearer cbk_canary-wrong"),
        keyed.post({"company_name": 1}, **bearer("alpha")),
        keyed.ask("GET", "/test", **bearer("alpha")),
        keyed.ask("GET", "/runs?token=canary-query", **bearer("alpha")),
        keyed.ask("GET", "/metrics", **bearer("alpha")),
        keyed.ask("GET", "/openapi.json"),
        keyed.ask("POST", "/", BODY, **{**sign(BODY), "Content-Type": "application/json"}),
        keyed.ask("POST", "/", BODY, **{**SIGNED, "webhook-timestamp": "1", "Content-Type": "application/json"}),
    ]
    keyed.sweeper.sweep()
    seen = b"".join(answer.body + repr(answer.headers).encode() for answer in answers)
    seen += "".join(keyed.logged).encode() + everything_in(keyed.outputs)
    assert [canary for canary in (*canaries, b"canary-wrong") if canary in seen] == []
    token = access_token(MASTER, keyed.store.find_company("acme_gmbh").id).encode()  # type: ignore[union-attr]
    assert token in answers[0].body
    assert token not in everything_in(keyed.outputs)
