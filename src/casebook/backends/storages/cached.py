"""A storage that spares requests: one company's folder is listed once, and its data are kept at hand, while it is held.

Whoever holds a company is the only one that writes its data, so what was read or written once is not asked for again.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from casebook.domain.keys import key_parts
from casebook.domain.run import Folder
from casebook.errors import StorageFailed
from casebook.ports import Kept, Storage

try:
    import fcntl
except ImportError:  # no such locks on this platform: what a killed process left is then cleared by hand
    fcntl = None  # type: ignore[assignment]


class CachedStorage:
    """A `Storage` over `storage` that keeps what it has seen of the company that is held in a folder below `root`."""

    def __init__(self, storage: Storage, root: Path) -> None:
        """Pass everything on, until a company is held."""
        self._storage = storage
        self._root = root
        self._company = ""
        self._known: set[str] = set()
        self._folder = root

    @contextmanager
    def hold(self, company_slug: str) -> Iterator[None]:
        """Keep at hand what is seen of this company, which nobody else may write meanwhile. Raises StorageFailed."""
        with _own_folder(self._root) as folder:
            self._known = set(self._storage.keys(company_slug))
            self._folder, self._company = folder, company_slug
            try:
                yield
            finally:
                self._company = ""
                self._known.clear()

    def write(self, key: str, data: bytes, *, durable: bool = False) -> None:
        """Keep `data`, here too if it is likely to be read again."""
        self._storage.write(key, data, durable=durable)
        self._note(key)
        if self._is_data(key):
            path = self._path(key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def read(self, key: str) -> bytes:
        """Return what is kept, without a request when it was seen before."""
        if not self._is_data(key):
            return self._storage.read(key)
        with self.local_copy(key) as path:
            return path.read_bytes()

    def stream(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield what is kept, piece by piece."""
        return self._storage.stream(key, start, end)

    def look(self, key: str) -> Kept | None:
        """Tell size and time of what is kept."""
        return self._storage.look(key)

    def exists(self, key: str) -> bool:
        """Tell whether something is kept, without a request for the company that is held."""
        return key in self._known if self._is_held(key) else self._storage.exists(key)

    def entries(self, prefix: str) -> Iterator[Kept]:
        """Yield all that is kept below a folder."""
        return self._storage.entries(prefix)

    def keys(self, prefix: str) -> Sequence[str]:
        """Return all keys below a folder, without a request for the company that is held."""
        if self._is_held(f"{prefix}/"):
            return sorted(key for key in self._known if key.startswith(f"{prefix}/"))
        return self._storage.keys(prefix)

    def remove(self, key: str) -> None:
        """Forget what is kept."""
        self._storage.remove(key)
        self._forget(key)

    def remove_all(self, prefix: str) -> None:
        """Forget everything below a folder."""
        self._storage.remove_all(prefix)
        for key in [key for key in self._known if key.startswith(f"{prefix}/")]:
            self._forget(key)

    def move(self, key: str, to: str) -> None:
        """Keep under another key."""
        self._storage.move(key, to)
        self._forget(key)
        self._forget(to)
        self._note(to)

    def locate(self, key: str) -> str:
        """Say where it is kept."""
        return self._storage.locate(key)

    def adopt(self, path: Path, key: str) -> None:
        """Keep a local file, here too: it is read next."""
        if not self._is_data(key):
            self._storage.adopt(path, key)
        else:
            kept = self._path(key)
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, kept)
            leaving = kept.with_name(f".leaving-{secrets.token_hex(4)}")
            os.link(kept, leaving)
            self._storage.adopt(leaving, key)
        self._note(key)

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        """Lend what is kept; the data of the company that is held stay at hand."""
        if not self._is_data(key):
            with self._storage.local_copy(key) as path:
                yield path
            return
        path = self._path(key)
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            coming = path.with_name(f".coming-{secrets.token_hex(4)}")
            with coming.open("wb") as file:
                file.writelines(self._storage.stream(key))
            coming.replace(path)
        yield path

    def _is_held(self, key: str) -> bool:
        return bool(self._company) and key.startswith(f"{self._company}/")

    def _is_data(self, key: str) -> bool:
        return bool(self._company) and key.startswith(f"{self._company}/{Folder.DATA}/")

    def _path(self, key: str) -> Path:
        return self._folder.joinpath(*key_parts(key))

    def _note(self, key: str) -> None:
        if self._is_held(key):
            self._known.add(key)

    def _forget(self, key: str) -> None:
        self._known.discard(key)
        if self._is_data(key):
            self._path(key).unlink(missing_ok=True)


@contextmanager
def _own_folder(root: Path) -> Iterator[Path]:
    """Lend an empty folder below `root`; those of processes that were killed are cleared. Raises StorageFailed."""
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(root):  # so that nobody clears a folder that is just being made
            for left in root.iterdir():
                _clear_abandoned(left)
            folder = Path(tempfile.mkdtemp(dir=root))
            descriptor = _lock(folder, wait=False)
    except OSError as error:
        message = f"cannot use {root}: {error.strerror}: choose another folder with CASEBOOK_STATE"
        raise StorageFailed(message) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if descriptor is not None:
            os.close(descriptor)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = _lock(folder, wait=True)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _clear_abandoned(folder: Path) -> None:
    descriptor = _lock(folder, wait=False)
    if descriptor is not None:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _lock(folder: Path, *, wait: bool) -> int | None:
    """Lock a folder until the descriptor is closed, or the process ends; None when another process has it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
