"""The browser for the tests of this folder."""

from tests.support.browser import chromium, open_page

__all__ = ["chromium", "open_page"]
