"""Keeps secrets out of what is written: by the name of a field, by known form, by known value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

HIDDEN: Final = "[hidden]"
_LEAST = 8  # characters of a known secret: shorter ones would hide ordinary words
_NAMES = re.compile(
    r"(?i)(api_?key|access_?token|auth_?token|password|passwd|secret|authorization|cookie|credential|signature|^token$)"
)
_FORMS = re.compile(
    r"""(?x)
    (?P<scheme>://[^/\s:@]*:)[^@/\s]+(?=@)                       # a password in a URL
    | (?P<bearer>(?i:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}      # an Authorization header
    | \bwhsec_[A-Za-z0-9+/=]{8,}                                  # a webhook's secret
    | \bcbk?_[A-Za-z0-9_-]{16,}                                   # our keys and access tokens
    | \bsk-[A-Za-z0-9_-]{16,}                                     # keys of model providers
    """
)


class Redactor:
    """Takes secrets out of values before they are logged."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Know the values in `secrets`, beside the forms and names that are always hidden."""
        known = sorted({secret for secret in secrets if len(secret) >= _LEAST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def text(self, text: str) -> str:
        """Return `text` without secrets."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        return _FORMS.sub(_hide, text)

    def field(self, name: str, value: object) -> object:
        """Return the value of a field as it may be logged."""
        if _NAMES.search(name):
            return HIDDEN
        if isinstance(value, bool | int | float) or value is None:
            return value
        if isinstance(value, Mapping):
            return {str(key): self.field(str(key), inner) for key, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.field("", inner) for inner in value]
        return self.text(str(value))


def secrets_in(text: str) -> list[str]:
    """Return the secret parts of a setting that is one: its words, and of a URL only the password."""
    found: list[str] = []
    for word in re.split(r"[\s,]+", text):
        if "://" in word:
            password = re.search(r"://[^/\s:@]*:([^@/\s]+)@", word)
            found += [password[1]] if password else []
        else:
            found += [word, word.removeprefix("whsec_")]
    return found


def _hide(match: re.Match[str]) -> str:
    return f"{match['scheme'] or match['bearer'] or ''}{HIDDEN}"
