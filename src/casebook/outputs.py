"""Where outputs are kept: settings -> a storage, and how a run holds its company in it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from casebook.backends.company_leases import CompanyLease
from casebook.backends.locks import company_lock
from casebook.backends.storages.cached import CachedStorage
from casebook.backends.storages.fenced import FencedStorage
from casebook.backends.storages.local import LocalStorage
from casebook.domain.keys import key_parts
from casebook.domain.run import Folder
from casebook.errors import CompanyBusy, PermanentError
from casebook.ports import Storage
from casebook.settings import Settings

if TYPE_CHECKING:
    from casebook.backends.storages.objects import ObjectStorage

_LOCK_SECONDS = 600.0  # for which a worker waits when a command works on the same company
_ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT", "AZURE_STORAGE_ENDPOINT")

Lock = Callable[[str], AbstractContextManager[None]]  # of a company's slug


class RunPlace(msgspec.Struct, frozen=True):
    """A storage for one run at a time, and how the run holds its company in it."""

    storage: Storage
    lock: Lock


def open_storage(settings: Settings) -> Storage:
    """Open the outputs. Raises PermanentError when a package is missing, StorageFailed for a bad URL."""
    return _open_objects(settings) if settings.outputs_url else LocalStorage(settings.outputs)


def place_of_command(settings: Settings) -> RunPlace:
    """Return where a command's run writes; it holds its company against all others."""
    if not settings.outputs_url:
        return RunPlace(LocalStorage(settings.outputs), partial(company_lock, settings.outputs.absolute()))
    objects = _open_objects(settings)
    lease = CompanyLease(objects)
    cached = CachedStorage(objects, settings.outputs.absolute() / "scratch")
    return RunPlace(FencedStorage(cached, lease.check), partial(_held, lease, cached))


def place_of_worker(settings: Settings, check: Callable[[], None]) -> RunPlace:
    """Return where a worker's run writes, as long as `check` lets it: the queue keeps workers apart."""
    if not settings.outputs_url:
        return RunPlace(FencedStorage(LocalStorage(settings.outputs), check), partial(_patient_lock, settings))
    objects = _open_objects(settings)
    lease = CompanyLease(objects)
    cached = CachedStorage(objects, settings.outputs.absolute() / "scratch")

    def check_both() -> None:
        check()
        lease.check()

    return RunPlace(FencedStorage(cached, check_both), partial(_patiently_held, settings, lease, cached))


def is_company_held(settings: Settings, company_slug: str) -> bool:
    """Tell whether a run of the company is under way, for people. Raises StorageFailed."""
    if settings.outputs_url:
        return CompanyLease(_open_objects(settings)).is_held(company_slug)
    try:
        with company_lock(settings.outputs.absolute(), company_slug):
            return False
    except CompanyBusy:
        return True


@contextmanager
def report_at_hand(settings: Settings, url: str) -> Iterator[Path]:
    """Lend a report in a bucket as a file, with its other formats and the texts it rests on. Raises StorageFailed."""
    company_url, _, within = url.rpartition(f"/{Folder.FINAL}/")
    storage = open_storage(settings.at(company_url))
    report = f"{Folder.FINAL}/{within}"
    with tempfile.TemporaryDirectory(prefix="casebook-") as scratch:
        formats = [key for key in storage.keys(Folder.FINAL) if key.startswith(report.removesuffix("json"))]
        texts = [key for key in storage.keys(f"{Folder.DATA}/text") if key.endswith(".txt")]
        for key in {report, *formats, *texts}:
            path = Path(scratch, *key_parts(key))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(storage.read(key))
        yield Path(scratch, *key_parts(report))


def kept_once(settings: Settings, key: str, data: bytes) -> bytes:
    """Keep `data` in the bucket unless something is kept, and return what is. Raises StorageFailed."""
    objects = _open_objects(settings)
    if objects.create(key, data) is None:
        return objects.read(key)
    return data


def _open_objects(settings: Settings) -> ObjectStorage:
    try:
        from casebook.backends.storages.objects import ObjectStorage  # noqa: PLC0415 - the `objects` extra
    except ModuleNotFoundError as error:
        message = f"{error.name} is not installed: pip install 'casebook[objects]'"
        raise PermanentError(message) from error
    plain_http = any(os.environ.get(name, "").startswith("http://") for name in _ENDPOINTS)
    return ObjectStorage(settings.outputs_url, plain_http=plain_http)


@contextmanager
def _held(lease: CompanyLease, cached: CachedStorage, company_slug: str, *, insist: bool = True) -> Iterator[None]:
    with lease.hold(company_slug, insist=insist), cached.hold(company_slug):
        yield


def _patient_lock(settings: Settings, company_slug: str) -> AbstractContextManager[None]:
    return _patiently(settings, partial(company_lock, settings.outputs.absolute()), company_slug)


def _patiently_held(
    settings: Settings, lease: CompanyLease, cached: CachedStorage, company_slug: str
) -> AbstractContextManager[None]:
    if _is_alone(settings):
        return _patiently(settings, partial(_held, lease, cached), company_slug)
    return _held(lease, cached, company_slug, insist=False)


def _is_alone(settings: Settings) -> bool:
    return settings.engine.database == "sqlite"


@contextmanager
def _patiently(settings: Settings, lock: Lock, company_slug: str) -> Iterator[None]:
    """Hold the company's lock against commands, waiting for them; the queue keeps workers apart.

    With several machines the lock may be held by a worker that hangs and whose run is ours now: it is only tried.
    """
    deadline = time.monotonic() + (_LOCK_SECONDS if _is_alone(settings) else 0)
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(lock(company_slug))
                break
            except CompanyBusy:
                if time.monotonic() >= deadline:
                    if _is_alone(settings):
                        raise
                    break
                time.sleep(1.0)
        yield
