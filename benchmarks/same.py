"""Whether two checkouts write the same reports: for changes that are to cost less and change nothing.

    python -m benchmarks.same OTHER_CHECKOUT [FOLDER ...]

Runs each company with the code of OTHER_CHECKOUT and with this one, and compares report.json byte by byte, apart from
the run's id and times. Without folders: the companies that `gates` runs, five generated documents and a handbook.
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from benchmarks.gates import without_varying
from benchmarks.generated import five_documents, handbook
from benchmarks.runs import COMPANIES, ROOT, run_company, scratch

_LINES_SHOWN = 12


def main(other: Path, folders: Sequence[Path]) -> int:
    """Print one line a company; return 1 when a report differs."""
    differing = 0
    with _generated() as generated:
        for folder in folders or (*COMPANIES, *generated):
            before, after = (_report(folder, root) for root in (other, ROOT))
            print(f"{folder.name:<24} {'same' if before == after else 'DIFFERS'}", flush=True)
            if before != after:
                differing += 1
                lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
                print("\n".join(f"    {line}" for line in islice(lines, _LINES_SHOWN)))
    return int(differing > 0)


def _report(folder: Path, root: Path) -> str:
    with scratch() as outputs:
        report = run_company(folder, Path(outputs), PYTHONPATH=str(root / "src"))
        return without_varying(report.read_text(encoding="utf-8"))


@contextmanager
def _generated() -> Iterator[tuple[Path, ...]]:
    """Lend folders that look like companies, one with five formats and one with many files."""
    with scratch() as root:
        folders = (Path(root, "five_documents"), Path(root, "handbook"))
        for folder in folders:
            (folder / "documents").mkdir(parents=True)
            (folder / "submission.json").write_text(json.dumps({"company_name": folder.name, "use_cases_count": 12}))
        five_documents(folders[0] / "documents", 100_000)
        handbook(folders[1] / "documents", 60, 6_700)
        yield folders


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), [Path(name) for name in sys.argv[2:]]))
