"""Pictures of every page, for eyes: ``SCREENSHOTS=/tmp/pages uv run python -m tests.tools.screenshots [name …]``.

One PNG for each page, scheme, width and language. Nothing is compared: what a page promises is tested in
``tests/browser/test_identity_pages.py``; whether it is beautiful is for people to say.
"""

import logging
import os
import sys
import threading
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from playwright.sync_api import sync_playwright

SIZES = {1280: 800, 390: 780}
SCHEMES = ("light", "dark")


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Nobody reads it."""


def serve() -> str:
    """Serve the pages from a thread that ends with this process; the root address."""
    django.setup()
    logging.disable()  # some of the pages are error pages
    settings.ROOT_URLCONF = "tests.support.pages_preview"
    server = make_server("127.0.0.1", 0, get_wsgi_application(), _Server, _Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def main(names: list[str]) -> None:
    folder = Path(os.environ["SCREENSHOTS"])
    folder.mkdir(parents=True, exist_ok=True)
    root = serve()
    from tests.support import manage_preview
    from tests.support.browser import ARGUMENTS, chromium_path
    from tests.support.pages_preview import PAGES

    addresses = {name: f"/preview/{name}" for name in PAGES}
    # Without its script, which would leave the page at once.
    addresses |= {"form-post": "/preview/form-post", "landing": "/", "whats-new": "/whats-new"}
    english = {f"manage-{name}": f"/manage/preview/{name}" for name in manage_preview.pages()}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGUMENTS))
        for scheme in SCHEMES:
            for width, height in SIZES.items():
                for language, _ in settings.LANGUAGES:
                    view = {"color_scheme": scheme, "viewport": {"width": width, "height": height}}
                    context = browser.new_context(base_url=root, locale=language, **view)
                    context.route("**/form-post.js*", lambda route: route.abort())
                    page = context.new_page()
                    for name, address in (addresses | english).items():
                        if (names and name not in names) or (name in english and language != "en"):
                            continue
                        page.goto(address)
                        page.screenshot(path=folder / f"{name}-{scheme}-{width}-{language}.png", full_page=True)
                    context.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
