"""The program as a process: start it, wait for it, cut it off, look at what it left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

SABOTAGE = Path(__file__).with_name("sabotage.py")


@dataclass(frozen=True)
class Ended:
    """How a process ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def object(self) -> dict[str, Any]:
        """The one JSON object on stdout; more or less than one fails."""
        loaded: dict[str, Any] = json.loads(self.out)
        return loaded

    @property
    def message(self) -> str:
        """The one error message on stderr."""
        (line,) = [line for line in self.err.splitlines() if line.startswith("Error: ")]
        return line.removeprefix("Error: ")


@dataclass(frozen=True)
class Program:
    """Casebook with an outputs folder, a folder for scratch and a working directory of its own."""

    root: Path
    outputs: Path
    place: ClassVar[str] = ""  # where everything is written if not in `outputs`
    environment: ClassVar[Mapping[str, str]] = {}

    @property
    def scratch(self) -> Path:
        """The only temp folder that the processes know."""
        return self.root / "scratch"

    def start(
        self, *arguments: str | Path, sabotage: Iterable[str] = (), env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start a command; `sabotage` says where the process harms itself, see sabotage.py."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        entry = [str(SABOTAGE), *sabotage, "--"] if sabotage else ["-m", "casebook"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CASEBOOK_")}
        return subprocess.Popen(
            [sys.executable, *entry, *(os.fspath(argument) for argument in arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="surrogateescape",
            cwd=self.root,
            env={
                **kept,
                "TMPDIR": str(self.scratch),
                "CASEBOOK_OUTPUTS": self.place or str(self.outputs),
                **self.environment,
                **(env or {}),
            },
        )

    def __call__(
        self, *arguments: str | Path, sabotage: Iterable[str] = (), env: Mapping[str, str] | None = None
    ) -> Ended:
        """Run a command to its end."""
        return wait(self.start(*arguments, sabotage=sabotage, env=env))

    def run(self, folder: str | Path, company: str = "Brook Parts Ltd", *more: str | Path) -> Ended:
        """Run on `folder` with --json."""
        return self("run", folder, "--company", company, "--json", *more)

    def records(self) -> list[dict[str, Any]]:
        """All run records, oldest first."""
        return [json.loads(path.read_bytes()) for path in sorted(self.outputs.glob("*/debug/run_*.json"))]


def wait(process: subprocess.Popen[str], seconds: float = 90) -> Ended:
    """Wait for the end of a process; one that does not end is killed and fails the test."""
    with process:
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert "Traceback" not in err, err
    return Ended(process.returncode, out, err)


def report_of(ended: Ended) -> dict[str, Any]:
    """The report that a run with --json wrote."""
    assert ended.code == 0, ended.err
    report: dict[str, Any] = json.loads(Path(ended.object["report"]["json"]).read_bytes())
    return report


def stripped(report: Path | str) -> bytes:
    """The bytes of report.json without the three lines that may differ between runs over the same input."""
    lines = Path(report).read_bytes().splitlines(keepends=True)
    run = json.loads(b"".join(lines))["run"]
    varying = [f'"{name}": {json.dumps(run[name])}'.encode() for name in ("id", "created_at", "seconds")]
    kept = [line for line in lines if line.strip().rstrip(b",") not in varying]
    assert len(kept) == len(lines) - len(varying)
    return b"".join(kept)


def files_below(folder: Path) -> list[str]:
    """All files and folders below `folder`, hidden ones too."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
