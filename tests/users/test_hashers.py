"""Only a few passwords are worked through at once: each takes 19 MiB."""

import threading
import time

import pytest
from django.contrib.auth.hashers import get_hasher

from erpnet_identity.edge import outages
from erpnet_identity.platform.busy import Busy
from erpnet_identity.users import hashers
from erpnet_identity.users.hashers import InteractiveArgon2PasswordHasher, Turns


class Work:
    """Callers who take turns, each holding its own until told."""

    def __init__(self, turns):
        self.turns = turns
        self.running = 0
        self.refused = 0
        self.most = 0
        self.finish = threading.Event()
        self.threads = []
        self.lock = threading.Lock()

    def call(self):
        try:
            with self.turns.one():
                with self.lock:
                    self.running += 1
                    self.most = max(self.most, self.running)
                self.finish.wait(10)
                with self.lock:
                    self.running -= 1
        except Busy:
            with self.lock:
                self.refused += 1

    def begin(self, number):
        for _ in range(number):
            thread = threading.Thread(target=self.call)
            thread.start()
            self.threads.append(thread)
            time.sleep(0.02)

    def end(self):
        self.finish.set()
        for thread in self.threads:
            thread.join(10)


def test_two_at_once_and_a_queue_with_a_limit():
    work = Work(Turns(at_once=2, waiting=3, seconds=10))
    work.begin(7)
    assert (work.running, work.refused) == (2, 2)
    work.end()
    assert (work.most, work.refused, work.running) == (2, 2, 0)
    with work.turns.one():  # and everything is free again
        pass


def test_nobody_waits_for_ever():
    work = Work(Turns(at_once=1, waiting=3, seconds=0.1))
    work.begin(2)
    time.sleep(0.3)
    assert (work.running, work.refused) == (1, 1)
    work.end()


def test_rest_is_told_once():
    turns = Turns(at_once=1, waiting=1, seconds=1)
    assert not turns.have_rested(0)
    with turns.one():
        pass
    assert not turns.have_rested(60)
    assert turns.have_rested(0)
    assert not turns.have_rested(0)


@pytest.fixture
def nothing_free(monkeypatch, settings):
    settings.PASSWORD_HASHERS = ["erpnet_identity.users.hashers.InteractiveArgon2PasswordHasher"]
    turns = Turns(at_once=1, waiting=1, seconds=0.01)
    monkeypatch.setattr(hashers, "turns", turns)
    outages.forget_warnings()
    with turns.one():
        yield


def test_both_ways_of_hashing_take_a_turn(nothing_free):
    hasher = get_hasher()
    assert isinstance(hasher, InteractiveArgon2PasswordHasher)
    with pytest.raises(Busy):
        hasher.encode("a password", "a salt of some length")
    with pytest.raises(Busy):
        hasher.verify("a password", "argon2$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA")


@pytest.mark.django_db
def test_a_sign_in_beyond_the_queue_is_told_to_come_again(client, nothing_free):
    client.raise_request_exception = False
    response = client.post("/id/signin", {"login": "alice", "password": "a password"})
    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert client.get("/id/signin").status_code == 200
