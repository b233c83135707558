"""Objects in a bucket of S3, Google Cloud Storage, Azure, or what speaks like them; each is there wholly or not at all.

A put becomes visible with its last byte: a process that is killed meanwhile leaves nothing that anyone sees. Two more
tries are made of each request, here and nowhere above: what then still fails is StorageFailed.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError, PreconditionError
from obstore.store import ObjectStore, from_url

from casebook.domain.keys import key_parts
from casebook.errors import StorageFailed
from casebook.ports import Kept

if TYPE_CHECKING:
    from obstore import GetOptions

_MORE_TRIES = 2
_GIVE_UP_AFTER = timedelta(seconds=60)  # a request and its further tries
_PART_BYTES = 8 * 1024 * 1024  # larger files are sent in parts of this size
_PARTS_AT_ONCE = 4
_PIECE_BYTES = 256 * 1024  # of what is streamed
_REMOVED_AT_ONCE = 500
_NOT_THERE = (FileNotFoundError, NotFoundError)


class ObjectStorage:
    """A `Storage` below a URL such as ``s3://bucket/prefix``, ``gs://bucket`` or ``az://container/prefix``.

    Credentials, region and endpoint come from the variables that the store's own tools read (AWS_*, GOOGLE_*, AZURE_*).
    """

    def __init__(self, url: str, *, plain_http: bool = False) -> None:
        """Use the bucket named by `url`; `plain_http` allows endpoints without TLS. Raises StorageFailed."""
        self.url = url.rstrip("/")
        with self._explained(""):
            self.store: ObjectStore = from_url(
                self.url,
                client_options={"allow_http": plain_http, "connect_timeout": "5s", "timeout": "60s"},
                retry_config={
                    "max_retries": _MORE_TRIES,
                    "retry_timeout": _GIVE_UP_AFTER,
                    "backoff": {
                        "init_backoff": timedelta(milliseconds=200),
                        "max_backoff": timedelta(seconds=5),
                        "base": 3,
                    },
                },
            )

    def write(self, key: str, data: bytes, *, durable: bool = False) -> None:  # noqa: ARG002 - a bucket always is
        """Keep `data`. Raises StorageFailed."""
        with self._explained(_checked(key)):
            obstore.put(self.store, key, data, use_multipart=False)

    def read(self, key: str) -> bytes:
        """Return what is kept. Raises StorageFailed when there is nothing."""
        with self._explained(_checked(key)):
            return bytes(obstore.get(self.store, key).bytes())

    def stream(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield what is kept, from byte `start` up to byte `end`, piece by piece. Raises StorageFailed."""
        if end is not None and end <= start:
            return
        with self._explained(_checked(key)):
            options: GetOptions = {"range": (start, end) if end is not None else {"offset": start}}
            found = obstore.get(self.store, key, options=options if start or end is not None else {})
            for piece in found.stream(min_chunk_size=_PIECE_BYTES):
                yield bytes(piece)

    def look(self, key: str) -> Kept | None:
        """Tell size and time of what is kept, None when there is nothing."""
        with self._explained(_checked(key)):
            try:
                found = obstore.head(self.store, key)
            except _NOT_THERE:
                return None
        return Kept(key, found["size"], found["last_modified"])

    def exists(self, key: str) -> bool:
        """Tell whether something is kept under `key`."""
        return self.look(key) is not None

    def entries(self, prefix: str) -> Iterator[Kept]:
        """Yield all that is kept below the folder `prefix`, in any order; a request for each thousand."""
        with self._explained(prefix):
            for batch in obstore.list(self.store, prefix or None, chunk_size=1000):
                for found in batch:
                    yield Kept(found["path"], found["size"], found["last_modified"])

    def keys(self, prefix: str) -> Sequence[str]:
        """Return all keys below the folder `prefix`, sorted."""
        return sorted(entry.key for entry in self.entries(prefix))

    def remove(self, key: str) -> None:
        """Forget what is kept; nothing happens when there is nothing."""
        with self._explained(_checked(key)):
            try:
                obstore.delete(self.store, key)
            except _NOT_THERE:  # some stores say so, S3 does not
                return

    def remove_all(self, prefix: str) -> None:
        """Forget everything below the folder `prefix`."""
        _checked(prefix)
        keys = self.keys(prefix)
        with self._explained(prefix):
            for first in range(0, len(keys), _REMOVED_AT_ONCE):
                obstore.delete(self.store, keys[first : first + _REMOVED_AT_ONCE])

    def move(self, key: str, to: str) -> None:
        """Keep what is under `key` under `to` instead. Raises StorageFailed when there is nothing."""
        _checked(to)
        with self._explained(_checked(key)):
            obstore.copy(self.store, key, to)
            obstore.delete(self.store, key)

    def locate(self, key: str) -> str:
        """Say where a person finds what is kept: its URL."""
        return f"{self.url}/{key}"

    def adopt(self, path: Path, key: str) -> None:
        """Send the local file at `path`, then remove it. Raises StorageFailed."""
        with self._explained(_checked(key)):
            obstore.put(self.store, key, path, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE)
        path.unlink()

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        """Lend a copy in the system's temporary folder."""
        with tempfile.TemporaryDirectory(prefix="casebook-") as folder:
            path = Path(folder, _checked(key).rpartition("/")[2])
            with path.open("wb") as file:
                file.writelines(self.stream(key))
            yield path

    def create(self, key: str, data: bytes) -> str | None:
        """Keep `data` if nothing is kept under `key`; return its tag, None when something is."""
        with self._explained(_checked(key)):
            try:
                return obstore.put(self.store, key, data, mode="create")["e_tag"] or ""
            except AlreadyExistsError:
                return None

    def replace(self, key: str, data: bytes, tag: str) -> str | None:
        """Keep `data` if what is kept still has `tag`; return the new tag, None when it has another."""
        with self._explained(_checked(key)):
            try:
                return obstore.put(self.store, key, data, mode={"e_tag": tag})["e_tag"] or ""
            except (PreconditionError, *_NOT_THERE):
                return None

    def read_tagged(self, key: str) -> tuple[bytes, str] | None:
        """Return what is kept and its tag, None when there is nothing."""
        with self._explained(_checked(key)):
            try:
                found = obstore.get(self.store, key)
                return bytes(found.bytes()), found.meta["e_tag"] or ""
            except _NOT_THERE:
                return None

    @contextmanager
    def _explained(self, key: str) -> Iterator[None]:
        """Turn the store's errors into one message that says what to do."""
        where = self.locate(key) if key else self.url
        try:
            yield
        except _NOT_THERE as error:
            if "NoSuchBucket" in str(error):
                raise StorageFailed(self._no_bucket()) from error
            message = f"there is no file {where}"
            raise StorageFailed(message) from error
        except (BaseError, PermissionError, ValueError, OSError) as error:
            raise StorageFailed(self._message(where, str(error))) from error

    def _no_bucket(self) -> str:
        return f"there is no bucket for {self.url}: create it, or correct CASEBOOK_OUTPUTS"

    def _message(self, where: str, error: str) -> str:
        if "NoSuchBucket" in error:
            return self._no_bucket()
        if re.search(r"\b40[13]\b|credential", error, re.IGNORECASE):
            return (
                f"{where} may not be used: check the credentials in the environment (for S3 AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY) and what they are allowed to do"
            )
        return f"cannot use {where}: {_short(error)}"


def _checked(key: str) -> str:
    key_parts(key)
    return key


def _short(error: str) -> str:
    """Return what the store said, in one line and without addresses: their queries may be signed."""
    code = re.search(r"<Code>([^<]{1,80})</Code>", error)
    said = re.search(r"<Message>([^<]{1,200})</Message>", error)
    if code:
        return f"{code[1]}: {said[1]}" if said else code[1]
    return re.sub(r"\s*https?://\S+", "", error.partition("\n")[0])[:300]
