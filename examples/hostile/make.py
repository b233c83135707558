"""Build the hostile folder: ``python examples/hostile/make.py DIR``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.data.hostile_files import build

if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004
        sys.exit("usage: python examples/hostile/make.py DIR")
    for name, outcome in build(Path(sys.argv[1])).items():
        print(f"{outcome:8} {name!r}")  # noqa: T201
