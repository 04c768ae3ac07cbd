"""What runs: its version, limits of processes, how they end, and a clock of stages."""

from __future__ import annotations

import atexit
import ctypes
import gc
import logging
import math
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TextIO, TypeVar

Returned = TypeVar("Returned")

# So that a parser stays below a gigabyte whatever it is given. OCR, which legitimately needs most,
# takes 720 MB with the libraries it loads.
PARSER_MEMORY_BYTES = 930 << 20
# Some programs and libraries are slow or fail where there may be millions.
_MOST_DESCRIPTORS = 65_536
_PR_SET_PDEATHSIG = 1
# Objects made until young ones are looked through, and passes until older ones are.
_FEW_COLLECTIONS = (100_000, 20, 20)
# As Python's own, for output that could not be written.
_UNWRITTEN = 120
# Parsers write what they read in pictures, and there must be room for Python's bytecode cache.
_WRITTEN_BYTES = 16 << 20


def product_version() -> str:
    """The version that is installed, of the distribution that pyproject.toml names."""
    return version("footnote-qa")


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


@contextmanager
def few_collections() -> Iterator[None]:
    """Have Python look for garbage in cycles less often while a file becomes millions of objects.

    Of a large sheet a quarter of the time went there, and there is hardly any.
    """
    before = gc.get_threshold()
    gc.set_threshold(*(max(one, two) for one, two in zip(before, _FEW_COLLECTIONS, strict=True)))
    try:
        yield
    finally:
        gc.set_threshold(*before)


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


def run_program(main: Callable[[], Returned]) -> Returned:
    """Run the main function of a program, whose process then ends with all of its threads at once.

    Taking the interpreter down ends a daemon thread inside the native code that it is in, such as
    that of a model which loads; C++ calls `terminate` then, and the process aborts.
    """
    code = 1

    def leave() -> None:
        # The last thing that happens: those that were registered later have been called.
        logging.shutdown()
        unwritten = [stream for stream in (sys.stdout, sys.stderr) if not _is_flushed(stream)]
        os._exit(code or (_UNWRITTEN if unwritten else 0))

    atexit.register(leave)
    try:
        returned = main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise
    code = 0
    return returned


def _is_flushed(stream: TextIO | None) -> bool:
    """Flush a stream; whether its reader got all that it wanted."""
    try:
        if stream:
            stream.flush()
    except BrokenPipeError:
        return True
    except (OSError, ValueError):
        return False
    return True


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
