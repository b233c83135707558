"""What a run over a folder will take: time, a model's cost, a machine and its price, told before anything is run."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from casebook.backends.inboxes.folder import FolderInbox
from casebook.backends.storages.local import LocalStorage
from casebook.bootstrap import estimate_model
from casebook.documents.library import StoredLibrary
from casebook.documents.reader import SandboxedReader
from casebook.domain.sizing import Sizing, SizingTable, size
from casebook.domain.submission import Submission
from casebook.errors import PermanentError
from casebook.progress import Silent
from casebook.settings import Settings
from casebook.steps import setup

if TYPE_CHECKING:
    from casebook.domain.estimate import Estimate

_MEGABYTE = 1_000_000
_TABLE = Path(__file__).with_name("sizing.json")


class FolderEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a run takes; `model` is None when none is named."""

    files: int
    sizing: Sizing
    table: SizingTable
    model_name: str
    model: Estimate | None

    def as_dict(self) -> dict[str, object]:
        """Return it for JSON. Money in USD."""
        sizing, model = self.sizing, self.model
        return {
            "files": {"received": self.files, "read": sizing.documents, "megabytes": round(sizing.megabytes, 3)},
            "seconds": round(sizing.seconds, 1),
            "machine": msgspec.to_builtins(sizing.instance),
            "prices_as_of": self.table.as_of,
            "compute_usd": round(sizing.compute_usd, 6),
            "compute_usd_with_gpu": round(sizing.compute_usd_on_gpu, 6),
            "month": {
                "companies": sizing.companies,
                "as_jobs_usd": round(sizing.month_as_jobs_usd, 4),
                "always_on_usd": round(sizing.month_always_on_usd, 4),
                "model_usd": None if model is None or model.cost_usd is None else model.cost_usd * sizing.companies,
            },
            "model": None if model is None else {"name": self.model_name, **msgspec.to_builtins(model)},
        }

    def describe(self) -> str:
        """Say it in lines."""
        sizing, machine = self.sizing, self.sizing.instance
        model = self.model.describe(self.model_name) if self.model else "none: no key, no calls, no cost"
        waiting = f", {sizing.waiting_seconds:.0f} s of them waiting for the model" if sizing.waiting_seconds else ""
        machine_line = (
            f"machine  {machine.name}: {machine.machine}, {machine.cpus} processors, {machine.memory_gib:g} GiB, "
            f"{machine.usd_per_hour:.2f} USD an hour (prices of {self.table.as_of}; {self.table.source})"
        )
        compute_line = (
            f"compute  {sizing.compute_usd:.4f} USD a run; {sizing.compute_usd_on_gpu:.4f} with a graphics card "
            f"({self.table.gpu.machine}), which a run does not need: it reads text, or waits for the model"
        )
        month_line = (
            f"month    {sizing.companies} companies: {sizing.month_as_jobs_usd:.2f} USD as jobs, "
            f"{sizing.month_always_on_usd:.2f} USD for a machine that is always on"
        )
        return "\n".join(
            (
                f"files    {sizing.documents} of {self.files} can be read, {sizing.megabytes:.1f} MB",
                f"time     about {sizing.seconds:.0f} s{waiting}",
                f"model    {model}",
                machine_line,
                compute_line,
                month_line,
            )
        )


def estimate_folder(
    folder: Path, submission: Submission, settings: Settings, *, table: SizingTable, companies: int
) -> FolderEstimate:
    """Read `folder` and work out what a run takes; nothing is kept and no model is asked.

    Raises NoReadableDocuments, and PermanentError for a model that cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix="casebook-") as scratch:
        storage = LocalStorage(Path(scratch))
        manifest = setup.prepare(
            submission,
            inbox=FolderInbox(folder, without=settings.outputs.absolute()),
            shared_files=None,
            storage=storage,
            reader=SandboxedReader(workers=settings.workers or None),
            progress=Silent(),
        )
        library = StoredLibrary(manifest, storage, submission.company_slug)
        model = estimate_model(settings, submission, library)
        text = sum(len(library.text(source.id)) for source in manifest.readable)
    sizing = size(
        table,
        documents=len([source for source in manifest.sources if source.text_path]),
        megabytes=sum(source.size for source in manifest.sources) / _MEGABYTE,
        megabytes_of_text=text / _MEGABYTE,
        waiting_seconds=model.seconds if model else 0.0,
        companies=companies,
    )
    return FolderEstimate(
        files=len(manifest.sources), sizing=sizing, table=table, model_name=settings.model.model, model=model
    )


def load_table(path: Path | None = None) -> SizingTable:
    """Read the classes and prices: those that are shipped, or a file of one's own. Raises PermanentError."""
    try:
        return msgspec.json.decode((path or _TABLE).read_bytes(), type=SizingTable)
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
        raise PermanentError(message) from error
    except msgspec.DecodeError as error:
        message = f"{path} does not have the form of the shipped price table: {error}"
        raise PermanentError(message) from error
