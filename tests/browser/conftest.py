"""A real Chromium for the tests in this folder. Where there is none they are skipped, and said to be, at the end."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
AXE = Path(__file__).parents[1] / "data" / "axe-core" / "axe.min.js.gz"
PATIENCE = 60_000  # milliseconds: a busy machine is slow, and that is not what these tests look at
expect.set_options(timeout=PATIENCE)
HOW_TO_GET = "apt-get install --no-install-recommends chromium fonts-noto-core"


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser | None]:
    """One browser for this folder. Gone before other tests: Playwright keeps an event loop running in this thread."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        yield None  # `visitor` skips
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        yield browser
        browser.close()


@dataclass
class Visitor:
    """Opens pages and remembers everything that the browser complained about."""

    browser: Browser
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def page(self, *, width: int = 1280, height: int = 900, **options: Any) -> Page:  # noqa: ANN401 - Playwright's
        # Smooth scrolling would move what is about to be dropped on.
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce", **options
        )
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: self._heard(message.type, message.text))
        page.on("pageerror", lambda error: self._heard("error", str(error)))
        page.on("requestfailed", lambda request: self._foreign(request.url))
        page.on("request", lambda request: self._foreign(request.url))
        return page

    def expect_complaint(self, pattern: str) -> None:
        self.expected.append(pattern)

    def _heard(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not any(re.search(pattern, text) for pattern in self.expected):
            self.complaints.append(f"{kind}: {text}")

    def _foreign(self, address: str) -> None:
        if not address.startswith(("http://127.0.0.1:", "data:", "blob:", "about:")):
            self.complaints.append(f"request to elsewhere: {address}")


@pytest.fixture
def visitor(chromium: Browser | None) -> Iterator[Visitor]:
    if chromium is None:
        pytest.skip(f"need Chromium: {HOW_TO_GET}")
    visitor = Visitor(chromium)
    yield visitor
    for context in visitor.contexts:
        context.close()
    assert visitor.complaints == []


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], None]:
    """Return what fails when axe finds anything wrong with a page."""
    source = gzip.decompress(AXE.read_bytes()).decode()
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

    def check(page: Page) -> None:
        page.evaluate(source)
        options = {"runOnly": {"type": "tag", "values": tags}, "resultTypes": ["violations"]}
        found: Mapping[str, Any] = page.evaluate(f"axe.run(document, {json.dumps(options)})")
        wrong = [f"{rule['id']}: {node['html'][:160]}" for rule in found["violations"] for node in rule["nodes"]]
        assert wrong == [], page.url

    return check
