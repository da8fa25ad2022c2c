"""A browser carries the answer to the application in a form: by itself, by a button without scripts, and lightly."""

import time

import pytest

from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.support.person import allow, sign_in

pytestmark = pytest.mark.browser

# Everything that a browser with an empty cache loads from the sign-in page to the callback, before compression.
MAX_BYTES = 60_000


@pytest.fixture
def application(site, issuer):
    site.add("/signin-callback/", '<!doctype html><title>Welcome</title><link rel="icon" href="data:,">')
    return TrustedApplicationFactory(web=True, redirect_uris=f"{site.url}/signin-callback/", scope="read update")


@pytest.fixture
def address(application, issuer):
    """An authorization request as the samples print it: a blank in it, and nothing encoded (ID-52)."""
    return (
        f"{issuer}/connect/authorize?client_id={application.client_id}&redirect_uri={application.redirect_uris}"
        "&response_type=code id_token&response_mode=form_post&scope=openid profile offline_access read update"
        "&nonce=abc&state=a/b:c"
    )


def assert_answered(site, issuer):
    (fields,) = site.posts
    assert set(fields) == {"code", "id_token", "state", "iss"}
    assert (fields["state"], fields["iss"]) == ("a/b:c", issuer)


@pytest.mark.contract("OP-342", "ID-52", "ID-57")
def test_what_a_sign_in_costs(address, application, site, user, issuer, browser_page):
    page = browser_page(site.url)
    asked = []
    page.on("requestfinished", lambda request: asked.append(request))
    page.goto(address)
    sign_in(page, user)
    allow(page)
    page.wait_for_url(application.redirect_uris)
    assert_answered(site, issuer)

    # Redirects have no body, what the browser had already is not loaded again, the callback belongs to the application.
    ours = [request for request in asked if not request.url.startswith(site.url)]
    loaded = [(request.url.split("?")[0], max(0, request.sizes()["responseBodySize"])) for request in ours]
    total = sum(size for _, size in loaded)
    print(f"from the sign-in page to the callback: {total} bytes", *loaded, sep="\n")
    assert len([size for url, size in loaded if url.endswith("/erp/site.css") and size]) == 1, "measured, once"
    assert total < MAX_BYTES


@pytest.mark.contract("OP-342", "ID-52", "ID-57")
def test_without_scripts(address, application, site, user, issuer, browser_page):
    page = browser_page(site.url, java_script_enabled=False)
    page.goto(address)
    sign_in(page, user)
    allow(page)
    page.click("#form-post-continue")
    page.wait_for_url(application.redirect_uris)
    assert_answered(site, issuer)


RECORD = """
const events = [];
for (const name of ["readystatechange", "DOMContentLoaded"])
    document.addEventListener(name, () => events.push(name === "DOMContentLoaded" ? name : document.readyState));
addEventListener("load", () => events.push("load"));
HTMLFormElement.prototype.submit = function () { events.push(`sent ${this.id}`); };
window.events = events;
"""


@pytest.mark.contract("OP-76")
def test_it_is_sent_when_the_form_is_there_and_before_the_page_is_loaded(address, site, issuer, browser_page):
    """The first page of a visit, and its script comes last: engines that run one sooner or later stay on the page."""
    page = browser_page(site.url)
    page.add_init_script(RECORD)

    def late(route):
        time.sleep(0.3)
        route.continue_()

    page.route("**/erp/form-post.js*", late)
    page.goto(f"{address}&prompt=none", wait_until="load")
    assert page.locator("#form-post").count() == 1
    order = page.evaluate("window.events")
    assert order == ["interactive", "sent form-post", "DOMContentLoaded", "complete", "load"]
