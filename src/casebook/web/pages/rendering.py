"""Templates -> answers, with the headers that keep a page to itself."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from casebook.web.pages.assets import Assets
from casebook.web.pages.messages import COOKIE, LANGUAGES, Words, language_of, words

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
)
_SMALL_BYTES: Final = 1_400  # one packet: nothing is won by packing
_YEAR_SECONDS: Final = 365 * 24 * 3600


class Renderer:
    """Fills templates in."""

    def __init__(self, assets: Assets, *, version: str) -> None:
        """Use the templates of this package; a name that is not known is an error, never an empty place."""
        self._environment = Environment(
            loader=PackageLoader("casebook.web.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(asset=assets.address, languages=LANGUAGES, version=version)

    def text(self, template: str, request: Request, values: Mapping[str, object]) -> str:
        """Fill a template in, in the language of the request."""
        spoken: Words = words(language_of(request))
        place = request.url.path
        return self._environment.get_template(template).render(t=spoken, lang=spoken.language, place=place, **values)

    def page(  # noqa: PLR0913 - what a page may choose
        self,
        template: str,
        request: Request,
        values: Mapping[str, object],
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        ancestors: Sequence[str] = (),
        secret: bool = False,
    ) -> Response:
        """Answer with a page; `ancestors` may show it in a frame, `secret` ones hold what must not be packed."""
        data = self.text(template, request, values).encode()
        policy = _POLICY.format(ancestors=" ".join(ancestors) if ancestors else "'none'")
        sent = {
            "Content-Security-Policy": policy,
            # Not "no-referrer": with it browsers send the form's posts without an origin. Others still learn nothing.
            "Referrer-Policy": "same-origin",
            "Vary": "Accept, Accept-Language, Cookie, Accept-Encoding",
            **(headers or {}),
        }
        # Packing what holds a secret beside what a stranger chose would tell the secret by the length.
        if not secret and len(data) > _SMALL_BYTES and "gzip" in request.headers.get("accept-encoding", ""):
            data = gzip.compress(data, 5, mtime=0)
            sent["Content-Encoding"] = "gzip"
        response = Response(data, status, sent, "text/html")
        self._keep_language(request, response)
        return response

    def _keep_language(self, request: Request, response: Response) -> None:
        asked = request.query_params.get("lang")
        if asked in LANGUAGES:
            response.set_cookie(COOKIE, str(asked), max_age=_YEAR_SECONDS, httponly=True, samesite="lax")
