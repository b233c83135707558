"""Files in a local folder, each written wholly or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from casebook.errors import StorageFailed


class LocalStorage:
    """A `Storage` in the folder `root`, which is made when it is first written to."""

    def __init__(self, root: Path) -> None:
        """Keep everything below `root`."""
        self.root = root.absolute()

    def write(self, key: str, data: bytes, *, durable: bool = False) -> None:
        """Keep `data`: written beside its place, flushed to disk if `durable`, then renamed. Raises StorageFailed."""
        target = self._path(key)
        with _explained(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            with _beside(target) as temporary:
                with temporary.open("wb") as file:
                    file.write(data)
                    if durable:
                        file.flush()
                        os.fsync(file.fileno())
                temporary.replace(target)

    def read(self, key: str) -> bytes:
        """Return what is kept. Raises StorageFailed when there is nothing."""
        path = self._path(key)
        with _explained(path):
            return path.read_bytes()

    def exists(self, key: str) -> bool:
        """Tell whether something is kept under `key`."""
        return self._path(key).is_file()

    def keys(self, prefix: str) -> Sequence[str]:
        """Return all keys below the folder `prefix`, sorted."""
        folder = self._path(prefix) if prefix else self.root
        return sorted(
            path.relative_to(self.root).as_posix()
            for path in folder.rglob("*")
            if path.is_file() and not path.name.startswith(".writing-")
        )

    def remove(self, key: str) -> None:
        """Forget what is kept; nothing happens when there is nothing."""
        path = self._path(key)
        with _explained(path):
            path.unlink(missing_ok=True)

    def locate(self, key: str) -> str:
        """Say where a person finds what is kept: its path."""
        return str(self._path(key))

    def adopt(self, path: Path, key: str) -> None:
        """Move the local file at `path` here. Raises StorageFailed."""
        target = self._path(key)
        with _explained(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            with _beside(target) as temporary:
                shutil.move(path, temporary)
                temporary.chmod(0o600)  # like everything else here: a company's documents are for their reader alone
                temporary.replace(target)

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        """Lend the file itself."""
        yield self._path(key)

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if any(part in {"", ".", ".."} for part in parts) or "\0" in key:
            message = "a storage key has an empty or relative part"
            raise StorageFailed(message)
        return self.root.joinpath(*parts)


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Lend a place to write in; always the same one, so that what a killed process left there is written over."""
    temporary = target.with_name(f".writing-{target.name}")
    try:
        yield temporary
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn the operating system's errors into one message that says what to do."""
    try:
        yield
    except FileNotFoundError as error:
        message = f"there is no file {path}"
        raise StorageFailed(message) from error
    except OSError as error:
        advice = {
            errno.ENOSPC: "the disk is full: free some space, then run the same command again",
            errno.EDQUOT: "the disk quota is used up: free some space, then run the same command again",
            errno.EROFS: "the file system is read-only: choose another folder with --outputs",
            errno.EACCES: "permission denied: choose another folder with --outputs, or change its permissions",
            errno.ENOTDIR: "a file stands where a folder is needed: choose another folder with --outputs",
        }.get(error.errno or 0, error.strerror or str(error))
        message = f"cannot use {path}: {advice}"
        raise StorageFailed(message) from error
