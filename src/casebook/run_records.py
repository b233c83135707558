"""The records of runs, kept as files in each company's debug folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from casebook.domain.run import Folder, Run, RunStatus
from casebook.ports import Storage


class RunRecords(msgspec.Struct, frozen=True):
    """Writes and finds run records in `storage`."""

    storage: Storage

    def write(self, run: Run) -> None:
        """Keep the record of `run`, replacing the one before."""
        data = msgspec.json.format(msgspec.json.encode(run), indent=1)
        self.storage.write(f"{run.company_slug}/{Folder.DEBUG}/run_{run.id}.json", data)

    def of_company(self, company_slug: str) -> Sequence[Run]:
        """Return the company's runs, newest first."""
        return sorted(
            self._read(f"{company_slug}/{Folder.DEBUG}"), key=lambda run: (run.started_at, run.id), reverse=True
        )

    def all(self) -> Sequence[Run]:
        """Return all runs, newest first."""
        slugs = {key.split("/", 1)[0] for key in self.storage.keys("") if f"/{Folder.DEBUG}/run_" in key}
        return sorted(
            (run for slug in slugs for run in self.of_company(slug)),
            key=lambda run: (run.started_at, run.id),
            reverse=True,
        )

    def find_in(self, company_slug: str, run_id: str) -> Run | None:
        """Find a run of a company by its id."""
        key = f"{company_slug}/{Folder.DEBUG}/run_{run_id}.json"
        return self._record(key) if self.storage.exists(key) else None

    def find(self, run_id: str) -> Run | None:
        """Find a run by its id."""
        return next((run for run in self.all() if run.id == run_id), None)

    def _read(self, folder: str) -> Iterator[Run]:
        for key in self.storage.keys(folder):
            run = self._record(key) if key.rsplit("/", 1)[-1].startswith("run_") else None
            if run:
                yield run

    def _record(self, key: str) -> Run | None:
        """Read a record; one that cannot be read (of another version, changed by hand) is shown as failed, not hidden.

        An empty one is as if it were not there: a power cut left its name and not its content.
        """
        data = self.storage.read(key)
        if not data:
            return None
        try:
            return msgspec.json.decode(data, type=Run)
        except msgspec.DecodeError as error:
            slug = key.split("/", 1)[0]
            return Run(
                id=key.rsplit("/run_", 1)[-1].removesuffix(".json"),
                company_name=slug,
                company_slug=slug,
                inputs_digest="",
                status=RunStatus.FAILED,
                started_at="",
                error=f"its record cannot be read: {error}",
            )
