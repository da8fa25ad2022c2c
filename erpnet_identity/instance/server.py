"""The production server: granian, started by ``serve`` and ``quickstart`` (OPS-07)."""

import signal
import sys
from importlib import import_module
from typing import Any

import structlog
from django.conf import settings
from django.db import connections
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

from .ports import ensure_free
from .workers import thread_count

log = structlog.get_logger("erpnet.server")

# A thread that rests keeps its database connection. Ten minutes is the longest that the server allows.
_THREAD_REST_SECONDS = 600
# Headers: cookies, a token, what proxies add. With the longest address of the API (API-18) this is how much
# of a request is read before anything looks at it; more is answered with 431. A proxy that passes 8,000 bytes fits.
_MAX_HEADER_BYTES = 16 * 1024


# What this process serves with; None in a worker that began as a program of its own.
_server: Any = None


def _load(target: str) -> Any:
    """Import the application in a worker, and let SIGTERM end a worker that has not got that far.

    A forked worker begins with the signal handlers of its parent, which only note the signal for the parent's loop:
    told to stop while it is still importing, it would serve for ever and its parent would wait for it as long.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    if _server is not None and _server.interrupt_signal:
        sys.exit(0)
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)


def run(host: str, port: int, workers: int) -> None:
    """Serve until SIGTERM or SIGINT. Running requests finish; then the function returns. Port 0 is any that is free.

    Raises ``PortUnusable``.
    """
    port = ensure_free(host, port)
    # A connection must not be shared between this process and its children.
    connections.close_all()
    global _server
    _server = Server(
        "erpnet_identity.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(max_buffer_size=settings.API_TARGET_BYTES + _MAX_HEADER_BYTES),
        websockets=False,
        workers=workers,
        blocking_threads=thread_count(),
        blocking_threads_idle_timeout=_THREAD_REST_SECONDS,
        backlog=2048,
        # A worker that dies is replaced; one that dies at once, again and again, ends the server with an error.
        respawn_failed_workers=True,
        # No `workers_kill_timeout`: running requests finish however long they take. Whoever supervises the process has
        # a patience of its own.
        # Each request is one line of `erpnet.request`; the server's own would hold addresses with their query (IS-32).
        log_access=False,
        log_level=LogLevels.warning,
        log_dictconfig={
            "formatters": {},
            "handlers": {},
            "loggers": {"_granian": {"propagate": True}, "granian.access": {"propagate": False}},
        },
    )
    log.info("serving", address=f"http://{host}:{port}", workers=workers, threads=thread_count())
    try:
        _server.serve(target_loader=_load)
    except SystemExit:
        # Told to stop while it starts, it finds workers that have ended by themselves, as they were meant to.
        if not _server.interrupt_signal:
            raise
    log.info("stopped")
