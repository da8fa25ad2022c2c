"""A forgotten password in a real browser: from the sign-in page over the mail to the application."""

import pytest

from tests.support.person import allow, sign_in
from tests.support.web_application import assert_accessible

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NEW = "another good one"


@pytest.mark.parametrize("has_scripts", [True, False], ids=["with scripts", "without scripts"])
def test_from_the_mail_to_the_application(has_scripts, application, maria, person, link):
    page = person(java_script_enabled=has_scripts)
    application.start(page)
    page.click("#signin-reset")
    page.fill("#id_email", maria.email)
    page.click("#reset-submit")
    page.wait_for_selector("#reset-sent")
    page.goto(link())
    if has_scripts:
        assert_accessible(page)
    page.fill("#id_password1", NEW)
    page.fill("#id_password2", "different")
    page.click("#reset-key-submit")
    page.wait_for_selector('#reset-key-outcome[data-outcome="refused"]')
    page.fill("#id_password1", NEW)
    page.fill("#id_password2", NEW)
    page.click("#reset-key-submit")
    page.wait_for_selector("#reset-done")
    page.click("#reset-signin")
    sign_in(page, maria, NEW)
    allow(page)
    assert application.claims(page)[1]["sub"] == "maria"
