"""What a person agrees to: asked in plain words, remembered, asked again only for more (ID-80 to ID-85, OP-105)."""

from datetime import timedelta

import pytest
import time_machine
from django.db.models import F
from django.test import Client
from django.utils import timezone

from erpnet_identity.audit.context import SYSTEM
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.edge.policy import LEADING_AWAY
from erpnet_identity.identity import consent as consents
from erpnet_identity.identity.models import Consent
from erpnet_identity.tokens.models import Grant
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.relying_party import answer_of, form_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def rp(relying_party, web_app, internal_user):
    return relying_party(web_app, user=internal_user, scope="openid profile read")


def is_consent_page(response):
    return response.status_code == 200 and b'id="consent"' in response.content


def is_asked_again(response):
    return response.status_code == 302 and response["Location"].startswith("/id/connect/authorize/resume?")


@pytest.mark.contract("ID-81", "ID-80", "OP-80", "ID-04")
def test_the_first_time(rp, web_app):
    response = rp.authorize()
    assert is_consent_page(response)
    page = response.content.decode()
    for text in (web_app.name, web_app.client_id, "web.example.com", "Read business data", "See your name"):
        assert text in page
    assert "Create, change and delete" not in page
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Frame-Options"] == "DENY"
    # A browser holds the redirects that follow the form against it, those of the application too.
    assert response.headers["Content-Security-Policy"] == LEADING_AWAY
    assert Grant.objects.count() == 0


@pytest.mark.contract("ID-82", "ID-83", "OP-105", "AU-01")
def test_remembered(rp, internal_user, web_app):
    assert set(rp.answer()) == {"code", "state", "iss"}
    assert "code" in rp.answer(prompt="none")
    assert "code" in rp.answer(prompt="none", scope="read openid")
    consent = Consent.objects.get(user=internal_user, application=web_app)
    assert consent.scopes == {"openid", "profile", "read"}
    event = AuditEvent.objects.get(name="consent.granted")
    assert (event.user_login, event.client_id) == (internal_user.login, web_app.client_id)
    assert event.detail["scope"] == "openid profile read"


@pytest.mark.contract("ID-82", "OP-92", "OP-105")
def test_more_is_asked_for_and_marked(rp):
    rp.answer()
    assert rp.answer(prompt="none", scope="openid update")["error"] == "consent_required"
    page = rp.authorize(scope="openid read update")
    assert is_consent_page(page)
    assert page.content.decode().count(">New<") == 1
    rp.answer_consent(page)
    consent = Consent.objects.get()
    assert consent.scopes == {"openid", "profile", "read", "update"}
    assert consent.version == 2
    assert AuditEvent.objects.filter(name="consent.granted").latest("id").detail["new"] == ["update"]


@pytest.mark.contract("ID-82", "OP-96")
def test_prompt_consent_always_asks(rp):
    rp.answer()
    page = rp.authorize(prompt="consent")
    assert is_consent_page(page)
    assert "code" in answer_of(rp.answer_consent(page))[2]
    assert Consent.objects.get().version == 2


@pytest.mark.contract("ID-84", "ID-234", "OP-81", "AU-01")
def test_deny(rp):
    answer = answer_of(rp.answer_consent(rp.authorize(), "deny"))[2]
    assert answer["error"] == "access_denied"
    assert Grant.objects.count() == Consent.objects.count() == 0
    assert AuditEvent.objects.filter(name="consent.denied").count() == 1
    assert is_consent_page(rp.authorize())


@pytest.mark.contract("ID-84")
@pytest.mark.parametrize("answer", ["", "yes", "ALLOW"])
def test_anything_but_allow_is_no(answer, rp):
    assert answer_of(rp.answer_consent(rp.authorize(), answer))[2]["error"] == "access_denied"


@pytest.mark.contract("ID-68")
def test_the_answer_needs_a_form_token(web_app, internal_user, relying_party):
    strict = Client(enforce_csrf_checks=True)
    rp = relying_party(web_app, user=internal_user, browser=strict)
    action, fields = form_of(rp.authorize(), id="consent")
    token = fields.pop("csrfmiddlewaretoken")
    assert strict.post(action, {**fields, "answer": "allow"}).status_code == 403
    assert Consent.objects.count() == 0
    response = strict.post(action, {**fields, "answer": "allow", "csrfmiddlewaretoken": token})
    assert "code" in answer_of(response)[2]


@pytest.mark.contract("ID-81", "OP-105")
class TestWhatWasShownIsWhatIsGranted:
    def back_at_the_page(self, rp, response):
        assert response.status_code == 302
        assert Consent.objects.count() == Grant.objects.count() == 0
        return rp.client.get(response["Location"])

    def test_another_person_signed_in_meanwhile(self, rp):
        page = rp.authorize()
        rp.client.force_login(UserFactory(name="Somebody Else"))
        again = self.back_at_the_page(rp, rp.answer_consent(page))
        assert "Somebody Else" in again.content.decode()

    def test_the_application_meanwhile_gets_more(self, rp, web_app):
        page = rp.authorize(scope=None)
        web_app.scope = "read update sec read"
        web_app.scope = "read"
        web_app.save()
        again = self.back_at_the_page(rp, rp.answer_consent(page))
        assert "Create, change and delete" not in again.content.decode()

    @pytest.mark.parametrize("shown", ["", "x", "WyJ4IixbXV0:1:x"])
    def test_a_forged_question(self, shown, rp):
        assert is_consent_page(self.back_at_the_page(rp, rp.answer_consent(rp.authorize(), shown=shown)))

    def test_signed_out_meanwhile(self, rp):
        page = rp.authorize()
        rp.client.logout()
        response = rp.answer_consent(page)
        assert response["Location"].startswith("/id/signin?request=")


@pytest.mark.contract("ID-85")
class TestWithoutQuestions:
    def test_first_party(self, relying_party, internal_user):
        application = TrustedApplicationFactory(web=True, is_first_party=True)
        rp = relying_party(application, user=internal_user)
        assert "code" in answer_of(rp.authorize(prompt="none"))[2]
        assert Consent.objects.count() == 0

    def test_internal(self, relying_party, internal_user):
        application = TrustedApplicationFactory(web=True, client_id="internal.erp.net/profile", scope="update sec")
        rp = relying_party(application, user=internal_user, scope="openid update sec")
        code = answer_of(rp.authorize())[2]["code"]
        assert rp.exchange(code).json()["scope"] == "openid update sec"

    def test_switched_off_for_the_instance(self, rp, settings):
        settings.REQUIRE_CONSENT = False
        assert "code" in answer_of(rp.authorize())[2]


LOOPBACK = ["http://127.0.0.1/cb", "http://[::1]:7000/cb", "http://localhost:4200/cb", "https://localhost/cb"]


@pytest.mark.contract("ID-82", "ID-85", "OP-92")
class TestAProgramOnTheDevice:
    """Any program there can take the client id and the address, so a yes of before proves nothing (RFC 8252 §8.6)."""

    @pytest.fixture(params=[*LOOPBACK, "com.example.app:/cb", "myapp://cb"])
    def address(self, request):
        return request.param

    @pytest.fixture(params=["", "first party", "internal", "no consent for the instance"])
    def device_party(self, request, address, relying_party, internal_user, settings):
        settings.REQUIRE_CONSENT = request.param != "no consent for the instance"
        values = {"first party": {"is_first_party": True}, "internal": {"client_id": "internal.erp.net/x"}}
        values = values.get(request.param, {})
        application = TrustedApplicationFactory(public=True, redirect_uris=address, **values)
        return relying_party(application, user=internal_user, scope="openid profile read offline_access")

    def test_is_asked_about_every_time(self, device_party):
        assert device_party.answer(prompt="none")["error"] == "consent_required"
        tokens = device_party.tokens()
        assert device_party.answer(prompt="none")["error"] == "consent_required"
        event = AuditEvent.objects.filter(name="authorization.refused").latest("id")
        assert event.cause == "consent_every_time"
        page = device_party.authorize()
        assert is_consent_page(page)
        assert b'data-outcome="asked-again"' in page.content
        assert "code" in answer_of(device_party.answer_consent(page))[2]
        # What it has, it may renew: that takes a token and not only a client id.
        assert device_party.refresh(tokens["refresh_token"]).status_code == 200

    def test_the_code_of_a_consent_that_was_withdrawn(self, device_party):
        code = device_party.code()
        consents.withdraw(Consent.objects.get(), actor=SYSTEM, now=timezone.now())
        assert device_party.exchange(code).json()["error"] == "invalid_grant"

    def test_another_port(self, relying_party, internal_user):
        rp = relying_party(TrustedApplicationFactory(public=True, redirect_uris=LOOPBACK[0]), user=internal_user)
        assert "code" in rp.answer(redirect_uri="http://127.0.0.1:5000/cb")
        assert rp.answer(redirect_uri="http://127.0.0.1:6000/cb", prompt="none")["error"] == "consent_required"

    def test_an_https_address_of_the_same_application_is_its_own(self, relying_party, internal_user):
        application = TrustedApplicationFactory(public=True, redirect_uris=f"{LOOPBACK[0]}\nhttps://spa.example.com/cb")
        rp = relying_party(application, user=internal_user)
        assert "code" in rp.answer()
        assert "code" in rp.answer(prompt="none", redirect_uri="https://spa.example.com/cb")
        assert rp.answer(prompt="none")["error"] == "consent_required"

    @pytest.mark.parametrize("address", LOOPBACK, indirect=True)
    def test_a_secret_tells_one_program_from_another(self, address, relying_party, internal_user):
        application = TrustedApplicationFactory(web=True, redirect_uris=address)
        rp = relying_party(application, user=internal_user)
        assert "code" in rp.answer()
        assert "code" in rp.answer(prompt="none")


@pytest.mark.contract("ID-83", "TK-57", "OP-159", "AU-01")
def test_withdrawn(rp, internal_user):
    tokens = rp.tokens(scope="openid read offline_access")
    other = AuditEvent.objects.count()
    consent = Consent.objects.get()
    assert consents.withdraw(consent, actor=SYSTEM, now=timezone.now())
    assert not consents.withdraw(consent, actor=SYSTEM, now=timezone.now())
    assert rp.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    page = rp.authorize()
    assert is_consent_page(page)
    assert ">New<" not in page.content.decode()
    assert AuditEvent.objects.filter(name="consent.withdrawn").count() == 1
    assert AuditEvent.objects.count() > other
    rp.answer_consent(page)
    # Only what was agreed to now; what was withdrawn stays withdrawn.
    assert Consent.objects.get().scopes == {"openid", "profile", "read"}


@pytest.mark.contract("OP-105")
def test_a_consent_is_of_one_person_and_one_application(rp, relying_party, web_app):
    rp.answer()
    other_application = relying_party(TrustedApplicationFactory(web=True))
    assert is_consent_page(other_application.authorize())
    other_person = relying_party(web_app, user=UserFactory(), browser=Client())
    assert is_consent_page(other_person.authorize())
    assert other_person.answer(prompt="none")["error"] == "consent_required"


class TestTheSeal:
    """The answer belongs to the very page that was read: its application, its address, its record, its hour (ID-81)."""

    @pytest.fixture
    def other(self, db):
        return TrustedApplicationFactory(web=True, name="Another", redirect_uris="https://web.example.com/callback")

    def test_of_another_application(self, relying_party, rp, other, internal_user):
        shown = form_of(rp.authorize(), id="consent")[1]["shown"]
        page = relying_party(other, user=internal_user).authorize()
        assert is_asked_again(rp.answer_consent(page, shown=shown))

    def test_of_another_address(self, rp, web_app):
        web_app.redirect_uris += "\nhttps://web.example.com/second"
        web_app.save()
        shown = form_of(rp.authorize(redirect_uri="https://web.example.com/second"), id="consent")[1]["shown"]
        assert is_asked_again(rp.answer_consent(rp.authorize(), shown=shown))

    def test_of_a_record_that_was_changed(self, rp, web_app):
        page = rp.authorize()
        type(web_app).objects.filter(pk=web_app.pk).update(object_version=F("object_version") + 1)
        assert is_asked_again(rp.answer_consent(page))

    def test_of_hours_ago(self, rp):
        with time_machine.travel(timezone.now() - timedelta(hours=2), tick=True):
            page = rp.authorize()
        assert is_asked_again(rp.answer_consent(page))
        assert "code" in answer_of(rp.answer_consent(rp.authorize()))[2]
