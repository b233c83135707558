"""Our style sheets and scripts, served under names that change with their content, so that browsers keep them."""

from __future__ import annotations

import gzip
import hashlib
from importlib.resources import files
from types import MappingProxyType

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from casebook.web.problems import not_found

_TYPES = MappingProxyType(
    {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
)
_FOR_A_YEAR = "public, max-age=31536000, immutable"


class Asset(msgspec.Struct, frozen=True):
    """A file with its name in addresses."""

    name: str
    data: bytes
    packed: bytes  # with gzip
    media_type: str


class Assets:
    """All files of the folder ``static``, read once."""

    def __init__(self) -> None:
        """Read them."""
        self._by_plain_name = {
            found.name: _named(found.name, found.read_bytes())
            for found in files("casebook.web.pages").joinpath("static").iterdir()
            if found.name.rpartition(".")[2] in _TYPES
        }
        self._by_name = {asset.name: asset for asset in self._by_plain_name.values()}

    def address(self, plain_name: str) -> str:
        """Return where a file is found, for templates."""
        return f"/static/{self._by_plain_name[plain_name].name}"

    def routes(self) -> list[Route]:
        """Return the route that serves them."""
        return [Route("/static/{name}", self.serve)]

    async def serve(self, request: Request) -> Response:
        """GET /static/{name}: a file, for ever."""
        asset = self._by_name.get(request.path_params["name"])
        if asset is None:
            raise not_found()
        headers = {"Cache-Control": _FOR_A_YEAR, "Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(asset.data, media_type=asset.media_type, headers=headers)
        return Response(asset.packed, media_type=asset.media_type, headers=headers | {"Content-Encoding": "gzip"})


def _named(plain_name: str, data: bytes) -> Asset:
    stem, _, suffix = plain_name.rpartition(".")
    name = f"{stem}.{hashlib.sha256(data).hexdigest()[:12]}.{suffix}"
    return Asset(name, data, gzip.compress(data, 9, mtime=0), _TYPES[suffix])
