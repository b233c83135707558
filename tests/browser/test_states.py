"""Every state of every page: the browser complains of nothing, axe finds nothing, in light, in dark and on a phone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, expect

from casebook.domain.run import RunStatus, Stage
from casebook.web.guard import Guard
from tests import demo_run
from tests.browser.conftest import Visitor
from tests.front_door import MASTER, Door, open_door, text_part
from tests.integration.test_run_pages import record, step

HOSTILE = "<script>alert(1)</script> \u202e שלום 😀 {{ 7*7 }} **x** " + "Donaudampfschifffahrt" * 8
LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark and small": {"color_scheme": "dark", "width": 390, "height": 844, "locale": "de-DE"},
}
Axe = Callable[[Page], None]


def text_file(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "", "buffer": data}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with open_door(tmp_path_factory.mktemp("outputs"), embedders=["http://127.0.0.1:9"]) as opened:
        yield opened


@pytest.fixture(scope="module")
def runs(door: Door, chromium: object) -> dict[str, str]:
    """Return runs in every state, by the state."""
    if chromium is None:
        return {}
    done, _ = demo_run.submit(door)
    demo_run.work_on(door, done)
    found = {"done": done}
    for status in (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.INTERRUPTED):
        name = HOSTILE[:180] + status
        run_id = door.post_form(text_part("company_name", name), text_part("description", HOSTILE)).json["run_id"]
        stored = door.store.find(run_id)
        assert stored is not None
        steps = [step(Stage.SETUP, RunStatus.DONE, seconds=2.0)]
        if status is not RunStatus.QUEUED:
            steps.append(step(Stage.VECTOR_STORE, status, attempts=3, error=HOSTILE))
        record(door, run_id, *steps, status=status, error=HOSTILE, slug=stored.company_slug)
        found[status] = run_id
    return found


def settled(page: Page) -> None:
    """See that nothing is wider than the screen, and no text has become markup."""
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert page.evaluate("document.querySelectorAll('script:not([src])').length") == 0


@pytest.mark.parametrize("look", LOOKS)
def test_the_form_and_what_follows_it(visitor: Visitor, door: Door, axe: Axe, look: str) -> None:
    page = visitor.page(**LOOKS[look])
    page.goto(f"http://127.0.0.1:{door.port}/")
    axe(page)
    settled(page)
    page.locator("#send").click()
    expect(page.locator("#company_name")).to_be_focused()
    expect(page.locator("#company_name-wrong")).to_be_visible()
    page.set_input_files("#files", [text_file(f"{HOSTILE[:60]}.txt", b"words")])
    page.set_input_files("#files", [text_file("empty.txt", b"")])
    expect(page.locator("#list [data-state=done]")).to_have_count(1)
    expect(page.locator("#list [data-state=refused]")).to_have_count(1)
    axe(page)
    settled(page)
    page.fill("#company_name", f"{HOSTILE[:150]} {look}")
    page.locator("#send").click()
    page.wait_for_url("**/submitted")
    axe(page)
    settled(page)


def test_a_file_that_failed_is_sent_again_alone(visitor: Visitor, door: Door, axe: Axe) -> None:
    visitor.expect_complaint("Failed to load resource")
    page = visitor.page()
    page.goto(f"http://127.0.0.1:{door.port}/")
    page.fill("#company_name", "Tries again")
    tries: list[str] = []

    def hinder(route: Any) -> None:  # noqa: ANN401 - Playwright's
        tries.append(route.request.headers["x-file-name"])
        if tries.count("b.txt") == 1 and tries[-1] == "b.txt":
            route.abort()
        else:
            route.continue_()

    page.route("**/uploads", hinder)
    files = [text_file(name, name.encode()) for name in ("a.txt", "b.txt", "c.txt")]
    page.set_input_files("#files", files)
    expect(page.locator("#list [data-state=failed]")).to_have_count(1)
    axe(page)
    page.locator("#send").click()
    expect(page.locator("#said")).to_contain_text("Try them again")
    page.locator("#list [data-state=failed] button", has_text="Try again").click()
    expect(page.locator("#said")).to_have_text("3 of 3 files kept")
    assert sorted(tries) == ["a.txt", "b.txt", "b.txt", "c.txt"]
    page.locator("#send").click()
    page.wait_for_url("**/submitted")
    expect(page.locator("main")).to_contain_text("3 received")


def test_the_form_works_without_scripts(visitor: Visitor, door: Door) -> None:
    page = visitor.page(java_script_enabled=False)
    page.goto(f"http://127.0.0.1:{door.port}/")
    page.fill("#company_name", "Without scripts")
    page.fill("#report_expectations", HOSTILE)
    page.fill("#google_drive_link", "https://drive.google.com/drive/folders/x")
    page.set_input_files("#files", [text_file("a.txt", b"words")])
    page.locator("#send").click()
    page.wait_for_url("**/submitted")
    expect(page.locator("main")).to_contain_text("1 received")


def test_what_the_server_refuses_is_said_on_the_form(visitor: Visitor, door: Door, axe: Axe) -> None:
    visitor.expect_complaint("status of 422")
    page = visitor.page()
    page.goto(f"http://127.0.0.1:{door.port}/")
    page.fill("#company_name", "Acme")
    page.fill("#report_expectations", HOSTILE)
    page.evaluate(
        "document.getElementById('uploads').value = 'not-ours'; document.getElementById('submission').submit()"
    )
    page.wait_for_selector("#summary")
    expect(page.locator("#summary")).to_be_focused()
    assert page.input_value("#report_expectations") == HOSTILE.strip()
    axe(page)
    settled(page)


@pytest.mark.parametrize(
    ("state", "look"),
    [*[(str(status), "light") for status in RunStatus], ("done", "dark and small"), ("failed", "dark and small")],
)
def test_a_run_in_each_state(  # noqa: PLR0913, PLR0917 - the state, the look, and who looks
    visitor: Visitor, door: Door, runs: dict[str, str], axe: Axe, state: str, look: str
) -> None:
    page = visitor.page(**LOOKS[look])
    page.goto(f"http://127.0.0.1:{door.port}/runs/{runs[state]}")
    for summary in page.locator("summary").all():
        summary.click()
    axe(page)
    settled(page)


@pytest.mark.parametrize("look", LOOKS)
def test_the_report_the_runs_and_the_sources(
    visitor: Visitor, door: Door, runs: dict[str, str], axe: Axe, look: str
) -> None:
    page = visitor.page(**LOOKS[look])
    address = f"http://127.0.0.1:{door.port}/runs/{runs['done']}"
    page.goto(f"{address}/report")
    page.evaluate("for (const found of document.querySelectorAll('details')) found.open = true")
    settled(page)
    page.locator("article .cite[data-quote=Q4]").first.click()
    page.wait_for_selector("#pane .mark", state="attached")
    axe(page)
    cites = [page.locator(f"article .cite[data-quote={quote_id}]").first for quote_id in ("Q4", "Q10", "Q22")]
    sources = [cite.get_attribute("href") for cite in cites]
    for source in sources if look == "light" else sources[:1]:
        page.goto(f"http://127.0.0.1:{door.port}{source}")
        axe(page)
        settled(page)
    page.goto(f"http://127.0.0.1:{door.port}/runs")
    axe(page)
    settled(page)


def test_a_run_is_cancelled_and_run_again_from_its_page(visitor: Visitor, door: Door) -> None:
    run_id = door.post_form(text_part("company_name", "To be cancelled")).json["run_id"]
    page = visitor.page()
    page.goto(f"http://127.0.0.1:{door.port}/runs/{run_id}")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#standing")).to_have_text("It was cancelled")
    page.get_by_role("button", name="Run again").first.click()
    expect(page.locator("#standing")).to_have_text("Waiting for its turn")
    assert door.work.state(run_id) is RunStatus.QUEUED


def test_problems_signing_in_and_the_embedded_form(visitor: Visitor, door: Door, axe: Axe, tmp_path: Path) -> None:
    visitor.expect_complaint("status of 40[14]")
    page = visitor.page()
    page.goto(f"http://127.0.0.1:{door.port}/runs/nothing")
    axe(page)
    page.goto(f"http://127.0.0.1:{door.port}/embed")
    axe(page)
    guard = Guard(master=MASTER, keys={hashlib.sha256(b"cbk_key").hexdigest(): "form"})
    with open_door(tmp_path, guard=guard, embedders=[]) as known:
        page.goto(f"http://127.0.0.1:{known.port}/")
        axe(page)
        page.fill("#key", "wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#key-wrong")).to_be_visible()
        axe(page)
        page.fill("#key", "cbk_key")
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("h1")).to_have_text("Runs")
        axe(page)
        page.get_by_role("link", name="New submission").click()
        page.fill("#company_name", "Acme")
        page.locator("#send").click()
        page.wait_for_url("**/submitted")
        page.get_by_role("button", name="Sign out (form)").click()
        expect(page.locator("h1")).to_have_text("Sign in")
