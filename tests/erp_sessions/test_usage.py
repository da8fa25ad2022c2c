"""How many slots were in use: exact peaks, whoever counts and when."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from erpnet_identity.audit.context import SYSTEM
from erpnet_identity.erp_sessions import pool, services, usage
from erpnet_identity.erp_sessions.models import ErpSession, Kind, License, Reason, SlotUsage
from erpnet_identity.operations import cleanup
from tests.factories.users import UserFactory


def at(text):
    return datetime.fromisoformat(f"2030-01-07T{text}Z")


def session(opened, last_seen=None, *, closed=None, **values):
    return ErpSession.objects.create(
        kind=Kind.INTERACTIVE,
        key=f"key {ErpSession.objects.count()}",
        user=UserFactory(),
        opened_at=at(opened),
        last_seen_at=at(last_seen or opened),
        closed_at=closed and at(closed),
        close_reason=Reason.SIGN_OUT if closed else "",
        **values,
    )


def resize(moment, slots, *seats):
    with time_machine.travel(at(moment), tick=False):
        pool.set_pool(slots, seats, actor=SYSTEM)


def peaks(since, now):
    return [hour.peak for hour in usage.hours(since=at(since), now=at(now))]


MOMENTS = st.integers(0, 30).map(lambda minute: at("10:00") + timedelta(minutes=minute))


class TestMostAtOnce:
    """The pure rule."""

    @settings(deadline=None)
    @given(st.lists(st.tuples(MOMENTS, MOMENTS), max_size=12), MOMENTS, MOMENTS)
    def test_like_looking_at_every_moment(self, intervals, start, end):
        # Every change is at a whole minute, so looking half-way between two of them sees everything.
        minute = timedelta(minutes=1)
        moments = [start + minute * number + minute / 2 for number in range(max(0, (end - start) // minute))]
        expected = max((sum(b <= moment < f for b, f in intervals) for moment in moments), default=0)
        assert usage.peak(intervals, start, end) == expected

    def test_what_ends_makes_room(self):
        one, two, three = at("10:00"), at("10:10"), at("10:20")
        assert usage.peak([(one, two), (two, three)], one, three) == 1


@pytest.mark.django_db
class TestHours:
    @pytest.mark.contract("SE-62", "IS-88")
    def test_hour_by_hour(self):
        session("08:10", closed="08:20")
        session("08:15", closed="10:05")
        session("09:59", closed="10:01")
        session("10:00", closed="10:30")
        assert peaks("07:00", "11:30") == [0, 2, 2, 3, 0]
        assert [hour.opened for hour in usage.hours(since=at("07:00"), now=at("11:30"))] == [0, 2, 1, 1, 0]

    def test_a_session_that_nobody_closed_yet_counts_until_its_timer(self):
        session("08:00", last_seen="08:45")
        session("08:30", expires_at=at("09:02"))  # idle since 08:30
        assert peaks("08:00", "10:30") == [2, 1, 0]

    def test_they_survive_the_sessions_and_the_cleanup(self):
        with time_machine.travel(at("08:30"), tick=False) as clock:
            session("08:10", closed="08:20")
            session("08:15", closed="08:25")
            clock.move_to(at("11:00"))
            clock.shift(timedelta(days=3))
            cleanup.remove_all_expired()
            assert not ErpSession.objects.exists()
            found = usage.hours(since=at("08:00"), now=timezone.now())
            assert [hour.peak for hour in found[:2]] == [2, 0]
            assert found[0].opened == 2

    def test_an_opening_that_a_process_stored_late(self):
        """It stood still between the moment of the call and its commit, and the counting went past that moment."""
        session("08:10", closed="08:40")
        usage.summarise(now=at("08:30"))
        session("08:20", closed="08:25")
        (found,) = usage.hours(since=at("08:00"), now=at("08:31"))
        assert (found.peak, found.opened) == (2, 2)
        usage.summarise(now=at("08:31"))
        stored = SlotUsage.objects.get(hour=at("08:00"))
        assert (stored.peak, stored.opened) == (2, 2)

    @settings(deadline=None)
    @given(
        sessions=st.lists(st.tuples(st.integers(0, 200), st.integers(1, 90)), max_size=10),
        counts=st.lists(st.integers(0, 240), max_size=6).map(sorted),
    )
    def test_however_often_it_is_counted(self, sessions, counts):
        """Counting in between, at any moment, changes nothing of the result."""
        start = at("08:00")
        intervals = [(start + timedelta(minutes=a), start + timedelta(minutes=a + b)) for a, b in sessions]
        end = start + timedelta(minutes=300)

        def fill(now):
            ErpSession.objects.all().delete()
            ErpSession.objects.bulk_create(
                ErpSession(
                    kind=Kind.SERVICE,
                    key=str(number),
                    user_id=user.pk,
                    opened_at=opened,
                    last_seen_at=min(closed, now),
                    closed_at=closed if closed <= now else None,
                    close_reason=Reason.SIGN_OUT if closed <= now else "",
                )
                for number, (opened, closed) in enumerate(intervals)
                if opened <= now
            )

        SlotUsage.objects.all().delete()
        ErpSession.objects.all().delete()
        user = UserFactory()
        for minute in counts:
            now = start + timedelta(minutes=minute)
            fill(now)
            usage.summarise(now=now)
        fill(end)
        found = usage.hours(since=start, now=end)
        for hour in found:
            expected = usage.peak(intervals, hour.hour, hour.hour + usage.HOUR)
            assert hour.peak == expected, hour
            assert hour.opened == sum(hour.hour <= opened < hour.hour + usage.HOUR for opened, _ in intervals)

    def test_the_size_of_the_pool_then(self):
        resize("07:30", 5)
        session("08:10", closed="08:20")
        usage.summarise(now=at("09:00"))
        resize("09:00", 8)
        assert [hour.slots for hour in usage.hours(since=at("08:00"), now=at("09:30"))] == [5, 8]

    def test_the_size_before_changes_were_written_down(self):
        License.objects.create(slots=5)
        session("08:10", closed="08:20")
        usage.summarise(now=at("09:00"))
        License.objects.update(slots=8)
        assert [hour.slots for hour in usage.hours(since=at("08:00"), now=at("09:30"))] == [5, 8]

    def test_an_hour_that_is_counted_late_has_the_size_it_had(self):
        """The server was down, or nobody counted, while the pool was changed."""
        resize("07:00", 5)
        session("08:10", closed="08:20")
        resize("10:30", 20)
        usage.summarise(now=at("12:10"))
        sizes = [hour.slots for hour in usage.hours(since=at("08:00"), now=at("12:30"))]
        assert sizes == [5, 5, 20, 20, 20]
        assert SlotUsage.objects.get(hour=at("08:00")).slots == 5

    def test_a_size_that_was_smaller_for_a_part_of_the_hour_hides_no_peak(self):
        resize("07:00", 50)
        session("08:10", closed="08:20")
        resize("08:40", 2)
        usage.summarise(now=at("09:10"))
        assert [hour.slots for hour in usage.hours(since=at("08:00"), now=at("10:30"))] == [50, 2, 2]
        resize("10:10", None)
        assert [hour.slots for hour in usage.hours(since=at("08:00"), now=at("11:30"))] == [50, 2, None, None]

    def test_seats_that_were_kept(self):
        holder = UserFactory()
        community, inactive = UserFactory(community=True), UserFactory(is_active=False)
        resize("07:00", 10, holder, UserFactory(), community, inactive)
        session("08:00", closed="08:01")
        usage.summarise(now=at("08:10"))
        ErpSession.objects.filter(pk=session("08:20").pk).update(user=holder)
        usage.summarise(now=at("08:30"))
        usage.summarise(now=at("09:05"))  # the session is over
        kept = [hour.kept for hour in usage.hours(since=at("08:00"), now=at("09:30"), kept=1)]
        assert kept == [2, 2]
        assert [hour.kept for hour in usage.hours(since=at("08:00"), now=at("09:30"), kept=7)] == [2, 7]

    def test_refusals(self):
        for minute in ("08:01", "08:02", "09:03"):
            usage.count_refusal(now=at(minute))
        usage.summarise(now=at("09:30"))
        usage.count_refusal(now=at("09:40"))
        assert [hour.refused for hour in usage.hours(since=at("08:00"), now=at("09:50"))] == [2, 2]

        def refused(since):
            return sum(hour.refused for hour in usage.hours(since=at(since), now=at("10:10")))

        assert (refused("09:00"), refused("00:00"), refused("10:00")) == (2, 4, 0)

    def test_looking_writes_nothing_and_asks_little(self):
        for number in range(5):
            session(f"08:0{number}", closed=f"09:0{number}")
        usage.summarise(now=at("08:30"))
        before = list(SlotUsage.objects.values())
        with CaptureQueriesContext(connection) as found:
            assert peaks("07:00", "09:30") == [0, 5, 4]
        # The hours, how far they are counted, the sessions since, the size of the pool, and its changes.
        assert len(found) <= 5
        assert list(SlotUsage.objects.values()) == before


@pytest.mark.django_db
@pytest.mark.contract("OPS-11", "SE-30", "AU-01")
def test_the_server_closes_what_the_timers_have_ended(monkeypatch):
    monkeypatch.setattr(services, "BATCH", 2)
    with time_machine.travel(at("10:00"), tick=False):
        over = [session("09:30") for _ in range(5)]
        live = session("09:50")
        cleanup.take_turn()
        assert list(ErpSession.objects.open()) == [live]
        for row in over:
            row.refresh_from_db()
            assert (row.closed_at, row.close_reason) == (at("09:50"), Reason.IDLE)
        assert SlotUsage.objects.get(hour=at("09:00")).peak == 5
