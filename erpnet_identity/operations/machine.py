"""How busy the machine or its container is (IS-27, IS-28). Reading never fails: what is unknown is 0.

Linux tells everything in ``/proc`` and in the control groups of version 2 or 1. Elsewhere the standard library knows
less, and the numbers are as good as it gets.
"""

import math
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")
_MIB = 1024 * 1024
# Version 1 writes "no limit" as the largest page-aligned number.
_UNLIMITED = 1 << 60
# Two readings closer together than this say more about the reading than about the machine.
_SHORTEST = 0.2
_FIRST = 0.05

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading:
    """Live values of the machine, or of its container where that has a limit. Available and used make the total."""

    cpu_usage: float
    processors: int
    available_mib: int
    used_mib: int
    committed_mib: int
    total_mib: int


@dataclass(frozen=True, slots=True)
class _Memory:
    total: int
    used: int
    committed: int


@dataclass(frozen=True, slots=True)
class _Work:
    """Counters that only grow: work done, and work that could have been done."""

    at: float
    done: float
    possible: float


def _or(default: T, read: Callable[[], T]) -> T:
    # A machine may lack any of these files, or write into them what nobody has thought of.
    try:
        return read()
    except (OSError, ValueError, IndexError, KeyError, AttributeError, ZeroDivisionError):
        return default


def _group(controller: str) -> tuple[Path, bool]:
    """The folder of this process's control group, and whether it is one of version 2."""
    unified = (CGROUPS / "cgroup.controllers").exists()
    for line in (PROC / "self" / "cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if (unified and not names) or (not unified and controller in names.split(",")):
            base = CGROUPS if unified else CGROUPS / controller
            inside = base / path.lstrip("/")
            # In a container the path is that of the host, and the group itself is what is mounted.
            return (inside if inside.is_dir() else base), unified
    raise KeyError(controller)


def _table(path: Path) -> dict[str, int]:
    rows = (line.replace(":", " ").split() for line in path.read_text().splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) >= 2 and row[1].isdigit()}


def _group_memory() -> _Memory:
    """The memory of a container with a limit. Raises ``ValueError`` without one."""
    folder, unified = _group("memory")
    limit = int((folder / ("memory.max" if unified else "memory.limit_in_bytes")).read_text())
    if limit >= _UNLIMITED:
        raise ValueError("no limit")
    taken = int((folder / ("memory.current" if unified else "memory.usage_in_bytes")).read_text())
    # Cached files that nobody uses are given back as soon as a process asks for memory.
    spare = _table(folder / "memory.stat").get("inactive_file" if unified else "total_inactive_file", 0)
    return _Memory(total=limit, used=max(0, min(taken - spare, limit)), committed=taken)


def _machine_memory() -> _Memory:
    table = _table(PROC / "meminfo")
    total = table["MemTotal"] * 1024
    return _Memory(total, total - table["MemAvailable"] * 1024, table.get("Committed_AS", 0) * 1024)


def _memory() -> _Memory:
    machine = _or(None, _machine_memory)
    group = _or(None, _group_memory)
    if group is not None and (machine is None or group.total < machine.total):
        return group
    if machine is not None:
        return machine
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    used = total - _or(total, lambda: os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return _Memory(total, used, used)


def _quota() -> float:
    """How many processors the container may use at once. Raises ``ValueError`` without a limit."""
    folder, unified = _group("cpu")
    if unified:
        quota, period = (folder / "cpu.max").read_text().split()
    else:
        quota, period = (folder / "cpu.cfs_quota_us").read_text(), (folder / "cpu.cfs_period_us").read_text()
    if int(quota) <= 0:
        raise ValueError("no limit")
    return int(quota) / int(period)


def processors() -> int:
    """How many processors this process may use."""
    allowed = _or(os.cpu_count() or 1, lambda: len(os.sched_getaffinity(0)))
    return max(1, min(allowed, _or(allowed, lambda: math.ceil(_quota()))))


def _group_work() -> _Work:
    quota, now = _quota(), time.monotonic()
    folder, unified = _group("cpu" if (CGROUPS / "cgroup.controllers").exists() else "cpuacct")
    if unified:
        done = _table(folder / "cpu.stat")["usage_usec"] / 1e6
    else:
        done = int((folder / "cpuacct.usage").read_text()) / 1e9
    return _Work(now, done, now * quota)


def _machine_work() -> _Work:
    first = (PROC / "stat").read_text().split("\n", 1)[0].split()
    # user, nice, system, idle, iowait, irq, softirq, steal; the guests after them are part of user.
    ticks = [int(value) for value in first[1:9]]
    return _Work(time.monotonic(), sum(ticks) - ticks[3] - ticks[4], sum(ticks))


def _work() -> _Work | None:
    return _or(None, _group_work) or _or(None, _machine_work)


_lock = threading.Lock()
_last: _Work | None = None
_last_usage = 0.0


def _cpu_usage() -> float:
    """Percent since the reading before; the first one takes a twentieth of a second."""
    global _last, _last_usage
    with _lock:
        if _last is None:
            _last = _work()
            if _last is None:
                load = _or(0.0, lambda: os.getloadavg()[0])
                return round(min(100.0, 100 * load / processors()), 2)
            time.sleep(_FIRST)
        elif time.monotonic() - _last.at < _SHORTEST:
            return _last_usage
        now = _work()
        if now is not None and now.possible > _last.possible:
            share = (now.done - _last.done) / (now.possible - _last.possible)
            _last, _last_usage = now, round(100 * max(0.0, min(1.0, share)), 2)
        return _last_usage


def read() -> Reading:
    """The values as of now."""
    memory = _or(_Memory(0, 0, 0), _memory)
    total = memory.total // _MIB
    used = min(total, round(memory.used / _MIB))
    return Reading(
        cpu_usage=_cpu_usage(),
        processors=processors(),
        available_mib=total - used,
        used_mib=used,
        committed_mib=memory.committed // _MIB,
        total_mib=total,
    )
