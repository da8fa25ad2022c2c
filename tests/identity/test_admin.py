"""An administrator sees who is signed in and who allows what, and ends either."""

from datetime import timedelta

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client
from django.utils import timezone

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.identity.models import Consent, IdentitySession
from tests.factories.users import UserFactory
from tests.support.jwt import claims_of

pytestmark = pytest.mark.django_db

SESSIONS = "/admin/identity/identitysession/"
CONSENTS = "/admin/identity/consent/"


@pytest.fixture
def browser(administrator):
    """An administrator's browser, apart from that of the person."""
    browser = Client()
    browser.force_login(administrator)
    return browser


@pytest.fixture
def maria(db):
    return UserFactory(login="maria")


@pytest.fixture
def party(relying_party, web_app, maria):
    return relying_party(web_app, user=maria, scope="openid read offline_access")


def listed(browser, address, query=""):
    response = browser.get(f"{address}?{query}")
    assert response.status_code == 200, response
    return {str(row.user.login) for row in response.context["cl"].result_list}


def act(browser, address, action, *rows):
    return browser.post(address, {"action": action, ACTION_CHECKBOX_NAME: [row.pk for row in rows]})


class TestSessions:
    @pytest.mark.contract("TK-57", "ID-157", "ID-158", "ID-159", "AU-01")
    def test_signing_somebody_out(self, party, browser, administrator, maria):
        body = party.tokens()
        session = IdentitySession.objects.get(user=maria)
        assert act(browser, SESSIONS, "sign_out_selected", session).status_code == 302
        assert "error=login_required" in party.authorize(prompt="none")["Location"]
        assert party.refresh(body["refresh_token"]).json()["error"] == "invalid_grant"
        assert party.call_api(body["access_token"]) == 200
        event = AuditEvent.objects.get(name="user.signed_out")
        assert (event.actor_name, event.user_login, event.sid) == (
            administrator.login, "maria", claims_of(body["id_token"])["sid"],
        )  # fmt: skip
        assert (event.cause, event.detail) == ("by_administrator", {})
        act(browser, SESSIONS, "sign_out_selected", session)
        assert AuditEvent.objects.filter(name="user.signed_out").count() == 1

    @pytest.mark.contract("ID-157", "ID-70", "TA-48")
    def test_an_administrator_who_was_signed_out_is_out_of_the_admin_site_too(self, browser, administrator):
        other = UserFactory(admin=True, password="correct horse")
        lost = Client()
        lost.force_login(other)
        assert lost.get(SESSIONS).status_code == 200
        act(browser, SESSIONS, "sign_out_selected", IdentitySession.objects.get(user=other))
        assert lost.get(SESSIONS).status_code == 302
        assert (
            act(lost, SESSIONS, "sign_out_selected", IdentitySession.objects.get(user=administrator)).status_code == 303
        )
        assert lost.get("/admin/")["Location"] == "/id/signin?next=%2Fadmin%2F"
        assert browser.get(SESSIONS).status_code == 200
        lost.post("/id/signin", {"login": other.login, "password": "correct horse"})
        assert lost.get(SESSIONS).status_code == 200

    def test_search_filter_and_cost(self, party, browser, administrator, maria, django_assert_max_num_queries):
        session = IdentitySession.objects.get(user=maria)
        IdentitySession.objects.filter(user=maria).update(address="192.0.2.7")
        everybody = {"maria", administrator.login}
        for query, found in {
            "q=MARIA": {"maria"}, f"q={session.sid}": {"maria"}, "q=192.0.2.7": {"maria"}, "q=mar": set(),
            "state=live": everybody, "state=over": set(), "state=x": everybody, "is_remembered__exact=1": set(),
            "q=%00": everybody, "o=1": everybody,
        }.items():  # fmt: skip
            assert listed(browser, SESSIONS, query) == found, query
        IdentitySession.objects.filter(user=maria).update(expires=timezone.now() - timedelta(seconds=1))
        assert listed(browser, SESSIONS, "state=over") == {"maria"}
        with django_assert_max_num_queries(5):
            assert "expired" in browser.get(SESSIONS).content.decode()
        page = browser.get(f"{SESSIONS}{session.sid}/change/").content.decode()
        assert session.sid in page
        assert "save-button" not in page


class TestConsents:
    @pytest.mark.contract("ID-83", "TA-29", "TK-57", "ID-82", "AU-01")
    def test_withdrawing_one(self, party, browser, administrator, maria, web_app):
        body = party.tokens()
        assert party.authorize().status_code == 302, "remembered"
        assert act(browser, CONSENTS, "withdraw_selected", Consent.objects.get()).status_code == 302
        assert b'id="consent"' in party.authorize().content
        assert party.refresh(body["refresh_token"]).json()["error"] == "invalid_grant"
        assert party.call_api(body["access_token"]) == 200
        event = AuditEvent.objects.get(name="consent.withdrawn")
        assert (event.actor_name, event.user_login, event.client_id) == (
            administrator.login, "maria", web_app.client_id,
        )  # fmt: skip
        act(browser, CONSENTS, "withdraw_selected", Consent.objects.get())
        assert AuditEvent.objects.filter(name="consent.withdrawn").count() == 1

    def test_search_filter_and_cost(self, party, browser, web_app, django_assert_max_num_queries):
        party.tokens()
        row = Consent.objects.get()
        for query, found in {
            "q=Maria": {"maria"}, f"q={web_app.client_id}": {"maria"}, "q=web": set(), "state=valid": {"maria"},
            "state=withdrawn": set(), "state=x": {"maria"}, "q=%00": {"maria"},
        }.items():  # fmt: skip
            assert listed(browser, CONSENTS, query) == found, query
        with django_assert_max_num_queries(5):
            page = browser.get(CONSENTS).content.decode()
        assert "openid read offline_access" in page
        assert "save-button" not in browser.get(f"{CONSENTS}{row.pk}/change/").content.decode()


@pytest.mark.contract("TA-48")
@pytest.mark.parametrize(
    ("address", "model", "action"),
    [(SESSIONS, IdentitySession, "sign_out_selected"), (CONSENTS, Consent, "withdraw_selected")],
)
def test_nobody_else_and_nothing_else(address, model, action, party, browser, internal_user, maria):
    party.tokens()
    row = model.objects.get(user=maria)
    before = model.objects.filter(pk=row.pk).values().get()
    for page in (f"{address}add/", f"{address}{row.pk}/change/", f"{address}{row.pk}/delete/"):
        assert browser.post(page, {"post": "yes", "scope": "sec"}).status_code == 403, page
    for user in (None, internal_user):
        stranger = Client()
        if user is not None:
            stranger.force_login(user)
        assert act(stranger, address, action, row).status_code == (303 if user is None else 403)
        assert stranger.get(address).status_code == (302 if user is None else 403)
    assert model.objects.filter(pk=row.pk).values().get() == before
