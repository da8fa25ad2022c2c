"""An administrator sees which applications stay connected to whom, and ends it."""

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client
from django.utils import timezone

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.tokens import services
from erpnet_identity.tokens.models import Grant
from erpnet_identity.users.services import actor_for
from tests.factories.users import UserFactory
from trusted_apps.models import TrustedApplication

pytestmark = pytest.mark.django_db

LIST = "/admin/tokens/grant/"


@pytest.fixture
def browser(administrator):
    """An administrator's browser, apart from that of the person."""
    browser = Client()
    browser.force_login(administrator)
    return browser


@pytest.fixture
def party(relying_party, web_app):
    return relying_party(web_app, user=UserFactory(login="maria"), scope="openid read offline_access")


def listed(browser, query=""):
    response = browser.get(f"{LIST}?{query}")
    assert response.status_code == 200, response
    return [grant.pk for grant in response.context["cl"].result_list]


def end(browser, *grants):
    return browser.post(LIST, {"action": "end_selected", ACTION_CHECKBOX_NAME: [grant.pk for grant in grants]})


@pytest.mark.contract("TK-57", "OP-252", "AU-01")
def test_ending_a_sign_in_of_an_application(party, browser, administrator, web_app):
    body, other = party.tokens(), party.tokens()
    kept, ended = Grant.objects.order_by("-pk")
    assert listed(browser) == [kept.pk, ended.pk]
    assert end(browser, ended).status_code == 302
    assert listed(browser) == [kept.pk]
    assert party.refresh(body["refresh_token"]).json()["error"] == "invalid_grant"
    assert party.call_api(body["access_token"]) == 401
    assert party.call_api(other["access_token"]) == 200
    assert party.refresh(other["refresh_token"]).status_code == 200
    event = AuditEvent.objects.get(name="token.revoked")
    assert (event.actor_kind, event.actor_name) == ("user", administrator.login)
    assert (event.client_id, event.user_login, event.sid) == (web_app.client_id, "maria", ended.sid)
    assert event.detail == {"scope": "openid read offline_access"}


def test_what_is_over_is_ended_once(party, administrator):
    party.tokens()
    grant, stale = Grant.objects.get(), Grant.objects.get()
    actor = actor_for(administrator)
    assert services.revoke_grant(grant, actor=actor, now=timezone.now())
    assert not services.revoke_grant(stale, actor=actor, now=timezone.now())
    assert AuditEvent.objects.filter(name="token.revoked").count() == 1
    grant.delete()
    assert not services.revoke_grant(stale, actor=actor, now=timezone.now())


def test_only_what_can_renew_is_listed(party, browser):
    hint = party.tokens()["id_token"]
    code = party.code()
    party.exchange(party.code(scope="openid read"))
    assert len(listed(browser)) == 1
    party.exchange(code)
    assert len(listed(browser)) == 2
    party.exchange(code)  # the replay ends it
    assert len(listed(browser)) == 1
    party.sign_out(hint)
    assert listed(browser) == []


def test_search_and_cost(party, browser, web_app, django_assert_max_num_queries):
    for _ in range(3):
        party.tokens()
    grant = Grant.objects.first()
    for query, number in {
        "q=MARIA": 3, f"q={web_app.client_id}": 3, f"q={grant.sid}": 3, "q=mari": 0, "q=%00": 3, "o=1": 3, "p=0": 3,
    }.items():  # fmt: skip
        assert len(listed(browser, query)) == number, query
    with django_assert_max_num_queries(5):
        listed(browser)
    page = browser.get(f"{LIST}{grant.pk}/change/").content.decode()
    assert grant.sid in page
    assert grant.code not in page
    assert "save-button" not in page


def test_states(party, browser):
    party.tokens()
    user = Grant.objects.get().user

    def shown():
        return browser.get(LIST).content.decode()

    assert "can renew" in shown()
    user.refresh_tokens_from = timezone.now()
    user.save()
    assert "void" in shown()
    user.is_active = False
    user.save()
    assert "account inactive" in shown()
    TrustedApplication.objects.update(is_enabled=False)
    assert "application disabled" in shown()


@pytest.mark.contract("TA-48")
def test_nobody_else_and_nothing_else(party, browser, internal_user):
    party.tokens()
    grant = Grant.objects.get()
    for address in (f"{LIST}add/", f"{LIST}{grant.pk}/change/", f"{LIST}{grant.pk}/delete/"):
        assert browser.post(address, {"post": "yes", "scope": "sec"}).status_code == 403, address
    for user in (None, internal_user):
        stranger = Client()
        if user is not None:
            stranger.force_login(user)
        # A form is answered with 303 and not with 302, and a person who may not is told so and not asked again.
        assert end(stranger, grant).status_code == (303 if user is None else 403)
        assert stranger.get(LIST).status_code == (302 if user is None else 403)
    assert Grant.objects.get(revoked_at=None).scope == "openid read offline_access"
    for hidden in ("refreshtoken", "idtoken"):
        assert browser.get(f"/admin/tokens/{hidden}/").status_code == 403
