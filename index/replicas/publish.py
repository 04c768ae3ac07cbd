"""`footnote publish`: the present state of an index is put at an address, for others to follow."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from index.catalog.database import FILE_NAME, SCHEMA
from index.catalog.reader import Catalog
from index.engines.generations import FOLDER, Generations, opening_lock, pin
from index.engines.integrity import verify
from index.errors import ConfigError, IndexMismatch, StoreError
from index.replicas.object_store import ObjectStore
from index.replicas.published import (
    Publication,
    PublishedFile,
    load,
    name_of,
    number_of,
    read_blocks,
)
from index.runtime import Clock
from index.settings import IndexSettings

# A copy of what is published, in the data folder; a killed run's is removed by the next.
_STAGE = "publishing"
_LOCK = "publishing.lock"
# Blocks that are sent at once.
_BATCH = 64
# Publications that are kept: those who follow may still be reading the ones before the newest.
_KEPT = 3
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What was published, and how much of it was sent: `bytes_sent` of `bytes_total`."""

    name: str
    generation: int
    files: int
    blocks_sent: int
    bytes_sent: int
    bytes_total: int
    seconds: dict[str, float]


def publish_index(settings: IndexSettings, address: str, send_all: bool = False) -> PublishReport:
    """Publish the last committed state of an index, without what is there already.

    Until the end, the address holds what it held before. `send_all` sends what is there again,
    where it was damaged. Raises EmptyIndex, ConfigError or StoreError.
    """
    clock = Clock()
    store = ObjectStore(address, settings.storage_options)
    with _staging(settings.data) as stage:
        names = store.names()
        known = {} if send_all else store.block_sizes()
        clock.lap("look")
        state = _stage(settings, stage)
        clock.lap("copy")
        sender = _Sender(store, known)
        files = {path.relative_to(stage).as_posix(): sender.send(path) for path in _files(stage)}
        sender.flush()
        clock.lap("send")
        publication = replace(state, files=files)
        data = publication.dump()
        name = name_of(number_of(names[0]) + 1 if names else 1, data)
        if names and store.publication(names[0]) == data:
            name, data = names[0], b""  # it is the newest already
        else:
            store.put_publication(name, data)
            _clean(store, publication, [name, *names])
        clock.lap("clean")
    return PublishReport(
        name,
        publication.generation,
        len(files),
        sender.blocks,
        sender.bytes + len(data),
        sum(file.size for file in files.values()),
        clock.seconds(),
    )


@contextmanager
def _staging(data: Path) -> Iterator[Path]:
    """An empty folder in the data folder, for one publisher at a time."""
    try:
        if not (data / FILE_NAME).exists():
            Catalog.read(data)  # says what is wrong
        with ExitStack() as stack:
            lock = stack.enter_context((data / _LOCK).open("wb"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreError(
                    f"the index in {data} is being published; wait for that to end"
                ) from None
            stage = data / _STAGE
            shutil.rmtree(stage, ignore_errors=True)
            stack.callback(shutil.rmtree, stage, ignore_errors=True)
            stage.mkdir()
            yield stage
    except OSError as error:
        raise StoreError(
            f"the index in {data} cannot be published ({error.strerror or error}); "
            "see that there is room for a copy of it in this folder, and try again"
        ) from None


def _stage(settings: IndexSettings, stage: Path) -> Publication:
    """Copy the current state, which nobody changes then; its publication, yet without files."""
    generations = Generations.of(settings)
    if "://" in settings.vector_store:
        raise ConfigError(
            "vectors in a Chroma server are not published, since old ones are dropped there; "
            "set 'vector_store' to 'chroma', and run: footnote index FOLDER"
        )
    for attempt in range(_ATTEMPTS):
        with closing(Catalog.read(settings.data)) as catalog, ExitStack() as stack:
            folder = generations.current(catalog)
            if folder is None:
                raise StoreError(
                    f"the index in {settings.data} lacks files; run: footnote doctor --repair"
                )
            try:
                stack.enter_context(closing(pin(folder)))
            except StoreError:  # a sync has just replaced it
                if attempt + 1 == _ATTEMPTS:
                    raise
                continue
            with opening_lock(folder):
                verify(folder, generations.engines)
                shutil.copytree(folder, stage / FOLDER / folder.name)
            catalog.copy_to(stage / FILE_NAME)
            os.utime(stage / FILE_NAME, ns=(0, 0))  # the same state is the same publication
            return Publication(
                catalog.generation,
                folder.name,
                generations.engines.version,
                SCHEMA,
                catalog.meta("model") or "",
                {},
            )
    raise AssertionError("unreachable")


def _files(stage: Path) -> list[Path]:
    return sorted(path for path in stage.rglob("*") if path.is_file())


class _Sender:
    """Sends the blocks of files that are not at the address yet, and counts them."""

    def __init__(self, store: ObjectStore, known: dict[str, int]) -> None:
        self._store, self._known = store, known
        self._waiting = dict[str, bytes]()
        self.blocks = self.bytes = 0

    def send(self, path: Path) -> PublishedFile:
        """Send a file."""
        info, digests = path.stat(), list[str]()
        for digest, block in read_blocks(path):
            digests.append(digest)
            # What a killed run has written half is of another size.
            if self._known.get(digest) != len(block):
                self._known[digest] = len(block)
                self._waiting[digest] = block
                if len(self._waiting) == _BATCH:
                    self.flush()
        return PublishedFile(info.st_size, info.st_mtime_ns, tuple(digests))

    def flush(self) -> None:
        """Send what waits."""
        if self._waiting:
            self._store.put_blocks(self._waiting)
        self.blocks += len(self._waiting)
        self.bytes += sum(map(len, self._waiting.values()))
        self._waiting.clear()


def _clean(store: ObjectStore, newest: Publication, names: list[str]) -> None:
    """Remove publications but the last few, and the blocks that only they had."""
    if len(names) <= _KEPT:
        return
    kept, dropped = newest.blocks(), set[str]()
    for number, name in enumerate(names[1:], start=1):
        if data := store.publication(name):
            try:
                found = load(data, store.address).blocks()
            except IndexMismatch:  # another version's; it may need any block
                return
            if number < _KEPT:
                kept |= found
            else:
                dropped |= found
    store.remove(names[_KEPT:], sorted(dropped - kept))
