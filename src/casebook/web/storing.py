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
from casebook.errors import CasebookError
from casebook.ports import Kept
from casebook.web.answers import files_of, listing
from casebook.web.downloads import download
from casebook.web.parts import Parts
from casebook.web.problems import Problem, not_found


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
        if not await asyncio.to_thread(self._forget, company):
            raise Problem(409, "running", "A run of this company is under way and ends now: ask again.", retry_after=5)
        self._parts.log.info("company deleted", company=company.slug)
        return Response(status_code=204)

    def _forget(self, company: StoredCompany) -> bool:
        parts = self._parts
        stored = parts.store.latest(10_000, company_id=company.id)
        for row in stored:
            parts.work.cancel(row.run_id)
        if any(parts.work.state(row.run_id) is RunStatus.RUNNING for row in stored):
            return False
        try:
            parts.forget_elsewhere(company.slug)
        except CasebookError as error:  # nothing is forgotten here before it is forgotten there
            message = "What another service holds of this company cannot be deleted now: ask again."
            raise Problem(503, "elsewhere", message, retry_after=30) from error
        parts.store.delete(company.id)
        parts.storage.remove_all(company.slug)
        return True
