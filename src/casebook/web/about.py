"""What the server tells about itself: health, limits, figures, its interface."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from casebook.domain.intake import ANONYMOUS
from casebook.web import metrics as figures
from casebook.web.answers import Health
from casebook.web.openapi import describe
from casebook.web.parts import Backlog, Parts, as_json
from casebook.web.problems import not_found


class About:
    """The routes about the server."""

    def __init__(self, parts: Parts, backlog: Backlog) -> None:
        """Tell of `parts`."""
        self._parts = parts
        self._backlog = backlog

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/health", self.health),
            Route("/health/live", self.live),
            Route("/test", self.describe_itself),
            Route("/metrics", self.metrics),
            Route("/openapi.json", self.openapi),
        ]

    async def health(self, _: Request) -> Response:
        """GET /health: whether submissions can be taken."""
        parts = self._parts
        well = parts.store_alive() and parts.outbox.alive and not parts.draining.is_set()
        health = Health(
            status="ok" if well else "failing",
            version=parts.version,
            store=parts.store_alive(),
            outbox=parts.outbox.alive,
            backlog=self._backlog.count,
            free_disk_bytes=parts.received.free_bytes(),
        )
        return as_json(health, 200 if well else 503)

    async def live(self, _: Request) -> Response:
        """GET /health/live: whether the process answers at all."""
        return as_json({"status": "ok"})

    async def describe_itself(self, _: Request) -> Response:
        """GET /test: what this server is, takes and allows; no secrets, no effects."""
        parts = self._parts
        return as_json(
            {
                "service": "casebook",
                "version": parts.version,
                "server_time": parts.clock().isoformat(timespec="seconds"),
                "authentication": parts.guard.modes(),
                "limits": msgspec.to_builtins(parts.limits),
                "endpoints": sorted(describe(parts.version)["paths"]),
            }
        )

    async def metrics(self, request: Request) -> Response:
        """GET /metrics: figures for Prometheus, not for strangers."""
        parts = self._parts
        if parts.guard.caller(request).principal == ANONYMOUS:
            raise not_found()
        text = parts.metrics.text(backlog=await self._backlog.look(), free_bytes=parts.received.free_bytes())
        return Response(text, media_type=figures.MEDIA_TYPE)

    async def openapi(self, _: Request) -> Response:
        """GET /openapi.json: this interface, for programs."""
        return as_json(describe(self._parts.version))
