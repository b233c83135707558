"""Settings -> backends -> Casebook. The only file that names backends."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial

from casebook import __version__
from casebook.analysts.catalogue import Catalogue, built_in_catalogue, load_catalogue
from casebook.analysts.extractive.analyst import ExtractiveAnalyst
from casebook.backends.engines.plain import PlainEngine
from casebook.backends.locks import company_lock
from casebook.backends.storages.local import LocalStorage
from casebook.backends.vector_stores.embedded import EmbeddedVectorStore
from casebook.documents.library import StoredLibrary
from casebook.documents.reader import SandboxedReader
from casebook.domain.run import Run
from casebook.errors import StorageFailed
from casebook.observability.logs import Log, log_to_file
from casebook.ports import Progress, Step
from casebook.run_records import RunRecords
from casebook.service import Casebook
from casebook.settings import Settings
from casebook.workflow import Tools


def build(settings: Settings, *, progress: Progress) -> Casebook:
    """Wire Casebook for one machine: files, the built-in index, the built-in analyst.

    Raises StorageFailed when the outputs folder cannot be written, InvalidCatalogue for a bad catalogue.
    """
    storage = LocalStorage(settings.outputs)
    records = RunRecords(storage)
    log = _log(storage)
    tools = Tools(
        storage=storage,
        reader=SandboxedReader(workers=settings.workers or os.cpu_count() or 1),
        open_library=StoredLibrary,
        vector_store=EmbeddedVectorStore(storage),
        analyst=ExtractiveAnalyst(catalogue(settings)),
        drive=None,
        clock=now,
        progress=progress,
    )

    def engine(run: Run) -> Step:
        return PlainEngine(run, records=records, storage=storage, clock=now, progress=progress, log=log)

    return Casebook(
        tools=tools,
        records=records,
        log=log,
        engine=engine,
        lock=partial(company_lock, storage.root),
        version=__version__,
    )


def catalogue(settings: Settings) -> Catalogue:
    """Return the catalogue that the settings ask for."""
    if settings.catalogue is None:
        return built_in_catalogue()
    return load_catalogue(settings.catalogue, with_built_in=settings.with_built_in)


def open_records(settings: Settings) -> RunRecords:
    """Return the run records, for commands that only look."""
    return RunRecords(LocalStorage(settings.outputs))


def now() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)


def _log(storage: LocalStorage) -> Log:
    path = storage.root / "logs" / f"casebook_{now():%Y%m%d}.log"
    try:
        return log_to_file(path, "casebook")
    except OSError as error:
        message = f"cannot write to {path.parent}: {error.strerror}: choose another folder with --outputs"
        raise StorageFailed(message) from error
