"""The core of the sessions next to a model of it that fits on a page: whatever happens in whatever order, both agree.

``SESSION_STEPS=20000 pytest tests/erp_sessions/test_model.py`` walks longer, each time another way.
"""

import os
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import TestCase
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from erpnet_identity.audit.context import SYSTEM
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.erp_sessions import cleanup, pool, presence, services, usage
from erpnet_identity.erp_sessions.exceptions import LicenseSlotsExhausted
from erpnet_identity.erp_sessions.models import ErpSession
from erpnet_identity.operations.cleanup import keep_count, remove
from erpnet_identity.tokens.exceptions import InvalidCredential
from erpnet_identity.users.models import User
from erpnet_identity.users.services import save_user
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.api_callers import token_of_person, token_of_service
from trusted_apps.models import TrustedApplication
from trusted_apps.services import delete_application

STEPS = int(os.environ.get("SESSION_STEPS", "0"))
PER_WALK = 100
START = datetime(2030, 1, 1, 10, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TICK = timedelta(seconds=5)
LOST_AT_MOST = timedelta(seconds=35)  # what a killed worker had not written yet
PEOPLE = ["anna", "boris", "clara", "dimitar"]
SIGN_INS = {
    "anna-desk": "anna",
    "anna-phone": "anna",
    "boris-desk": "boris",
    "clara-desk": "clara",
    "dim-desk": "dimitar",
}


# ── the model ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(eq=False)
class Held:
    """A session as the contract tells it."""

    key: str
    user: str
    is_service: bool
    opened: datetime
    opener: str = ""
    id: object = None
    applications: set = field(default_factory=set)
    seen: dict = field(default_factory=dict)  # by whom → when
    running: Counter = field(default_factory=Counter)
    requests: int = 0
    was_lost: bool = False  # a worker that knew more was killed
    closed: datetime | None = None
    reason: str = ""

    def end(self):
        """When it ends by itself, and why; None while a request keeps it alive."""
        ends = [(self.opened + HOUR, "absolute")] if self.is_service else []
        if not self.running.total():
            ends.append((max(self.seen.values()) + 20 * MINUTE, "idle"))
        return min(ends, default=None)


class Model:
    """Who holds a slot, by the rules SE-02 to SE-72, one thing at a time."""

    def __init__(self):
        self.now = START
        self.slots = None
        self.share = 20
        self.limits = {}  # application → how many sessions it may have opened
        self.seats = set()
        self.inactive = set()
        self.sessions = []
        self.refusals = Counter()

    def live(self):
        return [held for held in self.sessions if held.closed is None]

    def go_to(self, moment):
        self.now = moment
        for held in self.live():
            end = held.end()
            if end is not None and end[0] <= moment:
                held.closed, held.reason = end

    def absent(self):
        present = {held.user for held in self.live()}
        return self.seats - self.inactive - present

    def call(self, key, user, application, *, is_service, worker):
        """The session of the call, or None when there is no room."""
        held = next((held for held in self.live() if (held.key, held.is_service) == (key, is_service)), None)
        if held is not None and held.user != user:
            self.close([held], "identity")
            held = None
        if held is None:
            self.refused_by = self.refuses(user, application, is_service=is_service)
            if self.refused_by:
                self.refusals[self.now.replace(minute=0, second=0, microsecond=0)] += 1
                return None
            held = Held(key, user, is_service, self.now, opener=application)
            self.sessions.append(held)
        held.applications.add(application)
        held.seen[worker] = self.now
        held.running[worker] += 1
        held.requests += 1
        return held

    def refuses(self, user, application, *, is_service):
        """What keeps one more session from opening, with its numbers; None when it may open."""
        live, absent = self.live(), self.absent()
        has_room = self.slots is None or len(live) < self.slots
        if user in absent and has_room:
            return None
        opened = sum(held.opener == application for held in live)
        limit = self.limits.get(application)
        if limit is not None and opened >= limit:
            return "application_limit", opened, limit
        if self.slots is None:
            return None
        if not has_room or (user not in absent and len(live) + len(absent) >= self.slots):
            return "no_free_slot", 0, None
        services = sum(held.is_service for held in live)
        for_people = self.slots * self.share // 100
        if is_service and services >= self.slots - for_people:
            return "kept_from_services", services, self.slots - for_people
        return None

    def finish(self, held, worker):
        held.running[worker] -= 1
        held.seen[worker] = self.now

    def close(self, some, reason):
        for held in some:
            if held.closed is None:
                held.closed, held.reason = self.now, reason

    def delete_application(self, application):
        for held in self.sessions:
            held.applications.discard(application)
        self.close([held for held in self.sessions if not held.applications], "application")

    def chart(self):
        """hour → most at a time, opened, refused; counted the long way."""
        found = {}
        hour = START
        while hour <= self.now:
            end = min(hour + HOUR, self.now)
            moments = (
                [hour, *(held.opened for held in self.sessions if hour <= held.opened < end)] if hour < end else []
            )
            most = max(
                (
                    sum(
                        held.opened <= moment and (held.closed is None or moment < held.closed)
                        for held in self.sessions
                    )
                    for moment in moments
                ),
                default=0,
            )
            found[hour] = (most, max(len(moments) - 1, 0), self.refusals[hour])
            hour += HOUR
        return found


# ── the core beside it ───────────────────────────────────────────────────────────────────────────────


class Worker:
    """A server process: what it remembers, and when its background thread wakes up."""

    def __init__(self, number, now):
        self.visits = {}
        self.running = []  # (session, what the model calls it)
        self.next_tick = now + TICK * (number + 1) / 3

    @contextmanager
    def working(self):
        with patch.object(presence, "_visits", self.visits):
            yield


class Sessions(RuleBasedStateMachine):
    walked = 0
    met = Counter()  # limit → how often it refused an opening

    def __init__(self):
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.clock = patch("django.utils.timezone.now", lambda: self.model.now)
        self.clock.start()
        self.model = Model()
        self.workers = [Worker(0, START), Worker(1, START)]
        self.users = {name: UserFactory(login=name) for name in PEOPLE} | {
            "robot": UserFactory(login="robot", system=True)
        }
        self.applications = {}
        self.tokens = []  # (token, key, user, application, is_service)
        for number in range(2):
            self.register(f"web{number}")
            self.register(f"job{number}")

    def register(self, name):
        """An application with a token of every sign-in, or with two of its own."""
        if name.startswith("job"):
            application = TrustedApplicationFactory(service=True, system_user=self.users["robot"], secret=None)
            for _ in range(2):
                token = token_of_service(application)
                self.tokens.append((token, token.id, "robot", name, True))
        else:
            application = TrustedApplicationFactory(web=True, secret=None)
            # Somebody else's token with the sign-in of anna is nothing that is ever issued; SE-26 is about it.
            for sid, user in [*SIGN_INS.items(), ("anna-desk", "boris")]:
                token = token_of_person(self.users[user], application, sid)
                self.tokens.append((token, sid, user, name, False))
        self.applications[name] = application

    def renewed(self, known):
        """Another token of the same sign-in, or of the same service."""
        _, key, user, application, is_service = known
        if is_service:
            token = token_of_service(self.applications[application])
            return token, token.id, user, application, True
        return token_of_person(self.users[user], self.applications[application], key), key, user, application, False

    def teardown(self):
        try:
            for worker in self.workers:
                while worker.running:
                    self.finish_one(worker, 0)
                self.flush(worker, everything=True)
            keep_count(self.model.now)
            self.compare()
            self.look_at_the_chart()
            self.look_at_the_trail()
            self.look_at_the_counts()
        finally:
            self.clock.stop()
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    # ── time ──

    def go_to(self, moment):
        while (worker := min(self.workers, key=lambda worker: worker.next_tick)).next_tick <= moment:
            if worker.visits:
                self.model.now = worker.next_tick
                self.flush(worker)
                worker.next_tick += TICK
            else:
                worker.next_tick += TICK * ((moment - worker.next_tick) // TICK + 1)
        self.model.go_to(moment)

    def flush(self, worker, *, everything=False):
        with worker.working():
            presence.flush(now=self.model.now, everything=everything)

    @rule(seconds=st.sampled_from([0.25, 1, 5, 29.5, 30, 31, 60, 299, 600, 1199, 1200, 2000, 3600]))
    def wait(self, seconds):
        self.go_to(self.model.now + timedelta(seconds=seconds))

    @rule(number=st.integers(0, 99), apart=st.sampled_from([-1_000_000, -1, 0, 0, 1]))
    def wait_for_an_end(self, number, apart):
        ends = sorted({end[0] for held in self.model.live() if (end := held.end()) is not None})
        if ends:
            moment = ends[number % min(len(ends), 3)] + timedelta(microseconds=apart)
            self.go_to(max(self.model.now, moment))

    @precondition(lambda self: not any(worker.running for worker in self.workers) and len(self.model.sessions) > 10)
    @rule()
    def wait_for_days(self):
        self.go_to(self.model.now + timedelta(days=1, minutes=7))

    # ── calls ──

    def call(self, number, worker_number):
        worker = self.workers[worker_number]
        token, key, user, application, is_service = self.tokens[number % len(self.tokens)]
        wanted = "refused"
        if user not in self.model.inactive:
            wanted = self.model.call(key, user, application, is_service=is_service, worker=worker)
        try:
            with worker.working():
                got = services.open_or_touch(*token.read(now=self.model.now), now=self.model.now)
        except InvalidCredential:
            got = "refused"
        except LicenseSlotsExhausted as refusal:
            got, said = None, (refusal.slots, refusal.live, refusal.kept)
            met = (refusal.cause, refusal.used, refusal.limit)
        if isinstance(wanted, Held):
            assert got != "refused"
            wanted.id = wanted.id or got
            worker.running.append(wanted)
            wanted = wanted.id
        assert got == wanted
        if got is None:
            assert said == (self.model.slots, len(self.model.live()), len(self.model.absent()))
            assert met == self.model.refused_by
            Sessions.met[met[0]] += 1

    def finish_one(self, worker, number):
        held = worker.running.pop(number % len(worker.running))
        self.model.finish(held, worker)
        with worker.working():
            presence.end(held.id, now=self.model.now, bytes_up=1, bytes_down=10)

    @rule(numbers=st.lists(st.integers(0, 99), min_size=1, max_size=4), worker=st.integers(0, 1))
    def calls(self, numbers, worker):
        for number in numbers:
            before = len(self.workers[worker].running)
            self.call(number, worker)
            if len(self.workers[worker].running) > before:
                self.finish_one(self.workers[worker], -1)

    @rule(worker=st.integers(0, 1))
    def all_services_call(self, worker):
        """What takes the pool from the people, if anything does."""
        self.calls([number for number, token in enumerate(self.tokens) if token[4]], worker)

    @rule(number=st.integers(0, 99), worker=st.integers(0, 1))
    def call_again(self, number, worker):
        """A call of somebody who has a session."""
        if live := self.model.live():
            held = live[number % len(live)]
            own = [n for n, token in enumerate(self.tokens) if token[1:3] == (held.key, held.user)]
            if own:
                self.calls([own[number % len(own)]], worker)

    @rule(number=st.integers(0, 99), worker=st.integers(0, 1))
    def begin(self, number, worker):
        self.call(number, worker)

    @rule(number=st.integers(0, 99), worker=st.integers(0, 1))
    def finish(self, number, worker):
        if self.workers[worker].running:
            self.finish_one(self.workers[worker], number)

    # ── endings ──

    @rule(sid=st.sampled_from(sorted(SIGN_INS)))
    def sign_out(self, sid):
        chosen = [held for held in self.model.live() if held.key == sid]
        assert services.close_signed_out(sid, now=self.model.now, actor=SYSTEM) == len(chosen)
        self.model.close(chosen, "sign_out")

    @rule(numbers=st.lists(st.integers(0, 99), max_size=3))
    def administrator_closes(self, numbers):
        if self.model.sessions:
            chosen = {self.model.sessions[-1 - number % len(self.model.sessions)] for number in numbers}
            number = sum(held.closed is None for held in chosen)
            closed = services.close_chosen([held.id for held in chosen], now=self.model.now, actor=SYSTEM)
            assert closed == number
            self.model.close(chosen, "administrator")

    @precondition(lambda self: len(self.model.live()) > 4)
    @rule()
    def clear_all(self):
        assert services.close_all(now=self.model.now, actor=SYSTEM) == len(self.model.live())
        self.model.close(self.model.live(), "cleared")

    @rule(name=st.sampled_from([*PEOPLE, "robot"]))
    def switch_account(self, name):
        user = User.objects.get(pk=self.users[name].pk)
        user.is_active = name in self.model.inactive
        with TestCase.captureOnCommitCallbacks(execute=True):
            save_user(user, actor=SYSTEM)
        if user.is_active:
            self.model.inactive.remove(name)
            # What it had was ended for good with the account; it signs in anew.
            self.tokens = [self.renewed(token) if token[2] == name else token for token in self.tokens]
        else:
            self.model.inactive.add(name)
            self.model.close([held for held in self.model.live() if held.user == name], "user")

    @rule(number=st.integers(0, 99))
    def replace_application(self, number):
        name = list(self.applications)[number % len(self.applications)]
        with TestCase.captureOnCommitCallbacks(execute=True):
            delete_application(self.applications.pop(name), actor=SYSTEM)
        self.model.delete_application(name)
        self.tokens = [token for token in self.tokens if token[3] != name]
        self.register(f"{name}'")

    # ── the pool ──

    def try_to_save(self, slots, seats, save):
        if slots is not None and len(seats) > slots:
            with pytest.raises(ValidationError):
                save()
        else:
            save()
            self.model.slots, self.model.seats = slots, seats

    @rule(slots=st.sampled_from([0, 1, 2, 3, 3, 4, 4, 5, 5, 6, 8, None]))
    def resize(self, slots):
        self.try_to_save(slots, self.model.seats, lambda: pool.set_slots(slots, actor=SYSTEM))

    @rule(share=st.sampled_from([0, 20, 34, 50, 67, 99, 100]), worker=st.integers(0, 1))
    def share_out(self, share, worker):
        pool.set_slots(self.model.slots, kept_from_services=share, actor=SYSTEM)
        self.model.share = share
        self.all_services_call(worker)

    @rule(number=st.integers(0, 99), limit=st.sampled_from([1, 1, 2, 3, None, None]))
    def limit_application(self, number, limit):
        name = list(self.applications)[number % len(self.applications)]
        # The rules of a record are not what this is about.
        TrustedApplication.objects.filter(pk=self.applications[name].pk).update(slot_limit=limit)
        self.model.limits[name] = limit

    @rule(name=st.sampled_from([*PEOPLE, "robot"]))
    def reserve(self, name):
        seats = self.model.seats | {name}
        self.try_to_save(self.model.slots, seats, lambda: pool.reserve_seat(self.users[name], actor=SYSTEM))

    @rule(name=st.sampled_from([*PEOPLE, "robot"]))
    def give_up(self, name):
        seats = self.model.seats - {name}
        self.try_to_save(self.model.slots, seats, lambda: pool.give_up_seat(self.users[name], actor=SYSTEM))

    # ── the background ──

    @rule(close=st.booleans())
    def clean_up(self, close):
        if close:
            services.close_expired(now=self.model.now)
        else:
            keep_count(self.model.now)
            for rows in cleanup.expired(self.model.now).values():
                remove(rows)

    @rule()
    def count_without_closing(self):
        usage.summarise(now=self.model.now)

    @rule(number=st.integers(0, 1))
    def kill_worker(self, number):
        worker = self.workers[number]
        stored = dict(ErpSession.objects.open().values_list("pk", "last_seen_at"))
        for held in self.model.live():
            seen = held.seen.pop(worker, None)
            if held.running.pop(worker, 0):
                seen = self.model.now
            if seen is not None:
                assert stored[held.id] >= seen - LOST_AT_MOST
                held.seen["stored"] = stored[held.id]
                held.was_lost = True
        for held in self.model.sessions:
            held.was_lost = held.was_lost or held.running.pop(worker, 0) > 0 or held.id in worker.visits
        self.workers[number] = Worker(number, self.model.now)

    @rule(number=st.integers(0, 1))
    def restart_worker(self, number):
        worker = self.workers[number]
        while worker.running:
            self.finish_one(worker, 0)
        self.flush(worker, everything=True)
        assert worker.visits == {}

    # ── comparing ──

    @invariant()
    def compare(self):
        Sessions.walked += 1
        now = self.model.now
        rows = {row.pk: row for row in ErpSession.objects.all()}
        assert set(ErpSession.objects.live(now).values_list("pk", flat=True)) == {held.id for held in self.model.live()}
        assert len({(row.kind, row.key) for row in rows.values() if row.closed_at is None}) == sum(
            row.closed_at is None for row in rows.values()
        )
        for held in self.model.sessions:
            row = rows.pop(held.id, None)
            if row is None:
                assert held.closed is not None
                assert held.closed < now - cleanup.KEPT
                continue
            assert (row.key, row.user_id, row.opened_at) == (held.key, self.users[held.user].pk, held.opened)
            if held.closed is None:
                assert row.closed_at is None
                assert row.ends_at > now
            elif row.closed_at is None:  # the timers have ended it and nobody needed its slot yet
                assert held.reason in ("idle", "absolute")
                assert row.ends_at == held.closed
            else:
                assert (row.closed_at, row.close_reason) == (held.closed, held.reason)
        assert rows == {}

    @rule()
    def look_at_the_chart(self):
        found = usage.hours(since=START, now=self.model.now)
        assert {hour.hour: (hour.peak, hour.opened, hour.refused) for hour in found} == self.model.chart()

    def look_at_the_trail(self):
        opened = AuditEvent.objects.filter(name="erp_session.opened").values_list("detail", flat=True)
        assert sorted(detail["session"] for detail in opened) == sorted(str(held.id) for held in self.model.sessions)
        closed = AuditEvent.objects.filter(name="erp_session.closed").values_list("cause", "detail")
        assert sorted((detail["session"], cause, detail["closed"]) for cause, detail in closed) == sorted(
            (str(held.id), held.reason, held.closed.isoformat()) for held in self.model.sessions if held.closed
        )
        refused = AuditEvent.objects.filter(name="erp_session.refused").count()
        assert refused == self.model.refusals.total()

    def look_at_the_counts(self):
        counted = {held.id: held.requests for held in self.model.sessions if not held.was_lost}
        for row in ErpSession.objects.filter(pk__in=counted):
            requests = counted[row.pk]
            assert (row.requests, row.bytes_up, row.bytes_down) == (requests, requests, requests * 10)


@pytest.mark.contract(
    *("SE-02", "SE-03", "SE-04", "SE-06", "SE-09", "SE-20", "SE-21", "SE-22", "SE-26", "SE-30", "SE-31", "SE-32"),
    *("SE-33", "SE-35", "SE-39", "SE-46", "SE-47", "SE-50", "SE-53", "SE-55", "SE-60", "SE-61", "SE-65", "SE-66"),
    *("SE-63", "SE-64", "SE-67", "SE-68", "SE-69", "SE-70", "SE-71", "SE-72"),
)
def test_the_core_does_what_the_model_does(db):
    Sessions.walked = 0
    Sessions.met.clear()
    # The same walks whatever the source looks like: else Hypothesis draws them anew for every word that is changed.
    run_state_machine_as_test(
        Sessions if STEPS else seed(3)(Sessions),
        settings=settings(
            max_examples=(STEPS or 5000) // PER_WALK,
            stateful_step_count=PER_WALK,
            derandomize=not STEPS,
            database=None,
            report_multiple_bugs=False,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(f"{Sessions.walked} steps, {dict(Sessions.met)}")
    assert set(Sessions.met) == {"no_free_slot", "application_limit", "kept_from_services"}
    assert Sessions.walked > (STEPS or 5000) * 0.8
