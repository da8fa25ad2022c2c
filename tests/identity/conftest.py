"""People at a browser, who walk through the pages of sign-in and fill in the forms that these show."""

import html
import re

import pytest
from django.core import mail as outbox
from django.test import Client

from erpnet_identity.identity import mail
from tests.factories.users import UserFactory
from tests.support.relying_party import RelyingParty, form_of

PASSWORD = "correct horse battery"
OUTCOME = re.compile(r'data-outcome="([^"]+)"')


@pytest.fixture(autouse=True)
def _mail_at_once(monkeypatch):
    monkeypatch.setattr(mail, "DELAY", 0)
    yield
    mail.flush()


@pytest.fixture
def mails():
    """``mails()``: everything that was sent so far."""

    def sent():
        mail.flush()
        return outbox.outbox

    return sent


@pytest.fixture
def maria(db):
    return UserFactory(login="maria", name="Maria", email="Maria@Example.com", password=PASSWORD)


@pytest.fixture
def boris(db):
    return UserFactory(login="boris", name="Boris", email="boris@example.com", password=PASSWORD)


class Person:
    """Somebody at a browser of their own. It checks form tokens, which Django's test client leaves out by itself."""

    def __init__(self):
        self.browser = Client(enforce_csrf_checks=True)

    def open(self, address, **headers):
        return self.browser.get(address, headers=headers)

    def follow(self, response):
        """Where a redirect leads."""
        assert response.status_code == 302, response.content.decode()
        return self.browser.get(response["Location"])

    def click(self, page, link):
        """Follow the link with this id."""
        (tag,) = re.findall(rf'<a [^>]*id="{link}"[^>]*>', page.content.decode())
        return self.browser.get(html.unescape(re.search(r'href="([^"]*)"', tag)[1]))

    def submit(self, page, form, /, **typed):
        """Fill in the form with this id and send it."""
        assert page.status_code in (200, 429), page
        action, fields = form_of(page, id=form)
        return self.browser.post(action or page.wsgi_request.get_full_path(), {**fields, **typed})

    def sign_in(self, login, password=PASSWORD, *, at="/id/signin", **typed):
        """Open the sign-in page and fill it in."""
        return self.submit(self.open(at), "signin", login=login, password=password, **typed)

    @property
    def is_signed_in(self):
        return self.open("/id/").status_code == 200

    def at(self, application, **parameters):
        """The application, at this browser."""
        return RelyingParty(self.browser, application, **parameters)


def outcome(page):
    """What happened, as automation reads it (OP-343)."""
    (found,) = OUTCOME.findall(page.content.decode())
    return found


@pytest.fixture
def person(db):
    return Person()


@pytest.fixture
def somebody(db):
    """``somebody()``: one more browser."""
    return Person


@pytest.fixture
def said():
    """``said(page)``: the outcome of a page."""
    return outcome


@pytest.fixture
def password():
    """The password of everybody here."""
    return PASSWORD
