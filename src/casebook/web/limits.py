"""What the front door takes, at most. Sizes in bytes, times in seconds."""

from __future__ import annotations

import msgspec

_KIB = 1024
_MIB = 1024 * _KIB


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes, counts and times; the defaults are told by GET /test."""

    json_bytes: int = 256 * _KIB
    json_fields: int = 1000  # of which all but our own are taken no notice of
    request_bytes: int = 1024 * _MIB
    file_bytes: int = 200 * _MIB
    files: int = 50
    fields: int = 32
    field_bytes: int = 64 * _KIB
    part_header_bytes: int = 8 * _KIB
    head_bytes: int = 32 * _KIB  # request line and headers
    headers: int = 100
    head_seconds: float = 10.0
    idle_seconds: float = 30.0  # between two pieces of a body
    slow_after_seconds: float = 10.0  # from then on a body must come at `slow_bytes_per_second`
    slow_bytes_per_second: int = 8 * _KIB
    body_seconds: float = 30 * 60.0
    send_seconds: float = 60.0  # for a client to take a piece of an answer
    connections: int = 512
    uploads: int = 16  # at the same time
    streams: int = 100  # open event streams
    backlog: int = 10_000  # runs that wait
    free_bytes: int = 256 * _MIB  # of disk that uploads leave free
