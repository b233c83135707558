"""How a browser shows who it is: two cookies, of which scripts see none and other sites send none that changes things.

One holds a company's access token and goes only to the pages of one run. The other is a signed note of who signed in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from starlette.requests import Request
from starlette.responses import Response

ACCESS = "casebook_access"
SESSION = "casebook_session"
SESSION_SECONDS = 12 * 3600
_ACCESS_SECONDS = 90 * 24 * 3600
_SAFE_METHODS = {"GET", "HEAD"}
_OWN_SITE = {"same-origin", "none"}


def session_note(master: bytes, principal: str, until: float) -> str:
    """Return what says that `principal` signed in, until then."""
    said = f"{principal}.{int(until)}"
    return f"{said}.{_mac(master, said)}"


def principal_of(note: str, master: bytes, now: float) -> str | None:
    """Return who signed in, if the note is ours and not too old."""
    said, _, mac = note.rpartition(".")
    principal, _, until = said.rpartition(".")
    if not hmac.compare_digest(mac.encode("utf-8", "replace"), _mac(master, said).encode()):
        return None
    return principal if int(until) > now else None


def cookie_of(request: Request, name: str) -> str:
    """Return a cookie, but nothing when a page of another site asks for a change."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    if request.method not in _SAFE_METHODS and site not in _OWN_SITE:
        return ""
    return request.cookies.get(name, "")


def give_access(response: Response, request: Request, run_id: str, token: str) -> None:
    """Let the browser see one run's pages from now on."""
    _set(response, request, ACCESS, token, f"/runs/{run_id}", _ACCESS_SECONDS)


def give_session(response: Response, request: Request, note: str) -> None:
    """Let the browser be who signed in; an empty note signs out."""
    _set(response, request, SESSION, note, "/", SESSION_SECONDS if note else 0)


def _set(  # noqa: PLR0913, PLR0917 - the parts of a cookie
    response: Response, request: Request, name: str, value: str, path: str, seconds: int
) -> None:
    # Lax, not strict: a link in a mail opens the page, while a post from elsewhere comes without it.
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=path,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def _mac(master: bytes, said: str) -> str:
    mac = hmac.new(master, f"session:v1:{said}".encode("utf-8", "replace"), hashlib.sha256)
    return base64.urlsafe_b64encode(mac.digest()).decode().rstrip("=")
