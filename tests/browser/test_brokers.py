"""A broker between us and the application, as dex stands between us and kubelogin: it sends the browser on at once, to
a program on the person's own device or to an own scheme (OP-76, ID-57).

Chromium holds each redirect that follows a form against the ``form-action`` of our page, and stops without a word.
"""

from urllib.parse import urlsplit

import pytest

from tests.support.person import PASSWORD, allow, sign_in
from tests.support.site import serving_site
from tests.support.web_application import Application

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OWN_SCHEME = "com.example.app:/cb"


class Device:
    """Where the broker goes on to, and how often the browser went there. It says itself what a policy has stopped:
    ``page.watched`` has that."""

    def __init__(self, page, address):
        self._page, self.reached = page, 0
        page.on("request", lambda request: self._count(request.url == address))

    def _count(self, is_here):
        self.reached += is_here

    def wait(self):
        for _ in range(100):
            if self.reached:
                break
            self._page.wait_for_timeout(50)
        self._page.wait_for_timeout(200)  # a refusal is told after the request
        assert self.reached == 1, self._page.url
        assert [text for text in self._page.watched.problems if "Failed to load resource" not in text] == []


@pytest.fixture(params=["a program on the device", "an own scheme"])
def way(request, instance, person):
    """A page, the broker as an application, and the device that it goes on to."""
    with serving_site("localhost", has_tls=True) as broker, serving_site() as program:
        page = person(ignore_https_errors=True)
        page.watched.hosts |= {urlsplit(site.url).netloc for site in (broker, program)}
        program.add("/cb", "<title>kubelogin</title>")
        address = OWN_SCHEME if request.param == "an own scheme" else f"{program.url}/cb"
        application = Application(broker, instance, name="Broker")
        broker.redirect(urlsplit(application.callback).path, address)
        broker.redirect("/signed-out", address)
        yield page, application, Device(page, address)


@pytest.mark.contract("ID-57", "OP-76")
@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_consent(mode, way, maria):
    page, application, device = way
    application.start(page, response_mode=mode)
    sign_in(page, maria)
    allow(page)
    device.wait()


def test_sign_in_without_a_question(way, maria):
    page, application, device = way
    type(application.row).objects.filter(pk=application.row.pk).update(is_first_party=True)
    application.start(page)
    sign_in(page, maria)
    device.wait()


def test_choose_an_account(way, maria, instance):
    page, application, device = way
    type(application.row).objects.filter(pk=application.row.pk).update(is_first_party=True)
    page.goto(f"{instance}/id/signin")
    sign_in(page, maria)
    page.wait_for_selector("#signed-in")
    application.start(page, prompt="select_account")
    page.click("#select-continue")
    device.wait()


def test_a_new_password_on_the_way(way, maria, link):
    page, application, device = way
    application.start(page)
    page.click("#signin-reset")
    page.fill("#id_email", maria.email)
    page.click("#reset-submit")
    page.wait_for_selector("#reset-sent")
    page.goto(link())
    new = f"{PASSWORD} new"
    page.fill("#id_password1", new)
    page.fill("#id_password2", new)
    page.click("#reset-key-submit")
    page.click("#reset-signin")
    sign_in(page, maria, new)
    allow(page)
    device.wait()


def test_sign_out(way, maria, instance):
    page, application, device = way
    page.goto(f"{instance}/id/signin")
    sign_in(page, maria)
    page.wait_for_selector("#signed-in")
    page.goto(f"{instance}/id/connect/endsession?post_logout_redirect_uri={application.site.url}/signed-out")
    page.click("#signout-confirm")
    device.wait()
    page.goto(f"{instance}/id/connect/endsession")
    assert page.get_attribute("#signed-out", "data-outcome") == "nobody"
