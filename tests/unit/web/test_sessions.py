"""Signed notes of who signed in."""

from __future__ import annotations

import pytest

from casebook.web.sessions import principal_of, session_note

MASTER = b"m" * 32


def test_a_note_says_who_signed_in_until_it_is_too_old() -> None:
    note = session_note(MASTER, "form", 1000)
    assert principal_of(note, MASTER, 999) == "form"
    assert principal_of(note, MASTER, 1000) is None


@pytest.mark.parametrize("change", [lambda n: n.replace("form", "boss"), lambda n: n.replace("1000", "9999")])
def test_a_note_that_was_changed_says_nothing(change: object) -> None:
    note = session_note(MASTER, "form", 1000)
    assert callable(change)
    assert principal_of(change(note), MASTER, 0) is None
    assert principal_of(note, b"x" * 32, 0) is None


@pytest.mark.parametrize("note", ["", ".", "..", "a.b.c", "form.1000.", "ü.1.ö"])
def test_what_is_no_note_says_nothing(note: str) -> None:
    assert principal_of(note, MASTER, 0) is None
