"""What a server process asks of the C library and of the kernel: memory given back, connections, and an end with its
parent."""

import ctypes
import os
import signal
import sys

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

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


# Files that a process needs for itself: databases, caches, temporary files, its log.
_OWN_FILES = 256
_MOST_CONNECTIONS = 8 * 1024  # an idle one takes 20 KiB, one with half a head twice as much
_CONNECTIONS_ELSEWHERE = 1024


def connections() -> int:
    """How many connections a process keeps, as many as it may have files: those that send nothing must not keep others
    out before their time is over. Asks for the most that the system allows; processes forked later inherit it."""
    if resource is None:
        return _CONNECTIONS_ELSEWHERE
    wanted = _MOST_CONNECTIONS + _OWN_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return _MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else max(min(soft, wanted) - _OWN_FILES, 128)
