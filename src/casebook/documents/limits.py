"""How much of a file is read before the reader stops, and the one error a reader raises."""

from __future__ import annotations

import msgspec

from casebook.errors import PermanentError

_MIB = 1 << 20


class ReadError(PermanentError):
    """The file could not be read.

    The message is one line for the person who gave the file: what is wrong and what to do about it.
    """

    def __init__(self, message: str | None = None, *, skipped: bool = False) -> None:
        """Keep `skipped`: whether the file is of a kind Casebook does not read at all."""
        super().__init__(message)
        self.skipped = skipped


class Limits(msgspec.Struct, frozen=True):
    """Caps for one file. What lies beyond a cap is left out with a warning, or the file is refused."""

    file_bytes: int = 256 * _MIB  # larger files are refused: the worker holds a file in memory
    pages: int = 5_000  # pages or slides
    rows: int = 200_000  # rows of all tables and sheets together
    columns: int = 1_024  # columns in use in one table
    cells: int = 2_000_000  # cells of all tables and sheets together
    unpacked_bytes: int = 512 * _MIB  # what all members of a zip container may unpack to
    zip_members: int = 2_000
    unpack_ratio: int = 200  # unpacked / packed size of one member, looked at above the floor
    unpack_floor_bytes: int = 32 * _MIB  # plain tables pack very well: below this the ratio is no sign
    depth: int = 256  # nested elements of XML, nested values of JSON
    characters: int = 20_000_000  # canonical text
    pixels: int = 80_000_000  # of one image given to character recognition
    mail_parts: int = 200
    mail_depth: int = 10  # messages in messages
    seconds: float = 60.0  # wall clock for one file in a worker process
    memory_bytes: int = 1_536 * _MIB  # address space of a worker process
