"""Settings from the environment; command-line options come before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from casebook.errors import PermanentError


@dataclass(frozen=True, slots=True)
class Settings:
    """What a deployment may choose."""

    outputs: Path = Path("outputs")  # CASEBOOK_OUTPUTS: where everything is written
    catalogue: Path | None = None  # CASEBOOK_CATALOGUE: a catalogue of your own
    with_built_in: bool = False  # CASEBOOK_CATALOGUE_MODE=add: the own catalogue and the built-in one
    workers: int = 0  # CASEBOOK_WORKERS: processes that read files; 0 is one for each core

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings. Raises PermanentError, naming the variable and what it takes."""
        mode = environment.get("CASEBOOK_CATALOGUE_MODE", "replace")
        if mode not in {"replace", "add"}:
            message = "CASEBOOK_CATALOGUE_MODE is 'replace' or 'add'"
            raise PermanentError(message)
        workers = environment.get("CASEBOOK_WORKERS", "0")
        if not workers.isdigit():
            message = "CASEBOOK_WORKERS is a whole number; 0 means one for each core"
            raise PermanentError(message)
        catalogue = environment.get("CASEBOOK_CATALOGUE")
        return cls(
            outputs=Path(environment.get("CASEBOOK_OUTPUTS") or "outputs"),
            catalogue=Path(catalogue) if catalogue else None,
            with_built_in=mode == "add",
            workers=int(workers),
        )
