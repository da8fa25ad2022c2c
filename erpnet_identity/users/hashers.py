"""How passwords are stored, and how many are worked through at once (OPS-15)."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.hashers import Argon2PasswordHasher

from erpnet_identity.platform.busy import Busy


class Turns:
    """At most ``at_once`` of something run in this process, and at most ``waiting`` wait, none longer than
    ``seconds``."""

    def __init__(self, *, at_once: int, waiting: int, seconds: float) -> None:
        self._free = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(waiting)
        self._seconds = seconds
        self._last_end = 0.0  # of one that nobody has asked about yet

    @contextmanager
    def one(self) -> Iterator[None]:
        """Wait for a turn and have it. Raises ``Busy``."""
        if not self._free.acquire(blocking=False):
            if not self._places.acquire(blocking=False):
                raise Busy
            try:
                if not self._free.acquire(timeout=self._seconds):
                    raise Busy
            finally:
                self._places.release()
        try:
            yield
        finally:
            self._last_end = time.monotonic()
            self._free.release()

    def have_rested(self, seconds: float) -> bool:
        """Whether the last one ended so long ago. True once: then not before another one."""
        if not self._last_end or time.monotonic() - self._last_end < seconds:
            return False
        self._last_end = 0.0
        return True


# Each takes 19 MiB while it runs. More at once than processors would only take turns.
turns = Turns(at_once=2, waiting=16, seconds=5.0)


class InteractiveArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2id at OWASP's parameters for interactive sign-in: 19 MiB of memory, two passes, one lane."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        with turns.one():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with turns.one():
            return super().verify(password, encoded)
