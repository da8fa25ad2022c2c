"""An application that shows our pages in a window of its own and waits for it: the window keeps its tie to whoever
opened it, on every way that a person may take there (Cross-Origin-Opener-Policy)."""

from urllib.parse import urlencode

import pytest

from tests.support.person import PASSWORD, allow, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OPEN = "address => { window.popup = window.open(address, 'popup', 'width=450,height=500') }"
IS_TIED = "window.opener !== null && window.opener.location.pathname"
IS_OPEN = "window.popup !== null && !window.popup.closed"


@pytest.fixture
def popup(application, site, person):
    """``popup(address)``: a window that the application opens at ``address``. It closes itself when it is back."""
    for path in ("/", "/signed-out"):
        site.add(path, "<title>Application</title><h1>Application</h1>")
    page = person()
    page.goto(f"{site.url}/")

    def show(address):
        with page.expect_popup() as opened:
            page.evaluate(OPEN, address)
        window = opened.value
        window.set_default_timeout(15_000)
        return page, window

    return show


def assert_tied(page, window):
    """Each side still knows the other, which only the same origin may look at."""
    assert window.evaluate(IS_TIED) == "/"
    assert page.evaluate(IS_OPEN)


def test_signing_in(popup, application, maria):
    page, window = popup(application.address())
    sign_in(window, maria)
    allow(window)
    assert "code" in application.answer(window)
    assert_tied(page, window)


def test_a_forgotten_password(popup, application, maria, link):
    page, window = popup(application.address())
    window.click("#signin-reset")
    window.fill("#id_email", maria.email)
    window.click("#reset-submit")
    window.wait_for_selector("#reset-sent")
    window.goto(link())
    new = f"{PASSWORD} new"
    window.fill("#id_password1", new)
    window.fill("#id_password2", new)
    window.click("#reset-key-submit")
    window.click("#reset-signin")
    sign_in(window, maria, new)
    allow(window)
    assert "code" in application.answer(window)
    assert_tied(page, window)


def test_signing_out(popup, application, site, instance, maria):
    page, window = popup(application.address())
    sign_in(window, maria)
    allow(window)
    application.answer(window)
    back = {"client_id": application.row.client_id, "post_logout_redirect_uri": f"{site.url}/signed-out"}
    window.goto(f"{instance}/id/connect/endsession?{urlencode(back)}")
    window.click("#signout-confirm")
    window.wait_for_url(f"{site.url}/signed-out*")
    assert_tied(page, window)


PATHS = ("/id/", "/id/password/change", "/id/connect/authorize", "/whats-new", "/nowhere", "/")


@pytest.mark.parametrize("path", PATHS)
def test_a_detour(path, popup, application, site, instance, maria):
    """A person who looks at another page and comes back: nothing there cuts the tie."""
    page, window = popup(application.address())
    sign_in(window, maria)
    window.wait_for_selector("#consent-allow")
    for address in (f"{instance}{path}", f"{site.url}/"):
        # By the page itself: an address that is typed begins anew in any case.
        window.evaluate("address => { window.location.href = address }", address)
        window.wait_for_url(address)
    assert_tied(page, window)
