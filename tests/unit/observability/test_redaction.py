"""Secrets stay out of logs."""

from __future__ import annotations

import json

import pytest

from casebook.observability.logs import Log
from casebook.observability.redaction import HIDDEN, Redactor, secrets_in

SECRET = "canary-0123456789"  # noqa: S105 - what must not be found


@pytest.mark.parametrize(
    "name",
    ["api_key", "OPENAI_API_KEY", "Authorization", "access_token", "token", "postgres_password", "webhook_secret"],
)
def test_what_stands_in_a_field_of_a_telling_name_is_hidden(name: str) -> None:
    assert Redactor().field(name, SECRET) == HIDDEN
    assert SECRET not in json.dumps(Redactor().field("request", {"headers": [{name: SECRET}]}))


@pytest.mark.parametrize("name", ["tokens", "keys_read", "company", "seconds"])
def test_what_only_sounds_like_a_secret_is_shown(name: str) -> None:
    assert Redactor().field(name, 17) == 17


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("postgresql://casebook:canary-0123456789@db/x", f"postgresql://casebook:{HIDDEN}@db/x"),
        ("sent Authorization: Bearer canary-0123456789", f"sent Authorization: Bearer {HIDDEN}"),
        ("with whsec_canary0123456789", f"with {HIDDEN}"),
        ("key cbk_canary-0123456789 refused", f"key {HIDDEN} refused"),
        ("key sk-canary-0123456789abc refused", f"key {HIDDEN} refused"),
        ("nothing at 10:30@home", "nothing at 10:30@home"),
    ],
)
def test_secrets_are_known_by_their_form(text: str, rest: str) -> None:
    assert Redactor().text(text) == rest


def test_known_secrets_are_hidden_wherever_they_stand() -> None:
    lines: list[str] = []
    log = Log(lines.append, redactor=Redactor([SECRET, "short"]), service="serve")
    refused = f"refused {SECRET}"
    log.error(refused, detail=[SECRET], error=ValueError(f"bad {SECRET}"), other="short")
    assert SECRET not in lines[0]
    assert json.loads(lines[0])["other"] == "short"


def test_of_a_url_only_the_password_is_a_secret() -> None:
    assert secrets_in("postgresql://casebook:canary@db/casebook") == ["canary"]
    assert secrets_in("sqlite://") == []
    assert set(secrets_in("whsec_abc, whsec_def")) == {"whsec_abc", "abc", "whsec_def", "def"}
