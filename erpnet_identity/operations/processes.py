"""The processes of the server: one parent, its workers, and how all of them end (OPS-07).

- The parent alone decides. Of what a terminal sends to every process at once, workers hear nothing.
- Told to stop, a worker accepts nothing more, finishes what runs and ends; after ``GRACE`` seconds it ends anyway, and
  what is still there a moment later is killed. Three seconds after the signal nothing is left.
- A worker whose parent is gone ends too, however the parent ended.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Any

import structlog
from granian._granian import CallbackScheduler, RSGIWorker, WorkerSignal
from granian.server.common import WORKERS_METHODS
from granian.server.mp import MPServer, WorkerProcess

from erpnet_identity.users.hashers import turns

from . import memory, startup
from .bodies import Limits
from .front import Front

log = structlog.get_logger("erpnet.server")

GRACE = 2.3  # seconds that running requests have
_KILLED = 2.7  # seconds after which a worker that has not ended is killed
_REST = 3.0  # seconds without a password, after which the memory that they took is given back
_ENDINGS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
CAN_FORK = sys.platform == "linux"


class _Bell:
    """Wakes the parent. A ``threading.Event`` must not be set by a signal handler: the signal may have interrupted the
    very thread that holds its lock, which then waits for itself for ever."""

    def __init__(self) -> None:
        self._rung: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        self._rung.put(None)

    def wait(self) -> None:
        self._rung.get()

    def clear(self) -> None:
        while not self._rung.empty():
            self._rung.get()


class Supervisor(MPServer):
    """The parent."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.main_loop_interrupt = _Bell()  # type: ignore[assignment]
        # `nohup` wants us to outlive the terminal.
        self._outlives_terminal = hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        if CAN_FORK:
            multiprocessing.set_start_method("fork", force=True)
            os.register_at_fork(before=_hold_signals, after_in_parent=_release_signals)

    def signal_handler_reload(self, *args: Any, **options: Any) -> None:
        """SIGHUP: the terminal was closed."""
        if not self._outlives_terminal:
            self.signal_handler_interrupt()

    def _stop_workers(self) -> None:
        for worker in self.wrks:
            worker.terminate()
        ends = time.monotonic() + _KILLED
        while (running := [worker for worker in self.wrks if worker.is_alive()]) and time.monotonic() < ends:
            time.sleep(0.01)
        for worker in running:
            log.warning("killing a worker that did not end")
            worker.kill()
        self.wrks.clear()


def _hold_signals() -> None:
    """A process that has just been forked has the signal handlers of its parent, which mean nothing in it: a signal of
    that moment waits until `begin_worker` has replaced them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)


def _release_signals() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)


def begin_worker(target: str) -> Any:
    """The application, in a new worker. Until it serves, SIGTERM ends it at once."""
    for number in _ENDINGS:
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.SIG_IGN)
    if CAN_FORK:
        _release_signals()
        if (parent := multiprocessing.parent_process()) is not None:
            memory.end_with_parent(parent.pid or 0)
    return startup.application()


class _Scheduler(CallbackScheduler):
    """Hands each request to the front."""

    def __init__(self, loop: Any, callback: Any, *others: Any) -> None:
        super().__init__()
        self._schedule_fn = callback


@WorkerProcess.wrap_target
def work(
    worker_id: int,
    application: Any,
    sock: Any,
    ipc: Any,
    loop: Any,
    runtime_mode: Any,
    runtime_threads: int,
    runtime_blocking_threads: int,
    threads: int,
    threads_idle: int,
    *options: Any,
) -> None:
    """Serve in a worker until it is told to stop. What granian's own workers do, with our front in its RSGI worker."""
    backpressure, _, http_mode, http1, http2, websockets, static, _, ssl, _, metrics = options
    front = Front(application, loop=loop, threads=threads, limits=limits())
    granian = RSGIWorker(  # type: ignore[call-arg]
        worker_id,
        sock,
        ipc,
        runtime_threads,
        runtime_blocking_threads,
        threads,
        threads_idle,
        backpressure,
        http_mode,
        http1,
        http2,
        websockets,
        static,
        *ssl,
        metrics,
    )
    ended = asyncio.Event()
    quiet = WorkerSignal()
    quiet.add_cb(lambda: loop.call_soon_threadsafe(ended.set))

    told = threading.Event()

    def stop() -> None:
        # Once: a second `set` would wait, inside the event loop, for the loop to take the first.
        if told.is_set():
            return
        told.set()
        front.stop()
        quiet.set()
        loop.call_later(GRACE, _give_up, ended)
        _end_by(_KILLED)

    _on_termination(loop, stop)
    _when_parent_ends(partial(loop.call_soon_threadsafe, stop))
    serve = getattr(granian, WORKERS_METHODS[runtime_mode][False])
    serve(_Scheduler(loop, front.schedule, None, _nothing, _nothing), front.pieces_loop, quiet)
    startup.begin()
    _give_back_at_rest(loop)
    loop.run_until_complete(ended.wait())
    startup.end()


def limits() -> Limits:
    """What a process grants bodies, by the settings."""
    from django.conf import settings

    return Limits(
        longest=settings.API_BODY_BYTES, first_byte=min(10.0, settings.BODY_SECONDS), whole=settings.BODY_SECONDS
    )


def _give_back_at_rest(loop: asyncio.AbstractEventLoop) -> None:
    if turns.have_rested(_REST):
        memory.give_back()
    loop.call_later(_REST, _give_back_at_rest, loop)


def _give_up(ended: asyncio.Event) -> None:
    log.warning("stopped although requests were still running")
    ended.set()


def _end_by(seconds: float) -> None:
    """End this process then, whatever still holds it: a parent that is gone cannot kill it."""
    last = threading.Timer(seconds, os._exit, (1,))
    last.daemon = True
    last.start()


def _nothing(*args: Any) -> None:
    pass


def _on_termination(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    try:
        loop.add_signal_handler(signal.SIGTERM, stop)
    except NotImplementedError:  # Windows
        signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(stop))


def _when_parent_ends(stop: Callable[[], object]) -> None:
    """Call ``stop`` when the parent is gone. Everywhere, if not at once: a worker that was forked later holds the pipe
    by which this one notices, and has to end first."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        with suppress(RuntimeError):  # the loop has ended by itself
            stop()

    threading.Thread(target=wait, name="parent", daemon=True).start()
