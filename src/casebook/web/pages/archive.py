"""Everything of a company as one zip, made while it is sent: nothing is put together on disk or in memory."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from typing import Final

from casebook.ports import Kept, Storage

_PACKED: Final = {"pdf", "docx", "xlsx", "pptx", "png", "jpg", "jpeg", "zip", "webp"}  # packing again wins nothing
_LARGE_BYTES: Final = 1 << 31  # from here on a zip needs its larger headers
_FIRST_YEAR: Final = 1980  # zips know no earlier one


class _Pipe:
    """What a zip is written to, and taken from at once."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Have nothing to do: what is written is there."""

    def close(self) -> None:
        """Have nothing to close."""

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


def zipped(storage: Storage, files: Iterable[tuple[str, Kept]]) -> Iterator[bytes]:
    """Yield a zip of the files, each under the name that comes with it."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        for name, kept in files:
            with archive.open(_entry(name, kept), "w", force_zip64=kept.size >= _LARGE_BYTES) as entry:
                for piece in storage.stream(kept.key):
                    entry.write(piece)
                    if data := pipe.take():
                        yield data
    yield pipe.take()


def _entry(name: str, kept: Kept) -> zipfile.ZipInfo:
    at = kept.written_at
    written = (max(at.year, _FIRST_YEAR), at.month, at.day, at.hour, at.minute, at.second)
    entry = zipfile.ZipInfo(name, written)
    suffix = name.rpartition(".")[2].lower()
    entry.compress_type = zipfile.ZIP_STORED if suffix in _PACKED else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry
