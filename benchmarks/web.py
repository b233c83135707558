"""The pages: processor and server time, weight, and time from a click to the highlighted source.

``uv run python -m benchmarks.web [REQUESTS]``, with Chromium for the last figure. Works on the bundled example, in a
scratch folder, on loopback. Server and client are one process, so the times hold a little of the client's own.
"""

from __future__ import annotations

import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests import demo_run
from tests.front_door import Door, open_door

PAGE = {"Accept": "text/html", "Accept_Encoding": "gzip"}
GOAL_BYTES = 60_000
GOAL_SECONDS = 0.3
CLICKS = 12

# From the click until the pane shows the quote's marks and the page's picture is there.
_CLICK = """
quote => new Promise((resolve, reject) => {
  const pane = document.getElementById("pane");
  const began = performance.now();
  const shown = () => {
    const title = pane.querySelector("#source-title .cite");
    if (!title || title.textContent !== quote) return;
    const picture = pane.querySelector("image");
    const done = () => resolve((performance.now() - began) / 1000);
    if (!picture) { done(); return; }
    const loading = new Image();
    loading.onload = done;
    loading.onerror = () => reject(new Error("no picture"));
    loading.src = picture.getAttribute("href");
  };
  new MutationObserver(shown).observe(pane, { childList: true });
  document.querySelector(`article .cite[data-quote="${quote}"]`).click();
})
"""


def main(arguments: Sequence[str]) -> None:
    """Print the figures."""
    requests = int(arguments[0]) if arguments else 30
    with tempfile.TemporaryDirectory(prefix="casebook-web-") as scratch, open_door(Path(scratch), embedders=[]) as door:
        run_id, _ = demo_run.submit(door)
        demo_run.work_on(door, run_id)
        print(f"{'page':<28}{'median ms':>10}{'CPU ms':>8}{'sent kB':>9}{'unpacked kB':>13}")
        report = door.ask("GET", f"/runs/{run_id}/report/json").json
        for name, address in _addresses(run_id, report):
            _measure(door, name, address, requests)
        page = door.ask("GET", f"/runs/{run_id}/report", **PAGE)
        total = len(page.body) + _assets(door, run_id)
        print(f"report with style and script, sent: {total / 1000:.1f} kB (goal {GOAL_BYTES / 1000:.0f})")
        _clicks(door, run_id, [quote["id"] for quote in report["quotes"] if quote["locator"]["page"]])


def _addresses(run_id: str, report: Mapping[str, Any]) -> list[tuple[str, str]]:
    run = f"/runs/{run_id}"
    on_page = next(quote for quote in report["quotes"] if quote["locator"]["page"])
    in_row = next(quote for quote in report["quotes"] if quote["locator"]["row"])
    return [
        ("form", "/"),
        ("run", run),
        ("report", f"{run}/report"),
        ("report, filtered", f"{run}/report?q=order"),
        ("source, PDF", f"{run}/sources/{on_page['source_id']}?q={on_page['id']}&part=pane"),
        ("source, row", f"{run}/sources/{in_row['source_id']}?q={in_row['id']}&part=pane"),
        ("page of a PDF, kept", f"{run}/sources/{on_page['source_id']}/pages/{on_page['locator']['page']}.png"),
        ("runs", "/runs"),
    ]


def _measure(door: Door, name: str, address: str, requests: int) -> None:
    headers = PAGE if not address.endswith(".png") else {}
    packed = door.ask("GET", address, **headers)
    plain = door.ask("GET", address, **{**headers, "Accept_Encoding": "identity"})
    if packed.status != 200:  # noqa: PLR2004 - it must work to be measured
        message = f"{address}: {packed.status}"
        raise SystemExit(message)
    walls = []
    began = time.process_time()
    for _ in range(requests):
        start = time.perf_counter()
        door.ask("GET", address, **headers)
        walls.append(time.perf_counter() - start)
    used = (time.process_time() - began) / requests
    print(
        f"{name:<28}{1000 * statistics.median(walls):>10.1f}{1000 * used:>8.1f}"
        f"{len(packed.body) / 1000:>9.1f}{len(plain.body) / 1000:>13.1f}"
    )


def _assets(door: Door, run_id: str) -> int:
    page = door.ask("GET", f"/runs/{run_id}/report", **{**PAGE, "Accept_Encoding": "identity"}).body.decode()
    return sum(
        len(door.ask("GET", address, Accept_Encoding="gzip").body)
        for address in set(re.findall(r'"(/static/[^"]+)"', page))
    )


def _clicks(door: Door, run_id: str, quotes: Sequence[str]) -> None:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        print("click to highlighted source: not measured, there is no Chromium")
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{door.port}/runs/{run_id}/report")
        taken = _click_through(page, quotes[:CLICKS])
        browser.close()
    print(
        f"click to highlighted source, with its picture: median {statistics.median(taken):.3f} s, "
        f"slowest of {len(taken)} {max(taken):.3f} s (goal {GOAL_SECONDS} s, warm)"
    )


def _click_through(page: Page, quotes: Sequence[str]) -> list[float]:
    """Open quotes on pages of PDFs in turn; the first round warms worker and pictures up."""
    for quote in quotes:
        page.evaluate(_CLICK, quote)
    return [float(page.evaluate(_CLICK, quote)) for quote in quotes]


if __name__ == "__main__":
    main(sys.argv[1:])
