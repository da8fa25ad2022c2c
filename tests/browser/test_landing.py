"""The start page, the list of changes and an error page in a real browser: readable, accessible, in one column."""

from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from erpnet_identity.operations.version import VERSION
from tests.conftest import missing_service
from tests.support.browser import chromium_path

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = {"/": "127.0.0.1 · ERP Identity", "/whats-new": "What’s new · ERP Identity", "/nothing": "There is nothing"}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@contextmanager
def browser():
    """A browser of this test."""
    program = chromium_path()
    if program is None:
        missing_service("this needs chromium")
    # Ended before the test is: its event loop must not run while Django cleans the database.
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield running
        running.close()


@pytest.mark.contract("IS-08")
def test_accessible_in_both_schemes(live_server):
    with browser() as program:
        for scheme in ("light", "dark"):
            page = program.new_page(color_scheme=scheme)
            problems = []
            page.on("console", lambda message, found=problems: found.append(message.text))
            page.on("requestfailed", lambda request, found=problems: found.append(request.url))
            for path, title in PAGES.items():
                status = page.goto(live_server.url + path).status
                assert page.title().startswith(title)
                assert VERSION in page.locator("footer").inner_text()
                results = Axe().run(page, options=RULES)
                assert results.violations_count == 0, f"{path}, {scheme}: {results.generate_report()}"
                # The browser itself complains of a page that is answered with 404.
                assert [text for text in problems if not (status == 404 and "404" in text)] == []


def test_never_scrolls_sideways(live_server):
    with browser() as program:
        page = program.new_page()
        for path in PAGES:
            page.goto(live_server.url + path)
            for width in (320, 390, 768, 1280):
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} at {width}"


def test_keyboard(live_server):
    """The first stop leads past the header, and every stop can be seen."""
    with browser() as program:
        page = program.new_page()
        page.goto(live_server.url)
        page.keyboard.press("Tab")
        assert page.locator(":focus").inner_text() == "Skip to the content"
        assert page.locator(":focus").bounding_box()["y"] >= 0
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.locator(":focus").get_attribute("id") == "sign-in-link"
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
