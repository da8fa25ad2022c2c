"""The production server: granian, started by ``serve`` and ``quickstart`` (OPS-07)."""

import signal

import structlog
from django.conf import settings
from django.db import connections
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from . import memory, processes, startup
from .ports import address, ensure_free
from .workers import thread_count

log = structlog.get_logger("erpnet.server")

# A thread that rests keeps its database connection. Ten minutes is the longest that the server allows.
_THREAD_REST_SECONDS = 600
# Headers: cookies, a token, what proxies add. With the longest address of the API (API-18) this is how much
# of a request is read before anything looks at it; more is answered with 431. A proxy that passes 8,000 bytes fits.
_MAX_HEADER_BYTES = 16 * 1024


def run(host: str, port: int, workers: int) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP. Running requests finish within `processes.GRACE`; then the function
    returns. Port 0 is any that is free.

    Raises ``PortUnusable``.
    """
    port = ensure_free(host, port)
    memory.keep_together()
    if processes.CAN_FORK:
        # Told to stop while it loads, it ends without a word.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        startup.application()
    # A connection must not be shared between this process and its children.
    connections.close_all()
    server = processes.Supervisor(
        "ERP Identity",
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
        backpressure=memory.connections(),
        # A worker that dies is replaced; one that dies at once, again and again, ends the server with an error.
        respawn_failed_workers=True,
        # Each request is one line of `erpnet.request`; the server's own would hold addresses with their query (IS-32).
        log_access=False,
        log_level=LogLevels.warning,
        log_dictconfig={
            "formatters": {},
            "handlers": {},
            "loggers": {"_granian": {"propagate": True}, "granian.access": {"propagate": False}},
        },
    )
    log.info("serving", address=address(host, port), workers=workers, threads=thread_count())
    try:
        server.serve(spawn_target=processes.work, target_loader=processes.begin_worker)
    except SystemExit:
        # Told to stop while it starts, or together with its workers, it finds workers that have ended by themselves.
        if not server.interrupt_signal:
            raise
    log.info("stopped")
