"""Several processes that work on one database, each with threads of its own, and somebody who looks on.

Everything is forked from the test, so that it starts within milliseconds and knows what the test knows. Before it forks
the test gives up its connections: two processes must not talk through one.
"""

import multiprocessing
import os
import random
import signal
import threading
import time
import traceback
import warnings
from contextlib import contextmanager

from django.core.cache import caches
from django.db import connection, connections

_context = multiprocessing.get_context("fork")
PATIENCE = 1200 if "SESSION_OPENINGS" in os.environ else 120  # seconds


def give_up_connections():
    connections.close_all()
    for cache in caches.all(initialized_only=True):
        client = getattr(cache, "_cache", None)
        for pool in getattr(client, "_pools", {}).values():
            pool.disconnect()


class Process:
    """A forked process that runs ``body(*arguments)``; what that returns is its ``result``."""

    def __init__(self, body, *arguments):
        give_up_connections()
        self._receiver, self._sender = _context.Pipe(duplex=False)
        self._process = _context.Process(target=self._run, args=(body, *arguments))
        with warnings.catch_warnings():
            # From 3.12 on Python warns of forking beside threads. The child runs only what the test gives it.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._process.start()
        self._sender.close()

    def _run(self, body, *arguments):
        random.seed()
        try:
            result = ("returned", body(*arguments))
        except BaseException:
            result = ("raised", traceback.format_exc())
        self._sender.send(result)
        # Nothing of the test run may be tidied up twice.
        os._exit(0)

    @property
    def pid(self):
        return self._process.pid

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        self._process.join(PATIENCE)
        self._close()

    def result(self):
        assert self._receiver.poll(PATIENCE), "the process takes too long"
        kind, value = self._receiver.recv()
        self._process.join(PATIENCE)
        self._close()
        assert kind == "returned", value
        return value

    def _close(self):
        self._receiver.close()
        self._process.close()


def in_threads(number, body):
    """Run ``body(thread)`` in so many threads at the same moment; what they return, in their order. The first exception
    is raised."""
    barrier = threading.Barrier(number)
    results, errors = [None] * number, []

    def run(thread):
        try:
            barrier.wait(PATIENCE)
            results[thread] = body(thread)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(thread,)) for thread in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads), "a thread takes too long"
    if errors:
        raise errors[0]
    return results


@contextmanager
def looking_on(look):
    """Another process calls ``look()`` again and again until the block ends; yields a list that then holds everything
    different that it saw, and how often it looked."""
    stop = _context.Event()

    def watch():
        seen, times = set(), 0
        while not stop.is_set():
            seen.add(look())
            times += 1
            time.sleep(0.0005)
        return seen, times

    watcher = Process(watch)
    report = []
    try:
        yield report
    finally:
        stop.set()
        report.extend(watcher.result())


@contextmanager
def paused(monkeypatch, module, name):
    """What calls ``module.name`` stops there until the block ends; ``reached`` says that it has come so far."""
    reached, go_on = threading.Event(), threading.Event()
    original = getattr(module, name)

    def wait(*args, **kwargs):
        reached.set()
        assert go_on.wait(20)
        return original(*args, **kwargs)

    monkeypatch.setattr(module, name, wait)
    try:
        yield reached
    finally:
        go_on.set()
