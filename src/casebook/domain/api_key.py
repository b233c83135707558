"""Keys of those who submit: what a server keeps of them is a name and a digest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from casebook.errors import PermanentError

_NAME = re.compile(r"[a-z0-9-]{1,40}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_RESERVED = {"local", "anonymous", "webhook", "failed"}  # principals that are not keys


def check_key_name(name: str) -> None:
    """Refuse a name that a key cannot have. Raises PermanentError."""
    if not _NAME.fullmatch(name) or name in _RESERVED:
        message = "a key's name is 1 to 40 of a-z, 0-9 and '-', and not a reserved one"
        raise PermanentError(message)


def parse_api_keys(text: str) -> Mapping[str, str]:
    """Read ``name:sha256`` pairs into digest -> name. Raises PermanentError, never showing one."""
    keys: dict[str, str] = {}
    for entry in filter(None, re.split(r"[\s,]+", text)):
        name, _, digest = entry.partition(":")
        check_key_name(name)
        if not _DIGEST.fullmatch(digest):
            message = "a key is kept as name:sha256"
            raise PermanentError(message)
        keys[digest] = name
    return MappingProxyType(keys)
