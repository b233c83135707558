"""Files sent one by one, before the form that they belong to: one that failed is sent again, not all of them.

What is answered is a signed note of the file; nothing else is kept. The form brings the notes back and takes the files
over. A file that no form takes is cleared away after a day.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from urllib.parse import unquote

import msgspec
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from casebook.domain.intake import UploadedFile
from casebook.errors import CasebookError
from casebook.web.answers import UploadAnswer
from casebook.web.guard import checked
from casebook.web.intake import Received, body_of, disk_errors, read_file, shown_name
from casebook.web.parts import Parts, as_json
from casebook.web.problems import FieldError, Problem, disk_full
from casebook.web.sweeper import STAGED

FIELD = "uploads"  # of the form: notes, with blanks between
_NAME_HEADER = "x-file-name"
_MAC_BYTES = 32


class _Note(msgspec.Struct, frozen=True, kw_only=True):
    stem: str  # under which the file lies
    principal: str
    file: UploadedFile

    @property
    def name(self) -> str:
        return f"{self.stem}.{self.file.path}"


class Staged(msgspec.Struct, frozen=True):
    """A file that came before its form: what it is called in the folder, and what in the form's run."""

    name: str
    path: str


class Uploads:
    """The route that takes single files, and the way back from notes to files."""

    def __init__(self, parts: Parts) -> None:
        """Keep what comes in with `parts`."""
        self._parts = parts
        self._under_way = 0

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route("/uploads", self.take, methods=["POST"])]

    async def take(self, request: Request) -> Response:
        """POST /uploads: keep one file, whose name is in X-File-Name, percent-encoded."""
        parts, limits = self._parts, self._parts.limits
        caller, signature = await parts.guard.sender(request, "file:")
        if parts.draining.is_set() or self._under_way >= limits.uploads:
            raise Problem(503, "uploads", "Too many uploads at once: send the same again.", retry_after=5)
        if parts.received.free_bytes() < limits.free_bytes:
            raise disk_full()
        stem = f"{STAGED}{secrets.token_hex(12)}"
        name = shown_name(unquote(request.headers.get(_NAME_HEADER, ""), errors="replace"))
        self._under_way += 1
        try:
            body = body_of(request, limits, limits.file_bytes)
            if signature is not None:
                body = checked(body, signature)
            file = await read_file(body, stem=stem, name=name, folder=parts.received)
        except CasebookError as error:
            raise self._not_kept(error) from error
        finally:
            self._under_way -= 1
        note = self._sign(_Note(stem=stem, principal=caller.principal, file=file))
        return as_json(UploadAnswer(upload=note, name=file.name, size=file.size, sha256=file.sha256), 201)

    def _not_kept(self, error: CasebookError) -> Problem:
        self._parts.log.error("file not kept", error=str(error))
        return self._parts.not_kept(error)

    def open(self, received: Received, principal: str) -> list[Staged]:
        """Add the files of the form's notes to what was received, wherever they are now. Raises Problem: 413, 422."""
        notes = [self._open(text, principal) for text in str(received.fields.pop(FIELD, "")).split()]
        if len(notes) + len(received.files) > self._parts.limits.files:
            raise Problem(413, "too-many-parts", "The form has too many fields or files.")
        staged = []
        for note in notes:
            number = f"{len(received.files) + 1:03d}"
            path = f"{number}-{note.file.path.partition('-')[2]}"
            received.files.append(replace(note.file, id=number, path=path))
            staged.append(Staged(note.name, path))
        return staged

    async def take_over(self, staged: Sequence[Staged], run_id: str) -> None:
        """Give files to a run. Raises Problem: 422, when one is gone."""
        if staged:
            await asyncio.to_thread(self._link, staged, run_id)

    def forget(self, staged: Sequence[Staged]) -> None:
        """Remove files whose form is kept."""
        for file in staged:
            self._parts.received.remove(file.name)

    def drop(self, received: Received, principal: str) -> None:
        """Remove the files of a form that belongs to another region. Raises Problem: 422, when there are any."""
        notes = [self._open(text, principal) for text in str(received.fields.get(FIELD, "")).split()]
        self.forget([Staged(note.name, note.file.path) for note in notes])
        if notes:
            detail = "is another one, and files sent ahead of the form are with this one: send all to that region"
            raise Problem(
                422, "invalid-fields", "Some fields cannot be accepted.", errors=[FieldError("/region", detail)]
            )

    def _link(self, staged: Sequence[Staged], run_id: str) -> None:
        folder = self._parts.received
        for file in staged:
            try:
                with disk_errors():
                    folder.link(file.name, f"{run_id}.{file.path}")
            except FileNotFoundError as error:
                raise _gone() from error
        folder.flush()

    def _sign(self, note: _Note) -> str:
        data = msgspec.json.encode(note)
        return base64.urlsafe_b64encode(self._mac(data) + data).decode()

    def _open(self, text: str, principal: str) -> _Note:
        try:
            data = base64.urlsafe_b64decode(text.encode("ascii", "replace"))
        except binascii.Error:
            data = b""
        if not hmac.compare_digest(data[:_MAC_BYTES], self._mac(data[_MAC_BYTES:])):
            raise _gone()
        note = msgspec.json.decode(data[_MAC_BYTES:], type=_Note)
        if note.principal != principal:
            raise _gone()
        return note

    def _mac(self, data: bytes) -> bytes:
        return hmac.new(self._parts.master, b"upload:v1:" + data, hashlib.sha256).digest()


def _gone() -> Problem:
    detail = "is no longer here: choose the files again"
    return Problem(422, "invalid-fields", "Some fields cannot be accepted.", errors=[FieldError(f"/{FIELD}", detail)])
