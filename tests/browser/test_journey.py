"""From the dropped files to the highlighted words, in a real browser on the real program."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

import pypdfium2
import pytest
from playwright.sync_api import Page, expect

from tests import demo_run
from tests.acceptance.program import Program
from tests.browser.conftest import Visitor

DOCUMENTS = demo_run.DEMO / "documents"
FILES = sum(path.is_file() for path in DOCUMENTS.rglob("*"))


@dataclass
class Served:
    """`casebook serve` on a port of its own; it can be killed and started again."""

    program: Program
    port: int
    process: Popen[str] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def end(self, how: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(how)
        self.process.communicate(timeout=60)

    def start(self) -> None:
        self.process = self.program.start("serve", "--port", str(self.port))
        deadline = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < deadline
            assert self.process.poll() is None, self.process.communicate()[1]
            time.sleep(0.1)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/health/live")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, chromium: object) -> Iterator[Served | None]:
    if chromium is None:
        yield None
        return
    root = tmp_path_factory.mktemp("served")
    program = Program(root=root, outputs=root / "outputs")
    served = Served(program, _free_port())
    served.start()
    yield served
    served.end(signal.SIGINT)


def drop(page: Page, paths: Sequence[Path]) -> None:
    """Drag files and folders from the desktop onto the form, as a person does."""
    session = page.context.new_cdp_session(page)
    zone = page.locator("#drop")
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}

    def drag(*kinds: str) -> None:
        zone.scroll_into_view_if_needed()
        box = zone.bounding_box()
        assert box is not None
        place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + 30}
        for kind in kinds:
            session.send("Input.dispatchDragEvent", {"type": kind, "data": data, **place})

    drag("dragEnter")
    deadline = time.monotonic() + 30
    while "over" not in (zone.get_attribute("class") or ""):  # a person lets go when the zone lights up
        assert time.monotonic() < deadline, "the form does not take what is dragged over it"
        drag("dragOver")
        page.wait_for_timeout(50)
    drag("dragOver", "drop")
    session.detach()


@pytest.fixture(scope="module")
def finished(served: Served | None, chromium: Any) -> str:  # noqa: ANN401 - a browser, or none
    """Submit the example by drag and drop, watch the run live, and return its address."""
    if served is None:
        return ""
    visitor = Visitor(chromium)
    page = visitor.page()
    page.goto(served.address)
    page.get_by_label("Name required").fill("Nordwerk Pumpen GmbH")
    page.get_by_label("What does it do?").fill(str(demo_run.FIELDS["company_description"]))
    page.get_by_label("Use cases").fill("12")
    page.get_by_label("Own readiness score").fill("71")
    drop(page, sorted(path for path in DOCUMENTS.iterdir()))
    expect(page.locator("#said")).to_have_text(f"{FILES} of {FILES} files kept")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/submitted")
    expect(page.locator("h1")).to_have_text("Your submission is kept")
    expect(page.locator("#code")).to_contain_text("CONF_")
    page.get_by_role("link", name="Watch the run").click()
    page.wait_for_url("**/runs/*")
    address = page.url
    page.evaluate("document.documentElement.dataset.loaded = 'once'")
    expect(page.locator("#standing")).to_have_text("The report is ready", timeout=120_000)
    assert page.evaluate("document.documentElement.dataset.loaded") == "once"  # it came live, the page stayed
    assert page.locator(".job[data-status=done]").count() == 4
    assert page.locator("[data-outcome=read]").count() == FILES - 1
    assert page.locator("[data-outcome=partial]").count() == 1  # what no reader of that page sees is left out
    assert page.locator("bdi", has_text="01 Vertrieb & Service/").count() > 0  # folders kept their names
    visitor.contexts[0].close()
    assert visitor.complaints == []
    return address


def report_of(page: Page, address: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.request.get(f"{address}/report/json").body())
    return found


def squeezed(text: str) -> str:
    return "".join(text.split())


def words_under_marks(page: Page, pdf: Path, number: int) -> str:
    """Return what stands on the PDF's page under the rectangles that the browser shows."""
    document = pypdfium2.PdfDocument(pdf)
    text_page = document[number - 1].get_textpage()
    height = document[number - 1].get_height()
    words = ""
    for mark in page.locator("#pane .page .mark").all():
        x, y, width, high = (float(mark.get_attribute(name) or 0) for name in ("x", "y", "width", "height"))
        # The rectangle is drawn a point wider on each side.
        words += text_page.get_text_bounded(x + 1, height - y - high + 1, x + width - 1, height - y - 1)
    text_page.close()
    document.close()
    return squeezed(words)


def test_five_citations_open_their_sources_at_their_very_words(visitor: Visitor, served: Served, finished: str) -> None:
    page = visitor.page(width=1440)
    page.goto(f"{finished}/report")
    report = report_of(page, finished)
    sources = {source["id"]: source for source in report["sources"]}
    kinds: dict[str, dict[str, Any]] = {}
    for quote in report["quotes"]:
        place = next(name for name, value in [*quote["locator"].items(), ("text", 1)] if value)
        kinds.setdefault(f"{sources[quote['source_id']]['media_type']} {place}", quote)
    chosen = list(kinds.values())
    assert len(chosen) >= 5
    assert {"page", "slide", "row"} <= {name for quote in chosen for name, value in quote["locator"].items() if value}
    page.evaluate("for (const found of document.querySelectorAll('details')) found.open = true")
    for quote in chosen:
        link = page.locator(f'article .cite[data-quote="{quote["id"]}"]:visible').first
        link.scroll_into_view_if_needed()
        link.click()
        expect(page.locator("#pane #source-title .cite")).to_have_text(quote["id"])
        shown = "".join(page.locator("#pane .passage mark").all_inner_texts())
        assert squeezed(shown) == squeezed(quote["text"])
        source = sources[quote["source_id"]]
        if source["media_type"] == "application/pdf":
            pdf = served.program.outputs / report["run"]["company_slug"] / source["path"]
            assert squeezed(quote["text"]) in words_under_marks(page, pdf, quote["locator"]["page"])
            picture = page.locator("#pane image").get_attribute("href")
            assert page.request.get(f"{served.address}{picture}").ok
        if quote["locator"]["row"]:
            assert page.locator("#pane .here th").inner_text() == str(quote["locator"]["row"])


def test_the_keyboard_goes_from_quote_to_quote_and_back_to_the_text(visitor: Visitor, finished: str) -> None:
    page = visitor.page()
    page.goto(f"{finished}/report")
    first = page.locator("article .cite[data-quote=Q1]").first
    first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#pane")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#pane #source-title .cite")).to_have_text("Q2")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#pane #source-title .cite")).to_have_text("Q1")
    page.keyboard.press("Escape")
    expect(page.locator("#pane")).to_be_hidden()
    expect(first).to_be_focused()


def test_filters_answer_while_one_types(visitor: Visitor, finished: str) -> None:
    page = visitor.page()
    page.goto(f"{finished}/report")
    cards = page.locator("article.case")
    everything = cards.count()
    function = page.locator("#function option").nth(1).inner_text()
    page.select_option("#function", label=function)
    expect(cards).not_to_have_count(everything)
    page.select_option("#function", value="")
    page.fill("#q", "zeppelin")
    expect(cards).to_have_count(0)
    page.fill("#q", "")
    expect(cards).to_have_count(everything)


def test_the_report_and_its_sources_are_read_without_scripts(visitor: Visitor, finished: str) -> None:
    page = visitor.page(java_script_enabled=False)
    page.goto(f"{finished}/report")
    quote = report_of(page, finished)["quotes"][3]
    page.locator(f"article .cite[data-quote={quote['id']}]:visible").first.click()
    page.wait_for_url(f"**/sources/{quote['source_id']}?q={quote['id']}")
    assert squeezed("".join(page.locator(".passage mark").all_inner_texts())) == squeezed(quote["text"])
    page.locator("a[rel=next]").click()
    expect(page.locator("#source-title .cite")).to_have_text("Q5")
    page.get_by_role("link", name="Back to the report").click()
    page.fill("#q", "zeppelin")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("article.case")).to_have_count(0)


def test_a_run_is_followed_through_a_killed_server_and_by_a_late_visitor(visitor: Visitor, served: Served) -> None:
    visitor.expect_complaint("ERR_CONNECTION|ERR_INCOMPLETE|ERR_CONTENT_LENGTH|ERR_EMPTY|Failed to fetch")
    page = visitor.page()
    page.goto(served.address)
    page.get_by_label("Name required").fill("Second Company")
    drop(page, sorted(DOCUMENTS.iterdir()))
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/submitted")
    expect(page.locator("main")).to_contain_text(f"{FILES} received")  # sent before the dropped folders were walked
    page.get_by_role("link", name="Watch the run").click()
    page.wait_for_url("**/runs/*")
    page.wait_for_selector(".job[data-status=running], .job[data-status=done]", state="attached")
    served.end(signal.SIGKILL)
    served.start()
    late = visitor.page()
    late.goto(page.url)
    for watcher in (page, late):
        expect(watcher.locator("#standing")).to_have_text("The report is ready", timeout=120_000)


SLOW_FOLDERS = """
const slow = (entry) => {
  if (entry.isFile && entry.name === "locked.txt") {
    entry.file = (found, failed) => failed(new DOMException("locked", "NotReadableError"));
  } else if (entry.isDirectory) {
    const reader = entry.createReader();
    entry.createReader = () => ({
      readEntries: (found, failed) =>
        setTimeout(() => reader.readEntries((some) => found(some.map(slow)), failed), 300),
    });
  }
  return entry;
};
const get = DataTransferItem.prototype.webkitGetAsEntry;
DataTransferItem.prototype.webkitGetAsEntry = function () { return slow(get.call(this)); };
"""


def test_folders_that_are_still_read_are_waited_for_and_a_file_that_cannot_be_read_is_told(
    visitor: Visitor, served: Served, tmp_path: Path
) -> None:
    folder = tmp_path / "papers"
    (folder / "inner").mkdir(parents=True)
    for name in ("a.txt", "inner/b.txt", "inner/locked.txt"):
        (folder / name).write_text(name)
    page = visitor.page()
    page.add_init_script(SLOW_FOLDERS)
    page.goto(served.address)
    page.get_by_label("Name required").fill("Slow Folders")
    drop(page, [folder])
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#said")).to_contain_text("Some files were not sent")
    locked = page.locator("#list [data-state=failed]")
    expect(locked).to_contain_text("papers/inner/locked.txt")
    expect(locked).to_contain_text("cannot be read")
    locked.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/submitted")
    expect(page.locator("main")).to_contain_text("2 received")
