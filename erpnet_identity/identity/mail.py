"""Mail in the background: neither what an address belongs to nor a slow mail server shows in how long a page takes.

One thread for the process, started with the first mail. The interpreter waits for it when it ends, so that no mail that
was promised is lost by a graceful stop.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

log = structlog.get_logger("erpnet.mail")

# Making a mail takes the processor from the thread that is still answering; by then the answer has left.
DELAY = 0.2  # seconds
_sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


def later(send: Callable[[], None]) -> None:
    """Run ``send`` after the current request. It must not need the database: the thread has no connection."""
    _sender.submit(_run, send, time.monotonic() + DELAY)


def _run(send: Callable[[], None], not_before: float) -> None:
    time.sleep(max(0.0, not_before - time.monotonic()))
    try:
        send()
    except Exception as error:
        # Nobody waits for the answer; what the mail server said may hold the address and stays out of the log.
        log.error("a mail was not sent", error=type(error).__name__)


def flush() -> None:
    """Return when everything that was given to ``later`` before is done."""
    _sender.submit(lambda: None).result()
