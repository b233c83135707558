"""A stored file as an answer: streamed from the storage, wholly or the part that is asked for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from casebook.ports import Kept, Storage

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")  # one part; of several the whole file is sent


def download(request: Request, storage: Storage, kept: Kept, name: str) -> Response:
    """Answer with what is kept, as an attachment called `name`."""
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "ETag": _tag(kept),
        "Last-Modified": format_datetime(kept.written_at.replace(microsecond=0), usegmt=True),
    }
    start, end, status = 0, kept.size, 200
    wanted = _wanted(request, kept, headers)
    if wanted is not None:
        start, end, status = *wanted, 206
        if start >= end:
            return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{kept.size}"})
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{kept.size}"
    headers["Content-Length"] = str(end - start)
    pieces: Iterator[bytes] = storage.stream(kept.key, start, end) if end > start else iter(())
    return StreamingResponse(pieces, status, headers, "application/octet-stream")


def _wanted(request: Request, kept: Kept, headers: dict[str, str]) -> tuple[int, int] | None:
    """Return the part that is asked for, None for all of it; an empty part cannot be satisfied."""
    found = _RANGE.fullmatch(request.headers.get("range", ""))
    if found is None or not (found[1] or found[2]) or not _is_same(request, kept, headers["ETag"]):
        return None
    if not found[1]:
        return max(kept.size - int(found[2]), 0), kept.size if int(found[2]) else 0
    first, last = int(found[1]), int(found[2] or kept.size)
    return None if found[2] and last < first else (first, min(last + 1, kept.size))


def _is_same(request: Request, kept: Kept, tag: str) -> bool:
    """Tell whether what the asker has a part of is what is kept now."""
    condition = request.headers.get("if-range")
    if condition is None or condition == tag:
        return True
    try:
        return parsedate_to_datetime(condition) == kept.written_at.replace(microsecond=0)
    except ValueError:
        return False


def _tag(kept: Kept) -> str:
    described = f"{kept.key}\0{kept.size}\0{kept.written_at.isoformat()}"
    return f'"{hashlib.sha256(described.encode("utf-8", "surrogateescape")).hexdigest()[:32]}"'
