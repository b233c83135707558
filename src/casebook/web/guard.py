"""Who may come in: keys, signed webhooks, access tokens, hosts, origins, rates."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import msgspec
from starlette.requests import Request

from casebook.domain.intake import ANONYMOUS, StoredCompany, opens
from casebook.observability.logs import Log
from casebook.web.problems import Problem, not_found
from casebook.web.rates import Rates
from casebook.web.sessions import ACCESS, SESSION, SESSION_SECONDS, cookie_of, principal_of, session_note

LOCAL = "local"  # the principal of everyone on this machine, when nothing else is set up
WEBHOOK = "webhook"  # the principal of signed webhooks

TOLERANCE_SECONDS = 300  # between a webhook's time and ours
_MOST_SIGNATURES = 10  # in one header: more than a rotation needs is an attack on our time
_ID = re.compile(r"[\x21-\x7e]{1,255}")
_TIMESTAMP = re.compile(r"\d{10,11}")
_MIN_STRANGERS_KEY = 16  # characters: strangers share a scope, and short keys would collide

_SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")


class Signature:
    """A webhook's signature, checked while the body comes in: nothing is held back for it."""

    def __init__(self, headers: Mapping[str, Sequence[str]], secrets: Sequence[bytes], now: float) -> None:
        """Check all but the body. Raises Problem: 401, whatever is wrong."""
        if any(len(headers.get(name, ())) != 1 for name in _SIGNED):
            raise _unsigned()
        message_id, timestamp, signatures = (headers[name][0] for name in _SIGNED)
        if not _ID.fullmatch(message_id) or "." in message_id or not _TIMESTAMP.fullmatch(timestamp):
            raise _unsigned()
        if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
            raise _unsigned()
        self.id = message_id
        self.skew = now - int(timestamp)  # seconds by which our clock is ahead, with the way here
        self._claimed = [claim[3:].encode() for claim in signatures.split(" ") if claim.startswith("v1,")]
        if not 0 < len(self._claimed) <= _MOST_SIGNATURES:
            raise _unsigned()
        start = f"{message_id}.{timestamp}.".encode()
        self._macs = [hmac.new(secret, start, hashlib.sha256) for secret in secrets]

    def update(self, data: bytes) -> None:
        """Take the next piece of the body."""
        for mac in self._macs:
            mac.update(data)

    def check(self) -> None:
        """Compare, the body being complete. Raises Problem: 401."""
        expected = [base64.b64encode(mac.digest()) for mac in self._macs]
        matches = [hmac.compare_digest(claim, mac) for claim in self._claimed for mac in expected]
        if not any(matches):
            raise _unsigned()


async def checked(body: AsyncIterator[bytes], signature: Signature) -> AsyncIterator[bytes]:
    """Pass a body on; at its end raise Problem: 401, when the signature is not that of this body."""
    async for piece in body:
        signature.update(piece)
        yield piece
    signature.check()


class Caller(msgspec.Struct, frozen=True):
    """Who asks: a principal, and the access token that was shown, if any."""

    principal: str
    token: str = ""


class Guard:
    """Decides who may do what. Keys are known by their digests only."""

    def __init__(  # noqa: PLR0913 - what can be set up
        self,
        *,
        master: bytes,
        keys: Mapping[str, str] | None = None,
        webhook_secrets: Sequence[bytes] = (),
        strangers: bool = False,
        hosts: Sequence[str] = (),
        origins: Sequence[str] = (),
        rate: str = "60/minute",
        rate_storage: str = "memory://",
        log: Log | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take `keys` as sha256 (hexadecimal) -> principal; `strangers` may send without a key.

        Raises PermanentError for a rate that cannot be used.
        """
        self._master = master
        self._keys = dict(keys or {})
        self._secrets = webhook_secrets
        self._strangers = strangers
        self._hosts = {host.lower() for host in hosts}
        self.origins = set(origins)
        self._rates = Rates(rate, rate_storage, log or Log(lambda _: None))
        self._now = now

    @property
    def is_set_up(self) -> bool:
        """Tell whether senders have to prove who they are."""
        return bool(self._keys or self._secrets)

    def modes(self) -> list[str]:
        """Name the ways to be let in."""
        ways = {"bearer": self._keys, "webhook": self._secrets, "anonymous": self._strangers}
        return [name for name, on in ways.items() if on] or ["local"]

    def check_host(self, request: Request) -> None:
        """Refuse names that are not ours: a web page that points its own name here must get nothing."""
        host = request.headers.get("host", "").lower()
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if self._hosts and name not in self._hosts:
            raise Problem(421, "wrong-host", "This server does not answer for that name.")

    def check_origin(self, request: Request) -> None:
        """Refuse what a web page of another site sends."""
        origin = request.headers.get("origin")
        if origin is None or origin in self.origins:
            return
        host = request.headers.get("host", "")
        if not host or origin.partition("://")[2] != host or request.method == "OPTIONS":
            raise Problem(403, "foreign-origin", "Pages of other sites may not use this server.")

    def caller(self, request: Request) -> Caller:
        """Tell who asks, for everything but a signed webhook. A wrong key counts against the address."""
        bearer = _bearer(request)
        if bearer:
            principal = self._keys.get(hashlib.sha256(bearer.encode("utf-8", "replace")).hexdigest())
            if principal:
                return Caller(principal)
        signed_in = self.signed_in(request)
        if signed_in and not bearer:
            return Caller(signed_in)
        token = bearer or cookie_of(request, ACCESS)
        if not self.is_set_up and not self._strangers:
            return Caller(LOCAL, token)
        return Caller(ANONYMOUS, token)

    def signed_in(self, request: Request) -> str | None:
        """Tell who signed in with this browser; a key that was taken away signs nobody in."""
        note = cookie_of(request, SESSION)
        principal = principal_of(note, self._master, self._now()) if note else None
        return principal if principal in set(self._keys.values()) else None

    async def sign_in(self, request: Request, key: str) -> str | None:
        """Return the note of a session for the key's principal, None for a wrong key. Raises Problem: 429."""
        await self._count("sign-in:", address(request))
        principal = self._keys.get(hashlib.sha256(key.encode("utf-8", "replace")).hexdigest())
        return session_note(self._master, principal, self._now() + SESSION_SECONDS) if principal else None

    @property
    def has_keys(self) -> bool:
        """Tell whether people can sign in."""
        return bool(self._keys)

    def may_send(self, request: Request) -> bool:
        """Tell whether a form of this browser would be taken."""
        return self.caller(request).principal != ANONYMOUS or self._strangers

    async def sender(self, request: Request, what: str = "") -> tuple[Caller, Signature | None]:
        """Tell who sends a submission, or `what` else, which is counted by itself. Raises Problem: 401, 429."""
        signature = None
        try:
            if self._secrets and any(name in request.headers for name in _SIGNED):
                headers = {name: request.headers.getlist(name) for name in _SIGNED}
                signature = Signature(headers, self._secrets, self._now())
                caller = Caller(WEBHOOK)
            else:
                caller = self.caller(request)
                self._check_let_in(caller)
        except Problem:
            await self._count("failed", address(request))
            raise
        if caller.principal != LOCAL:
            # Who claims a signature is not known yet: a stranger must not use up what the real sender may send.
            unknown = caller.principal == ANONYMOUS or signature is not None
            await self._count(what + caller.principal, address(request) if unknown else "")
        return caller, signature

    def _check_let_in(self, caller: Caller) -> None:
        wrong_key = self.is_set_up and caller.token  # whoever shows a key means to be known
        if caller.principal == ANONYMOUS and (not self._strangers or wrong_key):
            raise Problem(
                401,
                "not-authenticated",
                "Send a key (Authorization: Bearer …) or sign the request.",
                headers={"WWW-Authenticate": "Bearer"},
            )

    def key(self, request: Request, caller: Caller, signature: Signature | None) -> str | None:
        """Return the key under which the same submission is the same. Raises Problem: 400."""
        if signature is not None:
            return signature.id
        given = request.headers.getlist("idempotency-key") or request.headers.getlist("webhook-id")
        if not given:
            return None
        if len(given) > 1 or not _ID.fullmatch(given[0]):
            raise Problem(400, "bad-key", "An idempotency key is 1 to 255 visible ASCII characters, sent once.")
        if caller.principal == ANONYMOUS and len(given[0]) < _MIN_STRANGERS_KEY:
            raise Problem(400, "bad-key", f"Without authentication a key has {_MIN_STRANGERS_KEY} characters or more.")
        return given[0]

    def may_see(self, caller: Caller, company: StoredCompany | None) -> StoredCompany:
        """Return the company if the caller may see it. Raises Problem: 404, the same as for a missing one."""
        # A missing company is checked against too, so that both take the same time.
        shown = opens(caller.token, self._master, company.id if company else "")
        if company is None:
            raise not_found()
        if (
            caller.principal == LOCAL
            or shown
            or (caller.principal != ANONYMOUS and caller.principal == company.principal)
        ):
            return company
        raise not_found()

    async def _count(self, *who: str) -> None:
        wait = await self._rates.hit(*who)
        if wait is not None:
            raise Problem(429, "too-many", "Too many requests: wait a little.", retry_after=wait)


def address(request: Request) -> str:
    """Return the client's address; behind a trusted proxy the server has put the sender's there."""
    return request.client.host if request.client else ""


def _bearer(request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def _unsigned() -> Problem:
    return Problem(401, "bad-signature", "The webhook's signature, its time or its headers are not right.")
