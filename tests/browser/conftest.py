"""The browser for the tests of this folder, and who uses it."""

import pytest

from erpnet_identity.identity import mail
from tests.support.browser import chromium, open_page
from tests.support.web_application import application, instance, maria, person, site

__all__ = ["application", "chromium", "instance", "maria", "open_page", "person", "site"]


@pytest.fixture(autouse=True)
def _mail_at_once(monkeypatch):
    monkeypatch.setattr(mail, "DELAY", 0)
    yield
    mail.flush()
