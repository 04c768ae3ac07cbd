"""Resource limits of processes, and a clock of stages."""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal
import time
from contextlib import suppress
from pathlib import Path

# So that a parser stays below a gigabyte whatever it is given. OCR, which legitimately needs most,
# takes 720 MB with the libraries it loads.
PARSER_MEMORY_BYTES = 930 << 20
# Some programs and libraries are slow or fail where there may be millions.
_MOST_DESCRIPTORS = 65_536
_PR_SET_PDEATHSIG = 1
# Parsers write nothing; this is room for Python's bytecode cache.
_WRITTEN_BYTES = 16 << 20


def cores() -> int:
    """The processor cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def limit_memory(more: int) -> None:
    """Limit this process to so many bytes more than it holds; beyond, MemoryError.

    Counted from what it holds, since libraries take gigabytes of address space where there are
    many cores.
    """
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
    except OSError:  # not Linux
        pages = 0
    _lower(resource.RLIMIT_DATA, pages * resource.getpagesize() + more)


def limit_parser(memory: int) -> None:
    """Limit a process that parses untrusted files: memory, core dumps and written bytes."""
    end_with_parent()
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, _WRITTEN_BYTES)
    limit_memory(memory)


def limit_cpu(seconds: float) -> None:
    """Have the system end this process (SIGXCPU) once it has computed for so many seconds more.

    Unlike a clock, this does not depend on how busy the machine is.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    limit = math.ceil(time.process_time() + seconds)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))


def cpu_left() -> float:
    """Seconds that this process may still compute; infinity without a limit."""
    limit, _ = resource.getrlimit(resource.RLIMIT_CPU)
    return math.inf if limit == resource.RLIM_INFINITY else limit - time.process_time()


def _lower(kind: int, limit: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard == resource.RLIM_INFINITY or limit < hard:
        resource.setrlimit(kind, (limit, limit))


def raise_descriptor_limit() -> int:
    """Raise the limit of open files as far as this process may; how many they are now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MOST_DESCRIPTORS)
    if wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(soft, wanted)


def end_with_parent() -> None:
    """Have the system kill this process when the one that started it ends, however it ends.

    On Linux; it is also killed while it is stopped or waits for a disk.
    """
    parent = os.getppid()
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


class Clock:
    """Seconds per stage since the clock was made; a stage that comes again is added to."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """Add the time since the last lap to this stage."""
        now = time.perf_counter()
        self._laps[stage] = self._laps.get(stage, 0.0) + now - self._last
        self._last = now

    def seconds(self) -> dict[str, float]:
        """Seconds of each stage, and of all in "total", to the microsecond."""
        total = time.perf_counter() - self._started
        return {name: round(value, 6) for name, value in {**self._laps, "total": total}.items()}
