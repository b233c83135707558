"""A worker process of the sandbox: frames in on standard input, frames out on standard output.

A frame is four bytes of length and a MessagePack value. The process lives in limits it cannot lift: address
space, processor time, no file may grow, no core. What goes wrong beyond an error ends the process, and the
parent takes that for the file's outcome.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import Final

import msgspec

from casebook.documents.limits import Limits, ReadError
from casebook.documents.reading import read_bytes, read_file
from casebook.domain.document import Document

LENGTH_BYTES: Final = 4
TOO_MUCH_MEMORY: Final = "needs more memory than is allowed for one file: split it or save it anew"
_BACKUP: Final = 1.5  # times the wall limit: the worker's own end, should the parent be gone


class Request(msgspec.Struct, frozen=True):
    """One file to read."""

    path: str
    name: str
    media_type: str
    limits: Limits


class Response(msgspec.Struct, frozen=True):
    """What became of it: either a document or the reason why there is none."""

    document: Document | None = None
    reason: str = ""
    skipped: bool = False
    worn: bool = False  # the process should not read another file


def main() -> None:
    """Serve requests until standard input ends."""
    incoming = sys.stdin.buffer
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not write between the frames
    decoder = msgspec.msgpack.Decoder(Request)
    encoder = msgspec.msgpack.Encoder()
    confined = False
    while len(length := incoming.read(LENGTH_BYTES)) == LENGTH_BYTES:
        request = decoder.decode(incoming.read(int.from_bytes(length)))
        if not confined:
            confine(request.limits)
            confined = True
        try:
            frame = encoder.encode(_read(request))
        except MemoryError:
            frame = encoder.encode(Response(reason=TOO_MUCH_MEMORY, worn=True))
        outgoing.write(len(frame).to_bytes(LENGTH_BYTES) + frame)
        outgoing.flush()


def _read(request: Request) -> Response:
    set_deadline(request.limits.seconds)
    try:
        data = read_file(Path(request.path), request.limits.file_bytes)
        document = read_bytes(request.name, data, request.limits, media_type=request.media_type)
        return Response(document=document)
    except ReadError as error:
        return Response(reason=str(error), skipped=error.skipped)
    except MemoryError:
        return Response(reason=TOO_MUCH_MEMORY, worn=True)


def confine(limits: Limits) -> None:
    """Put this process in limits that it cannot lift."""
    try:
        import resource  # noqa: PLC0415  there is none on Windows
    except ImportError:
        return
    bounds = (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    )
    for kind, bound in bounds:
        # macOS has no RLIMIT_AS worth the name; the wall limit still holds there.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (bound, bound))


def set_deadline(seconds: float) -> None:
    """End this process by itself some time after the parent should have ended it."""
    with contextlib.suppress(ImportError, AttributeError, ValueError, OSError):
        import resource  # noqa: PLC0415  there is none on Windows

        usage = resource.getrusage(resource.RUSAGE_SELF)
        used = usage.ru_utime + usage.ru_stime
        cores = os.cpu_count() or 1
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (int(used + _BACKUP * seconds * cores) + 1, hard))
        signal.alarm(int(_BACKUP * seconds) + 2)


if __name__ == "__main__":
    main()
