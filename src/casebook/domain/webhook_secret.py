"""Secrets of signed webhooks, as Standard Webhooks writes them."""

from __future__ import annotations

import base64
import binascii
import re

from casebook.errors import PermanentError

_SECRET_BYTES = range(24, 65)


def parse_webhook_secrets(text: str) -> tuple[bytes, ...]:
    """Read secrets, ``whsec_`` and base64, several for a rotation. Raises PermanentError, never showing one."""
    found = []
    for secret in re.split(r"[\s,]+", text.strip()):
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            key = b""
        if len(key) not in _SECRET_BYTES:
            message = "a webhook secret is 'whsec_' and the base64 of 24 to 64 bytes"
            raise PermanentError(message)
        found.append(key)
    return tuple(found)
