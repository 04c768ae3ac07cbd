"""A pool of processes that parse files under limits of time and memory."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from index.errors import StoreError
from index.runtime import PARSER_MEMORY_BYTES, limit_parser
from index.settings import IndexSettings
from index.sync.parse_worker import CRASHED, OUT_OF_MEMORY, LoadedFile, read_files
from index.sync.walk import Entry
from index.types import Failure

_WORKERS = 2
# Groups that are queued or being parsed: enough to keep the workers busy while the parent splits,
# few enough that their documents do not fill its memory.
_MAX_PENDING_GROUPS = 2 * _WORKERS + 1
# Small files are parsed in groups: passing one costs a millisecond, as much as parsing it.
_GROUP_FILES = 32
_GROUP_BYTES = 512 << 10
# A worker is replaced after so many groups, since libraries leak memory.
_GROUPS_PER_WORKER = 200

# The limit is of seconds that a reader computes. On a busy machine, or one whose disk is slow, they
# may take so much longer by the clock.
_WAITING = 10

_Group = tuple[Entry, ...]


def parse_files(
    corpus: Path, entries: Sequence[Entry], settings: IndexSettings
) -> Generator[LoadedFile, None, None]:
    """Parse files; each yields a document or a failure, never an exception.

    Those too large come first, the others in the order given.
    """
    fitting = []
    for entry in entries:
        if is_too_large(entry, settings):
            yield _failed(entry, too_large_reason(entry, settings))
        else:
            fitting.append(entry)
    if not fitting:
        return
    # Spawned, never forked: a child forked from a process that holds Chroma or torch can hang.
    groups = list(_groups(fitting))
    pool = ProcessPool(
        min(_WORKERS, len(groups)),
        max_tasks=_GROUPS_PER_WORKER,
        context=multiprocessing.get_context("spawn"),
        initializer=limit_parser,
        initargs=(PARSER_MEMORY_BYTES,),
    )
    try:
        yield from _read(pool, str(corpus), groups, settings)
    except BrokenProcessPool as error:
        raise StoreError(
            f"the processes that read files cannot be started ({error}); "
            "see that there is memory for them and try again"
        ) from None
    finally:
        # A caller that stops in the middle does not wait for the remaining files.
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()


def _groups(entries: Iterable[Entry]) -> Iterator[_Group]:
    """Groups of files that one task parses, in order."""
    group, size = list[Entry](), 0
    for entry in entries:
        if group and (size + entry.size > _GROUP_BYTES or len(group) == _GROUP_FILES):
            yield tuple(group)
            group, size = [], 0
        group.append(entry)
        size += entry.size
    if group:
        yield tuple(group)


def _read(
    pool: ProcessPool, corpus: str, groups: Sequence[_Group], settings: IndexSettings
) -> Iterator[LoadedFile]:
    Job = tuple[_Group, Future[list[LoadedFile]]]

    def schedule(group: _Group) -> Job:
        seconds = settings.parse_seconds
        job = pool.schedule(read_files, (corpus, group, seconds), timeout=_WAITING * seconds)
        return group, job

    left = iter(groups)
    pending = deque[Job](map(schedule, islice(left, _MAX_PENDING_GROUPS)))
    while pending:
        group, job = pending.popleft()
        try:
            results = job.result()
        except FutureTimeoutError:
            results = [_failed(entry, timeout_reason(settings)) for entry in group]
        except ProcessExpired as error:
            out_of_time = error.exitcode == -signal.SIGXCPU
            reason = timeout_reason(settings) if out_of_time else CRASHED
            results = [_failed(entry, reason) for entry in group]
        # What stopped a group may be another file's fault, so each is retried alone.
        stopped = [item for item in results if len(group) > 1 and _was_killed(item, settings)]
        pending.extendleft([schedule((item.entry,)) for item in reversed(stopped)])
        pending.extend(map(schedule, islice(left, max(0, _MAX_PENDING_GROUPS - len(pending)))))
        yield from (item for item in results if item not in stopped)


def _was_killed(item: LoadedFile, settings: IndexSettings) -> bool:
    result = item.result
    return isinstance(result, Failure) and result.reason in {
        timeout_reason(settings),
        CRASHED,
        OUT_OF_MEMORY,
    }


def is_too_large(entry: Entry, settings: IndexSettings) -> bool:
    """Whether a file is over the size limit, so that it is not opened."""
    return entry.size > settings.max_file_mb << 20


def too_large_reason(entry: Entry, settings: IndexSettings) -> str:
    """The reason of a file over the size limit."""
    return f"too large: {entry.size >> 20} MB, the limit is {settings.max_file_mb} MB"


def timeout_reason(settings: IndexSettings) -> str:
    """The reason of a file that timed out."""
    return f"took more than {settings.parse_seconds} seconds to read"


def _failed(entry: Entry, reason: str) -> LoadedFile:
    return LoadedFile(entry, "", Failure(entry.path, reason))
