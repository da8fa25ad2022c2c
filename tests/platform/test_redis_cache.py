"""Redis being away must not slow a request down."""

import socket
import time
from contextlib import suppress

import pytest
import redis
from django.core.cache import cache as default

from erpnet_identity.platform import redis_cache
from erpnet_identity.platform.redis_cache import Line, RedisCache
from tests.conftest import missing_service
from tests.support.processes import Process

pytestmark = pytest.mark.contract("OPS-03")


@pytest.fixture(autouse=True)
def _no_failure_remembered():
    redis_cache.forget_failure()
    yield
    redis_cache.forget_failure()


@pytest.fixture
def deaf_server():
    """The address of a server that never answers, and how many connections it has: the kernel has accepted each before
    its caller goes on, however late anybody takes it from there."""
    connections = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)

        def attempts():
            with suppress(BlockingIOError):
                while True:
                    connections.append(server.accept()[0])
            return len(connections)

        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0", attempts
    for connection in connections:
        connection.close()


def closed_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_one_client_serves_all_calls():
    client = RedisCache("redis://127.0.0.1:6379/9", {})._cache
    assert client.get_client() is client.get_client(write=True)


def test_after_a_failure_nobody_asks_for_a_while(deaf_server):
    address, attempts = deaf_server
    cache = RedisCache(address, {"OPTIONS": {"socket_timeout": 0.02}})
    with pytest.raises(redis.TimeoutError):
        cache.get("key")
    before = attempts()
    assert before > 0

    with pytest.raises(redis.ConnectionError):
        cache.get("key")

    assert attempts() == before


def test_after_the_pause_it_is_asked_again(deaf_server, monkeypatch):
    address, attempts = deaf_server
    cache = RedisCache(address, {"OPTIONS": {"socket_timeout": 0.02}})
    with pytest.raises(redis.TimeoutError):
        cache.get("key")
    before = attempts()

    later = time.monotonic() + redis_cache.PAUSE
    monkeypatch.setattr(redis_cache.time, "monotonic", lambda: later)

    with pytest.raises(redis.TimeoutError):
        cache.get("key")
    assert attempts() > before


def test_a_server_that_is_not_there_is_given_up_without_pauses(monkeypatch):
    slept = []
    monkeypatch.setattr("redis.retry.sleep", slept.append)
    cache = RedisCache(f"redis://127.0.0.1:{closed_port()}/0", {})
    with pytest.raises(redis.ConnectionError):
        cache.get("key")
    assert [pause for pause in slept if pause] == []


def test_options_of_the_address_win():
    client = RedisCache("redis://127.0.0.1:6379/9", {"OPTIONS": {"socket_timeout": 7}})._cache
    assert client._pool_options["socket_timeout"] == 7


class TestLine:
    """A connection that does not always wait for its answers."""

    @pytest.fixture
    def line(self):
        if not isinstance(getattr(default, "_cache", None), redis_cache._Client):
            missing_service("this needs Redis: set TEST_CACHE_URL=redis://…")
        return Line(default._cache.get_client(write=True))

    @pytest.fixture
    def key(self):
        return default.make_key("line")

    def test_each_answer_belongs_to_its_question(self, line, key):
        line.call("SET", key, 0)
        for number in range(1, 20):
            line.send("INCR", key)
            if number % 3 == 0:
                assert line.call("GET", key) == str(number).encode()

    def test_an_error_is_the_answer_to_what_it_was_asked(self, line, key):
        line.call("SET", key, "text")
        line.send("INCR", key)
        assert line.call("GET", key) == b"text"
        with pytest.raises(redis.ResponseError):
            line.call("INCR", key)
        assert line.call("GET", key) == b"text"

    def test_a_connection_that_was_lost_is_replaced(self, line, key):
        line.call("SET", key, 1)
        default._cache.get_client(write=True).client_kill_filter(_id=line.call("CLIENT", "ID"), skipme=False)
        assert line.call("GET", key) == b"1"

    def test_after_a_rest_it_makes_sure_that_a_command_arrives(self, line, key, monkeypatch):
        line.call("SET", key, 1)
        default._cache.get_client(write=True).client_kill_filter(_id=line.call("CLIENT", "ID"), skipme=False)
        monkeypatch.setattr(line, "_used_at", time.monotonic() - 2 * Line.RESTED)
        line.send("INCR", key)
        assert line.call("GET", key) == b"2"

    def test_a_forked_process_has_one_of_its_own(self, line, key):
        line.call("SET", key, 1)
        own = line.call("CLIENT", "ID")
        assert Process(lambda: line.call("CLIENT", "ID")).result() != own
        assert line.call("GET", key) == b"1"

    def test_a_server_that_does_not_answer_is_not_asked_by_everybody(self, deaf_server):
        address, attempts = deaf_server
        line = Line(RedisCache(address, {"OPTIONS": {"socket_timeout": 0.02}})._cache.get_client())
        with pytest.raises(redis.TimeoutError):
            line.call("PING")
        before = attempts()
        for again in (line.call, line.send):
            with pytest.raises(redis.ConnectionError):
                again("PING")
        assert attempts() == before > 0
