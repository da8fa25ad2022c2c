"""A browser that walks the pages of sign-in as a person does."""

import pytest
from django.test import Client

from tests.factories.users import UserFactory
from tests.support.relying_party import form_of

PASSWORD = "correct horse battery"


@pytest.fixture
def maria(db):
    return UserFactory(login="maria", name="Maria", email="Maria@Example.com", password=PASSWORD)


@pytest.fixture
def boris(db):
    return UserFactory(login="boris", name="Boris", email="boris@example.com", password=PASSWORD)


class Person:
    """Somebody at a browser, who fills in the forms that the pages show."""

    def __init__(self, client):
        self.client = client

    def submit(self, page, form, /, **typed):
        """Fill in the form with this id on a page and send it; None leaves a field as it is shown."""
        action, fields = form_of(page, id=form)
        fields = {**fields, **typed}
        return self.client.post(action or page.wsgi_request.get_full_path(), fields)

    def sign_in(self, login, password=PASSWORD, *, at="/id/signin", **typed):
        """Open the sign-in page and fill it in."""
        page = self.client.get(at)
        assert page.status_code == 200, page
        return self.submit(page, "signin", login=login, password=password, **typed)


@pytest.fixture
def browser():
    """A browser that minds form tokens."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def person(browser):
    return Person(browser)
