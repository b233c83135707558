"""The files that came with a submission over HTTP, as the front door received them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from casebook.domain.intake import StoredSubmission, UploadedFile, received_key, uploaded_key
from casebook.errors import PermanentError, StorageFailed, TransientError
from casebook.ports import IncomingFile, Storage


class UploadsInbox:
    """An `Inbox` over a stored submission's uploads, which lie in `storage`.

    A file lies where it was received until the front door has moved it into the company's folder; both places are
    looked at, so that it does not matter who comes first.
    """

    def __init__(self, storage: Storage, stored: StoredSubmission) -> None:
        """Take the files of `stored`."""
        self._storage = storage
        self._stored = stored
        self._by_name = _named(stored.files)

    def files(self) -> Sequence[IncomingFile]:
        """Return all files, sorted by name."""
        return [IncomingFile(name, self._by_name[name].size) for name in sorted(self._by_name)]

    def fetch(self, name: str, target: Path) -> None:
        """Copy one file. Raises TransientError when it is not there, PermanentError when it is not what was sent."""
        file = self._by_name[name]
        run_id, slug = self._stored.run_id, self._stored.company_slug
        moved = uploaded_key(slug, run_id, file)
        # Twice, for it may be moved after the first place was looked at and before the second.
        copies = (self._copy(key, target) for key in (moved, received_key(run_id, file), moved))
        digest = next(filter(None, copies), None)
        if digest is None:
            message = "the uploaded file is not there"
            raise TransientError(message)
        if digest != file.sha256:
            message = "it is no longer what was sent: submit it again"
            raise PermanentError(message)

    def signature(self) -> str:
        """Return a digest of all names and contents."""
        facts = sorted(f"{name}\0{file.sha256}" for name, file in self._by_name.items())
        return hashlib.sha256("\n".join(facts).encode()).hexdigest()

    def _copy(self, key: str, target: Path) -> str | None:
        """Copy what is kept and return its digest, None when nothing is kept. Raises StorageFailed."""
        if self._storage.look(key) is None:
            return None
        digest = hashlib.sha256()
        try:
            with target.open("wb") as copy:
                for chunk in self._storage.stream(key):
                    digest.update(chunk)
                    copy.write(chunk)
        except StorageFailed:
            if self._storage.look(key) is None:
                return None  # moved since it was looked at
            raise
        return digest.hexdigest()


def _named(files: Sequence[UploadedFile]) -> dict[str, UploadedFile]:
    """Give each file a name of its own: ``plan.pdf``, ``plan (2).pdf``."""
    named: dict[str, UploadedFile] = {}
    for file in files:
        stem, dot, suffix = file.name.rpartition(".")
        if not stem:
            stem, dot, suffix = file.name, "", ""
        name, number = file.name, 1
        while name in named:
            number += 1
            name = f"{stem} ({number}){dot}{suffix}"
        named[name] = file
    return named
