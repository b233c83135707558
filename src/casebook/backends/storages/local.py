"""Files in a local folder, each written wholly or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from casebook.backends.links import below, has_link
from casebook.domain.keys import key_parts
from casebook.errors import StorageFailed
from casebook.ports import Kept

_PIECE_BYTES = 256 * 1024
_BEING_WRITTEN = ".writing-"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_NO_LINK = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


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
                with os.fdopen(os.open(temporary, _NEW, 0o600), "wb") as file:
                    file.write(data)
                    if durable:
                        file.flush()
                        os.fsync(file.fileno())
                temporary.replace(target)

    def read(self, key: str) -> bytes:
        """Return what is kept. Raises StorageFailed when there is nothing."""
        path = self._path(key)
        with _explained(path), os.fdopen(os.open(path, _NO_LINK), "rb") as file:
            return file.read()

    def stream(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield what is kept, from byte `start` up to byte `end`, piece by piece. Raises StorageFailed."""
        path = self._path(key)
        with _explained(path), os.fdopen(os.open(path, _NO_LINK), "rb") as file:
            file.seek(start)
            left = max((end if end is not None else os.fstat(file.fileno()).st_size) - start, 0)
            while left and (piece := file.read(min(left, _PIECE_BYTES))):
                left -= len(piece)
                yield piece

    def look(self, key: str) -> Kept | None:
        """Tell size and time of what is kept, None when there is nothing."""
        parts = key_parts(key)
        try:
            facts = self.root.joinpath(*parts).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return _kept(key, facts) if stat.S_ISREG(facts.st_mode) and not has_link(self.root, parts[:-1]) else None

    def exists(self, key: str) -> bool:
        """Tell whether something is kept under `key`."""
        return self.look(key) is not None

    def entries(self, prefix: str) -> Iterator[Kept]:
        """Yield all that is kept below the folder `prefix`, in any order; links are not followed, nor are they kept."""
        parts = key_parts(prefix) if prefix else []
        if not has_link(self.root, parts):
            yield from self._walk(self.root.joinpath(*parts))

    def keys(self, prefix: str) -> Sequence[str]:
        """Return all keys below the folder `prefix`, sorted."""
        return sorted(entry.key for entry in self.entries(prefix))

    def _walk(self, folder: Path) -> Iterator[Kept]:
        with _explained(folder):
            try:
                found = list(os.scandir(folder))
            except (FileNotFoundError, NotADirectoryError):
                return
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(Path(entry.path))
            elif entry.is_file(follow_symlinks=False) and not entry.name.startswith(_BEING_WRITTEN):
                with suppress(FileNotFoundError):  # removed since the folder was listed
                    facts = entry.stat(follow_symlinks=False)
                    yield _kept(Path(entry.path).relative_to(self.root).as_posix(), facts)

    def remove(self, key: str) -> None:
        """Forget what is kept; nothing happens when there is nothing."""
        path = self._path(key)
        with _explained(path):
            path.unlink(missing_ok=True)

    def remove_all(self, prefix: str) -> None:
        """Forget everything below the folder `prefix`, and the folder."""
        folder = self._path(prefix)
        with _explained(folder), suppress(FileNotFoundError):
            if folder.is_symlink():
                folder.unlink()
            else:
                shutil.rmtree(folder)

    def move(self, key: str, to: str) -> None:
        """Keep what is under `key` under `to` instead. Raises StorageFailed when there is nothing."""
        source, target = self._path(key), self._path(to)
        with _explained(source):
            source.lstat()  # no folder is made for what is not there
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            source.rename(target)

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
        """Lend the file itself. Raises StorageFailed for a link in its place."""
        yield below(self.root, key_parts(key))

    def _path(self, key: str) -> Path:
        *folders, name = key_parts(key)
        return below(self.root, folders) / name


def _kept(key: str, facts: os.stat_result) -> Kept:
    return Kept(key, facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC))


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Lend a place to write in; always the same one, so that what a killed process left there is not left for good."""
    temporary = target.with_name(f"{_BEING_WRITTEN}{target.name}")
    temporary.unlink(missing_ok=True)  # of a killed process; or a link
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
            errno.ENOSPC: _full(path),
            errno.EDQUOT: "the disk quota is used up: free some space, then run the same command again",
            errno.EROFS: "the file system is read-only: choose another folder with --outputs",
            errno.EACCES: "permission denied: choose another folder with --outputs, or change its permissions",
            errno.ELOOP: "a link stands in its place: remove it",
            errno.ENOTDIR: "a file stands where a folder is needed: choose another folder with --outputs",
        }.get(error.errno or 0, error.strerror or str(error))
        message = f"cannot use {path}: {advice}"
        raise StorageFailed(message) from error


def _full(path: Path) -> str:
    """Say what a disk has run out of that takes no more."""
    with suppress(OSError):
        facts = os.statvfs(next(parent for parent in path.parents if parent.exists()))
        if facts.f_files and facts.f_favail <= 1:  # of inodes; one is that of what was just given up
            return "the disk takes no more files: remove some, then run the same command again"
    return "the disk is full: free some space, then run the same command again"
