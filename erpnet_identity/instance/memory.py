"""What a server process asks of the C library and of the kernel: memory given back, and an end with its parent."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def _library() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if sys.platform == "linux" else None


def keep_together() -> None:
    """Have the C library use one heap, from which `give_back` can return what is free. Processes forked later inherit
    this; before any thread.

    By itself glibc gives each thread a heap of its own: after the first password, whose hash takes 19 MiB, each keeps
    as much for ever. Returning it after every hash would cost a third of the hash again, in pages that the kernel has
    to clear.
    """
    mallopt = getattr(_library(), "mallopt", None)
    if mallopt is not None:  # glibc
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, 32 * 1024 * 1024)
        mallopt(_M_TRIM_THRESHOLD, 128 * 1024 * 1024)


def give_back() -> None:
    """Return to the system what is free. Takes some milliseconds."""
    trim = getattr(_library(), "malloc_trim", None)
    if trim is not None:
        trim(0)


def end_with_parent(parent: int) -> None:
    """Have the kernel send SIGTERM to this process when its ``parent`` ends, whatever ends it. Linux only."""
    prctl = getattr(_library(), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # too late to be told
        os.kill(os.getpid(), signal.SIGTERM)
