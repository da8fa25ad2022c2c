"""The pool is never oversold and nothing is left behind, whatever happens at the same moment in whatever process.

``SESSION_OPENINGS=5000`` makes the long ones open and close as many sessions; by default they are a sample.
"""

import os
import threading
import time
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from erpnet_identity.audit.context import SYSTEM
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.erp_sessions import lifetimes, pool, presence, receivers, services, usage
from erpnet_identity.erp_sessions.exceptions import LicenseSlotsExhausted
from erpnet_identity.erp_sessions.models import ErpSession
from erpnet_identity.tokens.exceptions import InvalidCredential
from erpnet_identity.users.services import save_user
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.api_callers import token_of_person, token_of_service
from tests.support.chance import chance
from tests.support.processes import Process, in_threads, looking_on, paused
from trusted_apps.services import delete_application

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("postgresql")]

OPENINGS = int(os.environ.get("SESSION_OPENINGS", "0"))
SLOTS, PROCESSES, THREADS = 10, 4, 8
BOTH = ("erp_session.opened", "erp_session.closed")
URL = "/api/domain/odata/Crm_Sales_Customers?$top=1"


@pytest.fixture
def hurried(monkeypatch):
    """Twenty minutes take 0.4 seconds, and everything else is as much shorter."""
    monkeypatch.setattr(lifetimes, "IDLE_LIMIT", timedelta(seconds=0.4))
    monkeypatch.setattr(lifetimes, "SERVICE_LIMIT", timedelta(seconds=1.2))
    monkeypatch.setattr(presence, "WRITE_EVERY", timedelta(seconds=0.02))
    monkeypatch.setattr(usage, "SETTLED_AFTER", timedelta(seconds=1))


@pytest.fixture
def crowd():
    """Tokens of twenty people at two places each, in two applications, and of four services; two have a seat."""
    people = [UserFactory() for _ in range(20)]
    applications = [TrustedApplicationFactory(web=True, secret=None) for _ in range(2)]
    tokens = [
        token_of_person(user, application, f"{place}{user.pk.hex[:20]}")
        for user in people
        for place in ("desk", "phone")
        for application in applications
    ]
    jobs = [TrustedApplicationFactory(service=True, secret=None) for _ in range(2)]
    tokens += [token_of_service(job) for job in jobs for _ in range(2)]
    pool.set_pool(SLOTS, [people[0], jobs[0].system_user], actor=SYSTEM)
    return tokens


def open_rows():
    """How many slots are taken, how many of them by the timers' leave, and whether a key has two."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) - count(DISTINCT (kind, key)) FROM erp_sessions_erpsession "
            "WHERE closed_at IS NULL"
        )
        return cursor.fetchone()


def in_order(report):
    """What the onlooker saw: never more than the pool, never two for one key."""
    seen, times = report
    assert times > 50
    assert SLOTS - 2 <= max(taken for taken, _ in seen) <= SLOTS, "it was full, and never more than that"
    assert {twice for _, twice in seen} == {0}
    return times


@contextmanager
def background():
    """The threads that a server process has beside those that answer."""
    stop = threading.Event()

    def run():
        while not stop.wait(0.01):
            presence.flush(now=timezone.now())
        presence.flush(now=timezone.now(), everything=True)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def be_a_worker(tokens, enough):
    """Answer calls in eight threads until the trail shows ``enough`` openings and closings; returns what happened."""
    presence.forget_all()
    happened = Counter()
    over = threading.Event()

    def answer(thread):
        try:
            until_it_is_over(thread)
        finally:
            over.set()  # also when it failed: nobody goes on alone

    def until_it_is_over(thread):
        luck = chance(os.getpid(), thread)
        while not over.is_set():
            token = luck.choice(tokens)
            try:
                session_id = services.open_or_touch(*token.read(), now=timezone.now())
            except LicenseSlotsExhausted:
                happened["refused"] += 1
                # As a client would; and somebody has to go.
                sessions = list(ErpSession.objects.open().values_list("pk", "key", "kind"))
                pk, key, kind = luck.choice(sessions) if sessions else (None, "", 1)
                if kind == 0 and luck.random() < 0.7:
                    services.close_signed_out(key, now=timezone.now(), actor=SYSTEM)
                elif luck.random() < 0.5:
                    services.close_chosen([pk] if pk else [], now=timezone.now(), actor=SYSTEM)
            else:
                happened["calls"] += 1
                if luck.random() < 0.2:
                    time.sleep(luck.random() / 20)
                presence.end(session_id, now=timezone.now(), bytes_up=0, bytes_down=1)
                if luck.random() < 0.01:
                    services.close_all(now=timezone.now(), actor=SYSTEM)
            if thread == 0 and AuditEvent.objects.filter(name__in=BOTH).count() >= enough:
                over.set()

    with background():
        in_threads(THREADS, answer)
    return happened


def check_what_is_left(*, exact=True):
    """Close everything and read the trail: each session was opened once and closed once."""
    services.close_all(now=timezone.now(), actor=SYSTEM)
    assert not ErpSession.objects.open().exists()
    rows = list(ErpSession.objects.all())
    details = {name: AuditEvent.objects.filter(name=name).values_list("detail", flat=True) for name in BOTH}
    for found in details.values():
        assert sorted(detail["session"] for detail in found) == sorted(str(row.pk) for row in rows)
    # By the moments that were written down, too, it never was more.
    spans = [(row.opened_at, row.closed_at) for row in rows]
    start, end = min(begin for begin, _ in spans), timezone.now()
    assert usage.peak(spans, start, end) <= SLOTS
    hours = usage.hours(since=start, now=end)
    assert SLOTS - 2 <= max(hour.peak for hour in hours) <= SLOTS
    assert sum(hour.opened for hour in hours) == len(rows)
    if exact:
        assert sum(hour.refused for hour in hours) == AuditEvent.objects.filter(name="erp_session.refused").count()
    return rows


@pytest.mark.stress
@pytest.mark.contract("SE-06", "SE-39", "SE-47", "SE-56", "SE-67")
def test_never_more_than_the_pool(crowd, hurried):
    began = time.monotonic()
    stop = threading.Event()
    with looking_on(open_rows) as report:
        workers = [Process(be_a_worker, crowd, 2 * (OPENINGS or 200)) for _ in range(PROCESSES)]
        counting = threading.Thread(target=count_again_and_again, args=(stop,))
        counting.start()
        happened = sum((worker.result() for worker in workers), Counter())
        stop.set()
        counting.join()
    times = in_order(report)
    rows = check_what_is_left()
    reasons = Counter(row.close_reason for row in rows)
    seconds = time.monotonic() - began
    print(f"{len(rows)} sessions, {dict(happened)}, {dict(reasons)}, looked {times} times, {seconds:.0f} s")
    assert len(rows) >= (OPENINGS or 200) - SLOTS
    assert {"idle", "sign_out", "administrator", "cleared"} <= set(reasons)
    assert happened["refused"]


def count_again_and_again(stop):
    while not stop.wait(0.05):
        usage.summarise(now=timezone.now())
    connection.close()


@pytest.mark.stress
@pytest.mark.contract("SE-48", "SE-56", "OPS-11")
def test_killed_workers(crowd, hurried):
    """A process that is killed in the middle of anything takes no slot with it and stands in nobody's way."""
    luck = chance("kills")
    storms = OPENINGS // 50 or 25
    with looking_on(open_rows) as report:
        workers = [Process(be_a_worker, crowd, 10**9) for _ in range(PROCESSES)]
        for _ in range(storms):
            time.sleep(luck.uniform(0.02, 0.25))
            victim = luck.randrange(PROCESSES)
            workers[victim].kill()
            workers[victim] = Process(be_a_worker, crowd, 10**9)
        for worker in workers:
            worker.kill()
    times = in_order(report)
    # What the dead held is free when its time is over, and whoever comes then waits for nobody.
    time.sleep(lifetimes.IDLE_LIMIT.total_seconds() + 0.1)
    began = time.monotonic()
    for token in crowd[8:]:
        try:
            services.open_or_touch(*token.read(), now=timezone.now())
        except LicenseSlotsExhausted:
            break
    assert time.monotonic() - began < 2
    assert ErpSession.objects.open().count() == SLOTS - 2, "all but the two that are kept"
    rows = check_what_is_left()
    print(f"{storms} killed, {len(rows)} sessions, looked {times} times")


# ── two at the same moment ───────────────────────────────────────────────────────────────────────────


def get(token):
    return Client().get(URL, headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.mark.contract("SE-56", "SE-57", "SE-58", "SE-59")
def test_one_free_slot_and_two_first_calls(service_app, service_token):
    pool.set_slots(1, actor=SYSTEM)
    for _ in range(10):
        tokens = [service_token(service_app) for _ in range(2)]
        assert sorted(in_threads(2, lambda number, tokens=tokens: get(tokens[number]))) == [200, 503]
        assert ErpSession.objects.open().count() == 1
        services.close_all(now=timezone.now(), actor=SYSTEM)
    assert AuditEvent.objects.filter(name="erp_session.refused").count() == 10


@pytest.mark.contract("SE-56", "SE-64")
def test_the_last_slot_of_an_application_and_many_first_calls(service_token):
    limited = TrustedApplicationFactory(service=True, slot_limit=2)
    pool.set_slots(10, actor=SYSTEM)
    for _ in range(5):
        tokens = [service_token(limited) for _ in range(6)]
        assert sorted(in_threads(6, lambda number, tokens=tokens: get(tokens[number]))) == [200] * 2 + [503] * 4
        assert ErpSession.objects.open().count() == 2
        services.close_all(now=timezone.now(), actor=SYSTEM)
    refusals = AuditEvent.objects.filter(name="erp_session.refused").values_list("cause", flat=True)
    assert set(refusals) == {"application_limit"}


@pytest.mark.contract("SE-56", "SE-63")
def test_the_share_of_the_people_and_many_first_calls_of_services(service_token):
    applications = [TrustedApplicationFactory(service=True) for _ in range(4)]
    person = token_of_person(UserFactory(), TrustedApplicationFactory(web=True, secret=None), "desk")
    pool.set_slots(5, actor=SYSTEM)
    for _ in range(5):
        tokens = [service_token(application) for application in applications for _ in range(2)]
        assert sorted(in_threads(8, lambda number, tokens=tokens: get(tokens[number]))) == [200] * 4 + [503] * 4
        services.open_or_touch(*person.read(), now=timezone.now())
        assert ErpSession.objects.open().count() == 5
        services.close_all(now=timezone.now(), actor=SYSTEM)
    refusals = AuditEvent.objects.filter(name="erp_session.refused").values_list("cause", flat=True)
    assert set(refusals) == {"kept_from_services"}


@pytest.mark.contract("SE-04", "SE-05")
def test_many_first_calls_with_one_key(service_app, service_token):
    pool.set_slots(3, actor=SYSTEM)
    for _ in range(3):
        token = service_token(service_app)
        assert set(in_threads(20, lambda number, token=token: get(token))) == {200}
        presence.flush(now=timezone.now(), everything=True)
        assert ErpSession.objects.open().get().requests == 20
        services.close_all(now=timezone.now(), actor=SYSTEM)
    assert AuditEvent.objects.filter(name="erp_session.opened").count() == 3


def opens(token):
    """Call until the credential is refused."""
    while True:
        try:
            session_id = services.open_or_touch(*token.read(), now=timezone.now())
        except InvalidCredential:
            return
        presence.end(session_id, now=timezone.now(), bytes_up=0, bytes_down=0)
        services.close_chosen([session_id], now=timezone.now(), actor=SYSTEM)


@pytest.mark.contract("SE-46", "SE-47")
@pytest.mark.parametrize("which", ["account", "application"])
def test_openings_while_it_is_taken_away(which):
    luck = chance(which)
    for _ in range(8):
        application = TrustedApplicationFactory(service=True, secret=None)
        user = application.system_user
        tokens = [token_of_service(application) for _ in range(6)]

        def take_away(user=user, application=application):
            time.sleep(luck.uniform(0, 0.05))
            if which == "account":
                user.is_active = False
                save_user(user, actor=SYSTEM)
            else:
                delete_application(application, actor=SYSTEM)

        bodies = [*(partial(opens, token) for token in tokens), take_away]
        in_threads(7, lambda number, bodies=bodies: bodies[number]())
        assert not ErpSession.objects.open().exists()


def in_the_background(call):
    def run():
        try:
            call()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.contract("SE-46", "SE-47")
@pytest.mark.parametrize("which", ["account", "application"])
def test_taken_away_between_the_count_and_the_opening(which, monkeypatch):
    """The opening has seen that the account is active, and stores its session after the sessions were closed."""
    application = TrustedApplicationFactory(service=True, secret=None)
    token = token_of_service(application)
    with paused(monkeypatch, services, "prepare") as reached:
        opening = in_the_background(lambda: services.open_or_touch(*token.read(), now=timezone.now()))
        assert reached.wait(20)
        if which == "account":
            application.system_user.is_active = False
            ending = in_the_background(partial(save_user, application.system_user, actor=SYSTEM))
        else:
            ending = in_the_background(partial(delete_application, application, actor=SYSTEM))
        time.sleep(0.3)
        assert not ErpSession.objects.exists()
    opening.join(20)
    ending.join(20)
    session = ErpSession.objects.get()
    assert session.close_reason == ("user" if which == "account" else "application")


@pytest.mark.contract("SE-30", "SE-31", "SE-39")
def test_a_call_at_the_last_moment_and_somebody_who_wants_the_slot(crowd):
    """Either the call comes first and the session goes on, or it has ended and the call is a first one."""
    pool.set_pool(1, [], actor=SYSTEM)
    opened = timezone.now()
    ends = opened + lifetimes.IDLE_LIMIT
    first, other = crowd[0], crowd[8]
    outcomes, luck = Counter(), chance("last moment")
    for _ in range(40):
        ErpSession.objects.all().delete()
        presence.forget_all()
        session_id = services.open_or_touch(*first.read(), now=opened)
        presence.end(session_id, now=opened, bytes_up=0, bytes_down=0)
        calls = [(first, ends - timedelta(milliseconds=100)), (other, ends)]

        def call(number, calls=calls):
            token, now = calls[number]
            found = token.read()
            time.sleep(luck.choice([0, 0.001, 0.002]))
            try:
                return services.open_or_touch(*found, now=now)
            except LicenseSlotsExhausted:
                return None

        answers = in_threads(2, call)
        holder = ErpSession.objects.live(ends).get()
        if answers[0] == session_id:
            assert (holder.pk, answers[1]) == (session_id, None)
            assert holder.last_seen_at == ends - timedelta(milliseconds=100)
        else:
            # It was closed under the call's hands. Then both want the slot, and one of them comes first.
            assert [answer for answer in answers if answer is not None] == [holder.pk]
            assert ErpSession.objects.get(pk=session_id).closed_at == ends
        outcomes["went on" if answers[0] == session_id else "ended"] += 1
    print(dict(outcomes))


# ── nobody waits in a circle ─────────────────────────────────────────────────────────────────────────


def test_a_seat_is_kept_while_the_account_and_the_pool_are_changed():
    """A manifest changes an account and then the pool; an administrator keeps a seat for the account."""
    user = UserFactory()
    pool.set_slots(5, actor=SYSTEM)
    changed = threading.Event()

    def change_both():
        with transaction.atomic():
            user.name = "Another name"
            save_user(user, actor=SYSTEM)
            changed.set()
            time.sleep(0.3)
            pool.set_slots(6, actor=SYSTEM)

    def keep_a_seat():
        assert changed.wait(20)
        pool.reserve_seat(user, actor=SYSTEM)

    in_threads(2, lambda number: [change_both, keep_a_seat][number]())
    assert pool.stored_pool() == (6, {user.pk: user.login})


def test_sessions_are_closed_once_more_while_they_and_the_pool_are_changed(monkeypatch):
    """A manifest closes a session and then changes the pool; the deletion of an application looks once more."""
    application = TrustedApplicationFactory(service=True, secret=None)
    token, closed = token_of_service(application), threading.Event()
    services.open_or_touch(*token.read(), now=timezone.now())

    def close_and_change():
        with transaction.atomic():
            services.close_of_user(application.system_user_id, now=timezone.now(), actor=SYSTEM)
            closed.set()
            time.sleep(0.3)
            pool.set_slots(6, actor=SYSTEM)

    def once_more():
        assert closed.wait(20)
        looks = []

        def close(**values):
            # The first time nobody had opened it yet.
            number = services.close_of_application(application.pk, **values) if looks else 0
            looks.append(number)
            return number

        with transaction.atomic():
            receivers._end(close, SYSTEM)
        assert looks == [0, 0]

    in_threads(2, lambda number: [close_and_change, once_more][number]())
    assert ErpSession.objects.get().close_reason == "user"
    assert pool.stored_pool()[0] == 6
