"""What is answered when something is wrong: problem+json (RFC 9457), never with a value that was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


class FieldError(msgspec.Struct, frozen=True):
    """A field that cannot be accepted: where it is (JSON pointer), what it takes."""

    pointer: str
    detail: str


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True):
    """The body of an error's answer."""

    type: str  # urn:casebook:{kind}
    title: str
    status: int
    detail: str
    instance: str  # the request's id, also found in the logs
    errors: Sequence[FieldError] = ()
    confirmation_code: str | None = None  # when the submission was kept all the same


class Problem(Exception):  # noqa: N818 - named by what it is, as in RFC 9457
    """A request that is answered with an error. The texts never hold what was sent."""

    def __init__(  # noqa: PLR0913 - the parts of a problem
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
        confirmation_code: str | None = None,
    ) -> None:
        """Answer with `status`; `kind` is a short word that programs can test for."""
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.confirmation_code = confirmation_code
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(max(1, round(retry_after)))

    def answer(self, request_id: str) -> Response:
        """Return the HTTP answer."""
        details = ProblemDetails(
            type=f"urn:casebook:{self.kind}",
            title=_TITLES.get(self.status, "Error"),
            status=self.status,
            detail=self.detail,
            instance=f"urn:request:{request_id}",
            errors=self.errors,
            confirmation_code=self.confirmation_code,
        )
        fields = {name: value for name, value in msgspec.to_builtins(details).items() if value not in (None, [], ())}
        return Response(msgspec.json.encode(fields), self.status, self.headers, MEDIA_TYPE)


def not_found() -> Problem:
    """Return the one answer to what is missing and to what is not the asker's to see."""
    return Problem(404, "not-found", "There is nothing here, or it is not yours to see.")


def disk_full(wait: float = 60) -> Problem:
    """Return the answer to what there is no space for."""
    return Problem(507, "disk-full", "There is no space for it now: send the same again later.", retry_after=wait)


_TITLES = {
    400: "Malformed request",
    401: "Not authenticated",
    403: "Refused",
    404: "Not found",
    405: "Method not allowed",
    408: "Too slow",
    409: "Conflict",
    411: "Length required",
    413: "Too large",
    415: "Unsupported content",
    421: "Wrong host",
    422: "Fields cannot be accepted",
    429: "Too many requests",
    500: "Internal error",
    503: "Not available",
    507: "Disk full",
}
