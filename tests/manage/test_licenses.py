"""The license pool: its numbers, its history, its size."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.erp_sessions import usage
from erpnet_identity.erp_sessions.models import License, ReservedSeat, SlotUsage
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.manage.test_home import text_of
from tests.manage.test_sessions import message
from tests.support.live import live_session

pytestmark = pytest.mark.django_db
PAGE = "/manage/licenses"
HOUR = timedelta(hours=1)


def stored():
    return License.objects.values_list("slots", flat=True).get()


def element(response, key):
    """The text of the element with this id."""
    (found,) = re.findall(rf'id="{key}"[^>]*>([^<]*)<', response.content.decode())
    return found


class TestNumbers:
    @pytest.mark.contract("IS-88", "SE-62")
    def test_the_pool(self, admin_client):
        License.objects.create(slots=12)
        ReservedSeat.objects.create(user=UserFactory())
        live_session()
        live_session()
        response = admin_client.get(PAGE)
        found = {name: element(response, f"pool-{name}") for name in ("slots", "live", "kept", "free")}
        assert found == {"slots": "12", "live": "2", "kept": "1", "free": "9"}
        assert 'name="slots" value="12"' in response.content.decode()

    @pytest.mark.contract("IS-88", "SE-55")
    def test_unlimited(self, admin_client):
        live_session()
        response = admin_client.get(PAGE)
        assert element(response, "pool-free") == "unlimited"
        assert "1 in use" in text_of(response)
        assert re.search(r'<input type="number" name="slots"(?![^>]*value=)', response.content.decode())

    @pytest.mark.contract("IS-88")
    def test_the_peak_and_the_refusals_of_today(self, admin_client):
        midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
        SlotUsage.objects.create(hour=midnight - HOUR, until=midnight, peak=9, slots=10, refused=5)
        SlotUsage.objects.create(hour=midnight, until=midnight + HOUR, peak=4, slots=10, refused=2)
        response = admin_client.get(PAGE)
        assert element(response, "peak-today") == "4"
        assert element(response, "refused-today") == "2"
        usage.count_refusal(now=timezone.now())
        assert element(admin_client.get(PAGE), "refused-today") == "3"

    @pytest.mark.contract("IS-88")
    def test_what_is_live_was_at_its_peak_at_least(self, admin_client):
        live_session()
        assert element(admin_client.get(PAGE), "peak-today") == "1"

    def test_its_questions_do_not_grow(self, admin_client, django_assert_num_queries):
        now = timezone.now()
        for number in range(40 * 24):
            hour = usage.hour_of(now) - number * HOUR
            SlotUsage.objects.create(hour=hour, until=min(hour + HOUR, now), peak=number % 7, slots=10)
        for _ in range(5):
            live_session()
        admin_client.get(PAGE)
        # Django's session, the account, the identity session; the pool (3); the hours of use (4), the changes of its
        # size; who uses it (2).
        with django_assert_num_queries(13):
            response = admin_client.get(PAGE)
        assert len(response.content) < 60_000


class TestApplications:
    """Who uses the pool, and how much of it they may."""

    @pytest.mark.contract("IS-88", "SE-64")
    def test_in_use_and_at_most(self, admin_client):
        License.objects.create(slots=20)
        busy = TrustedApplicationFactory(service=True, name="Busy <b>", slot_limit=2)
        other = TrustedApplicationFactory(web=True, name="Other")
        TrustedApplicationFactory(service=True, name="Waiting", slot_limit=7)
        TrustedApplicationFactory(service=True, name="Unheard of")
        for _ in range(2):
            live_session(None, busy, is_service=True)
        live_session(None, other, busy)
        live_session(None, busy, closed_at=timezone.now())
        page = admin_client.get(PAGE).content.decode()
        table = re.findall(r'id="uses".*?</table>', page, re.DOTALL)[0]
        rows = [re.sub(r"<[^>]+>", " ", row).split() for row in table.split("<tbody>")[1].split("</tr>")[:-1]]
        assert rows == [
            ["Busy", "&lt;b&gt;", "2", "2", "reached"],
            ["Other", "1", "–"],
            ["Waiting", "0", "7"],
        ]
        assert f"/admin/trusted_apps/trustedapplication/{busy.pk}/change/" in table

    def test_nobody(self, admin_client):
        assert "No application holds a license, and none has a limit." in text_of(admin_client.get(PAGE))

    @pytest.mark.contract("SE-62")
    def test_sessions_and_services_are_two_numbers(self, admin_client):
        License.objects.create(slots=20)
        one, two = TrustedApplicationFactory(service=True), TrustedApplicationFactory(service=True)
        for application in (one, one, one, two):
            live_session(None, application, is_service=True)
        live_session()
        for user in (UserFactory(), UserFactory(system=True)):
            ReservedSeat.objects.create(user=user)
        text = text_of(admin_client.get(PAGE))
        assert "In use 5 1 session of people, 4 of 2 services" in text
        assert "Kept 2 reserved for 2 accounts that are offline" in text


class TestChart:
    def history(self):
        """Refused yesterday, in a pool that has been made larger since."""
        hour = usage.hour_of(timezone.now())
        SlotUsage.objects.create(hour=hour - 5 * HOUR, until=hour - 4 * HOUR, peak=6, slots=6, refused=3, opened=7)
        SlotUsage.objects.create(hour=hour - HOUR, until=hour, peak=4, slots=12, refused=0, opened=2)
        License.objects.create(slots=12)
        return hour

    @pytest.mark.contract("IS-88")
    def test_in_numbers_as_well(self, admin_client):
        hour = self.history()
        page = admin_client.get(PAGE).content.decode()
        table = re.findall(r"<tbody>(.*?)</tbody>", page, re.DOTALL)[0]
        hours = [re.findall(r">([^<]+)</t[hd]>", row) for row in table.split("</tr>")[:-1]]
        assert len(hours) == 24
        assert [row[1:] for row in hours if row[1] != "0"] == [["4", "12", "2", "0"], ["6", "6", "7", "3"]]
        then = hour - 5 * HOUR
        assert hours[5][0] == f"{then:%Y-%m-%d %H:%M}"

    @pytest.mark.contract("IS-88")
    def test_drawn_for_eyes_and_described_for_ears(self, admin_client):
        self.history()
        page = admin_client.get(PAGE).content.decode()
        charts = re.findall(r'<svg class="chart-plane".*?</svg>', page, re.DOTALL)
        assert len(charts) == 2
        day, month = charts
        assert day.count('class="chart-room"') == 24
        assert month.count('class="chart-room"') == 30
        assert day.count('class="chart-bar"') == 2
        for chart in charts:
            assert 'role="img"' in chart
            assert "At most 6 at once. 3 calls refused for want of a license." in chart
            assert chart.count('class="chart-limit"') == 1
            assert chart.count('class="chart-refused"') == 1
        assert "style=" not in page

    @pytest.mark.contract("IS-88", "SE-62")
    def test_seats_that_were_kept(self, admin_client):
        hour = usage.hour_of(timezone.now())
        SlotUsage.objects.create(hour=hour - 5 * HOUR, until=hour - 4 * HOUR, peak=4, slots=6, refused=3, kept=5)
        SlotUsage.objects.create(hour=hour - 4 * HOUR, until=hour - 3 * HOUR, peak=1, slots=6, kept=3)
        page = admin_client.get(PAGE).content.decode()
        day = re.findall(r'<svg class="chart-plane".*?</svg>', page, re.DOTALL)[0]
        assert day.count('class="chart-kept"') == 2
        # What was in use left room for two of the five.
        assert ": 4 of 6, 2 kept, 3 refused</title>" in day
        assert ": 1 of 6, 3 kept</title>" in day
        assert "Up to 3 more kept for accounts that were offline." in day
        table = re.findall(r"<tbody>(.*?)</tbody>", page.split('id="day-details"')[1], re.DOTALL)[0]
        hours = [re.findall(r">([^<]+)</t[hd]>", row) for row in table.split("</tr>")[:-1]]
        assert [row[1:] for row in hours if row[1] != "0"] == [["1", "3", "6", "0", "0"], ["4", "2", "6", "0", "3"]]

    @pytest.mark.contract("IS-88", "SE-55")
    def test_a_pool_without_a_limit_has_no_line(self, admin_client):
        live_session()
        page = admin_client.get(PAGE).content.decode()
        assert "chart-limit" not in page
        assert "1 at once" in page
        assert "Nobody was connected." not in page

    def test_an_empty_one_says_so(self, admin_client):
        License.objects.create(slots=500)
        assert admin_client.get(PAGE).content.decode().count("Nobody was connected.") == 2

    def test_a_pool_far_above_it_is_named(self, admin_client):
        License.objects.create(slots=500)
        live_session()
        page = admin_client.get(PAGE).content.decode()
        assert page.count("The pool lies far above this chart.") == 2
        assert "chart-limit" not in page


class TestSize:
    @pytest.mark.contract("IS-88", "IS-95", "SE-55")
    @pytest.mark.parametrize(
        ("typed", "slots", "says"),
        [
            ("25", 25, "The pool holds 25 concurrent licenses now."),
            (" 1 ", 1, "The pool holds 1 concurrent license now."),
            ("0", 0, "The pool holds 0 concurrent licenses now."),
            ("", None, "The pool is unlimited now."),
        ],
    )
    def test_changed(self, admin_client, administrator, typed, slots, says):
        License.objects.create(slots=20)
        response = admin_client.post(PAGE, {"slots": typed})
        assert (response.status_code, response.headers["Location"]) == (303, PAGE)
        assert stored() == slots
        assert message(admin_client.get(PAGE)) == says
        event = AuditEvent.objects.get(name="instance.updated")
        assert event.actor_name == administrator.login
        assert event.detail["changes"] == {"concurrent_licenses": {"old": 20, "new": slots}}

    @pytest.mark.contract("IS-88", "SE-63")
    def test_the_share_that_services_never_take(self, admin_client):
        License.objects.create(slots=20)
        live_session(is_service=True)
        response = admin_client.get(PAGE)
        assert element(response, "pool-for-people") == "4"
        assert element(response, "pool-free-services") == "15"
        assert 'name="kept_from_services" value="20"' in response.content.decode()
        assert admin_client.post(PAGE, {"slots": "20", "kept_from_services": "50"}).status_code == 303
        response = admin_client.get(PAGE)
        assert message(response) == "The pool holds 20 concurrent licenses now. Never for services: 10."
        assert element(response, "pool-for-people") == "10"
        event = AuditEvent.objects.get(name="instance.updated")
        assert event.detail["changes"] == {"kept_from_services_percent": {"old": 20, "new": 50}}

    @pytest.mark.parametrize("typed", ["-1", "101", "x"])
    def test_no_share(self, admin_client, typed):
        License.objects.create(slots=20)
        response = admin_client.post(PAGE, {"slots": "20", "kept_from_services": typed})
        assert response.status_code == 200
        assert element(response, "id_kept_from_services_error").strip()
        assert License.objects.get().kept_from_services == 20

    @pytest.mark.contract("SE-58", "SE-63")
    def test_full_for_services_only(self, admin_client):
        License.objects.create(slots=5)
        for _ in range(4):
            live_session(is_service=True)
        assert "1 free, none for services" in text_of(admin_client.get(PAGE))

    def test_as_it_was(self, admin_client):
        License.objects.create(slots=20)
        assert admin_client.post(PAGE, {"slots": "20"}).status_code == 303
        assert message(admin_client.get(PAGE)).startswith("Nothing has changed")
        assert not AuditEvent.objects.filter(name="instance.updated").exists()

    @pytest.mark.contract("SE-71")
    def test_fewer_than_the_reserved_seats(self, admin_client):
        License.objects.create(slots=20)
        for _ in range(3):
            ReservedSeat.objects.create(user=UserFactory())
        response = admin_client.post(PAGE, {"slots": "2"})
        assert response.status_code == 200
        assert stored() == 20
        page = response.content.decode()
        assert 'value="2"' in page, "what was typed is lost"
        assert 'aria-invalid="true"' in page
        error = element(response, "id_slots_error").strip()
        assert error == "3 seats cannot be kept: there are 2 concurrent licenses."
        assert re.search(r'<input type="number" name="slots"[^>]*aria-describedby="[^"]*id_slots_error', page)
        assert "autofocus" in page
        assert not AuditEvent.objects.filter(name="instance.updated").exists()
        assert admin_client.post(PAGE, {"slots": "3"}).status_code == 303

    @pytest.mark.parametrize("typed", ["-1", "many", "2.5", "2147483648", "9" * 400])
    def test_no_number(self, admin_client, typed):
        License.objects.create(slots=20)
        response = admin_client.post(PAGE, {"slots": typed})
        assert response.status_code == 200
        assert element(response, "id_slots_error").strip()
        assert stored() == 20

    @pytest.mark.contract("SE-61")
    def test_a_smaller_pool_closes_nobody(self, admin_client):
        License.objects.create(slots=20)
        sessions = [live_session(), live_session()]
        admin_client.post(PAGE, {"slots": "1"})
        for session in sessions:
            session.refresh_from_db()
            assert session.closed_at is None
        assert "1 more session than licenses" in text_of(admin_client.get(PAGE))
