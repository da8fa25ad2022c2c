"""A real browser for tests: Debian's Chromium, driven by Playwright, with a page that fails on what a person would
not see: errors in the console, violated content policies, requests to other hosts."""

import os
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from tests.conftest import missing_service
from tests.support import programs

# Playwright's synchronous interface runs an event loop in the thread of the test, which then looks asynchronous.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    # Names for tests of two hosts of one domain: this machine, and trusted like hosts with HTTPS.
    "--host-resolver-rules=MAP *.erp.example 127.0.0.1",
    "--unsafely-treat-insecure-origin-as-secure=*.erp.example",
)  # fmt: skip


def chromium_path():
    """Where Chromium is, or None."""
    return os.environ.get("CHROMIUM_PATH") or programs.found("chromium") or programs.found("chromium-browser")


class Watched:
    """Collects what went wrong in a page, until somebody looks."""

    def __init__(self, page, host):
        self.problems = []
        self.is_measuring = False  # axe adds styles of its own, which the content policy rightly refuses
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        page.on("request", lambda request: self._request(request.url, host))

    def _console(self, message):
        if message.type == "error" and not self.is_measuring:
            self.problems.append(f"console: {message.text}")

    def _request(self, url, host):
        if urlsplit(url).scheme in ("http", "https") and urlsplit(url).netloc != host:
            self.problems.append(f"request to another host: {url}")


@pytest.fixture(scope="module")
def chromium():
    """One browser for the tests of a module; a second one beside it would be refused."""
    path = chromium_path()
    if path is None:
        missing_service("Chromium is not installed: apt-get install chromium, or set CHROMIUM_PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, live_server, client):
    """``open_page(user=None, **options)``: a page of its own at the live server, signed in as ``user``.

    At the end of the test it fails when the console showed an error or another host was asked.
    """
    contexts, watches = [], []

    def open_one(user=None, **options):
        context = chromium.new_context(
            base_url=live_server.url, **{"viewport": {"width": 1280, "height": 900}, **options}
        )
        contexts.append(context)
        if user is not None:
            client.force_login(user)
            cookie = next(value for name, value in client.cookies.items() if "csrf" not in name)
            context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.watched = Watched(page, urlsplit(live_server.url).netloc)
        watches.append(page.watched)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert [problem for watched in watches for problem in watched.problems] == []


def accessibility_violations(page, options=None):
    """What axe-core objects to on this page, a line each."""
    page.watched.is_measuring = True
    try:
        found = Axe().run(page, options=options or {"preload": False}).response["violations"]
        page.wait_for_timeout(50)
    finally:
        page.watched.is_measuring = False
    return [f"{rule['id']}: {[node['target'] for node in rule['nodes']]}" for rule in found]


def overflow(page):
    """By how many pixels the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
