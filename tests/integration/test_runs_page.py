"""The list of runs: who sees which, what is found, what can be asked; everything of a company as a zip."""

from __future__ import annotations

import hashlib
import html
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from casebook.domain.intake import confirmation_code
from casebook.domain.run import RunStatus
from casebook.web.guard import Guard
from casebook.web.sessions import session_note
from tests.front_door import MASTER, Door, file_part, open_door, text_part

PAGE = {"Accept": "text/html"}
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    keys = {hashlib.sha256(name.encode()).hexdigest(): name for name in ("north", "south")}
    with open_door(tmp_path, guard=Guard(master=MASTER, keys=keys, rate="1000/minute"), embedders=[]) as opened:
        yield opened


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Door]:
    with open_door(tmp_path, embedders=[]) as opened:
        yield opened


def submit(door: Door, name: str, *parts: bytes, key: str = "north") -> str:
    run_id: str = door.post_form(text_part("company_name", name), *parts, Authorization=f"Bearer {key}").json["run_id"]
    return run_id


def look(door: Door, address: str = "/runs", who: str = "north") -> str:
    session = f"casebook_session={session_note(MASTER, who, 1e12)}"
    answer = door.ask("GET", address, Cookie=session, **PAGE)
    assert answer.status == 200
    return answer.body.decode()


def names(page: str) -> list[str]:
    return [html.unescape(name) for name in re.findall(r'<a href="/runs/[^"/]+" dir="auto">(.*?)</a>', page)]


def test_each_key_sees_its_own_runs_newest_first(door: Door) -> None:
    for name in ("One", "Two", HOSTILE):
        submit(door, name)
    submit(door, "Theirs", key="south")
    assert names(look(door)) == [HOSTILE, "Two", "One"]
    assert names(look(door, who="south")) == ["Theirs"]
    assert "<script>alert" not in look(door)


def test_strangers_are_asked_to_sign_in(door: Door) -> None:
    answer = door.ask("GET", "/runs", **PAGE)
    assert (answer.status, answer.headers["location"]) == (303, "/sign-in")
    assert door.ask("GET", "/runs").json == {"runs": []}
    old = f"casebook_session={session_note(MASTER, 'north', 1)}"
    assert door.ask("GET", "/runs", Cookie=old, **PAGE).status == 303
    gone = f"casebook_session={session_note(MASTER, 'west', 1e12)}"
    assert door.ask("GET", "/runs", Cookie=gone, **PAGE).status == 303


def test_runs_are_found_by_name_code_and_state(door: Door) -> None:
    first, second = submit(door, "Größe & Co"), submit(door, "Other")
    door.work.taken[second] = RunStatus.FAILED
    assert names(look(door, "/runs?q=gr%C3%B6sse")) == ["Größe & Co"]
    assert names(look(door, "/runs?q=GR%C3%96")) == ["Größe & Co"]
    assert names(look(door, f"/runs?q={confirmation_code(first)}")) == ["Größe & Co"]
    assert names(look(door, "/runs?status=failed")) == ["Other"]
    assert names(look(door, "/runs?status=nonsense&page=x")) == ["Other", "Größe & Co"]
    assert "Nothing fits" in look(door, "/runs?q=zeppelin")


def test_older_runs_stand_on_further_pages(door: Door) -> None:
    for number in range(27):
        submit(door, f"Company {number}")
    first, second = look(door), look(door, "/runs?page=2")
    assert (len(names(first)), names(second)) == (25, ["Company 1", "Company 0"])
    assert 'rel="next" href="?page=2"' in first
    assert 'rel="prev" href="?page=1"' in second
    assert 'rel="next"' not in second
    queued = look(door, "/runs?status=queued")
    assert 'rel="next" href="?status=queued&amp;page=2"' in queued
    assert len(names(look(door, "/runs?status=queued&page=2"))) == 2


def test_what_can_be_asked_fits_the_state(door: Door) -> None:
    run_id = submit(door, "One")
    assert f'action="/runs/{run_id}/cancel"' in look(door)
    door.work.taken[run_id] = RunStatus.FAILED
    assert f'action="/runs/{run_id}/rerun"' in look(door)
    door.work.taken[run_id] = RunStatus.DONE
    assert f'href="/runs/{run_id}/report"' in look(door)


def test_on_this_machine_without_keys_everything_is_seen(local: Door) -> None:
    local.post_form(text_part("company_name", "One"))
    assert names(local.ask("GET", "/runs", **PAGE).body.decode()) == ["One"]


def test_everything_of_a_company_is_one_zip(local: Door) -> None:
    sent = local.post_form(text_part("company_name", "Acme"), file_part("a.txt", b"words")).json
    local.sweeper.sweep()
    answer = local.ask("GET", f"/runs/{sent['run_id']}/everything.zip")
    assert answer.headers["content-disposition"] == 'attachment; filename="acme.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        names_inside = archive.namelist()
        assert f"acme/debug/submission_{sent['run_id']}.json" in names_inside
        uploaded = next(name for name in names_inside if "/uploads/" in name)
        assert archive.read(uploaded) == b"words"


def test_a_zip_is_for_those_who_may_see_the_run(door: Door) -> None:
    run_id = submit(door, "One")
    assert door.ask("GET", f"/runs/{run_id}/everything.zip").status == 404
    assert door.ask("GET", f"/runs/{run_id}/everything.zip", Authorization="Bearer south").status == 404
    assert door.ask("GET", f"/runs/{run_id}/everything.zip", Authorization="Bearer north").status == 200
