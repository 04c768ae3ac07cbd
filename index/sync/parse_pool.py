"""Files to documents, parsed in child processes under limits; one bad file stops nothing."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from index.errors import StoreError
from index.runtime import READER_BYTES, limit_reader
from index.settings import IndexSettings
from index.sync.parse_worker import DEADLY, HUNGRY, Loaded, read_files
from index.sync.walk import Entry
from index.types import Failure

_WORKERS = 2
# Groups that wait or are being read: enough to keep the readers busy while the parent splits, few
# enough that their documents do not fill its memory.
_AHEAD = 2 * _WORKERS + 1
# Small files are read in groups: passing one costs a millisecond, as much as reading it.
_GROUP_FILES = 32
_GROUP_BYTES = 512 << 10
# A reader is replaced after so many groups, since libraries do not give back all they took.
_GROUPS_PER_READER = 200

_Group = tuple[Entry, ...]


def load(
    corpus: Path, entries: Sequence[Entry], settings: IndexSettings
) -> Generator[Loaded, None, None]:
    """Parse files; each yields a document or a failure, never an exception.

    Those too large come first, the others in the order given.
    """
    fitting = []
    for entry in entries:
        if is_too_large(entry, settings):
            yield _failed(entry, too_large(entry, settings))
        else:
            fitting.append(entry)
    if not fitting:
        return
    # Spawned, never forked: a child forked from a process that holds Chroma or torch can hang.
    groups = list(_groups(fitting))
    pool = ProcessPool(
        min(_WORKERS, len(groups)),
        max_tasks=_GROUPS_PER_READER,
        context=multiprocessing.get_context("spawn"),
        initializer=limit_reader,
        initargs=(READER_BYTES,),
    )
    try:
        yield from _read(pool, str(corpus), groups, settings)
    except BrokenProcessPool as error:
        raise StoreError(
            f"the processes that read files cannot be started ({error}); "
            "see that there is memory for them and try again"
        ) from None
    finally:
        # Whoever stops in the middle does not wait for the files that are left.
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()


def _groups(entries: Iterable[Entry]) -> Iterator[_Group]:
    """Files that are read one after the other in one go, in order."""
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
) -> Iterator[Loaded]:
    Job = tuple[_Group, Future[list[Loaded]]]

    def schedule(group: _Group) -> Job:
        return group, pool.schedule(read_files, (corpus, group), timeout=settings.parse_seconds)

    left = iter(groups)
    pending = deque[Job](map(schedule, islice(left, _AHEAD)))
    while pending:
        group, job = pending.popleft()
        try:
            results = job.result()
        except FutureTimeoutError:
            results = [_failed(entry, too_slow(settings)) for entry in group]
        except ProcessExpired:
            results = [_failed(entry, DEADLY) for entry in group]
        # What stopped a group may have been another file's fault.
        stopped = [item for item in results if len(group) > 1 and _was_stopped(item, settings)]
        pending.extendleft([schedule((item.entry,)) for item in reversed(stopped)])
        pending.extend(map(schedule, islice(left, max(0, _AHEAD - len(pending)))))
        yield from (item for item in results if item not in stopped)


def _was_stopped(item: Loaded, settings: IndexSettings) -> bool:
    result = item.result
    return isinstance(result, Failure) and result.reason in {too_slow(settings), DEADLY, HUNGRY}


def is_too_large(entry: Entry, settings: IndexSettings) -> bool:
    """Whether a file is over the limit, so that it is not opened."""
    return entry.size > settings.max_file_mb << 20


def too_large(entry: Entry, settings: IndexSettings) -> str:
    """The reason of a file over the limit."""
    return f"too large: {entry.size >> 20} MB, the limit is {settings.max_file_mb} MB"


def too_slow(settings: IndexSettings) -> str:
    """The reason of a file that was given up."""
    return f"took more than {settings.parse_seconds} seconds to read"


def _failed(entry: Entry, reason: str) -> Loaded:
    return Loaded(entry, "", Failure(entry.path, reason))
