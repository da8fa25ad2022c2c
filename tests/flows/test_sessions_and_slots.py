"""What a connection costs: sessions, timers and license slots, over HTTP with a moved clock."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from erpnet_identity.audit import events
from erpnet_identity.audit.context import SYSTEM
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.erp_sessions import background, pool, presence, services
from erpnet_identity.erp_sessions.models import ErpSession, Kind, Reason
from erpnet_identity.tokens.models import AccessToken
from erpnet_identity.users.services import actor_for, save_user
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.clock import frozen
from tests.support.relying_party import RelyingParty
from trusted_apps.services import delete_application, set_enabled

pytestmark = pytest.mark.django_db

SET = "/api/domain/odata/Crm_Sales_Customers"
MINUTE = 60
HOUR = 3600


clock = frozen("2030-01-07T10:00:00Z")


@pytest.fixture
def call(client):
    """``call(token)``: one call to the Domain API."""

    def get(token, **extra):
        return client.get(SET, {"$top": "1"}, headers={"Authorization": f"Bearer {token}"}, **extra)

    return get


def slots(number, *reserved):
    pool.set_pool(number, reserved, actor=SYSTEM)


def sign_in(user, application, browser=None):
    """An access token of ``user``, signed in at ``browser``, a new one by default."""
    browser = browser or Client()
    browser.force_login(user)
    return RelyingParty(browser, application, scope="openid read").tokens()["access_token"]


def live():
    return ErpSession.objects.live(datetime.now(UTC))


def at(time):
    return datetime.fromisoformat(f"2030-01-07T{time}:00Z")


def event_names():
    return list(
        AuditEvent.objects.filter(name__startswith="erp_session.").order_by("id").values_list("name", flat=True)
    )


def refused(response):
    """Whether the call was refused for want of a slot, exactly as SE-59 has it."""
    if response.status_code == 200:
        return False
    assert response.status_code == 503, response.content
    assert response["Retry-After"] == "60"
    error = response.json()["error"]
    assert error["code"] == 503
    assert error["type"] == "MaximumLicenseCountExceeded"
    assert "MaximumLicenseCountExceeded" in error["message"]
    assert error["info"] == ""
    return True


class TestTheWorkedExample:
    """SE-40 to SE-45: a token issued at 10:00, valid to 11:00."""

    @pytest.mark.contract("SE-40", "SE-41", "SE-42", "SE-43", "SE-44", "SE-45", "SE-36", "SE-37")
    def test_row_by_row(self, clock, call, web_app, internal_user):
        token = sign_in(internal_user, web_app)
        # SE-40
        assert not ErpSession.objects.exists()

        # SE-41
        clock.move_to(at("10:01"))
        assert call(token).status_code == 200
        first = live().get()

        # SE-42
        clock.move_to(at("10:15"))
        assert call(token).status_code == 200
        assert live().get() == first

        # SE-43: not a second before, and without any clean-up
        clock.move_to(at("10:35") - timedelta(seconds=1))
        assert live().get() == first
        clock.move_to(at("10:35"))
        assert not live().exists()

        # SE-44
        clock.move_to(at("10:40"))
        assert call(token).status_code == 200
        second = live().get()
        assert second != first
        first.refresh_from_db()
        assert (first.closed_at, first.close_reason) == (at("10:35"), Reason.IDLE)

        # SE-45
        clock.move_to(at("10:55"))
        assert call(token).status_code == 200
        clock.move_to(at("11:00"))
        assert call(token).status_code == 401
        assert live().get() == second
        clock.move_to(at("11:15") - timedelta(seconds=1))
        assert live().get() == second
        clock.move_to(at("11:15"))
        assert not live().exists()


class TestOpening:
    @pytest.mark.contract("SE-01", "SE-07", "ID-61", "ID-126", "ID-134", "ID-144")
    def test_nothing_but_a_call_opens_a_session(self, client, web_app, service_app, service_token, internal_user):
        client.force_login(internal_user)
        party = RelyingParty(client, web_app, scope="openid read offline_access")
        tokens = party.tokens()
        party.refresh(tokens["refresh_token"])
        party.userinfo(tokens["access_token"])
        service_token(service_app, "read")
        for address in ("/", "/tools/ver", "/tools/auto-discovery", "/id/", "/health/ready"):
            assert client.get(address).status_code == 200
        assert not ErpSession.objects.exists()

    @pytest.mark.contract("SE-02", "SE-03", "SE-06", "SE-09", "SE-11", "ID-178")
    def test_a_service(self, clock, client, call, service_app, service_token):
        token = service_token(service_app, "read")
        clock.move_to(at("10:10"))
        client.get(SET, headers={"Authorization": f"Bearer {token}", "User-Agent": "sync/1.0"})
        clock.move_to(at("10:11"))
        first, second = call(token), call(token)
        presence.flush(now=at("10:12"))
        session = ErpSession.objects.get()
        assert session.kind == Kind.SERVICE
        assert session.key == AccessToken.objects.get().jti
        assert session.user_id == service_app.system_user_id
        assert session.application_ids == [str(service_app.pk)]
        assert (session.address, session.user_agent) == ("127.0.0.1", "sync/1.0")
        assert (session.opened_at, session.last_seen_at) == (at("10:10"), at("10:11"))
        assert session.expires_at == at("11:10")
        assert session.requests == 3
        assert session.bytes_down > len(first.content) + len(second.content)
        event = AuditEvent.objects.get(name=events.ERP_SESSION_OPENED)
        assert (event.client_id, event.user_login) == (service_app.client_id, service_app.system_user.login)
        assert event.application_id == str(service_app.pk)
        assert event.token_id == session.key
        assert event.detail == {"session": str(session.pk), "kind": "service", "live": 1, "slots": None}

    @pytest.mark.contract("SE-10", "SE-20", "SE-38", "ID-72", "ID-71")
    def test_one_browser_is_one_session(self, clock, call, web_app, public_app, internal_user):
        browser = Client()
        tokens = [sign_in(internal_user, web_app, browser)]
        third = TrustedApplicationFactory(web=True)
        for application in (public_app, third):
            tokens.append(RelyingParty(browser, application, scope="openid read").tokens()["access_token"])
        party = RelyingParty(browser, web_app, scope="openid read offline_access")
        answer = party.tokens()
        tokens += [answer["access_token"], party.refresh(answer["refresh_token"]).json()["access_token"]]
        slots(1)
        assert [call(token).status_code for token in tokens] == [200] * 5
        session = live().get()
        assert session.kind == Kind.INTERACTIVE
        assert session.expires_at is None
        assert session.application_ids == [str(each.pk) for each in (web_app, public_app, third)]

    @pytest.mark.contract("SE-21", "SE-22", "SE-24", "SE-25")
    def test_what_holds_a_slot_of_its_own(self, call, service_token, internal_user):
        hybrid = TrustedApplicationFactory(web=True, service=True)
        browser = Client()
        tokens = [
            sign_in(internal_user, hybrid, browser),
            sign_in(internal_user, hybrid),  # another browser
            service_token(hybrid, "read"),
            service_token(hybrid, "read"),  # another process of the same service
        ]
        for number, token in enumerate(tokens, start=1):
            assert call(token).status_code == 200
            assert live().count() == number
        # The same person once more, and then somebody else in the same browser.
        again = sign_in(internal_user, hybrid, browser)
        assert call(again).status_code == 200
        assert live().count() == 4
        assert call(sign_in(UserFactory(), hybrid, browser)).status_code == 200
        assert live().count() == 5

    @pytest.mark.contract("SE-16", "SE-23", "ID-176", "SE-08")
    def test_community_users_never_hold_one(self, call, service_token, community_user):
        portal = TrustedApplicationFactory(web=True, service=True, allows_community_users=True)
        token = sign_in(community_user, portal)
        assert call(token).status_code == 401  # it is not addressed to the API
        assert not ErpSession.objects.exists()
        backend = service_token(portal, "read")
        assert {call(backend).status_code for _ in range(20)} == {200}
        assert live().count() == 1

    @pytest.mark.contract("SE-08")
    def test_a_refused_call_opens_nothing_and_keeps_nothing_alive(
        self, clock, client, call, service_app, service_token
    ):
        token = service_token(service_app, "read")
        bearer = {"Authorization": f"Bearer {token}"}

        def refusals():
            return [
                call("nonsense").status_code,
                client.get(SET).status_code,
                client.get(SET, headers={**bearer, "Api-Key": "x"}).status_code,
                client.post(SET, "{}", content_type="application/json", headers=bearer).status_code,
                client.get("/api/domain/odata/Systems_Security_Users", headers=bearer).status_code,
                client.get("/api/domain/odata/Nothing", headers=bearer).status_code,
            ]

        expected = refusals()
        assert set(expected) <= {400, 401, 403, 404, 405}
        assert not ErpSession.objects.exists()
        call(token)
        clock.move_to(at("10:19"))
        assert refusals() == expected
        clock.move_to(at("10:20"))
        assert not live().exists()

    @pytest.mark.contract("SE-26")
    def test_a_session_belongs_to_one_identity(self, call, service_app, service_token):
        token = service_token(service_app, "read")
        call(token)
        stranger = UserFactory()
        ErpSession.objects.update(user=stranger)
        assert call(token).status_code == 200
        assert live().get().user_id == service_app.system_user_id
        old = ErpSession.objects.exclude(closed_at=None).get()
        assert (old.user_id, old.close_reason) == (stranger.pk, Reason.IDENTITY)
        assert event_names() == [
            events.ERP_SESSION_OPENED,
            events.ERP_SESSION_CLOSED,
            events.ERP_SESSION_OPENED,
        ]


class TestTimers:
    @pytest.mark.contract("SE-30", "SE-31", "SE-33")
    def test_every_call_restarts_the_timer_of_a_person(self, clock, call, web_app, internal_user):
        browser = Client()
        browser.force_login(internal_user)
        party = RelyingParty(browser, web_app, scope="openid read offline_access")
        tokens = party.tokens()
        call(tokens["access_token"])
        session = live().get()
        for _ in range(12):  # three hours: no absolute limit
            clock.shift(19 * MINUTE + 59)
            tokens = party.refresh(tokens["refresh_token"]).json()
            assert call(tokens["access_token"]).status_code == 200
            assert live().get() == session
        clock.shift(20 * MINUTE)
        assert not live().exists()

    @pytest.mark.contract("SE-32", "SE-35", "SE-27")
    def test_a_service_session_ends_after_an_hour_of_constant_use(self, clock, call, service_app, service_token):
        clock.move_to(at("09:59"))
        first = service_token(service_app, "read")
        clock.move_to(at("10:30"))
        second = service_token(service_app, "read")
        call(second)
        session = live().get()
        for _ in range(5):
            clock.shift(10 * MINUTE)
            assert call(second).status_code == 200
        assert live().get() == session
        clock.move_to(at("11:29"))
        third = service_token(service_app, "read")
        assert call(third).status_code == 200
        assert live().count() == 2
        clock.move_to(at("11:30"))
        assert [live_one.key for live_one in live()] == [AccessToken.objects.order_by("-id")[0].jti]
        assert call(second).status_code == 401  # the token had the same hour
        assert call(first).status_code == 401

    @pytest.mark.contract("SE-39", "SE-47")
    def test_who_asks_gets_what_the_timers_have_freed(self, clock, call, service_app, service_token):
        slots(1)
        old, new = service_token(service_app, "read"), service_token(service_app, "read")
        call(old)
        clock.shift(20 * MINUTE - 1)
        assert refused(call(new))
        clock.shift(1)
        assert not refused(call(new))
        closed = ErpSession.objects.exclude(closed_at=None).get()
        assert (closed.closed_at, closed.close_reason) == (at("10:20"), Reason.IDLE)
        event = AuditEvent.objects.get(name=events.ERP_SESSION_CLOSED)
        assert (event.actor_kind, event.token_id, event.cause) == ("system", closed.key, "idle")
        assert event.user_login == service_app.system_user.login

    @pytest.mark.contract("SE-31")
    def test_the_end_of_a_request_restarts_the_timer_too(self, clock, call, service_app, service_token, monkeypatch):
        from erp_api import reading

        token = service_token(service_app, "read")
        call(token)
        answer = reading.answer_to

        def slow(address, request):
            clock.shift(15 * MINUTE)
            return answer(address, request)

        monkeypatch.setattr(reading, "answer_to", slow)
        clock.move_to(at("10:05"))
        call(token)  # until 10:20
        background.take_turn()
        assert ErpSession.objects.get().last_seen_at == at("10:20")
        clock.move_to(at("10:40") - timedelta(seconds=1))
        assert live().exists()
        clock.move_to(at("10:40"))
        assert not live().exists()

    @pytest.mark.contract("SE-31")
    def test_a_request_that_runs_keeps_its_session_alive(self, clock, call, service_app, service_token, monkeypatch):
        from erp_api import reading

        slots(1)
        token, other = service_token(service_app, "read"), service_token(service_app, "read")
        answer = reading.answer_to
        during = []

        def slow(address, request):
            if during:
                return answer(address, request)
            during.append(None)
            for _ in range(25):
                clock.shift(MINUTE)
                background.take_turn()  # what the server does beside
            during.append(refused(call(other)))
            return answer(address, request)

        monkeypatch.setattr(reading, "answer_to", slow)
        assert call(token).status_code == 200
        assert during == [None, True]


class TestWriting:
    """The common case writes nothing, and nobody is cut off because of that."""

    def test_the_time_is_written_every_half_minute(self, clock, call, service_app, service_token):
        token = service_token(service_app, "read")
        call(token)
        for _ in range(29):
            clock.shift(1)
            call(token)
        assert ErpSession.objects.get().last_seen_at == at("10:00")
        clock.shift(1)
        call(token)
        assert ErpSession.objects.get().last_seen_at == at("10:00") + timedelta(seconds=30)

    @pytest.mark.contract("SE-30", "SE-39")
    def test_a_session_in_use_is_not_closed_because_of_that(self, clock, call, service_app, service_token):
        """Its last call was not written by the call itself, and 20 minutes are counted from it nevertheless."""
        slots(1)
        token, other = service_token(service_app, "read"), service_token(service_app, "read")
        call(token)
        clock.shift(29)
        call(token)
        clock.shift(5)
        background.take_turn()
        assert ErpSession.objects.get().last_seen_at == at("10:00") + timedelta(seconds=29)
        clock.move_to(at("10:20") + timedelta(seconds=28))
        assert refused(call(other))
        assert call(token).status_code == 200
        clock.shift(20 * MINUTE)
        assert not refused(call(other))

    def test_statements(self, clock, call, service_app, service_token, django_assert_num_queries):
        token = service_token(service_app, "read")
        call(token)
        with django_assert_num_queries(2):  # the token with its session, and the rows
            call(token)
        clock.shift(30)
        with django_assert_num_queries(3):
            call(token)
        with django_assert_num_queries(2):
            call(token)

    def test_statements_of_an_opening(self, call, service_app, service_token, django_assert_max_num_queries):
        slots(5)
        call(service_token(service_app, "read"))
        token = service_token(service_app, "read")
        # Token, what is over, begin, lock, count, session and event (two statements on SQLite), commit, rows.
        with django_assert_max_num_queries(8 if connection.vendor == "postgresql" else 11):
            call(token)
        token = service_token(service_app, "read")
        slots(1)
        with django_assert_max_num_queries(13):  # the first refusal of an hour begins its row
            assert refused(call(token))

    def test_what_is_counted_is_written_beside_the_calls(self, clock, call, service_app, service_token):
        token = service_token(service_app, "read")
        sizes = [len(call(token).content) for _ in range(3)]
        background.take_turn()
        assert ErpSession.objects.get().requests == 1  # the one that opened it; the others not yet
        clock.shift(30)
        background.take_turn()
        session = ErpSession.objects.get()
        assert (session.requests, session.bytes_up, session.bytes_down) == (3, 0, sum(sizes))
        background.take_turn(everything=True)
        session.refresh_from_db()
        assert session.requests == 3

    def test_the_database_being_away_loses_nothing(self, clock, call, service_app, service_token, monkeypatch, caplog):
        token = service_token(service_app, "read")
        call(token)
        call(token)
        clock.shift(30)
        with monkeypatch.context() as away:
            away.setattr(ErpSession.objects, "filter", lambda **keywords: 1 / 0)
            background.take_turn()
        assert "could not be written" in caplog.text
        assert ErpSession.objects.get().requests == 1
        background.take_turn()
        assert ErpSession.objects.get().requests == 2


class TestThePool:
    @pytest.mark.contract("SE-55", "SE-57", "SE-58", "SE-59", "SE-60", "TK-113", "API-17", "SE-66")
    def test_full(self, clock, call, service_app, service_token):
        slots(2)
        tokens = [service_token(service_app, "read") for _ in range(3)]
        assert [refused(call(token)) for token in tokens] == [False, False, True]
        assert [refused(call(token)) for token in tokens] == [False, False, True]
        event = AuditEvent.objects.filter(name=events.ERP_SESSION_REFUSED).latest("id")
        assert event.outcome == "refused"
        assert event.client_id == service_app.client_id
        assert (event.cause, event.detail) == ("no_free_slot", {"slots": 2, "live": 2, "kept": 0})
        # The token is as good as before.
        clock.shift(20 * MINUTE)
        assert not refused(call(tokens[2]))

    @pytest.mark.contract("SE-55")
    def test_no_limit(self, call, service_app, service_token):
        slots(None)
        assert not any(refused(call(service_token(service_app, "read"))) for _ in range(5))

    @pytest.mark.contract("SE-55")
    def test_none_at_all(self, call, service_app, service_token):
        slots(0)
        assert refused(call(service_token(service_app, "read")))

    @pytest.mark.contract("SE-61")
    def test_lowered_below_what_is_live(self, clock, call, service_app, service_token):
        slots(3)
        tokens = [service_token(service_app, "read") for _ in range(4)]
        assert [refused(call(token)) for token in tokens[:3]] == [False] * 3
        slots(2)
        assert live().count() == 3
        assert [refused(call(token)) for token in tokens] == [False, False, False, True]
        services.close_chosen([live()[0].pk], now=datetime.now(UTC), actor=SYSTEM)
        assert refused(call(tokens[3]))  # two are live, and two is the limit
        services.close_chosen([live()[0].pk], now=datetime.now(UTC), actor=SYSTEM)
        assert not refused(call(tokens[3]))


def refusal():
    event = AuditEvent.objects.filter(name=events.ERP_SESSION_REFUSED).latest("id")
    return {"cause": event.cause, **event.detail}


class TestOneApplication:
    """It cannot take the whole pool."""

    @pytest.mark.contract("SE-64", "SE-58", "SE-60")
    def test_its_own_limit(self, clock, call, service_token):
        limited = TrustedApplicationFactory(service=True, slot_limit=2)
        other = TrustedApplicationFactory(service=True)
        slots(10)
        tokens = [service_token(limited, "read") for _ in range(3)]
        assert [refused(call(token)) for token in tokens] == [False, False, True]
        assert refusal() == {"cause": "application_limit", "slots": 10, "live": 2, "kept": 0, "used": 2, "limit": 2}
        assert "that this application may use" in call(tokens[2]).json()["error"]["message"]
        assert not refused(call(service_token(other, "read")))
        clock.shift(20 * MINUTE)
        assert not refused(call(tokens[2]))

    @pytest.mark.contract("SE-64")
    def test_without_a_limit_of_the_pool(self, call, service_token):
        limited = TrustedApplicationFactory(service=True, slot_limit=1)
        slots(None)
        tokens = [service_token(limited, "read") for _ in range(2)]
        assert [refused(call(token)) for token in tokens] == [False, True]
        assert refusal() == {"cause": "application_limit", "slots": None, "live": 1, "kept": 0, "used": 1, "limit": 1}

    @pytest.mark.contract("SE-64", "SE-20")
    def test_a_session_counts_for_whoever_opened_it(self, call, internal_user):
        """Joining one takes no slot, and so no part of a limit."""
        limited, other = TrustedApplicationFactory(web=True, slot_limit=1), TrustedApplicationFactory(web=True)
        slots(10)
        browser = Client()
        assert not refused(call(sign_in(internal_user, other, browser)))
        assert not refused(call(sign_in(internal_user, limited, browser)))
        assert live().count() == 1
        assert not refused(call(sign_in(UserFactory(), limited)))
        assert refused(call(sign_in(UserFactory(), limited)))
        assert refusal()["cause"] == "application_limit"

    @pytest.mark.contract("SE-63", "SE-56")
    @pytest.mark.parametrize(
        ("number", "share", "for_services"), [(10, 20, 8), (4, 20, 4), (5, 20, 4), (9, 50, 5), (3, 100, 0), (3, 0, 3)]
    )
    def test_the_share_of_the_people(self, call, service_token, web_app, number, share, for_services):
        pool.set_pool(number, [], kept_from_services=share, actor=SYSTEM)
        applications = [TrustedApplicationFactory(service=True) for _ in range(2)]
        tokens = [service_token(applications[turn % 2], "read") for turn in range(number)]
        assert sum(not refused(call(token)) for token in tokens) == for_services
        if for_services < number:
            assert refusal() == {
                "cause": "kept_from_services",
                "slots": number,
                "live": for_services,
                "kept": 0,
                "used": for_services,
                "limit": for_services,
            }
        for _ in range(number - for_services):
            assert not refused(call(sign_in(UserFactory(), web_app)))
        assert refused(call(sign_in(UserFactory(), web_app)))
        assert refusal()["cause"] == "no_free_slot"

    @pytest.mark.contract("SE-63")
    def test_twenty_percent_unless_it_is_set(self):
        slots(10)
        assert pool.stored_size() == pool.PoolSize(10, 20)
        slots(20)
        pool.set_slots(20, kept_from_services=30, actor=SYSTEM)
        slots(10)
        assert pool.stored_size() == pool.PoolSize(10, 30)

    @pytest.mark.contract("SE-63", "SE-64", "SE-65")
    def test_a_reserved_seat_is_stronger(self, call, service_token, system_user):
        """It was given to this account on purpose; only the size of the pool is stronger."""
        limited = TrustedApplicationFactory(service=True, slot_limit=1, system_user=UserFactory(system=True))
        pool.set_pool(3, [system_user], kept_from_services=67, actor=SYSTEM)
        assert not refused(call(service_token(limited, "read")))
        limited.system_user = system_user
        limited.save()
        assert not refused(call(service_token(limited, "read")))
        assert refused(call(service_token(limited, "read")))


class TestReservedSeats:
    @pytest.mark.contract("SE-71", "SE-16")
    def test_an_account_that_never_calls_holds_nothing_back(self, call, service_app, service_token, community_user):
        """Its type was changed after the seat was reserved."""
        pool.set_pool(2, [community_user], kept_from_services=0, actor=SYSTEM)
        assert not any(refused(call(service_token(service_app, "read"))) for _ in range(2))

    @pytest.fixture
    def service_of(self, service_token):
        """``service_of(user)``: a new token of an application that runs as this account."""

        def make(user):
            return service_token(TrustedApplicationFactory(service=True, system_user=user), "read")

        return make

    @pytest.mark.contract("SE-65", "SE-66", "SE-67", "SE-68", "SE-69")
    def test_ten_slots_and_two_kept(self, call, service_of, service_app, service_token):
        kept = [UserFactory(system=True), UserFactory(system=True)]
        slots(10, *kept)
        others = [service_token(service_app, "read") for _ in range(9)]
        assert [refused(call(token)) for token in others] == [False] * 8 + [True]
        event = AuditEvent.objects.get(name=events.ERP_SESSION_REFUSED)
        assert (event.cause, event.detail) == ("no_free_slot", {"slots": 10, "live": 8, "kept": 2})
        assert not refused(call(service_of(kept[0])))
        # A second session of the same account competes for what is shared, of which nothing is left.
        assert refused(call(service_of(kept[0])))
        assert not refused(call(service_of(kept[1])))
        assert live().count() == 10

    @pytest.mark.contract("SE-70")
    def test_the_timers_hold_for_them_too(self, clock, call, service_of):
        kept = UserFactory(system=True)
        slots(1, kept)
        call(service_of(kept))
        clock.shift(20 * MINUTE)
        assert not live().exists()

    @pytest.mark.contract("SE-71")
    def test_an_inactive_account_holds_nothing_back(self, call, service_app, service_token):
        slots(1, UserFactory(is_active=False))
        assert not refused(call(service_token(service_app, "read")))

    @pytest.mark.contract("SE-72")
    def test_kept_while_the_pool_is_full(self, clock, call, service_of, service_app, service_token):
        slots(2)
        first, second = service_token(service_app, "read"), service_token(service_app, "read")
        assert not refused(call(first))
        clock.shift(MINUTE)
        assert not refused(call(second))
        kept = UserFactory(system=True)
        slots(2, kept)
        assert live().count() == 2
        assert refused(call(service_of(kept)))
        clock.move_to(at("10:20"))  # the first is over: its slot is the kept one
        assert refused(call(service_token(service_app, "read")))
        assert not refused(call(service_of(kept)))


class TestEndings:
    @pytest.fixture
    def signed_out(self, call, service_app, service_token, web_app, internal_user):
        """The tokens of a person who used one of two slots and signed out, and of a service that found none free."""
        slots(2)
        browser = Client()
        browser.force_login(internal_user)
        party = RelyingParty(browser, web_app, scope="openid read")
        tokens = party.tokens()
        service = service_token(service_app, "read")
        call(tokens["access_token"])
        call(service)
        waiting = service_token(service_app, "read")
        assert refused(call(waiting))
        party.sign_out(tokens["id_token"])
        return tokens["access_token"], waiting

    @pytest.mark.contract("SE-46", "SE-47", "ID-157", "ID-160")
    def test_signing_out_ends_it_and_frees_the_slot_at_once(self, call, signed_out, internal_user):
        session = ErpSession.objects.exclude(closed_at=None).get()
        assert (session.kind, session.close_reason) == (Kind.INTERACTIVE, Reason.SIGN_OUT)
        event = AuditEvent.objects.get(name=events.ERP_SESSION_CLOSED)
        assert (event.actor_name, event.sid) == (internal_user.login, session.key)
        _, waiting = signed_out
        assert not refused(call(waiting))

    @pytest.mark.contract("SE-50", "SE-51", "SE-52", "ID-158")
    def test_after_signing_out_the_token_opens_another(self, call, signed_out):
        """It is still good when there is a slot."""
        token, waiting = signed_out
        assert not refused(call(waiting))
        assert refused(call(token))
        slots(3)
        assert not refused(call(token))
        event = AuditEvent.objects.filter(name=events.ERP_SESSION_OPENED).latest("id")
        assert event.detail["after"] == "sign_out"

    @pytest.mark.contract("SE-50")
    def test_used_again_after_the_timer(self, clock, call, service_app, service_token):
        token = service_token(service_app, "read")
        call(token)
        clock.shift(30 * MINUTE)
        call(token)
        details = [event.detail.get("after") for event in AuditEvent.objects.filter(name=events.ERP_SESSION_OPENED)]
        assert details == ["idle", None]

    @pytest.mark.contract("SE-49", "ID-167")
    def test_a_revoked_token_leaves_its_session_to_the_timers(self, clock, call, service_app, service_token):
        token = service_token(service_app, "read")
        call(token)
        AccessToken.objects.update(revoked_at=datetime.now(UTC))
        assert call(token).status_code == 401
        assert live().exists()
        clock.shift(20 * MINUTE)
        assert not live().exists()

    @pytest.mark.contract("SE-46", "TK-106")
    def test_a_deactivated_account(self, call, web_app, internal_user, administrator):
        token = sign_in(internal_user, web_app)
        call(token)
        internal_user.refresh_from_db()
        internal_user.is_active = False
        save_user(internal_user, actor=SYSTEM)
        assert ErpSession.objects.get().close_reason == Reason.USER
        assert call(token).status_code == 401
        assert not live().exists()

    @pytest.mark.contract("SE-46")
    def test_an_account_that_may_not_call_any_more(self, call, service_app, service_token):
        call(service_token(service_app, "read"))
        user = service_app.system_user
        user.user_type = 1
        save_user(user, actor=SYSTEM)
        assert ErpSession.objects.get().close_reason == Reason.USER

    @pytest.mark.contract("SE-46", "TA-72")
    def test_a_deleted_application(self, call, service_app, service_token, web_app, public_app, internal_user):
        service = service_token(service_app, "read")
        browser = Client()
        only = sign_in(UserFactory(), web_app)
        first = sign_in(internal_user, web_app, browser)
        second = RelyingParty(browser, public_app, scope="openid read").tokens()["access_token"]
        for token in (service, only, first, second):
            assert call(token).status_code == 200
        assert live().count() == 3
        delete_application(service_app, actor=SYSTEM)
        assert live().count() == 2
        delete_application(web_app, actor=SYSTEM)
        # What a person also uses through another application goes on.
        assert live().get().user_id == internal_user.pk
        assert [call(token).status_code for token in (service, only, first, second)] == [401, 401, 401, 200]
        reasons = ErpSession.objects.exclude(closed_at=None).values_list("close_reason", flat=True)
        assert set(reasons) == {Reason.APPLICATION}

    @pytest.mark.contract("TA-70")
    def test_the_kill_switch_works_on_a_live_session(self, call, service_app, service_token):
        token = service_token(service_app, "read")
        assert call(token).status_code == 200
        set_enabled(service_app, False, actor=SYSTEM)
        assert call(token).status_code == 401
        set_enabled(service_app, True, actor=SYSTEM)
        assert call(token).status_code == 200
        assert ErpSession.objects.count() == 1

    @pytest.mark.contract("SE-46", "SE-47")
    def test_an_administrator_ends_one(self, call, service_app, service_token, administrator):
        slots(1)
        first, second = service_token(service_app, "read"), service_token(service_app, "read")
        call(first)
        actor = actor_for(administrator)
        assert services.close_chosen([live().get().pk], now=datetime.now(UTC), actor=actor) == 1
        event = AuditEvent.objects.get(name=events.ERP_SESSION_CLOSED)
        assert (event.actor_name, event.cause) == (administrator.login, "administrator")
        assert not refused(call(second))
        # The very next call of the other notices.
        assert refused(call(first))

    @pytest.mark.contract("SE-48")
    def test_all_at_once(self, call, service_app, service_token, capsys):
        for _ in range(3):
            call(service_token(service_app, "read"))
        call_command("close_erp_sessions", "--all")
        assert capsys.readouterr().out == "Closed API sessions: 3\n"
        assert not live().exists()
        closed = AuditEvent.objects.filter(name=events.ERP_SESSION_CLOSED)
        assert {event.cause for event in closed} == {"cleared"}
        assert closed.count() == 3
        call_command("close_erp_sessions", "--all")
        assert closed.count() == 3


class TestTwoAddresses:
    """SE-75: marked, and nothing is blocked."""

    @pytest.mark.contract("SE-75")
    def test_within_five_minutes(self, clock, call, service_app, service_token):
        token = service_token(service_app, "read")
        call(token, REMOTE_ADDR="192.0.2.1")
        clock.shift(5 * MINUTE - 1)
        assert call(token, REMOTE_ADDR="192.0.2.2").status_code == 200
        session = live().get()
        assert (session.address, session.other_address) == ("192.0.2.1", "192.0.2.2")
        assert session.shared_at == at("10:05") - timedelta(seconds=1)

    @pytest.mark.contract("SE-75")
    def test_later_it_has_moved(self, clock, call, service_app, service_token):
        token = service_token(service_app, "read")
        call(token, REMOTE_ADDR="192.0.2.1")
        clock.shift(5 * MINUTE)
        assert call(token, REMOTE_ADDR="192.0.2.2").status_code == 200
        session = live().get()
        assert (session.address, session.other_address, session.shared_at) == ("192.0.2.2", "", None)

    @pytest.mark.contract("SE-75", "OP-234")
    @pytest.mark.parametrize(
        ("first", "second"), [("2001:db8:1:2::1", "2001:db8:1:2:9::9"), ("192.0.2.1", "::ffff:192.0.2.1")]
    )
    def test_one_connection_with_two_addresses(self, clock, call, service_app, service_token, first, second):
        """A device takes a new address of its network whenever it likes."""
        token = service_token(service_app, "read")
        call(token, REMOTE_ADDR=first)
        call(token, REMOTE_ADDR=second)
        session = live().get()
        assert (session.address, session.other_address, session.shared_at) == (first, "", None)
        call(token, REMOTE_ADDR="2001:db8:1:3::1")
        assert live().get().other_address == "2001:db8:1:3::1"

    def test_marking_writes_once(self, call, service_app, service_token, django_assert_num_queries):
        token = service_token(service_app, "read")
        call(token, REMOTE_ADDR="192.0.2.1")
        with django_assert_num_queries(3):
            call(token, REMOTE_ADDR="192.0.2.2")
        with django_assert_num_queries(4):
            call(token, REMOTE_ADDR="192.0.2.2")
            call(token, REMOTE_ADDR="192.0.2.1")
