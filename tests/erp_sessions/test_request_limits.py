"""What a session is doing right now: counted in one process as in Redis, for all workers."""

import threading
import time
from contextlib import contextmanager

import pytest
import redis
from django.core.cache import caches

from erpnet_identity.erp_sessions import request_limits
from erpnet_identity.erp_sessions.request_limits import CONCURRENT, LEASE, RPM, WINDOW, LocalCounter, RedisCounter
from erpnet_identity.platform import redis_cache
from erpnet_identity.platform.redis_cache import RedisCache
from tests.conftest import missing_service
from tests.support.chance import chance
from tests.support.processes import Process, in_threads
from tests.support.server import free_port

NOW = 1_900_000_000.0
LIMIT = 10


def need_redis():
    cache = caches["default"]
    if not isinstance(cache, RedisCache):
        missing_service("this needs Redis: set TEST_CACHE_URL=redis://…")
    return cache


@pytest.fixture(params=["local", "redis"])
def counter(request, monkeypatch):
    """Both kinds of counter; that of Redis is the one that the settings choose."""
    if request.param == "redis":
        need_redis()
    else:
        local = LocalCounter()
        monkeypatch.setattr(request_limits, "_counter", lambda: local)


@pytest.fixture
def shared():
    """The cache that all workers share, counted in as the settings say."""
    return need_redis()


def enter(session="s", *, now=NOW, rpm=0, concurrent=0):
    return request_limits.enter(session, now=now, rpm=rpm, concurrent=concurrent)


def call(session="s", **how):
    """A request that is over at once."""
    entry = enter(session, **how)
    if not entry.refused:
        request_limits.leave(entry)
    return entry


class TestRequestsPerMinute:
    @pytest.mark.contract("SE-80", "SE-81")
    def test_the_minute_begins_with_the_first_request(self, counter):
        assert [call(now=NOW + 7, rpm=3).refused for _ in range(4)] == ["", "", "", RPM]
        assert call(now=NOW + 7 + WINDOW - 0.001, rpm=3).refused == RPM
        assert [call(now=NOW + 7 + WINDOW, rpm=3).refused for _ in range(4)] == ["", "", "", RPM]

    @pytest.mark.contract("SE-80")
    @pytest.mark.parametrize(("passed", "wait"), [(0, 60), (0.5, 60), (1, 59), (20, 40), (59, 1), (59.9, 1)])
    def test_the_wait_is_exact(self, counter, passed, wait):
        call(rpm=1)
        assert call(now=NOW + passed, rpm=1).wait == wait

    @pytest.mark.contract("SE-80")
    def test_the_wait_is_long_enough_and_no_longer_at_any_fraction(self, counter):
        luck = chance("wait")
        for number in range(300):
            began = NOW + luck.random() * 1000
            call(f"s{number}", now=began, rpm=1)
            asked = began + luck.choice([0, 0.0001, luck.random(), luck.random() * 59])
            entry = call(f"s{number}", now=asked, rpm=1)
            assert 1 <= entry.wait <= WINDOW
            assert began + WINDOW <= asked + entry.wait < began + WINDOW + 1
            assert call(f"s{number}", now=asked + entry.wait, rpm=1).refused == ""

    @pytest.mark.contract("SE-81", "SE-82")
    def test_zero_is_no_limit(self, counter):
        assert {enter().refused for _ in range(50)} == {""}

    @pytest.mark.contract("SE-81")
    def test_sessions_are_counted_apart(self, counter):
        assert [call(session, rpm=1).refused for session in ("a", "b", "a", "b")] == ["", "", RPM, RPM]

    @pytest.mark.contract("SE-81")
    def test_many_at_once(self, counter):
        refused = in_threads(20, lambda number: [call(rpm=100).refused for _ in range(10)])
        assert [name for names in refused for name in names].count("") == 100


class TestRunningRequests:
    @pytest.mark.contract("SE-82")
    def test_the_next_one_is_refused_until_one_has_ended(self, counter):
        first, *_ = entries = [enter(concurrent=3) for _ in range(3)]
        assert {entry.refused for entry in entries} == {""}
        refused = enter(concurrent=3)
        assert (refused.refused, refused.wait) == (CONCURRENT, 1)
        assert request_limits.running(["s", "other"], now=NOW) == [3, 0]
        request_limits.leave(first)
        assert [enter(concurrent=3).refused for _ in range(2)] == ["", CONCURRENT]

    @pytest.mark.contract("SE-80", "SE-81", "SE-82")
    def test_what_is_refused_runs_not_and_counts_for_the_minute(self, counter):
        entries = [enter(rpm=5, concurrent=2) for _ in range(6)]
        assert [entry.refused for entry in entries] == ["", "", CONCURRENT, CONCURRENT, CONCURRENT, RPM]
        assert request_limits.running(["s"], now=NOW) == [2]

    def test_leaving_twice_is_leaving_once(self, counter):
        first, _ = enter(concurrent=2), enter(concurrent=2)
        request_limits.leave(first)
        request_limits.leave(first)
        assert [enter(concurrent=2).refused for _ in range(2)] == ["", CONCURRENT]

    @pytest.mark.contract("SE-82")
    def test_a_long_request_counts_as_long_as_its_worker_says_so(self, counter):
        entry = enter(concurrent=1)
        for now in range(int(NOW), int(NOW) + 1000, LEASE - 5):
            request_limits.renew(now=now)
            assert enter(now=now + LEASE - 1, concurrent=1).refused == CONCURRENT
            assert request_limits.running(["s"], now=now + LEASE - 1) == [1]
        request_limits.leave(entry)
        request_limits.renew(now=NOW + 1000)
        assert request_limits.running(["s"], now=NOW) == [0], "what has ended is not brought back"
        assert enter(now=NOW + 1000, concurrent=1).refused == ""

    @pytest.mark.contract("SE-82")
    def test_ten_at_a_time_in_threads(self, counter):
        inside()


class Inside:
    """How many are inside by a count of their own, and how many there ever were."""

    def __init__(self):
        self.lock = threading.Lock()
        self.number = self.most = 0

    def __enter__(self):
        with self.lock:
            self.number += 1
            self.most = max(self.most, self.number)

    def __exit__(self, *error):
        with self.lock:
            self.number -= 1


def inside():
    """Twelve threads rush into a session with room for ten; whoever is refused was so by ten others."""
    room = Inside()
    refused = 0

    def rush(thread):
        nonlocal refused
        pauses = chance("rush", thread)
        for _ in range(40):
            entry = enter(concurrent=LIMIT)
            if entry.refused:
                refused += 1
                continue
            with room:
                time.sleep(pauses.random() / 200)
            request_limits.leave(entry)

    in_threads(LIMIT + 2, rush)
    assert room.most == LIMIT
    assert refused
    assert request_limits.running(["s"], now=NOW) == [0]
    # Ten threads alone are never refused: who has left makes room at once.
    refused = 0
    in_threads(LIMIT, rush)
    assert refused == 0


@pytest.mark.contract("SE-82")
def test_ten_at_a_time_in_all_processes(shared):
    """Each tells by the clock of the machine when it was inside; never were there eleven."""

    def rush(share, threads):
        spans, refused = [], []

        def run(thread):
            pauses = chance("run", thread)
            for _ in range(60):
                asked = time.monotonic()
                entry = enter(concurrent=LIMIT)
                if entry.refused:
                    refused.append((asked, time.monotonic()))
                    continue
                begin = time.monotonic()
                time.sleep(pauses.random() / 200)
                end = time.monotonic()
                request_limits.leave(entry)
                spans.append((begin, end))

        in_threads(threads, run)
        return spans, refused

    def most(spans):
        steps = sorted([(begin, 1) for begin, _ in spans] + [(end, -1) for _, end in spans])
        number = found = 0
        for _, step in steps:
            number += step
            found = max(found, number)
        return found

    results = [process.result() for process in [Process(rush, number, 5) for number in range(3)]]
    spans = [span for found, _ in results for span in found]
    assert LIMIT - 1 <= most(spans) <= LIMIT
    assert any(refused for _, refused in results)
    # As many threads as there is room for, in two processes: nobody is refused.
    results = [process.result() for process in [Process(rush, number, LIMIT // 2) for number in range(2)]]
    assert [refused for _, refused in results] == [[], []]
    assert request_limits.running(["s"], now=NOW) == [0]


class TestAKilledWorker:
    @pytest.mark.contract("SE-82")
    def test_its_requests_count_for_two_minutes(self, shared):
        def be_killed():
            for _ in range(LIMIT):
                enter(concurrent=LIMIT)
            time.sleep(600)

        worker = Process(be_killed)
        deadline = time.monotonic() + 20
        while request_limits.running(["s"], now=NOW) != [LIMIT]:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        worker.kill()
        request_limits.renew(now=NOW + 60)  # others speak for their own requests only
        assert enter(now=NOW + LEASE - 0.01, concurrent=LIMIT).refused == CONCURRENT
        assert request_limits.running(["s"], now=NOW + LEASE) == [0]
        entries = [enter(now=NOW + LEASE, concurrent=LIMIT) for _ in range(LIMIT + 1)]
        assert [entry.refused for entry in entries] == [""] * LIMIT + [CONCURRENT]

    @pytest.mark.contract("SE-82")
    def test_nothing_is_left_in_the_cache_for_ever(self, shared):
        enter(concurrent=LIMIT, rpm=1)
        client = shared._cache.get_client(None, write=True)
        keys = list(client.scan_iter(match=f"{shared.key_prefix}:*session*"))
        assert len(keys) == 2
        assert all(0 < client.ttl(key) <= 2 * LEASE for key in keys)

    @pytest.mark.contract("SE-82")
    def test_what_ran_out_is_not_brought_back(self, shared):
        enter(concurrent=1)
        other = enter(now=NOW + LEASE, concurrent=1)
        assert other.refused == ""
        request_limits.renew(now=NOW + LEASE)
        assert request_limits.running(["s"], now=NOW + LEASE) == [1]


@contextmanager
def away():
    """The failure of a server that is away is remembered for a second; no longer than this test."""
    redis_cache.forget_failure()
    try:
        yield RedisCache(f"redis://127.0.0.1:{free_port()}/0", {})
    finally:
        redis_cache.forget_failure()


@pytest.mark.contract("OPS-03", "SE-82")
def test_a_cache_that_is_away_is_said_to_be(monkeypatch):
    with away() as cache:
        chosen = RedisCounter(cache)
        monkeypatch.setattr(request_limits, "_counter", lambda: chosen)
        with pytest.raises(redis.ConnectionError):
            enter(concurrent=1, rpm=1)
        began = time.monotonic()
        for ask in (
            enter,
            lambda: request_limits.running(["s"], now=NOW),
            lambda: request_limits.leave(request_limits.Entry("s", "m")),
        ):
            with pytest.raises(redis.ConnectionError):
                ask()
        assert time.monotonic() - began < 0.5, "it is not tried again and again"
        request_limits.renew(now=NOW)  # nothing was let in: there is nothing to tell
    assert request_limits._entered == {}


@pytest.mark.contract("SE-82")
def test_a_cache_that_goes_away_while_a_request_runs(shared, monkeypatch):
    entry = enter(concurrent=1)
    with away() as cache:
        chosen = RedisCounter(cache)
        with monkeypatch.context() as patch:
            patch.setattr(request_limits, "_counter", lambda: chosen)
            with pytest.raises(redis.ConnectionError):
                request_limits.renew(now=NOW)
            with pytest.raises(redis.ConnectionError):
                request_limits.leave(entry)
    # The worker speaks for it no longer, so that its time runs out.
    request_limits.renew(now=NOW + LEASE - 1)
    assert enter(now=NOW + LEASE, concurrent=1).refused == ""
