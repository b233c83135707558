"""Runs of the program as a user makes them, each in a process of its own, and what they cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = (ROOT / "src" / "casebook" / "demo", ROOT / "examples" / "harrow_vale")
COMPANIES = (*EXAMPLES, *sorted((ROOT / "benchmarks" / "corpora" / "companies").iterdir()))
HELD_OUT = tuple(sorted((ROOT / "benchmarks" / "corpora" / "held_out").iterdir()))  # measured, never looked at

_SAMPLE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process and those it started cost."""

    wall: float  # seconds
    cpu: float  # seconds, user and system
    largest: float  # MB, peak of the largest process
    together: float  # MB, peak of all processes at one time (proportional set size); 0 where it cannot be told


def casebook(*arguments: str | Path) -> list[str]:
    """Return the command line of the program."""
    return [sys.executable, "-m", "casebook", *map(str, arguments)]


def measure(command: Sequence[str], *, sample: bool = False, **environment: str) -> Cost:
    """Run a command and return its cost; sampling the memory of all its processes slows it down a little."""
    begun = time.monotonic()
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **environment},
        cwd=ROOT,
    )
    peak = _Peak(process.pid)
    if sample:
        peak.start()
    _, status, usage = os.wait4(process.pid, 0)  # with the processes it waited for, and no others
    wall = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    peak.done.set()
    if process.returncode:
        message = f"exit code {process.returncode}: {' '.join(command)}"
        raise RuntimeError(message)
    kilobyte = 1 if sys.platform == "darwin" else 1024
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * kilobyte / 1e6, peak.bytes / 1e6)


def typical(command: Sequence[str], runs: int) -> Cost:
    """Return the medians over some runs, after one that warms the disk's cache, in which the memory is sampled."""
    first = measure(command, sample=True)
    costs = [measure(command) for _ in range(runs)]
    return Cost(
        median(cost.wall for cost in costs),
        median(cost.cpu for cost in costs),
        median(cost.largest for cost in costs),
        first.together,
    )


class _Peak(threading.Thread):
    """Samples the memory of a process and all below it."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.bytes = 0
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.wait(_SAMPLE_SECONDS):
            self.bytes = max(self.bytes, _memory(self.pid))


def _memory(pid: int) -> int:
    """Return the bytes of a process and of those below it; shared pages are shared out."""
    total = 0
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        total = sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        total += sum(_memory(int(child)) for child in children)
    return total


def run_company(folder: Path, outputs: Path, **environment: str) -> Path:
    """Run the program on a folder with submission.json and documents/; return the path of its report.json."""
    fields: dict[str, Any] = json.loads((folder / "submission.json").read_text(encoding="utf-8"))
    command = casebook(
        "run",
        folder / "documents",
        "--company",
        fields["company_name"],
        "--description",
        fields.get("company_description", ""),
        "--use-cases",
        str(fields.get("use_cases_count", 7)),
        "--readiness",
        str(fields.get("readiness_score", 50)),
        "--readiness-category",
        fields.get("readiness_category", ""),
        "--expectations",
        fields.get("report_expectations", ""),
        "--outputs",
        outputs,
        "--json",
        "--quiet",
    )
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **environment})
    return Path(json.loads(done.stdout)["report"]["json"])


def scratch() -> tempfile.TemporaryDirectory[str]:
    """Return a folder that is removed afterwards."""
    return tempfile.TemporaryDirectory(prefix="casebook-benchmark-")
