"""The browser for the tests of this folder, and who uses it."""

import re

import pytest
from django.core import mail as outbox

from erpnet_identity.identity import mail
from tests.support.administration import administration
from tests.support.browser import chromium, open_page
from tests.support.web_application import application, instance, maria, person, site

LINK = re.compile(r"https?://\S+/id/password/reset/\S+")

__all__ = ["administration", "application", "chromium", "instance", "maria", "open_page", "person", "site"]


@pytest.fixture
def link():
    """``link()``: the address in the mail that was sent last."""

    def last():
        mail.flush()
        return LINK.search(outbox.outbox[-1].body)[0]

    return last


@pytest.fixture(autouse=True)
def _mail_at_once(monkeypatch):
    monkeypatch.setattr(mail, "DELAY", 0)
    yield
    mail.flush()
