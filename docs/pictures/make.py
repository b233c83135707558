"""Make the pictures that the README shows: ``uv run python docs/pictures/make.py``.

Needs Chromium. Serves the bundled example in a scratch folder, takes it through the form as a person does, and
photographs what that person sees.
"""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page, sync_playwright

import casebook

FOLDER = Path(__file__).parent
DEMO = Path(casebook.__file__).parent / "demo"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT = 1200, 760
_PICTURE_IS_THERE = """
() => new Promise(resolve => {
  const picture = new Image();
  picture.onload = resolve;
  picture.src = document.querySelector("#pane image").getAttribute("href");
})
"""


def main() -> None:
    """Write the pictures."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"none of these programs is installed: {', '.join(BROWSERS)}")
    with (
        tempfile.TemporaryDirectory(prefix="casebook-picture-") as scratch,
        serving(Path(scratch)) as address,
        sync_playwright() as playwright,
    ):
        chromium = playwright.chromium.launch(executable_path=browser)
        page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        tour(page, address)
        chromium.close()


def tour(page: Page, address: str) -> None:
    """Go from the form to a highlighted source."""
    fields = json.loads((DEMO / "submission.json").read_text("utf-8"))
    page.goto(address)
    for name in ("company_name", "company_description", "use_cases_count", "readiness_score", "readiness_category"):
        page.fill(f"#{name}", str(fields[name]))
    page.set_input_files("#files", [str(path) for path in sorted((DEMO / "documents").rglob("*")) if path.is_file()])
    page.wait_for_selector("#list [data-state=done] >> nth=17")
    page.locator("#drop").scroll_into_view_if_needed()
    photograph(page, "form")
    page.click("#send")
    page.wait_for_url("**/submitted")
    page.click("main a.button.main")
    page.wait_for_selector(".job[data-status=running]")
    photograph(page, "run")
    page.wait_for_selector("text=The report is ready", timeout=120_000)
    page.click("text=Open the report")
    page.wait_for_selector("#u1")
    photograph(page, "report")
    on_a_page(page, address).click()
    page.wait_for_selector("#pane .mark", state="attached")
    page.evaluate(_PICTURE_IS_THERE)
    page.wait_for_timeout(500)  # to be painted
    photograph(page, "source")


def on_a_page(page: Page, address: str) -> Locator:
    """Find a use case's citation that stands on a page of a PDF."""
    for cite in page.locator("article.case blockquote .cite").all():
        source = page.request.get(f"{address}{cite.get_attribute('href')}", headers={"Accept": "text/html"})
        if 'class="mark"' in source.text():
            return cite
    sys.exit("no use case quotes a PDF")


def photograph(page: Page, name: str) -> None:
    """Write what the page shows."""
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path)
    sys.stdout.write(f"{path} {path.stat().st_size // 1024} kB\n")


@contextmanager
def serving(outputs: Path) -> Iterator[str]:
    """Run the program and lend its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "casebook", "serve", "--outputs", str(outputs / "outputs"), "--port", str(port)]
    program = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own
    try:
        while not _answers(port):
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        program.send_signal(signal.SIGINT)
        program.wait(timeout=60)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    main()
