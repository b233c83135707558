"""One run of a company at a time on one machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from casebook.backends.links import below
from casebook.errors import CompanyBusy, PermanentError, StorageFailed

try:
    import fcntl
except ImportError:  # no such locks on this platform: two runs of one company are then the user's affair
    fcntl = None  # type: ignore[assignment]


@contextmanager
def server_lock(root: Path) -> Iterator[None]:
    """Hold the lock of the one server on these files. Raises PermanentError when another process holds it."""
    busy = "another server works on these files: end it first, or choose other --outputs"
    with _locked(root / "server.lock", PermanentError(busy)):
        yield


@contextmanager
def company_lock(root: Path, company_slug: str) -> Iterator[None]:
    """Hold the company's lock. Raises CompanyBusy when another process holds it, StorageFailed.

    The operating system frees the lock when the process ends, however it ends.
    """
    with _locked(below(root, (company_slug, "debug")) / ".lock", CompanyBusy()):
        yield


@contextmanager
def _locked(path: Path, busy: PermanentError) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        message = f"cannot write to {path.parent}: {error.strerror}: choose another folder with --outputs"
        raise StorageFailed(message) from error
    try:
        if fcntl is not None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise busy from error
        yield
    finally:
        os.close(descriptor)
