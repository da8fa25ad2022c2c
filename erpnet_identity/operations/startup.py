"""What a server process does before its first request, so that no caller waits for it."""

import gc
import threading
from functools import lru_cache
from typing import Any

import structlog
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.template.loader import get_template
from django.urls import get_resolver
from django.utils import timezone

from erpnet_identity.audit import unauthenticated
from erpnet_identity.erp_sessions import background
from erpnet_identity.keys import services as keys
from erpnet_identity.tenancy.appearance import appearance

from . import cleanup, machine

log = structlog.get_logger("erpnet.server")

_AHEAD_AFTER = 0.3  # seconds: callers that waited for the start come first


def warm_up() -> None:
    """Import what is imported at first use."""
    get_resolver().url_patterns  # noqa: B018 - reading it imports every view
    for name in ("instance/landing.html", "404.html", "500.html", "503.html"):
        get_template(name)


def read_ahead() -> None:
    """Read the signing keys if the database answers already, and how busy the machine is. Beside the first requests:
    a key takes time to parse, and may not be there yet."""
    appearance()
    try:
        keys.signing_key(timezone.now())
    except Exception as error:
        # The database may come up later than the server does; `/health/ready` tells the difference (OPS-08).
        log.warning("the signing keys are not readable yet", error=repr(error))
    finally:
        connections.close_all()
    machine.read()


def settle_memory() -> None:
    """Tell the garbage collector that what start-up made stays.

    A request makes thousands of short-lived objects, and by default every few hundred of them start a collection; the
    longest of these walk through all of Django each time, in the middle of a request.
    """
    gc.freeze()
    gc.set_threshold(10_000, 20, 100)
    gc.enable()


@lru_cache(maxsize=1)
def application() -> Any:
    """The WSGI application with all that it will need. Made once: processes that are forked later share it."""
    handler = WSGIHandler()
    warm_up()
    settle_memory()
    return handler


def begin() -> None:
    """Start what a server process does beside answering requests."""
    ahead = threading.Timer(_AHEAD_AFTER, read_ahead)
    ahead.daemon = True
    ahead.start()
    cleanup.start_in_background()
    background.start()
    unauthenticated.start()


def end() -> None:
    """Write what is left, before a server process ends."""
    background.take_turn(everything=True)
    unauthenticated.take_turn(everything=True)
