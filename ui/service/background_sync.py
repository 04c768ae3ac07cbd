"""Syncs asked for while a server runs: in a process of their own, one at a time.

Chroma holds Python's lock for over a second while it writes, so a sync inside of the server would
stop every answer.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from index.catalog.reader import Catalog
from index.catalog.writer import writer_lock
from index.errors import FootnoteError, StoreError
from index.settings import IndexSettings

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

# A sync of someone else is waited for, with a look this often.
_LOOK_SECONDS = 1.0
_NICENESS = 10
_FAULT = "the documents could not be indexed; the server's log says why"


@dataclass(frozen=True, slots=True)
class SyncState:
    """How far a sync is: a stage ("waiting", "starting", "reading", "embedding") with how much is
    done and how much there is. `fault` says why the last one failed, or what this one waits for.
    """

    running: bool = False
    stage: str = ""
    done: int = 0
    total: int = 0
    fault: str = ""


class BackgroundSync:
    """Runs a sync after it was asked for, and another if it is asked for meanwhile."""

    def __init__(self, settings: IndexSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._state = SyncState()
        self._worker: threading.Thread | None = None
        self._wanted = False
        self._deleted = set[str]()
        self._process: SpawnProcess | None = None

    @property
    def state(self) -> SyncState:
        """How far it is."""
        return self._state

    def ask(self, deleted: str | None = None) -> None:
        """Have the index brought into line with its folder soon, in the background.

        `deleted` is a document that is gone on purpose: a sync refuses to lose most documents, as
        when a disk is not mounted, unless all of them were deleted here.
        """
        with self._lock:
            self._wanted = True
            if deleted is not None:
                self._deleted.add(deleted)
            if not self._state.running and not self._stop.is_set():
                self._state = SyncState(running=True, stage="starting")
                self._worker = threading.Thread(target=self._work, daemon=True)
                self._worker.start()

    def wait(self) -> None:
        """Return when no sync runs."""
        if worker := self._worker:
            worker.join()

    def close(self) -> None:
        """End what runs; a sync that is cut off changes nothing."""
        with self._lock:
            self._stop.set()
            process = self._process
        if process:
            process.terminate()
        self.wait()

    def _work(self) -> None:
        fault = ""
        while (deleted := self._next(fault)) is not None:
            try:
                self._wait_for_writer()
                fault = self._run(deleted)
            except FootnoteError as error:
                fault = str(error)
            if not fault:
                with self._lock:
                    self._deleted -= deleted

    def _next(self, fault: str) -> set[str] | None:
        """What was deleted until now, or None if no sync is wanted."""
        with self._lock:
            if not self._wanted or self._stop.is_set():
                self._state = SyncState(fault=fault)
                return None
            self._wanted = False
            self._state = SyncState(running=True, stage="starting")
            return set(self._deleted)

    def _wait_for_writer(self) -> None:
        """Return when no other process writes the index, and it can be written."""
        while not self._stop.is_set():
            try:
                with writer_lock(self._settings.data):
                    return
            except StoreError as error:
                self._state = SyncState(running=True, stage="waiting", fault=str(error))
                self._stop.wait(_LOOK_SECONDS)

    def _run(self, deleted: set[str]) -> str:
        """Sync in another process; why it failed, or nothing."""
        context = multiprocessing.get_context("spawn")
        told, tell = context.Pipe(duplex=False)
        with self._lock:
            if self._stop.is_set():
                return ""
            process = context.Process(target=_sync, args=(self._settings, deleted, tell))
            process.start()
            self._process = process
        tell.close()
        fault = _FAULT
        with told, suppress(EOFError):
            while True:
                match told.recv():
                    case (str(stage), int(done), int(total)):
                        self._state = SyncState(True, stage, done, total)
                    case str(fault):
                        pass
        process.join()
        self._process = None
        return fault


def corpus_of(settings: IndexSettings) -> Path:
    """The folder that was indexed. Raises what opening the index raises."""
    catalog = Catalog.read(settings.data)
    try:
        return Path(catalog.meta("corpus") or "")
    finally:
        catalog.close()


def _sync(settings: IndexSettings, deleted: set[str], tell: Connection) -> None:
    """Sync, and tell how far it is; in the end tell why it failed, or an empty string."""
    from index.sync.sync import sync

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this
    with suppress(OSError):
        os.nice(_NICENESS)

    def progress(stage: str, done: int, total: int) -> None:
        tell.send((stage, done, total))

    try:
        corpus = corpus_of(settings)
        meant = set(sync(settings, corpus, dry_run=True, force=True).removed) <= deleted
        sync(settings, corpus, force=meant, progress=progress)
    except FootnoteError as error:
        tell.send(str(error))
    else:
        tell.send("")
