"""An outbound webhook, signed as Standard Webhooks says (github.com/standard-webhooks/standard-webhooks)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import ssl
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import msgspec

from casebook.domain.notice import Notice
from casebook.errors import PermanentError, TransientError

_TIMEOUT_SECONDS: Final = 15.0
_PASSING: Final = {408, 425, 429, 500, 502, 503, 504}
_SECRET_BYTES: Final = range(24, 65)
_SUCCESS: Final = range(200, 300)


class WebhookMessenger:
    """A `Messenger` that posts JSON to one address. The id stays the same for every try of a notice."""

    name = "webhook"

    def __init__(self, url: str, secret: str, *, now: Callable[[], float] = time.time) -> None:
        """Post to `url`, signed with `secret` (``whsec_…``). Raises PermanentError when either cannot be used."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
            message = "CASEBOOK_NOTIFY_WEBHOOK is an http:// or https:// address"
            raise PermanentError(message)
        self._parts = parts
        self._secret = _decoded(secret)
        self._now = now

    def send(self, notice: Notice) -> None:
        """Post a notice. Raises TransientError or PermanentError."""
        payload = {
            "type": notice.event,
            "timestamp": notice.at,
            "data": {
                "run_id": notice.run_id,
                "company_name": notice.company_name,
                "company_slug": notice.company_slug,
                "step": notice.step,
                "reason": notice.reason,
                "use_cases": notice.use_cases,
                "quotes": notice.quotes,
                "link": notice.link,
            },
        }
        body = msgspec.json.encode(payload)
        stamp = str(int(self._now()))
        mac = hmac.new(self._secret, f"{notice.id}.{stamp}.".encode() + body, hashlib.sha256)
        self._post(
            body,
            {
                "Content-Type": "application/json",
                "User-Agent": "casebook",
                "webhook-id": notice.id,
                "webhook-timestamp": stamp,
                "webhook-signature": f"v1,{base64.b64encode(mac.digest()).decode()}",
            },
        )

    def _post(self, body: bytes, headers: dict[str, str]) -> None:
        path = (self._parts.path or "/") + (f"?{self._parts.query}" if self._parts.query else "")
        connection = self._connection()
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            response.read(65_536)
        except (OSError, http.client.HTTPException) as error:
            message = f"the webhook's receiver cannot be reached: {type(error).__name__}"
            raise TransientError(message) from error
        finally:
            connection.close()
        if response.status in _SUCCESS:
            return
        message = f"the webhook's receiver answers {response.status}"
        if response.status in _PASSING:
            wait = response.headers.get("Retry-After", "")
            raise TransientError(message, retry_after=float(wait) if wait.isascii() and wait.isdigit() else None)
        raise PermanentError(message)

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_SECONDS, context=context)


def _decoded(secret: str) -> bytes:
    try:
        decoded = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if len(decoded) not in _SECRET_BYTES:
        message = "CASEBOOK_NOTIFY_WEBHOOK_SECRET is whsec_ and 24 to 64 bytes in base64"
        raise PermanentError(message)
    return decoded
