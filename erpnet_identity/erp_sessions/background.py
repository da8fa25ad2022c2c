"""What a server process does for its sessions beside answering requests."""

import atexit
import threading
import time

import structlog
from django.db import close_old_connections, connection
from django.utils import timezone

from erpnet_identity.platform.rate_limited_warnings import RateLimitedWarning

from . import presence, request_limits

log = structlog.get_logger("erpnet.sessions")
_not_written = RateLimitedWarning(log, "what sessions did could not be written")
_not_renewed = RateLimitedWarning(log, "running requests could not be renewed")

_TICK = 5.0  # seconds


def take_turn(*, everything: bool = False) -> None:
    """Write what sessions did and tell the other workers what is still running. Never raises: the server must outlive a
    database or a cache that is away for a while."""
    try:
        presence.flush(now=timezone.now(), everything=everything)
    except Exception as error:
        _not_written(error)
    try:
        request_limits.renew(now=time.time())
    except Exception as error:
        _not_renewed(error)


def _run() -> None:
    while True:
        time.sleep(_TICK)
        close_old_connections()
        take_turn()
        connection.close()


def start() -> None:
    """Begin in a daemon thread of this server process; what is left is written when the process ends."""
    threading.Thread(target=_run, name="sessions", daemon=True).start()
    atexit.register(take_turn, everything=True)
