"""How many processes and threads serve (OPS-07)."""

from django.conf import settings
from django.db import connection

from .machine import processors

# Requests wait for the database much of the time, so a few threads share a worker well; more of them only take
# turns at the interpreter, and each holds a database connection of its own.
_THREADS = 4


def worker_count() -> int:
    """How many processes serve when nobody says otherwise: one on SQLite, which has one writer at a time, else one
    for each processor."""
    if settings.WORKERS:
        return settings.WORKERS
    return 1 if connection.vendor == "sqlite" else processors()


def thread_count() -> int:
    """How many requests a process works on at the same time."""
    return min(_THREADS, 2 * processors() + 1)
