"""A storage that a worker may write to only as long as the run is its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from casebook.ports import Storage


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

    def exists(self, key: str) -> bool:
        """Tell whether something is kept."""
        return self._storage.exists(key)

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

    def adopt(self, path: Path, key: str) -> None:
        """Keep a local file, if the run is still ours."""
        self._check()
        self._storage.adopt(path, key)

    def local_copy(self, key: str) -> AbstractContextManager[Path]:
        """Lend what is kept."""
        return self._storage.local_copy(key)
