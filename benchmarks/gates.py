"""Ship gates, recall and precision on every company; and whether two runs write the same report.

    python -m benchmarks.gates [FOLDER ...]

Without folders: the two examples, and the companies under benchmarks/corpora, which are there for measuring only.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.runs import COMPANIES, run_company, scratch
from casebook.evaluation import Labelled, Measured, evaluate_folder
from casebook.settings import Settings

_VARYING = ("id", "created_at", "seconds")  # what may differ between two runs over the same input


def main(folders: Sequence[Path]) -> int:
    """Print one line a company; return 1 when a gate is missed or two runs differ."""
    head = ("quotes", "exact", "numbers", "ground", "invent", "inject", "cases", "recall", "prec.", "contra", "dupl.")
    print(f"{'company':<24}", *(f"{name:>8}" for name in head), "  same twice")
    labelled: list[Labelled] = []
    failed = False
    for folder in folders:
        measured = evaluate_folder(folder, Settings())
        same = _is_same_twice(folder)
        print(f"{folder.name:<24}", *(f"{figure:>8}" for figure in _figures(measured)), f"  {'yes' if same else 'NO'}")
        failed |= not (measured.passed and same)
        if measured.labelled:
            labelled.append(measured.labelled)
    _print_sums(labelled)
    print("ship gates:", "BELOW" if failed else "passed")
    return int(failed)


def _figures(measured: Measured) -> tuple[str, ...]:
    gates, content, labelled = measured.gates, measured.content, measured.labelled
    return (
        str(gates.quotes),
        _shown(gates.quote_exactness),
        _shown(gates.number_fidelity),
        _shown(gates.grounding),
        str(gates.invented_sources),
        f"{len(measured.injected)}/{measured.absent}",
        str(content.use_cases),
        _shown(labelled.recall if labelled else None),
        _shown(labelled.precision if labelled else None),
        f"{labelled.contradictions_found}/{labelled.contradictions}" if labelled else "-",
        _shown(content.duplication),
    )


def _print_sums(labelled: Sequence[Labelled]) -> None:
    recalls = [one.recall for one in labelled if one.recall is not None]
    precisions = [one.precision for one in labelled if one.precision is not None]
    if recalls and precisions:
        print(f"mean recall {mean(recalls):.3f} (goal 0.85), mean precision {mean(precisions):.3f} (goal 0.80)")
        print("not found:", ", ".join(need for one in labelled for need in one.missed) or "none")


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _is_same_twice(folder: Path) -> bool:
    """Run twice, in outputs folders and processes of their own, with different hash seeds."""
    written: list[str] = []
    for seed in ("1", "2"):
        with scratch() as outputs:
            report = run_company(folder, Path(outputs), PYTHONHASHSEED=seed)
            written.append(without_varying(report.read_text(encoding="utf-8")))
    return written[0] == written[1]


def without_varying(text: str) -> str:
    """Replace the run's id and times where they stand, and leave all other bytes as they are."""
    run: dict[str, Any] = json.loads(text)["run"]
    for name in _VARYING:
        line = rf'("{name}": ){re.escape(json.dumps(run[name]))}'
        text = re.sub(line, r"\1null", text, count=1)
    return text


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]] or COMPANIES))
