"""The form over HTTP, as a browser without scripts and the form's own script use it."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from casebook.domain.intake import access_token
from casebook.web.guard import Guard
from casebook.web.limits import Limits
from tests.front_door import MASTER, Answer, Door, file_part, open_door, text_part

PAGE = {"Accept": "text/html,*/*;q=0.8"}
KEY = "cbk_secret"
HOSTILE = "<script>alert(1)</script> \"'&amp; {{ 7*7 }} \u202e 😀 שלום #set **x** "


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with open_door(tmp_path, embedders=["https://forms.example.org"]) as opened:
        yield opened


@pytest.fixture
def known(tmp_path: Path) -> Iterator[Door]:
    guard = Guard(master=MASTER, keys={hashlib.sha256(KEY.encode()).hexdigest(): "form"}, rate="5/minute")
    with open_door(tmp_path, guard=guard, embedders=[]) as opened:
        yield opened


def send_file(door: Door, name: str, data: bytes, **headers: str) -> Answer:
    return door.ask("POST", "/uploads", data, **{"X_File_Name": quote(name), **headers})


def sign_in(door: Door, key: str = KEY) -> Answer:
    body = f"key={quote(key)}".encode()
    return door.ask("POST", "/sign-in", body, Content_Type="application/x-www-form-urlencoded", **PAGE)


def cookie(answer: Answer) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


def test_a_browser_gets_the_form_and_a_program_does_not(door: Door) -> None:
    page = door.ask("GET", "/", **PAGE)
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "script-src 'self'; style-src 'self'" in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"
    for name in ("company_name", "company_description", "use_cases_count", "readiness_score", "readiness_category"):
        assert f'name="{name}"' in page.body.decode()
    assert door.ask("GET", "/").status == 405


def test_nothing_on_a_page_is_inline_or_from_elsewhere(door: Door) -> None:
    for path in ("/", "/embed", "/sign-in", "/runs/x"):
        page = door.ask("GET", path, **PAGE).body.decode()
        assert not re.search(r"<style|style=|<script(?![^>]*\bsrc=)|\son\w+=|javascript:", page)
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page)


def test_style_and_scripts_are_kept_for_ever_under_names_of_their_content(door: Door) -> None:
    page = door.ask("GET", "/", **PAGE).body.decode()
    for address in re.findall(r'"(/static/[^"]+)"', page):
        file = door.ask("GET", address)
        assert (file.status, file.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
        assert hashlib.sha256(file.body).hexdigest()[:12] in address
    assert door.ask("GET", "/static/casebook.css").status == 404


def test_a_form_without_scripts_leads_to_the_confirmation(door: Door) -> None:
    sent = door.post_form(text_part("company_name", HOSTILE), file_part("<b>.txt", b"words"), **PAGE)
    assert sent.status == 303
    run_id = sent.headers["location"].split("/")[2]
    assert sent.headers["location"] == f"/runs/{run_id}/submitted"
    assert f"Path=/runs/{run_id}" in sent.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax"} <= set(sent.headers["set-cookie"].split("; "))
    page = door.ask("GET", sent.headers["location"], **PAGE).body.decode()
    stored = door.store.find(run_id)
    assert stored is not None
    assert stored.submission.company_name in html.unescape(page)
    assert "<script>alert" not in page
    assert "&lt;b&gt;.txt" in page
    assert access_token(MASTER, stored.company_id) in page


def test_what_was_typed_is_kept_when_a_field_is_wrong(door: Door) -> None:
    parts = [text_part("company_name", ""), text_part("company_description", HOSTILE)]
    answer = door.post_form(*parts, text_part("readiness_score", "140"), text_part("uploads", ""), **PAGE)
    page = answer.body.decode()
    assert answer.status == 422
    assert html.unescape(page[page.index("<textarea") :]).partition("</textarea>")[0].endswith(HOSTILE)
    assert "<script>alert" not in page
    assert 'name="readiness_score" aria-describedby="readiness_score-hint readiness_score-wrong"' in page
    assert page.count('aria-invalid="true"') >= 1
    assert door.rows() == []


def test_errors_are_told_in_the_browsers_language(door: Door) -> None:
    assert "Hier ist nichts" in door.ask("GET", "/runs/x", Accept_Language="de-DE", **PAGE).body.decode()
    chosen = door.ask("GET", "/?lang=de", **PAGE)
    assert cookie(chosen) == "casebook_language=de"
    assert "Absenden" in door.ask("GET", "/", Cookie=cookie(chosen), **PAGE).body.decode()
    assert door.ask("GET", "/runs/x", **PAGE).status == 404


def test_files_that_came_before_the_form_belong_to_it(door: Door) -> None:
    notes = [send_file(door, name, data).json["upload"] for name, data in (("a/ü.txt", b"one"), ("b.txt", b"two"))]
    assert len(door.received()) == 2
    sent = door.post_form(
        text_part("company_name", "Acme"), text_part("uploads", " ".join(notes)), file_part("c.txt", b"three")
    )
    stored = door.store.find(sent.json["run_id"])
    assert stored is not None
    assert [(file.name, file.path[:4]) for file in stored.files] == [
        ("c.txt", "001-"),
        ("a/ü.txt", "002-"),
        ("b.txt", "003-"),
    ]
    folder = door.outputs / "acme" / "data" / "uploads" / stored.run_id
    door.sweeper.sweep()
    assert [path.read_bytes() for path in sorted(folder.iterdir())] == [b"three", b"one", b"two"]
    assert door.received() == []


@pytest.mark.parametrize("headers", [{}, {"Idempotency_Key": "k1"}])
def test_a_form_sent_again_gets_its_first_answer_though_its_files_were_taken_over(
    door: Door, headers: dict[str, str]
) -> None:
    note, other = (send_file(door, "a.txt", data).json["upload"] for data in (b"one", b"two"))
    sent = [text_part("company_name", "Acme"), text_part("uploads", note)]
    first, again = (door.post_form(*sent, **headers) for _ in range(2))
    assert again.status == 202
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.json["run_id"], again.json["files_saved"]) == (first.json["run_id"], 1)
    changed = door.post_form(sent[0], text_part("uploads", other), **headers)
    assert (changed.status, len(door.rows())) == ((422, 1) if headers else (202, 2))


def test_files_that_came_before_outlive_a_form_that_is_refused(door: Door) -> None:
    note = send_file(door, "a.txt", b"one").json["upload"]
    refused = door.post_form(text_part("company_name", ""), text_part("uploads", note), **PAGE)
    assert refused.status == 422
    assert note in html.unescape(refused.body.decode())
    again = door.post_form(text_part("company_name", "Acme"), text_part("uploads", note))
    assert again.json["files_saved"] == 1


@pytest.mark.parametrize("spoil", [lambda note: note[:-4] + "AAAA", lambda _: "x", lambda note: note + " ü"])
def test_a_note_that_is_not_ours_opens_no_file(door: Door, spoil: object) -> None:
    assert callable(spoil)
    note = spoil(send_file(door, "a.txt", b"one").json["upload"])
    answer = door.post_form(text_part("company_name", "Acme"), text_part("uploads", note))
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/uploads")
    assert door.rows() == []


def test_a_file_that_is_gone_is_asked_for_again(door: Door) -> None:
    note = send_file(door, "a.txt", b"one").json["upload"]
    for name in door.received():
        (door.outputs / "_received" / name).unlink()
    answer = door.post_form(text_part("company_name", "Acme"), text_part("uploads", note), **PAGE)
    assert answer.status == 422
    assert "choose them again" in answer.body.decode()
    assert door.stopped == []


def test_single_files_have_the_limits_of_a_form(tmp_path: Path) -> None:
    with open_door(tmp_path, limits=Limits(free_bytes=0, file_bytes=10, files=1)) as door:
        assert send_file(door, "a.txt", b"x" * 11).status == 413
        assert door.received() == []
        notes = [send_file(door, name, b"x").json["upload"] for name in ("a", "b")]
        assert door.post_form(text_part("name", "Acme"), text_part("uploads", " ".join(notes))).status == 413


def test_files_of_strangers_are_refused_where_keys_are_set_up(known: Door) -> None:
    assert send_file(known, "a.txt", b"x").status == 401
    assert send_file(known, "a.txt", b"x", Authorization=f"Bearer {KEY}").status == 201
    assert known.received()[0].startswith("upload-")


def test_a_key_signs_in_once_and_a_session_does_the_rest(known: Door) -> None:
    assert known.ask("GET", "/", **PAGE).headers["location"] == "/sign-in"
    assert sign_in(known, "wrong").status == 401
    signed = sign_in(known)
    assert (signed.status, signed.headers["location"]) == (303, "/runs")
    session = cookie(signed)
    assert known.ask("GET", "/", Cookie=session, **PAGE).status == 200
    sent = known.post_form(text_part("company_name", "Acme"), Cookie=session, **PAGE)
    assert sent.status == 303
    stored = known.store.find(sent.headers["location"].split("/")[2])
    assert stored is not None
    assert stored.principal == "form"


def test_keys_cannot_be_guessed_at_speed(known: Door) -> None:
    assert [sign_in(known, f"guess {number}").status for number in range(6)] == [401] * 5 + [429]


def test_a_session_changes_nothing_for_pages_of_other_sites(known: Door) -> None:
    session = cookie(sign_in(known))
    for site in ("cross-site", "same-site"):
        answer = known.post_form(text_part("company_name", "Acme"), Cookie=session, Sec_Fetch_Site=site)
        assert answer.status == 401
    foreign = known.post_form(text_part("company_name", "Acme"), Cookie=session, Origin="https://evil.test")
    assert foreign.status == 403
    assert known.rows() == []


def test_the_embedded_form_may_be_framed_by_configured_sites_alone(door: Door, known: Door) -> None:
    page = door.ask("GET", "/embed", **PAGE)
    assert "frame-ancestors https://forms.example.org" in page.headers["content-security-policy"]
    assert "x-frame-options" not in page.headers
    assert 'action="/?embedded=1"' in page.body.decode()
    sent = door.ask(
        "POST",
        "/?embedded=1",
        b'--XX\r\nContent-Disposition: form-data; name="company_name"\r\n\r\nAcme\r\n--XX--\r\n',
        Content_Type="multipart/form-data; boundary=XX",
        **PAGE,
    )
    assert (sent.status, "CONF_" in sent.body.decode()) == (200, True)
    refused = door.ask("POST", "/?embedded=1", b"x", Content_Type="text/plain", **PAGE)
    assert refused.status == 415
    assert "frame-ancestors https://forms.example.org" in refused.headers["content-security-policy"]
    assert known.ask("GET", "/embed", **PAGE).status == 404


def test_pages_are_packed_but_those_with_a_private_link(door: Door) -> None:
    assert door.ask("GET", "/", Accept_Encoding="gzip", **PAGE).headers["content-encoding"] == "gzip"
    sent = door.post_form(text_part("company_name", "Acme"), **PAGE)
    page = door.ask("GET", sent.headers["location"], Accept_Encoding="gzip", **PAGE)
    assert "content-encoding" not in page.headers
    assert json.dumps("Acme")[1:-1] in page.body.decode()
