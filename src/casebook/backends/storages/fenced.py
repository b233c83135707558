"""A storage that a worker may write to only as long as the run is its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from casebook.ports import Kept, Storage


class FencedStorage:
    """A `Storage` that asks `check` before every change; `check` raises what ends the run here.

    A worker that was stopped for a while, and whose run another took over, must not write over what that one wrote.
    """

    def __init__(self, storage: Storage, check: Callable[[], None]) -> None:
        """Pass everything on to `storage`."""
        self._storage = storage
        self._check = check

    def read(self, key: str) -> bytes:
        """Return what is kept."""
        return self._storage.read(key)

    def stream(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield what is kept, piece by piece."""
        return self._storage.stream(key, start, end)

    def look(self, key: str) -> Kept | None:
        """Tell size and time of what is kept."""
        return self._storage.look(key)

    def exists(self, key: str) -> bool:
        """Tell whether something is kept."""
        return self._storage.exists(key)

    def entries(self, prefix: str) -> Iterator[Kept]:
        """Yield all that is kept below a folder."""
        return self._storage.entries(prefix)

    def keys(self, prefix: str) -> Sequence[str]:
        """Return all keys below a folder."""
        return self._storage.keys(prefix)

    def locate(self, key: str) -> str:
        """Say where it is kept."""
        return self._storage.locate(key)

    def write(self, key: str, data: bytes, *, durable: bool = False) -> None:
        """Keep `data`, if the run is still ours."""
        self._check()
        self._storage.write(key, data, durable=durable)

    def remove(self, key: str) -> None:
        """Forget what is kept, if the run is still ours."""
        self._check()
        self._storage.remove(key)

    def remove_all(self, prefix: str) -> None:
        """Forget everything below a folder, if the run is still ours."""
        self._check()
        self._storage.remove_all(prefix)

    def move(self, key: str, to: str) -> None:
        """Keep under another key, if the run is still ours."""
        self._check()
        self._storage.move(key, to)

    def adopt(self, path: Path, key: str) -> None:
        """Keep a local file, if the run is still ours."""
        self._check()
        self._storage.adopt(path, key)

    def local_copy(self, key: str) -> AbstractContextManager[Path]:
        """Lend what is kept."""
        return self._storage.local_copy(key)
