"""Parsing of files by a pool of processes under limits of time and memory; a few short texts, which
need none, are parsed here.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from index.errors import ConfigError, StoreError
from index.formats.registry import is_harmless
from index.runtime import PARSER_MEMORY_BYTES, limit_parser
from index.settings import IndexSettings
from index.sync.parse_worker import (
    CRASHED,
    OUT_OF_MEMORY,
    LoadedFile,
    file_digest,
    read_file,
    read_files,
)
from index.sync.walk import Entry
from index.text.splitter import Splitting
from index.types import Failure

_WORKERS = 2
# Groups that are queued or being parsed: enough to keep the workers busy while the parent splits,
# few enough that their documents do not fill its memory.
_MAX_PENDING_GROUPS = 2 * _WORKERS + 1
# Of files, whose documents may be larger, beyond the one that each worker parses.
_MAX_PENDING_BYTES = 32 << 20
# How long the pool may take to stop a process.
_STOP_SECONDS = 10
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
    corpus: Path,
    entries: Sequence[Entry],
    settings: IndexSettings,
    splitting: Splitting | None = None,
    readings: Path | None = None,
) -> Generator[LoadedFile, None, None]:
    """Parse files, and split them; each yields a document or a failure, never an exception.

    Those too large come first, the others in the order given. In the folder `readings`, what is
    read in pictures is kept for the next sync.
    """
    fitting = []
    for entry in entries:
        if is_too_large(entry, settings):
            yield _failed(entry, too_large_reason(entry, settings))
        else:
            fitting.append(entry)
    if _are_few_and_harmless(fitting):
        yield from (read_file(str(corpus), entry, splitting, readings) for entry in fitting)
        return
    # Spawned, never forked: a child forked from a process that holds Chroma or torch can hang.
    groups = list(_groups(fitting))
    pool = ProcessPool(
        _workers(groups),
        max_tasks=_GROUPS_PER_WORKER,
        context=multiprocessing.get_context("spawn"),
        initializer=limit_parser,
        initargs=(PARSER_MEMORY_BYTES,),
    )
    try:
        yield from _read(_Jobs(pool, corpus, groups, settings, splitting, readings), settings)
    except BrokenProcessPool as error:
        raise StoreError(
            f"the processes that read files cannot be started ({error}); "
            "see that there is memory for them and try again"
        ) from None
    finally:
        # A caller that stops in the middle does not wait for the remaining files.
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()


def _are_few_and_harmless(entries: Sequence[Entry]) -> bool:
    """Whether all are read in less time than a process takes to start, half a second."""
    small = sum(entry.size for entry in entries) <= _GROUP_BYTES
    return small and all(is_harmless(entry.path, entry.size) for entry in entries)


def _workers(groups: Sequence[_Group]) -> int:
    """How many processes read; the start of one costs what reading hundreds of small files does."""
    small = sum(entry.size for group in groups for entry in group) <= _GROUP_BYTES
    return 1 if small else min(_WORKERS, len(groups))


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


class _ReadGroup:
    """A group that one task parses; `seconds` since it was given to the pool."""

    def __init__(self, group: _Group) -> None:
        self.group = group
        self.size = sum(entry.size for entry in group)
        self.future: Future[list[LoadedFile]] | None = None
        self.scheduled = 0.0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.scheduled


class _Jobs:
    """The groups of files that are queued or being parsed, in order."""

    def __init__(
        self,
        pool: ProcessPool,
        corpus: Path,
        groups: Sequence[_Group],
        settings: IndexSettings,
        splitting: Splitting | None,
        readings: Path | None,
    ) -> None:
        self._pool = pool
        self._arguments = str(corpus), splitting, readings
        self._settings = settings
        self._left = deque(groups)
        self._pending = deque[_ReadGroup]()

    def __bool__(self) -> bool:
        return bool(self._pending or self._left)

    def fill(self) -> None:
        """Queue groups, few enough that their documents do not fill the memory."""
        size = sum(job.size for job in self._pending)
        while self._left and len(self._pending) < _MAX_PENDING_GROUPS:
            job = _ReadGroup(self._left[0])
            size += job.size
            if len(self._pending) >= _WORKERS and size > _MAX_PENDING_BYTES:
                return
            self._left.popleft()
            self._pending.append(self._schedule(job))

    def first(self, group: _Group) -> None:
        """Queue a group that is waited for next."""
        self._pending.appendleft(self._schedule(_ReadGroup(group)))

    def take(self) -> tuple[_Group, list[LoadedFile]]:
        """The next group and what became of its files."""
        job = self._pending.popleft()
        reason = CRASHED
        try:
            return job.group, self._result(job)
        except FutureTimeoutError:
            reason = timeout_reason(self._settings)
        except ProcessExpired as error:
            if error.exitcode == -signal.SIGXCPU:
                reason = timeout_reason(self._settings)
        return job.group, [self._failed(entry, reason, len(job.group)) for entry in job.group]

    def _result(self, job: _ReadGroup) -> list[LoadedFile]:
        """What became of a group. The pool goes by a clock that may be put forward or back."""
        assert job.future
        latest = _MAX_PENDING_GROUPS * (self._most_seconds + _STOP_SECONDS)
        try:
            return job.future.result(latest)
        except FutureTimeoutError:
            job.future.cancel()
            if job.seconds >= self._most_seconds:
                raise
        return self._result(self._schedule(job))

    def _failed(self, entry: Entry, reason: str, files: int) -> LoadedFile:
        """A file that ended its reader; alone, with its digest, so that it is known again."""
        digest = ""
        if files == 1:
            with suppress(ConfigError):
                digest = file_digest(Path(self._arguments[0]) / entry.path)
        return LoadedFile(entry, digest, Failure(entry.path, reason))

    def _schedule(self, job: _ReadGroup) -> _ReadGroup:
        corpus, splitting, readings = self._arguments
        arguments = (corpus, job.group, splitting, self._settings.parse_seconds, readings)
        job.scheduled = time.monotonic()
        job.future = self._pool.schedule(read_files, arguments, timeout=self._most_seconds)
        return job

    @property
    def _most_seconds(self) -> int:
        return _WAITING * self._settings.parse_seconds


def _read(jobs: _Jobs, settings: IndexSettings) -> Iterator[LoadedFile]:
    jobs.fill()
    while jobs:
        group, results = jobs.take()
        # What stopped a group may be another file's fault, so each is retried alone.
        stopped = [item for item in results if len(group) > 1 and _was_killed(item, settings)]
        for item in reversed(stopped):
            jobs.first((item.entry,))
        jobs.fill()
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
