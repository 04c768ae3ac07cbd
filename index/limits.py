"""What a process may use: its cores, and bounds for children that open what others made."""

import os
import resource
from pathlib import Path

# So that a reader stays below a gigabyte whatever it is given. OCR, the hungriest honest reader,
# takes 720 MB with the libraries it loads.
READER_BYTES = 930 << 20
# Readers write nothing; this is room for what Python keeps of the modules it compiles.
_WRITTEN_BYTES = 16 << 20


def cores() -> int:
    """The processor cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def limit_memory(more: int) -> None:
    """Let this process take at most so many bytes more than it holds; then MemoryError.

    Counted from what it holds, since libraries take gigabytes of address space where there are
    many cores.
    """
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
    except OSError:  # not Linux
        pages = 0
    _lower(resource.RLIMIT_DATA, pages * resource.getpagesize() + more)


def limit_reader(memory: int) -> None:
    """Bound a process that reads files of any kind: its memory, and what it leaves behind."""
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, _WRITTEN_BYTES)
    limit_memory(memory)


def _lower(kind: int, limit: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard == resource.RLIM_INFINITY or limit < hard:
        resource.setrlimit(kind, (limit, limit))
