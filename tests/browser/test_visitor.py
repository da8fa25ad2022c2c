"""The head of the wide pages and the start page, for somebody who is signed in."""

import pytest

from tests.factories.users import UserFactory
from tests.support.browser import accessibility_violations, overflow
from tests.support.targets import small_targets

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("name", ["Maria Petrova", "Wolfeschlegelsteinhausenbergerdorff " * 3])
def test_who_is_signed_in_has_room(open_page, name):
    """At every width, in both schemes, however long the name is."""
    page = open_page(UserFactory(name=name.strip(), login="x" * 60, is_admin=True))
    for path in ("/", "/whats-new"):
        page.goto(path)
        for width in (1920, 1280, 1024, 768, 450, 320):
            page.set_viewport_size({"width": width, "height": 800})
            assert overflow(page) == 0, f"{path} at {width}"
            assert small_targets(page) == [], f"{path} at {width}"
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert accessibility_violations(page) == [], f"{path}, {scheme}"
    page.goto("/")
    page.click("#visitor-signout")
    page.click("#signout-confirm")
    page.goto("/")
    assert page.inner_text("h1") == "Sign in"
    page.click("main #sign-in-link")
    page.wait_for_selector("#signin")
