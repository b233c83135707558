"""Make the picture of the report that the README shows: ``uv run python docs/pictures/make.py``.

Needs Chromium. Runs the demo in a scratch folder and photographs the top of its HTML report.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PICTURE = Path(__file__).with_name("report.png")
WIDTH, HEIGHT = 1100, 1200
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Write the picture."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"none of these programs is installed: {', '.join(BROWSERS)}")
    with tempfile.TemporaryDirectory(prefix="casebook-picture-") as scratch:
        demo = [sys.executable, "-m", "casebook", "demo", "--json", "--quiet", "--outputs", scratch]
        done = subprocess.run(demo, check=True, capture_output=True)  # noqa: S603 - a fixed command
        page = Path(json.loads(done.stdout)["report"]["html"])
        shot = [
            browser,
            "--headless",
            "--no-sandbox",  # the page is our own and holds no script; containers have no sandbox to offer
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={scratch}/browser",
            f"--window-size={WIDTH},{HEIGHT}",
            f"--screenshot={PICTURE}",
            page.as_uri(),
        ]
        subprocess.run(shot, check=True, capture_output=True)  # noqa: S603 - a fixed command
    sys.stdout.write(f"{PICTURE} {PICTURE.stat().st_size // 1024} kB\n")


if __name__ == "__main__":
    main()
