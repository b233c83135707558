"""Quote verification on the planted set: accepted of n for each class, and the time it takes.

python -m benchmarks.quotes
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence

from benchmarks.planted import TRUE_CLASSES, Planted, planted_quotes
from casebook.domain.quote import FoldedText, Quote
from casebook.errors import QuoteNotFound

GOAL_MS = 0.05


def main() -> None:
    """Print one line a class."""
    by_kind: dict[str, list[Planted]] = defaultdict(list)
    for case in planted_quotes():
        by_kind[case.kind].append(case)
    folded = {case.passage.id: FoldedText(case.passage.text) for case in planted_quotes()}
    print(f"{'class':<16} {'accepted':>13} {'wanted':>7} {'ms, cut':>9} {'ms, find in folded text':>25}")
    for kind, cases in by_kind.items():
        accepted, cutting = _timed(cases, lambda case: Quote.cut(case.words, case.passage))
        _, finding = _timed(cases, lambda case: folded[case.passage.id].find(case.words))
        wanted = "all" if kind in TRUE_CLASSES else "0"
        print(f"{kind:<16} {accepted:>6}/{len(cases):<6} {wanted:>7} {cutting:>9.4f} {finding:>25.4f}")
    cases = list(planted_quotes())
    _, cutting = _timed(cases, lambda case: Quote.cut(case.words, case.passage))
    _, finding = _timed(cases, lambda case: folded[case.passage.id].find(case.words))
    print(f"{'all':<16} {'':>13} {'':>7} {cutting:>9.4f} {finding:>25.4f}")
    print(f"goal {GOAL_MS} ms: cut {cutting / GOAL_MS:.1f} of it, find {finding / GOAL_MS:.1f} of it (CPU time)")


def _timed(cases: Sequence[Planted], verify: Callable[[Planted], object]) -> tuple[int, float]:
    """Return how many cases were accepted, and the CPU milliseconds for each."""
    accepted = 0
    begun = time.process_time()
    for case in cases:
        try:
            verify(case)
        except QuoteNotFound:
            continue
        accepted += 1
    return accepted, (time.process_time() - begun) / len(cases) * 1000


if __name__ == "__main__":
    main()
