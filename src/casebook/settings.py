"""Settings from the environment; command-line options come before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from casebook.errors import PermanentError

DEFAULT_STATE = Path("casebook-state")
OBJECT_STORES = ("s3", "gs", "az")


def is_url(outputs: str) -> bool:
    """Tell a bucket's URL from a folder. Raises PermanentError for a URL of another kind."""
    scheme, mark, rest = outputs.partition("://")
    if not mark:
        return False
    if scheme not in OBJECT_STORES or not rest.strip("/"):
        message = "CASEBOOK_OUTPUTS is a folder, or the URL of a bucket: s3://bucket/prefix, gs://… or az://…"
        raise PermanentError(message)
    return True


@dataclass(frozen=True, slots=True)
class Settings:
    """What a deployment may choose."""

    outputs: Path = Path("outputs")  # CASEBOOK_OUTPUTS: where everything is written
    catalogue: Path | None = None  # CASEBOOK_CATALOGUE: a catalogue of your own
    with_built_in: bool = False  # CASEBOOK_CATALOGUE_MODE=add: the own catalogue and the built-in one
    workers: int = 0  # CASEBOOK_WORKERS: processes that read files; 0 is one for each core
    database: str = "sqlite"  # CASEBOOK_DATABASE: files in the outputs folder, or a postgresql:// URL
    runs_at_once: int = 2  # CASEBOOK_RUNS_AT_ONCE: of one worker; more wait for the same cores
    runs_per_hour: int = 0  # CASEBOOK_RUNS_PER_HOUR: started by all workers together; 0 is no limit
    max_waiting: int = 10_000  # CASEBOOK_MAX_WAITING: runs; further submissions are asked to come later
    lease_seconds: int = 30  # CASEBOOK_LEASE_SECONDS: after which a silent worker's runs go to another
    keep_queue_days: int = 0  # CASEBOOK_KEEP_QUEUE_DAYS: for ended runs in the queue's tables; 0 is for ever
    outputs_url: str = ""  # CASEBOOK_OUTPUTS=s3://bucket/prefix, gs:// or az://: `outputs` is then the state folder
    state: Path | None = None  # CASEBOOK_STATE: what a machine keeps for itself when the outputs are in a bucket

    def at(self, outputs: str) -> Settings:
        """Return these settings with other outputs: a folder, or a bucket's URL."""
        if not is_url(outputs):
            return replace(self, outputs=Path(outputs), outputs_url="")
        return replace(self, outputs=self.state or DEFAULT_STATE, outputs_url=outputs.rstrip("/"))

    def place(self, key: str) -> str:
        """Say where a person finds what is kept under `key`."""
        return f"{self.outputs_url}/{key}" if self.outputs_url else str(self.outputs / key)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings. Raises PermanentError, naming the variable and what it takes."""
        mode = environment.get("CASEBOOK_CATALOGUE_MODE", "replace")
        if mode not in {"replace", "add"}:
            message = "CASEBOOK_CATALOGUE_MODE is 'replace' or 'add'"
            raise PermanentError(message)
        database = environment.get("CASEBOOK_DATABASE") or "sqlite"
        if database != "sqlite" and not database.startswith(("postgresql://", "postgres://")):
            message = "CASEBOOK_DATABASE is 'sqlite' or a postgresql:// URL"
            raise PermanentError(message)
        catalogue = environment.get("CASEBOOK_CATALOGUE")
        state = environment.get("CASEBOOK_STATE")
        return cls(
            state=Path(state) if state else None,
            catalogue=Path(catalogue) if catalogue else None,
            with_built_in=mode == "add",
            workers=_number(environment, "CASEBOOK_WORKERS", 0, says="0 means one for each core"),
            database=database,
            runs_at_once=_number(environment, "CASEBOOK_RUNS_AT_ONCE", 2, at_least=1),
            runs_per_hour=_number(environment, "CASEBOOK_RUNS_PER_HOUR", 0, says="0 means no limit"),
            max_waiting=_number(environment, "CASEBOOK_MAX_WAITING", 10_000, at_least=1),
            lease_seconds=_number(environment, "CASEBOOK_LEASE_SECONDS", 30, at_least=1),
            keep_queue_days=_number(environment, "CASEBOOK_KEEP_QUEUE_DAYS", 0, says="0 means for ever"),
        ).at(environment.get("CASEBOOK_OUTPUTS") or "outputs")


def _number(environment: Mapping[str, str], name: str, default: int, *, at_least: int = 0, says: str = "") -> int:
    value = environment.get(name) or str(default)
    if not (value.isascii() and value.isdigit()) or int(value) < at_least:
        message = f"{name} is a whole number{f' from {at_least}' if at_least else ''}{'; ' if says else ''}{says}"
        raise PermanentError(message)
    return int(value)
