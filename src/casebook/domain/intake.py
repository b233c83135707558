"""What comes in at the front door, and what is answered: frozen data, pure functions."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta
from enum import StrEnum

import msgspec

from casebook.domain.run import Folder
from casebook.domain.submission import Submission

SOFT_DUPLICATE_WINDOW = timedelta(minutes=10)  # the same body again without a key gets the first answer
REFUSED_KEPT = timedelta(days=7)  # what was refused is kept for so long,
MOST_REFUSED = 1000  # at most so many of them,
MOST_REFUSED_CHARACTERS = 64 * 1024 * 1024  # and at most so much
ANONYMOUS = "anonymous"  # the principal of all strangers: they share nothing but the name

RECEIVED = "_received"  # no company's folder begins with an underscore

_TOKEN_PREFIX = "cb_"  # noqa: S105 - marks our tokens in other people's secret scanners
_CODE_PREFIX = "CONF_"


class WorkState(StrEnum):
    """Where a submission stands on its way to the queue."""

    WAITING = "waiting"  # saved, its run not yet handed to the queue
    STARTED = "started"


class UploadedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that came with a submission: received whole, on disk for good, under a name that we chose."""

    id: str  # unique within the submission: 001, 002 …
    name: str  # as the sender called it; shown, never used as a path
    path: str  # ``001-{digest}.pdf`` in the run's folder of uploads
    size: int  # bytes
    sha256: str


class NewSubmission(msgspec.Struct, frozen=True, kw_only=True):
    """What the store is asked to keep. Times are UTC, ISO 8601."""

    run_id: str
    principal: str  # who sent it: the name of a key, or anonymous
    body_sha256: str  # of the fields and the files' contents: the same submission or not
    submission: Submission
    files: tuple[UploadedFile, ...] = ()
    key: str | None = None  # Idempotency-Key or webhook-id
    origin: str = ""  # tells strangers apart when they send the same without a key
    received_at: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The store's answer: what is kept, durably. `replayed` when it was kept before."""

    run_id: str
    company_id: str  # identity; the slug is its label
    company_slug: str  # the company's folder, which belongs to one principal and name alone
    received_at: str
    replayed: bool = False


class StoredSubmission(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the store: the truth about a submission."""

    run_id: str
    sequence: int  # order of arrival
    principal: str
    company_id: str
    company_slug: str
    body_sha256: str
    submission: Submission
    files: tuple[UploadedFile, ...]
    received_at: str
    state: WorkState


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """What a known sender sent that could not be accepted: kept for a while, so that a typing error loses nothing."""

    received_at: str
    principal: str
    reason: str
    fields: str  # as JSON


class StoredCompany(msgspec.Struct, frozen=True, kw_only=True):
    """A company of a principal, and the folder that is its own."""

    id: str
    slug: str
    name: str
    principal: str


def confirmation_code(run_id: str) -> str:
    """Return the code people quote to support: made of the run's id, so a replay gives the same. No credential."""
    return _CODE_PREFIX + _base32(hashlib.sha256(f"confirmation:v1:{run_id}".encode()).digest())[:26]


def access_token(master: bytes, company_id: str) -> str:
    """Return the bearer token that opens one company's storage; nothing is kept, a replay gives the same."""
    mac = hmac.new(master, f"storage:v1:{company_id}".encode(), hashlib.sha256)
    return _TOKEN_PREFIX + _base32(mac.digest()[:20])


def opens(token: str, master: bytes, company_id: str) -> bool:
    """Tell whether `token` is the company's; takes the same time for every wrong token."""
    return hmac.compare_digest(token.encode("utf-8", "replace"), access_token(master, company_id).encode())


def submission_digest(submission: Submission, files: tuple[UploadedFile, ...]) -> str:
    """Return the digest by which two submissions are the same: fields, names and contents, whatever the encoding."""
    described = [submission, [(file.name, file.size, file.sha256) for file in files]]
    return hashlib.sha256(msgspec.json.encode(described)).hexdigest()


def received_key(run_id: str, file: UploadedFile) -> str:
    """Return where a file lies from its arrival on: one flat folder, so that one flush makes all names last."""
    return f"{RECEIVED}/{run_id}.{file.path}"


def uploaded_key(company_slug: str, run_id: str, file: UploadedFile) -> str:
    """Return where a file is moved to once its submission is kept: the company's own folder."""
    return f"{company_slug}/{Folder.DATA}/uploads/{run_id}/{file.path}"


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=")
