"""The registry in a browser, as an administrator meets it."""

import pytest

from erpnet_identity.users.models import User
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.browser import accessibility_violations, overflow
from tests.support.person import sign_in
from trusted_apps.models import TrustedApplication
from trusted_apps.secrets import matches

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = "/admin/trusted_apps/trustedapplication/"


def page_of(application, suffix="change"):
    return f"{LIST}{application.pk}/{suffix}/"


def fill_in_a_service(page, system_user):
    page.goto(f"{LIST}add/")
    page.click("#preset-service")
    page.fill("#id_name", "Shop sync")
    page.fill("#id_client_id", "shop.example.com/sync")
    page.fill("#id_system_user", system_user.login)


@pytest.mark.contract("TA-92", "TA-56", "TA-14")
def test_from_a_preset_to_a_secret_that_is_shown_once(open_page, administrator, system_user):
    page = open_page(administrator, permissions=["clipboard-read", "clipboard-write"])
    fill_in_a_service(page, system_user)
    page.click("#save-button")

    page.wait_for_selector("#add-secret-button")
    page.fill("#id_name", "production")
    page.click("#add-secret-button")
    secret = page.input_value("#plain-secret")
    page.click("#copy-secret")
    page.wait_for_function("document.getElementById('copy-result').textContent === 'Copied.'")
    assert page.evaluate("navigator.clipboard.readText()") == secret

    application = TrustedApplication.objects.get(client_id="shop.example.com/sync")
    assert application.allows_service
    assert application.scope == "read update"
    assert matches(secret, application.secrets.get(name="production").secret_hash)

    page.reload()  # sends the form again
    assert page.locator("#plain-secret").count() == 0
    assert application.secrets.count() == 1
    page.goto(page_of(application))
    assert secret not in page.content()
    assert page.is_visible("text=It can run as")


def test_system_users_are_suggested_while_typing(open_page, administrator, system_user, community_user):
    page = open_page(administrator)
    page.goto(f"{LIST}add/?preset=service")
    page.focus("#id_system_user")
    page.wait_for_selector("#system-user-list option", state="attached")
    offered = page.eval_on_selector_all("#system-user-list option", "options => options.map((option) => option.value)")
    assert system_user.login in offered
    assert community_user.login not in offered


def test_unsaved_changes_are_guarded(open_page, administrator, service_app):
    page = open_page(administrator)
    asked = []

    def stay(dialog):
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto(page_of(service_app))
    page.click("#history-link")
    page.wait_for_url("**/history/")
    assert asked == [], "nothing was typed"

    page.goto(page_of(service_app))
    page.fill("#id_name", "A new name")
    page.click("#history-link")
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    assert page.input_value("#id_name") == "A new name"

    page.click("#save-button")
    page.wait_for_selector(".messagelist .success")
    assert asked == ["beforeunload"], "saving is no loss"


def test_errors_are_listed_and_lead_to_their_fields(open_page, administrator):
    page = open_page(administrator)
    page.goto(f"{LIST}add/?preset=web")
    page.fill("#id_redirect_uris", "http://shop.example.com/")
    page.fill("#id_name", "Shop")
    page.click("#save-button")
    page.wait_for_selector("#error-summary")
    page.wait_for_function("document.activeElement.id === 'error-summary'")
    page.click("#error-summary a[href='#id_client_id']")
    assert page.evaluate("document.activeElement.id") == "id_client_id"
    assert page.input_value("#id_name") == "Shop"


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(open_page, administrator, service_app, scheme, width):
    TrustedApplicationFactory(web=True, secret=None, client_id="a.very.long/" + "client-id." * 15)
    page = open_page(administrator, color_scheme=scheme, viewport={"width": width, "height": 900})
    secret = service_app.secrets.get()
    addresses = [
        "/admin/", LIST, f"{LIST}add/?preset=hybrid", page_of(service_app), page_of(service_app, "history"),
        page_of(service_app, "secrets/add"), page_of(service_app, f"secrets/{secret.pk}/retire"),
        page_of(service_app, "delete"), "/admin/users/user/", "/admin/users/user/add/",
        f"/admin/users/user/{administrator.pk}/change/", f"/admin/users/user/{administrator.pk}/password/",
        f"/admin/users/user/{UserFactory().pk}/password/",
        "/admin/audit/auditevent/", "/admin/keys/signingkey/", "/admin/tokens/accesstoken/", "/admin/tokens/grant/",
        "/admin/identity/identitysession/", "/admin/identity/consent/",
    ]  # fmt: skip
    for address in addresses:
        page.goto(address)
        assert accessibility_violations(page) == [], address
        assert overflow(page) == 0, address
    page.goto(page_of(service_app, "secrets/add"))
    page.click("#add-secret-button")
    page.wait_for_selector("#plain-secret")
    assert accessibility_violations(page) == []
    assert overflow(page) == 0
    page.goto(f"{LIST}add/")
    page.click("#save-button")
    page.wait_for_selector("#error-summary")
    assert accessibility_violations(page) == []


WEIGHT = """performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))
    .reduce((sum, part) => sum + part.decodedBodySize, 0)"""


def test_every_page_is_light(open_page, administrator, administration):
    """At the first visit, with all of its parts, before any of them is compressed."""
    for address in administration.pages:
        page = open_page(administrator)
        page.goto(address, wait_until="networkidle")
        assert 10_000 < page.evaluate(WEIGHT) <= 150_000, address


def test_the_chosen_theme_wins_over_the_system(open_page, administrator):
    page = open_page(administrator, color_scheme="light")
    page.goto(LIST)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.click(".theme-toggle")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate(ground) != light
    page.reload()
    assert page.evaluate(ground) != light
    assert accessibility_violations(page) == []


def test_it_works_without_javascript(open_page, administrator, system_user):
    page = open_page(administrator, java_script_enabled=False)
    fill_in_a_service(page, system_user)
    page.click("#save-button")
    page.fill("#id_name", "production")
    page.click("#add-secret-button")
    assert len(page.input_value("#plain-secret")) == 40
    assert not page.is_visible("#copy-secret")
    page.click("#done")
    page.click("#disable-button")
    assert not TrustedApplication.objects.get(name="Shop sync").is_enabled


def test_signing_in(open_page, administrator):
    page = open_page()
    page.goto("/admin/")
    assert accessibility_violations(page) == []
    sign_in(page, administrator, "wrong")
    assert page.get_attribute("#signin-outcome", "data-outcome") == "failed"
    sign_in(page, administrator, "correct horse")
    page.wait_for_url("**/admin/")
    assert User.objects.get(pk=administrator.pk).last_login
    page.click("#admin-signout")
    page.click("#signout-confirm")
    page.goto("/admin/")
    assert "/id/signin" in page.url
