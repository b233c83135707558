"""What runs cost: wall clock, processor time and memory of whole processes, and how they grow.

    python -m benchmarks.speed [RUNS]

Medians over 5 runs after one that warms the disk's cache; each run writes to a new outputs folder.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median

from benchmarks.generated import five_documents, handbook, long_pdf
from benchmarks.runs import Cost, casebook, measure, scratch, typical

RUNS = 5
HANDBOOK_FILES, HANDBOOK_CHARACTERS = 900, 6_700
PDF_PAGES = 200
SCALE = (10, 100, 1000)


def main(runs: int) -> None:
    """Print one line a scenario."""
    print(f"{'scenario':<38} {'wall s':>8} {'cpu s':>8} {'largest MB':>11} {'together MB':>12}")
    _show("python -c pass", typical([sys.executable, "-c", "pass"], runs))
    _show("import casebook", typical([sys.executable, "-c", "import casebook"], runs))
    _show("casebook --help", typical(casebook("--help"), runs))
    _show("5 documents, 100 kB", _documents(lambda folder: five_documents(folder, 100_000), runs))
    cost = _documents(lambda folder: handbook(folder, HANDBOOK_FILES, HANDBOOK_CHARACTERS), runs)
    _show(f"handbook, {HANDBOOK_FILES} files, 6 MB", cost, HANDBOOK_FILES, "files")
    cost = _documents(lambda folder: long_pdf(folder / "handbook.pdf", PDF_PAGES), runs)
    _show(f"PDF, {PDF_PAGES} pages", cost, PDF_PAGES, "pages")
    _scaling(runs)


def _scaling(runs: int) -> None:
    costs = []
    for files in SCALE:
        cost = _documents(lambda folder, files=files: handbook(folder, files, HANDBOOK_CHARACTERS), runs)  # type: ignore[misc]
        _show(f"{files} Markdown files of 6.7 kB", cost, files, "files")
        costs.append(cost)
    for (fewer, less), (more, rest) in pairwise(zip(SCALE, costs, strict=True)):
        wall, cpu = rest.wall / less.wall, rest.cpu / less.cpu
        print(f"{fewer} -> {more} files: {wall:.1f} times the wall clock, {cpu:.1f} times the processor time")


def _documents(write: Callable[[Path], None], runs: int) -> Cost:
    """Write documents once and run the program on them several times."""
    with scratch() as documents:
        write(Path(documents))
        first = _run(Path(documents), sample=True)
        costs = [_run(Path(documents)) for _ in range(runs)]
    return Cost(
        median(cost.wall for cost in costs),
        median(cost.cpu for cost in costs),
        median(cost.largest for cost in costs),
        first.together,
    )


def _run(documents: Path, *, sample: bool = False) -> Cost:
    with scratch() as outputs:
        command = casebook("run", documents, "--company", "Speed", "--use-cases", "12", "--quiet", "--outputs", outputs)
        return measure(command, sample=sample)


def _show(name: str, cost: Cost, parts: int = 0, unit: str = "") -> None:
    rate = f"   {parts / cost.wall:.0f} {unit}/s" if parts else ""
    print(
        f"{name:<38} {cost.wall:>8.2f} {cost.cpu:>8.2f} {cost.largest:>11.0f} {cost.together:>12.0f}{rate}", flush=True
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS)
