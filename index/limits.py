"""Bounds for child processes that open what others made."""

import resource
from pathlib import Path


def limit_memory(more: int) -> None:
    """Let this process take at most so many bytes more than it holds; then MemoryError.

    Counted from what it holds, since libraries take gigabytes of address space where there are
    many cores.
    """
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
    except OSError:  # not Linux
        pages = 0
    limit = pages * resource.getpagesize() + more
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or limit < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


READER_BYTES = 2 << 30


def limit_reader(memory: int) -> None:
    """Bound a process that reads files of any kind: its memory; it leaves no core behind."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit_memory(memory)
