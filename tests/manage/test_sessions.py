"""The list of live sessions, and ending them."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.erp_sessions import request_limits
from erpnet_identity.erp_sessions.models import ErpSession, Reason, ReservedSeat
from erpnet_identity.manage import live_sessions
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.manage.test_home import text_of
from tests.support.live import live_session

pytestmark = pytest.mark.django_db
LIST = "/manage/sessions"


def rows(response):
    """The text of each row, by the session's key."""
    page = response.content.decode()
    found = re.findall(r'<tr role="row" id="session-([0-9a-f-]+)">(.*?)</tr>', page, re.DOTALL)
    return {key: " ".join(re.sub(r"<[^>]+>", " ", row).split()) for key, row in found}


def shown(response):
    return [str(key) for key in rows(response)]


def message(response):
    """The one message on the page."""
    (text,) = re.findall(r'<p class="notice notice-\w+" data-outcome="\w+">([^<]*)</p>', response.content.decode())
    return text


class TestRow:
    @pytest.mark.contract("IS-90", "SE-09")
    def test_everything_that_is_known(self, admin_client, web_app, public_app):
        person = UserFactory(name="Maria Petrova", login="maria")
        ReservedSeat.objects.create(user=person)
        session = live_session(
            person, web_app, public_app, opened=95, idle=7, address="192.0.2.7", user_agent="Shop/2.1 (x)",
            requests=12_345, bytes_up=2_500, bytes_down=4_300_000, key="sid-1",
        )  # fmt: skip
        request_limits.enter("sid-1", now=timezone.now().timestamp(), rpm=0, concurrent=0)
        request_limits.enter("another", now=timezone.now().timestamp(), rpm=0, concurrent=0)
        (row,) = rows(admin_client.get(LIST)).values()
        for part in (
            "Maria Petrova maria Interactive Reserved seat",
            f"{web_app.name} {public_app.name}",
            "1 h 35 min",
            f"{session.last_seen_at:%H:%M} busy now",
            "none",
            "192.0.2.7 Shop 2.1",
            "12,345 1 running",
            "2.5 kB up 4.3 MB down",
        ):
            assert part in row
        assert "also" not in row

    @pytest.mark.contract("IS-90", "SE-32")
    def test_a_service_ends_after_an_hour(self, admin_client, service_app):
        session = live_session(service_app.system_user, service_app, opened=41, idle=12, is_service=True)
        (row,) = rows(admin_client.get(LIST)).values()
        assert "Service" in row
        assert f"{session.expires_at:%H:%M} at the latest" in row
        assert "idle 12 min" in row
        assert "Reserved seat" not in row

    @pytest.mark.contract("SE-75")
    def test_used_from_two_addresses(self, admin_client):
        live_session(address="192.0.2.7", shared_at=timezone.now(), other_address="198.51.100.9")
        live_session(address="192.0.2.8")
        first, second = sorted(rows(admin_client.get(LIST)).values(), key=lambda row: "192.0.2.8" in row)
        assert "Two addresses" in first
        assert "192.0.2.7" in first
        assert "also 198.51.100.9" in first
        assert "Two addresses" not in second

    @pytest.mark.contract("SE-82")
    def test_the_cache_is_away(self, admin_client, monkeypatch):
        def fail(*args, **kwargs):
            raise ConnectionError

        monkeypatch.setattr(request_limits, "running", fail)
        live_session(requests=5, idle=3)
        response = admin_client.get(LIST)
        assert response.status_code == 200
        (row,) = rows(response).values()
        assert "5 – unknown running" in row
        assert "idle 3 min" in row

    def test_an_application_that_is_gone(self, admin_client, web_app):
        live_session(None, web_app)
        web_app.delete()
        (row,) = rows(admin_client.get(LIST)).values()
        assert "unknown" in row

    def test_what_people_are_called_is_no_markup(self, admin_client):
        live_session(UserFactory(name="<b>Bold</b>"), user_agent="<i>x", address="<u>")
        page = admin_client.get(LIST).content.decode()
        assert "&lt;b&gt;Bold" in page
        assert not re.search(r"<[biu]>", page)


class TestList:
    @pytest.mark.contract("IS-90", "SE-31", "SE-39")
    def test_only_those_that_are_live(self, admin_client):
        live_session(idle=20)
        live_session(opened=60, is_service=True)
        live_session(closed_at=timezone.now(), close_reason=Reason.SIGN_OUT)
        older, newer = live_session(opened=30, idle=19), live_session(opened=5)
        assert shown(admin_client.get(LIST)) == [str(newer.pk), str(older.pk)]

    def test_nobody(self, admin_client):
        assert "Nobody is connected." in text_of(admin_client.get(LIST))

    @pytest.mark.contract("IS-90")
    @pytest.mark.parametrize("text", ["MARIA", "ria.pe", "Maria P", " maria "])
    def test_found_by_login_or_name(self, admin_client, text):
        wanted = live_session(UserFactory(login="maria.petrova", name="Maria P."))
        live_session(UserFactory(login="georgi", name="Georgi"))
        response = admin_client.get(LIST, {"q": text})
        assert shown(response) == [str(wanted.pk)]
        assert f'value="{text.strip()}"' in response.content.decode()

    @pytest.mark.parametrize("text", ["%", "_", "x'--", "nobody"])
    def test_found_as_it_was_typed(self, admin_client, text):
        live_session(UserFactory(login="maria"))
        response = admin_client.get(LIST, {"q": text})
        assert shown(response) == []
        assert "No live session fits this." in text_of(response)

    @pytest.mark.parametrize("asked", [{"q": "a\x00b"}, {"q": "x" * 65}, {"show": "nothing"}, {"page": "x"}])
    def test_whatever_an_address_says(self, admin_client, asked):
        live_session()
        response = admin_client.get(LIST, asked)
        assert response.status_code == 200
        assert len(shown(response)) == 1

    @pytest.mark.contract("IS-90", "SE-75")
    def test_filtered(self, admin_client):
        person, service = live_session(), live_session(is_service=True)
        shared = live_session(shared_at=timezone.now(), other_address="10.0.0.9", is_service=True)
        holder = live_session(ReservedSeat.objects.create(user=UserFactory()).user)
        found = {name: set(shown(admin_client.get(LIST, {"show": name}))) for name in live_sessions.SHOW}
        assert found == {
            "": {str(one.pk) for one in (person, service, shared, holder)},
            "people": {str(person.pk), str(holder.pk)},
            "services": {str(service.pk), str(shared.pk)},
            "reserved": {str(holder.pk)},
            "shared": {str(shared.pk)},
        }

    @pytest.mark.contract("IS-90")
    def test_a_page_at_a_time(self, admin_client):
        many = UserFactory(login="many")
        for number in range(live_sessions.ON_A_PAGE + 3):
            live_session(many, opened=number)
        live_session(UserFactory(login="other"), opened=1)
        first = admin_client.get(LIST, {"q": "many"})
        assert len(shown(first)) == live_sessions.ON_A_PAGE
        assert "1 to 50 of 53 sessions" in text_of(first)
        assert 'href="?q=many&amp;page=2"' in first.content.decode()
        last = admin_client.get(LIST, {"q": "many", "page": "2"})
        assert len(shown(last)) == 3
        assert 'id="page-next"' not in last.content.decode()
        assert not set(shown(first)) & set(shown(last))
        beyond = admin_client.get(LIST, {"q": "many", "page": "99"})
        assert shown(beyond) == shown(last), "somebody ended the sessions of the last page meanwhile"

    def test_its_questions_do_not_grow_with_it(self, admin_client, web_app, django_assert_num_queries):
        admin_client.get(LIST)
        for _ in range(20):
            live_session(None, web_app, TrustedApplicationFactory(web=True))
        # Django's session, the account, the identity session; how many, the rows, the applications; the pool.
        with django_assert_num_queries(9):
            response = admin_client.get(LIST)
        assert len(shown(response)) == 20
        for _ in range(60):
            live_session(None, web_app)
        with django_assert_num_queries(9):
            response = admin_client.get(LIST)
        assert len(shown(response)) == live_sessions.ON_A_PAGE
        assert len(response.content) < 120_000


class TestEnd:
    @pytest.mark.contract("IS-90", "IS-95", "SE-46", "SE-47")
    def test_asked_and_done(self, admin_client, administrator, web_app):
        session = live_session(UserFactory(name="Maria"), web_app, user_agent="Shop/2.1 (the whole of it)")
        other = live_session()
        address = f"{LIST}/{session.pk}/end"
        assert f'href="{address}"' in admin_client.get(LIST).content.decode()
        asked = text_of(admin_client.get(address))
        assert "End this session?" in asked
        assert "Shop/2.1 (the whole of it)" in asked
        session.refresh_from_db()
        assert session.closed_at is None

        response = admin_client.post(address)
        assert (response.status_code, response.headers["Location"]) == (303, LIST)
        page = admin_client.get(LIST)
        assert message(page) == "The session of Maria has been ended."
        assert shown(page) == [str(other.pk)]
        session.refresh_from_db()
        assert session.close_reason == Reason.ADMINISTRATOR
        event = AuditEvent.objects.get(name="erp_session.closed")
        assert (event.actor_kind, event.actor_name) == ("user", administrator.login)
        assert event.cause == "administrator"

    def test_back_to_the_same_place_of_the_list(self, admin_client):
        session = live_session(UserFactory(login="maria"))
        where = "?q=maria&show=people"
        page = admin_client.get(LIST + where).content.decode()
        (address,) = re.findall(rf'href="({LIST}/{session.pk}/end[^"]*)"', page)
        address = address.replace("&amp;", "&")
        assert f'href="{LIST}{where.replace("&", "&amp;")}"' in admin_client.get(address).content.decode()
        assert admin_client.post(address).headers["Location"] == LIST + where

    @pytest.mark.parametrize("back", ["q=%0d%0aX:1", "page=//evil.example", "show=https://evil.example"])
    def test_back_to_nowhere_else(self, admin_client, back):
        location = admin_client.post(f"{LIST}/{live_session().pk}/end?{back}").headers["Location"]
        assert location.startswith(LIST)
        assert "evil" not in location
        assert "\r" not in location

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_somebody_was_quicker(self, admin_client, method):
        over = live_session(closed_at=timezone.now() - timedelta(minutes=1), close_reason=Reason.SIGN_OUT)
        timed_out = live_session(idle=21)
        for key in (over.pk, timed_out.pk, "0f8fad5b-d9cb-469f-a165-70867728950e"):
            response = getattr(admin_client, method)(f"{LIST}/{key}/end")
            assert response.status_code == 303
            assert "ended already" in message(admin_client.get(response.headers["Location"]))
        over.refresh_from_db()
        assert over.close_reason == Reason.SIGN_OUT
        assert not AuditEvent.objects.filter(actor_kind="user", name="erp_session.closed").exists()

    def test_its_questions(self, admin_client, web_app, django_assert_num_queries):
        address = f"{LIST}/{live_session(None, web_app).pk}/end"
        admin_client.get(address)
        with django_assert_num_queries(5):
            admin_client.get(address)


class TestCloseAll:
    @pytest.mark.contract("SE-48", "IS-95")
    def test_asked_and_done(self, admin_client, administrator):
        sessions = [live_session(is_service=number == 0) for number in range(3)]
        asked = text_of(admin_client.get(f"{LIST}/close-all"))
        assert "3 live sessions will be closed: 2 interactive, 1 service." in asked
        assert ErpSession.objects.open().count() == 3

        response = admin_client.post(f"{LIST}/close-all")
        assert (response.status_code, response.headers["Location"]) == (303, LIST)
        assert message(admin_client.get(LIST)) == "3 sessions have been closed."
        assert {row.close_reason for row in ErpSession.objects.all()} == {Reason.CLEARED}
        events = AuditEvent.objects.filter(name="erp_session.closed", actor_name=administrator.login)
        assert {event.detail["session"] for event in events} == {str(session.pk) for session in sessions}

    @pytest.mark.parametrize(("number", "says"), [(0, "There was no session to close."), (1, "One session has been")])
    def test_few(self, admin_client, number, says):
        for _ in range(number):
            live_session()
        admin_client.post(f"{LIST}/close-all")
        assert message(admin_client.get(LIST)).startswith(says)
