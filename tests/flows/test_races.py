"""Two requests at the same moment: one of them comes first, and nothing is left over from the other."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from erpnet_identity.audit.context import SYSTEM
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.identity import consent, signout
from erpnet_identity.identity.models import Consent, IdentitySession
from erpnet_identity.oauth import authorization
from erpnet_identity.tokens.models import AccessToken, Grant, RefreshToken
from tests.factories.users import UserFactory
from tests.support.jwt import claims_of
from tests.support.processes import paused
from tests.support.relying_party import RelyingParty, answer_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("postgresql")]

SCOPE = "openid read offline_access"
MANY = 20


@pytest.fixture
def at_once():
    """``at_once(call, …)``: all calls begin at the same moment, each in a thread with a connection of its own; what
    they return, in their order."""
    pool = ThreadPoolExecutor(MANY)
    barrier = threading.Barrier(1)

    def begin(call):
        barrier.wait(10)
        return call()

    def run(*calls):
        nonlocal barrier
        barrier = threading.Barrier(len(calls))
        futures = [pool.submit(begin, call) for call in calls]
        return [future.result(30) for future in futures]

    yield run
    run(*[lambda: connection.close()] * MANY)
    pool.shutdown()


@pytest.fixture
def web_app(web_app):
    web_app.is_first_party = True  # nobody is asked for consent, so that a code is one request
    web_app.save()
    return web_app


@pytest.fixture
def new_party(web_app):
    """``new_party()``: somebody else at a browser of their own."""

    def make(application=web_app):
        browser = Client()
        browser.force_login(UserFactory())
        return RelyingParty(browser, application, scope=SCOPE)

    return make


def elsewhere(party):
    """The back end of the application: the same requests without the person's browser."""
    other = RelyingParty(Client(), party.application, scope=SCOPE)
    other.verifier = party.verifier
    return other


def another_tab(party):
    """The same browser, so that two requests of it can be under way."""
    other = RelyingParty(Client(), party.application, scope=SCOPE)
    other.client.cookies = party.client.cookies.copy()
    other.verifier, other.parameters = party.verifier, party.parameters
    return other


def sort_out(responses):
    """The bodies of those that succeeded; all others say ``invalid_grant``."""
    assert {response.status_code for response in responses} <= {200, 400}
    refused = [response.json()["error"] for response in responses if response.status_code == 400]
    assert set(refused) <= {"invalid_grant"}
    return [response.json() for response in responses if response.status_code == 200]


@pytest.mark.contract("ID-60", "ID-114", "OP-79", "OP-151", "OP-152")
def test_one_code_redeemed_many_times(at_once, new_party):
    for _ in range(3):
        party = new_party()
        code = party.code()
        (body,) = sort_out(at_once(*[partial(elsewhere(party).exchange, code) for _ in range(MANY)]))
        # The others came after it: whoever they are, the code was in two hands.
        assert party.call_api(body["access_token"]) == 401
        assert party.refresh(body["refresh_token"]).json()["error"] == "invalid_grant"
        assert (AccessToken.objects.count(), RefreshToken.objects.count()) == (1, 1), "the losers left nothing behind"
        assert AuditEvent.objects.filter(name="token.issued", sid=claims_of(body["access_token"])["sid"]).count() == 1
        Grant.objects.get().delete()


@pytest.mark.contract("TK-54", "TK-56", "OP-156", "OP-227")
@pytest.mark.parametrize("kind", ["web_app", "public_app"])
def test_one_refresh_token_used_many_times(kind, request, at_once, new_party):
    for _ in range(3):
        party = new_party(request.getfixturevalue(kind))
        first = party.tokens()
        uses = [partial(elsewhere(party).refresh, first["refresh_token"]) for _ in range(16)]
        bodies = sort_out(at_once(*uses))
        assert len(bodies) == 16
        (second,) = {body["refresh_token"] for body in bodies}
        assert len({body["access_token"] for body in bodies}) == 16
        assert (AccessToken.objects.count(), RefreshToken.objects.count()) == (17, 2)
        assert {party.call_api(body["access_token"]) for body in (first, *bodies)} == {200}
        events = AuditEvent.objects.filter(sid=claims_of(first["id_token"])["sid"])
        assert events.filter(name="token.refreshed").count() == 1
        assert events.filter(name="token.refreshed_again").count() == 15
        third = party.refresh(second)
        assert third.status_code == 200
        # The successor was used: the old token gives nothing any more, and harms nobody.
        assert sort_out(at_once(*uses)) == []
        assert party.refresh(third.json()["refresh_token"]).status_code == 200
        Grant.objects.get().delete()


@pytest.mark.contract("TK-56")
def test_an_old_and_a_new_refresh_token_at_once(at_once, new_party):
    """Somebody renews with the successor while others still renew with the token before it: each of them gets the
    successor or nothing, nobody a second one, and the chain lives."""
    for _ in range(5):
        party = new_party()
        old = party.tokens()["refresh_token"]
        new = party.refresh(old).json()["refresh_token"]
        late = [partial(elsewhere(party).refresh, old) for _ in range(8)]
        response, *others = at_once(partial(elsewhere(party).refresh, new), *late)
        assert {body["refresh_token"] for body in sort_out(others)} <= {new}
        assert RefreshToken.objects.count() == 3
        assert party.refresh(response.json()["refresh_token"]).status_code == 200
        Grant.objects.get().delete()


@pytest.mark.contract("TK-56")
def test_many_at_once_when_it_is_switched_off(at_once, new_party, settings):
    settings.REFRESH_TOKEN_REPEAT_SECONDS = 0
    party = new_party()
    first = party.tokens()
    (second,) = sort_out(at_once(*[partial(elsewhere(party).refresh, first["refresh_token"]) for _ in range(MANY)]))
    assert (AccessToken.objects.count(), RefreshToken.objects.count()) == (2, 2)
    assert party.call_api(first["access_token"]) == party.call_api(second["access_token"]) == 200
    assert party.refresh(second["refresh_token"]).status_code == 200


@pytest.mark.contract("ID-157", "TK-57", "OP-201")
def test_a_renewal_while_the_person_signs_out(at_once, new_party):
    for _ in range(10):
        party = new_party()
        first = party.tokens()
        back = elsewhere(party)
        response, _ = at_once(partial(back.refresh, first["refresh_token"]), partial(party.sign_out, first["id_token"]))
        for body in [first, *sort_out([response])]:
            assert back.refresh(body["refresh_token"]).json()["error"] == "invalid_grant"
    assert IdentitySession.objects.filter(ended_at=None).count() == 0


@pytest.mark.contract("ID-83", "TK-57")
def test_a_renewal_while_consent_is_withdrawn(at_once, new_party, public_app):
    for _ in range(5):
        party = new_party(public_app)
        first = party.tokens()
        given = Consent.objects.get(user__login=claims_of(first["id_token"])["sub"])
        back = elsewhere(party)
        response, _ = at_once(
            partial(back.refresh, first["refresh_token"]),
            partial(consent.withdraw, given, actor=SYSTEM, now=timezone.now()),
        )
        for body in [first, *sort_out([response])]:
            assert back.refresh(body["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.contract("ID-157", "TK-57", "ID-60")
def test_a_sign_in_while_the_person_signs_out(at_once, new_party):
    """The whole walk in one thread, the sign-out in another: at whatever moment it comes, nothing renews after it."""

    def walk(party):
        answer = party.answer(prompt="none")
        return [elsewhere(party).exchange(answer["code"])] if "code" in answer else []

    for _ in range(12):
        party = new_party()
        hint = party.tokens()["id_token"]
        responses, _ = at_once(partial(walk, party), partial(another_tab(party).sign_out, hint))
        for body in sort_out(responses):
            assert elsewhere(party).refresh(body["refresh_token"]).json()["error"] == "invalid_grant"
        assert IdentitySession.objects.get(sid=claims_of(hint)["sid"]).ended_at is not None


@pytest.mark.contract("ID-157", "TK-57", "OP-201")
def test_a_whole_sign_in_inside_a_sign_out(new_party, monkeypatch):
    """The sign-out has ended what it saw and is not committed yet: what is issued now, it did not see."""
    party = new_party()
    hint = party.tokens()["id_token"]
    other = another_tab(party)

    def sign_out():
        assert other.sign_out(hint).status_code == 200
        connection.close()

    thread = threading.Thread(target=sign_out)
    with paused(monkeypatch, signout, "record") as reached:
        thread.start()
        assert reached.wait(20)
        body = party.tokens(prompt="none")
    thread.join(20)
    assert IdentitySession.objects.get().ended_at is not None
    assert party.refresh(body["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.contract("ID-83", "TK-57")
def test_a_code_from_before_the_consent_was_withdrawn(new_party, public_app, monkeypatch):
    """The consent was read and is withdrawn before the code is stored."""
    party = new_party(public_app)
    party.tokens()
    codes = []

    def authorize():
        codes.append(another_tab(party).answer()["code"])
        connection.close()

    thread = threading.Thread(target=authorize)
    with paused(monkeypatch, authorization, "issue") as reached:
        thread.start()
        assert reached.wait(20)
        assert consent.withdraw(Consent.objects.get(), actor=SYSTEM, now=timezone.now())
    thread.join(20)
    assert party.exchange(*codes).json()["error"] == "invalid_grant"
    assert AuditEvent.objects.latest("id").cause == "consent_withdrawn"


@pytest.mark.contract("ID-81", "ID-82", "OP-105")
def test_a_consent_answered_twice(at_once, new_party, public_app):
    """A double click, or two tabs."""
    for _ in range(4):
        party = new_party(public_app)
        page = party.authorize()
        assert b'id="consent"' in page.content
        answers = at_once(*[partial(another_tab(party).answer_consent, page) for _ in range(4)])
        codes = {answer_of(answer)[2]["code"] for answer in answers}
        assert len(codes) == 4
        stored = Consent.objects.get()
        assert stored.scopes == {"openid", "read", "offline_access"}
        assert stored.version == 4
        events = AuditEvent.objects.filter(name="consent.granted", user_id=stored.user_id)
        assert sorted(event.detail["version"] for event in events) == [1, 2, 3, 4]
        stored.delete()
