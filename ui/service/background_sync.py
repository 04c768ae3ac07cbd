"""Background syncs of a running server, one at a time, each in a process of its own.

Chroma holds the GIL for over a second while it writes, so a sync inside of the server would stop
every answer.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from index.catalog.reader import Catalog
from index.catalog.writer import writer_lock
from index.errors import FootnoteError, StoreError
from index.runtime import end_with_parent
from index.settings import IndexSettings

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

DONE = "done"
# For a process that has indexed all to say so and end.
_PRINT_SECONDS = 2.0
# How often a sync of another process is looked for while it is waited for.
_POLL_SECONDS = 1.0
_NICENESS = 10
# How long a sync may take to end when it is told to.
_STOP_SECONDS = 1.5
_FAILED = "the documents could not be indexed; the server's log says why"


@dataclass(frozen=True, slots=True)
class SyncState:
    """The progress of a sync: `done` of `total` files or passages of a stage.

    Stages are "waiting", "starting", "reading" and "embedding". `error` says why the last sync
    failed, or what this one waits for. Until the `first` is done there is nothing to answer from.
    """

    running: bool = False
    stage: str = ""
    done: int = 0
    total: int = 0
    error: str = ""
    first: bool = False


_COUNTED = {"reading": "files read", "embedding": "passages indexed"}


class FirstIndex:
    """How far the first index of folders is, which another process makes while they are served.

    The thread that listens to it calls `told` and `ended`; any thread may ask.
    """

    def __init__(self, pending: Iterable[str]) -> None:
        """`pending` are the names of the collections that have none yet, "" for the one folder."""
        self._pending = frozenset(pending)
        self._now = ("", SyncState())
        self._begun, self._done, self._gone = (threading.Event() for _ in range(3))
        self._code = 0
        if not self._pending:
            self.ended(0)

    @property
    def pending(self) -> frozenset[str]:
        """The collections that have no index yet."""
        return self._pending

    def state(self, name: str = "") -> SyncState | None:
        """The progress of a collection's first index; None once there is one."""
        if name not in self._pending:
            return None
        of, state = self._now
        return state if of == name else SyncState(True, "waiting", first=True)

    def sentence(self, name: str = "") -> str:
        """Why a collection cannot be asked yet; "" once it can."""
        state = self.state(name)
        if state is None:
            return ""
        counted = _COUNTED.get(state.stage)
        progress = f" ({state.done:,} of {state.total:,} {counted})" if counted else ""
        return f"The documents are being read for the first time{progress}; ask again in a moment."

    def told(self, name: str, stage: str, done: int, total: int) -> None:
        """A collection's index has come so far; with the stage "done" it is there."""
        if stage == DONE:
            self._pending -= {name}
        elif name in self._pending:
            self._now = name, SyncState(True, stage, done, total, first=True)
            self._begun.set()
        if not self._pending:
            self._begun.set()
            self._done.set()

    def ended(self, code: int) -> None:
        """The process has ended, with an exit code."""
        self._code = code
        for event in (self._begun, self._done, self._gone):
            event.set()

    def wait_until_begun(self) -> int:
        """Wait until files are read; if that is not to be, the exit code."""
        self._begun.wait()
        return self._code if self._pending else 0

    def wait(self) -> int:
        """Wait until all is indexed, and told to the user; if that is not to be, the exit code."""
        self._done.wait()
        self._gone.wait(_PRINT_SECONDS)
        return self._code if self._pending else 0


class BackgroundSync:
    """Runs a sync when one is requested, and another if one is requested meanwhile."""

    def __init__(
        self, settings: IndexSettings, first: Callable[[], SyncState | None] = lambda: None
    ) -> None:
        """`first` is the progress of a first index that another process makes."""
        self._settings = settings
        self._first = first
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._state = SyncState()
        self._worker: threading.Thread | None = None
        self._requested = False
        self._deleted = set[str]()
        self._process: SpawnProcess | None = None

    @property
    def state(self) -> SyncState:
        """The progress of the sync."""
        return self._first() or self._state

    def request(self, deleted: str | None = None) -> None:
        """Request a sync of the index with its folder, in the background.

        `deleted` is a document that was deleted on purpose: a sync refuses to lose most documents,
        as when a disk is not mounted, unless all of them were deleted here.
        """
        with self._lock:
            self._requested = True
            if deleted is not None:
                self._deleted.add(deleted)
            if not self._state.running and not self._stop.is_set():
                self._state = SyncState(running=True, stage="starting")
                self._worker = threading.Thread(target=self._work, daemon=True)
                self._worker.start()

    def wait(self) -> None:
        """Wait until no sync runs."""
        if worker := self._worker:
            worker.join()

    def close(self) -> None:
        """Stop a running sync within some seconds, also one that hangs; it then changes nothing."""
        with self._lock:
            self._stop.set()
            process = self._process
        if process:
            process.terminate()
            process.join(_STOP_SECONDS)
            with suppress(OSError):
                process.kill()  # where it was stopped, or waits for a disk that is gone
        if worker := self._worker:
            worker.join(_STOP_SECONDS)

    def _work(self) -> None:
        error = ""
        while (deleted := self._next(error)) is not None:
            try:
                self._wait_for_writer()
                error = self._run(deleted)
            except FootnoteError as raised:
                error = str(raised)
            if not error:
                with self._lock:
                    self._deleted -= deleted

    def _next(self, error: str) -> set[str] | None:
        """The deletions so far, or None if no sync is requested."""
        with self._lock:
            if not self._requested or self._stop.is_set():
                self._state = SyncState(error=error)
                return None
            self._requested = False
            self._state = SyncState(running=True, stage="starting")
            return set(self._deleted)

    def _wait_for_writer(self) -> None:
        """Wait until no other process writes the index, and it can be written."""
        while not self._stop.is_set():
            try:
                with writer_lock(self._settings.data):
                    return
            except StoreError as error:
                self._state = SyncState(running=True, stage="waiting", error=str(error))
                self._stop.wait(_POLL_SECONDS)

    def _run(self, deleted: set[str]) -> str:
        """Sync in another process; returns why it failed, or ""."""
        context = multiprocessing.get_context("spawn")
        receiver, sender = context.Pipe(duplex=False)
        with self._lock:
            if self._stop.is_set():
                return ""
            process = context.Process(target=_sync, args=(self._settings, deleted, sender))
            process.start()
            self._process = process
        sender.close()
        error = _FAILED
        with receiver, suppress(EOFError):
            while True:
                match receiver.recv():
                    case (str(stage), int(done), int(total)):
                        self._state = SyncState(True, stage, done, total)
                    case str(error):
                        pass
        process.join()
        self._process = None
        return error


def corpus_of(settings: IndexSettings) -> Path:
    """The folder of documents that was indexed. Raises what opening the index raises."""
    catalog = Catalog.read(settings.data)
    try:
        return Path(catalog.meta("corpus") or "")
    finally:
        catalog.close()


def _sync(settings: IndexSettings, deleted: set[str], sender: Connection) -> None:
    """Sync and send the progress; at the end why it failed, or ""."""
    end_with_parent()
    from index.sync.sync import sync

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C stops the server, which stops this
    with suppress(OSError):
        os.nice(_NICENESS)

    def progress(stage: str, done: int, total: int) -> None:
        sender.send((stage, done, total))

    try:
        corpus = corpus_of(settings)
        removed = sync(settings, corpus, dry_run=True, force=True).removed
        sync(settings, corpus, force=set(removed) <= deleted, progress=progress)
    except FootnoteError as error:
        sender.send(str(error))
    else:
        sender.send("")
