"""Sends a submission on to the region that it belongs to, before anything of it is stored here."""

from __future__ import annotations

import asyncio
import http.client
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from casebook.domain.region import Region, Regions
from casebook.errors import NotRouted
from casebook.web.answers import RegionEntry, RegionList
from casebook.web.problems import FieldError, Problem

REGION, COUNTRY = "region", "country"  # in the query, in the form, and as X-Casebook-Region and -Country
_HEADERS = {REGION: "x-casebook-region", COUNTRY: "x-casebook-country"}
_TIMEOUT = 2.0  # seconds for another region to answer
_LOOK_AGAIN = 5.0  # seconds after which a region that was down is looked at again
_RETRY_AFTER = 30


class Elsewhere(Exception):  # noqa: N818 - named by what it says
    """What is being received belongs to another region."""

    def __init__(self, region: Region) -> None:
        """Name the region."""
        super().__init__(region.name)
        self.region = region


class Routing:
    """Knows the regions, and now and then looks whether they answer."""

    def __init__(
        self,
        regions: Regions | None = None,
        *,
        check_seconds: float = 30.0,
        answers: Callable[[str], bool] | None = None,
    ) -> None:
        """Route among `regions`; one that answered is believed to for `check_seconds`, 0 is always."""
        self.regions = regions
        self._check_seconds = check_seconds
        self._answers = answers or _answers
        self._seen: dict[str, tuple[float, bool]] = {}  # when it was looked at, whether it answered
        self._looking: dict[str, asyncio.Task[bool]] = {}

    def routes(self) -> list[Route]:
        """Return the route that tells of the regions."""
        return [Route("/regions", self.tell)]

    async def tell(self, _: Request) -> Response:
        """GET /regions: where which countries' submissions go, so that a page can send them there at once."""
        known = self.regions
        return Response(
            msgspec.json.encode(
                RegionList(
                    own=known.own if known else None,
                    regions=[
                        RegionEntry(name=region.name, url=region.url, countries=sorted(region.countries))
                        for region in (known.all.values() if known else ())
                    ],
                )
            ),
            media_type="application/json",
        )

    def check_head(self, request: Request) -> Callable[[Mapping[str, Any]], None]:
        """Follow what address and head say, and return what the form's fields are to be shown to.

        What the head says comes before what the form says. Raises Elsewhere, or Problem: 422.
        """
        named = {
            field: request.query_params.get(field) or request.headers.get(header, "")
            for field, header in _HEADERS.items()
        }
        if self.regions is None and any(named.values()):
            raise _unfollowed(REGION if named[REGION] else COUNTRY, "cannot be followed: this server knows no regions")
        self._check(named)
        return _nothing if any(named.values()) else self._check_fields

    def _check_fields(self, fields: Mapping[str, Any]) -> None:
        """Follow what a form says. Raises Elsewhere, or Problem: 422. Without regions a form may say what it likes."""
        by_name = {re.sub(r"[\s_-]+", "", name).lower(): value for name, value in fields.items()}
        self._check({field: _text(by_name.get(field)) for field in _HEADERS})

    def _check(self, named: Mapping[str, str]) -> None:
        if self.regions is None:
            return
        try:
            region = self.regions.elsewhere(named[REGION], named[COUNTRY])
        except NotRouted as error:
            raise _unfollowed(error.field, str(error)) from error
        if region is not None:
            raise Elsewhere(region)

    async def send_on(self, region: Region, request: Request) -> Response:
        """Answer with 307 to the region's own address. Raises Problem: 503, while it does not answer."""
        if not await self._is_up(region):
            detail = f"The submission belongs to region {region.name}, which does not answer now: send it again later."
            raise Problem(503, "region-down", detail, retry_after=_RETRY_AFTER)
        query = f"?{request.url.query}" if request.url.query else ""
        headers = {"Location": f"{region.url}/{query}", "X-Casebook-Region": region.name}
        return Response(status_code=307, headers=headers)

    async def _is_up(self, region: Region) -> bool:
        if not self._check_seconds:
            return True
        looked, up = self._seen.get(region.name, (float("-inf"), True))
        if time.monotonic() - looked < (self._check_seconds if up else min(_LOOK_AGAIN, self._check_seconds)):
            return up
        task = self._looking.get(region.name)
        if task is None:  # others that come meanwhile wait for the same look
            task = self._looking[region.name] = asyncio.create_task(self._look(region))
        return await asyncio.shield(task)

    async def _look(self, region: Region) -> bool:
        up = False
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(2 * _TIMEOUT):  # of which a slow name server may use the first half
                    up = await asyncio.to_thread(self._answers, region.url)
            self._seen[region.name] = time.monotonic(), up
        finally:
            del self._looking[region.name]
        return up


def _answers(url: str) -> bool:
    """Ask a region whether it takes submissions; nothing of ours is sent along, and no redirect followed."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200  # noqa: PLR2004
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _unfollowed(field: str, detail: str) -> Problem:
    return Problem(422, "invalid-fields", "Some fields cannot be accepted.", errors=[FieldError(f"/{field}", detail)])


def _nothing(_: Mapping[str, Any]) -> None:
    """Take no notice."""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
