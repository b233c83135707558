"""What is kept for a company: listed, handed out, forgotten."""

from __future__ import annotations

import asyncio
import hashlib
import os

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from casebook.domain.intake import StoredCompany
from casebook.domain.run import RunStatus
from casebook.errors import CasebookError, CompanyBusy
from casebook.ports import Kept
from casebook.web.answers import files_of, listing
from casebook.web.downloads import download
from casebook.web.parts import Parts
from casebook.web.problems import Problem, not_found

_MOST_ROWS = 100_000  # of a company


class Storing:
    """The routes about a company's files."""

    def __init__(self, parts: Parts) -> None:
        """Show what `parts` keep."""
        self._parts = parts

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/storage/{slug}", self.storage, methods=["GET"]),
            Route("/storage/{slug}", self.delete, methods=["DELETE"]),
            Route("/storage/{slug}/files/{file_id}", self.file),
        ]

    async def storage(self, request: Request) -> Response:
        """GET /storage/{slug}: what is kept for a company."""
        company = await self._parts.company(request)
        data = msgspec.json.encode(await asyncio.to_thread(listing, company, self._parts.storage))
        etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers={"ETag": etag})
        return Response(data, media_type="application/json", headers={"ETag": etag})

    async def file(self, request: Request) -> Response:
        """GET /storage/{slug}/files/{id}: one file, as an attachment."""
        slug = (await self._parts.company(request)).slug

        def find() -> Kept | None:
            wanted = request.path_params["file_id"]
            return next((kept for file, kept in files_of(self._parts.storage, slug) if file.id == wanted), None)

        kept = await asyncio.to_thread(find)
        if kept is None:
            raise not_found()
        name = os.fsencode(kept.key.rpartition("/")[2]).decode("utf-8", "replace")
        return download(request, self._parts.storage, kept, name)

    async def delete(self, request: Request) -> Response:
        """DELETE /storage/{slug}: forget a company, its submissions, files and index."""
        company = await self._parts.company(request)
        await asyncio.to_thread(self._forget, company)
        return Response(status_code=204)

    def _forget(self, company: StoredCompany) -> None:
        parts = self._parts
        run_ids = [row.run_id for row in parts.store.latest(_MOST_ROWS, company_id=company.id)]
        for run_id in run_ids:
            parts.work.cancel(run_id)
        if any(parts.work.state(run_id) is RunStatus.RUNNING for run_id in run_ids):
            raise _running()
        try:
            parts.forget(company, run_ids)
        except CompanyBusy as error:  # cancelled, but still in a step
            raise _running() from error
        except CasebookError as error:
            message = "What is held of this company cannot all be deleted now: ask again."
            raise Problem(503, "elsewhere", message, retry_after=30) from error


def _running() -> Problem:
    return Problem(409, "running", "A run of this company is under way and ends now: ask again.", retry_after=5)
