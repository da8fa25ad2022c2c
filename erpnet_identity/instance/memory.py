"""What a server process asks of the C library and of the kernel: memory given back, and an end with its parent."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def _library() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if sys.platform == "linux" else None


def give_back() -> None:
    """Have large pieces of memory returned when they are freed, and small ones kept in few places.

    By itself glibc raises the size from which it returns memory to the largest piece that was ever freed: after the
    first password, whose hash takes 19 MiB, each thread keeps as much for ever. Processes forked later inherit this.
    """
    mallopt = getattr(_library(), "mallopt", None)
    if mallopt is None:  # not glibc
        return
    mallopt(_M_MMAP_THRESHOLD, 1024 * 1024)
    mallopt(_M_TRIM_THRESHOLD, 1024 * 1024)
    mallopt(_M_ARENA_MAX, 2)


def end_with_parent(parent: int) -> None:
    """Have the kernel send SIGTERM to this process when its ``parent`` ends, whatever ends it. Linux only."""
    prctl = getattr(_library(), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # too late to be told
        os.kill(os.getpid(), signal.SIGTERM)
