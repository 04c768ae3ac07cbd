"""`footnote serve --follow`: a data folder that holds the newest that is published at an address.

The files of a publication are put together beside those that are read, from blocks that are here
and others that are fetched, each compared with its digest. Then the catalog's file is replaced,
which names the generation: so readers, who keep what they have open, find the old or the new state.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from index.catalog.database import FILE_NAME, SCHEMA
from index.catalog.reader import Catalog
from index.catalog.writer import FOLLOWED, folder_lock
from index.embedding.embedder import Embedder
from index.engines.generations import FOLDER, Generations, opening_lock
from index.engines.integrity import verify
from index.errors import ConfigError, EmptyIndex, FootnoteError, IndexMismatch, StoreError
from index.replicas.object_store import ObjectStore
from index.replicas.published import (
    BLOCK_BYTES,
    Publication,
    PublishedFile,
    digest_of_block,
    load,
    read_blocks,
)
from index.settings import IndexSettings
from index.shared_files import replace_file

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
_INCOMING = "incoming"
# Blocks that are fetched at once.
_BATCH = 64


@contextmanager
def following(settings: IndexSettings, address: str) -> Iterator[None]:
    """Hold what is published at an address in the data folder, and the newest of it meanwhile.

    Raises EmptyIndex if nothing is, ConfigError or StoreError if it cannot be had; where the folder
    has an older state that is whole, an address that is out of reach is logged instead.
    """
    stop = threading.Event()
    with folder_lock(settings.data):
        follower = Follower(settings, address)
        follower.start()
        thread = threading.Thread(target=follower.keep_up, args=(stop,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()


class Follower:
    """The one process that changes a data folder that follows an address."""

    def __init__(self, settings: IndexSettings, address: str) -> None:
        self._settings = settings
        self._data = settings.data
        self._store = ObjectStore(address, settings.storage_options)
        self._generations = Generations.of(settings)
        self._name, self._held = "", dict[str, PublishedFile]()
        self._error = ""
        self._is_pruned = True

    def start(self) -> None:
        """Have a state that is whole: the newest, or that which is here if it cannot be had."""
        self._read_marker()
        if not self._is_sound():
            self._name = ""
        try:
            self.poll()
        except FootnoteError as error:
            if not self._name:
                raise
            self._tell(error)

    def keep_up(self, stop: threading.Event) -> None:
        """Move to each new publication until `stop` is set; errors are logged, each once."""
        while not stop.wait(POLL_SECONDS):
            try:
                self.poll()
                self._error = ""
            except FootnoteError as error:
                self._tell(error)
            except Exception:
                log.exception("following %s failed; it is tried again", self._store.address)

    def poll(self) -> bool:
        """Move to the newest publication; whether there was one. Raises FootnoteError."""
        for name in self._store.names():
            if name == self._name:
                self._prune()
                return False
            if data := self._store.publication(name):
                publication = load(data, self._store.address)
                self._check(publication)
                self._move(name, data, publication)
                return True
        if self._name:
            return False
        raise EmptyIndex(
            f"nothing is published at {self._store.address}; "
            f"run where the index is: footnote publish {self._store.address}"
        )

    def _tell(self, error: FootnoteError) -> None:
        if str(error) != self._error:
            self._error = str(error)
            log.warning("%s; the index from before is served", error)

    def _read_marker(self) -> None:
        """What is here. Raises ConfigError if it is the index of a folder, or of an address."""
        marker = self._data / FOLLOWED
        if not marker.exists():
            if (self._data / FILE_NAME).exists():
                raise ConfigError(
                    f"{self._data} holds an index of its own; "
                    "to follow another, choose a folder for it with --data"
                )
            return
        try:
            found = json.loads(marker.read_text(encoding="utf-8"))
            address, self._name = str(found["address"]), str(found["name"])
            self._held = dict(load(found["publication"].encode(), address).files)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, FootnoteError):
            self._name, self._held = "", {}
            return
        if address != self._store.address:
            raise ConfigError(
                f"{self._data} follows {address}, and setting 'follow' asks for "
                f"{self._store.address}; choose another folder with --data"
            )

    def _is_sound(self) -> bool:
        """Whether the state that is here is what was published."""
        catalog = self._held.get(FILE_NAME)
        try:
            digests = [digest for digest, _ in read_blocks(self._data / FILE_NAME)]
            if catalog is None or digests != list(catalog.blocks):
                return False
            with closing(Catalog.read(self._data)) as opened:
                folder = self._generations.current(opened)
            if folder is None:
                return False
            with opening_lock(folder):
                verify(folder, self._generations.engines)
        except (OSError, FootnoteError):
            return False
        return True

    def _check(self, publication: Publication) -> None:
        """Raises IndexMismatch for a publication that is not read with these settings here."""
        embedder = Embedder(self._settings.embedding_model)
        for what, setting, theirs, ours in (
            ("engines", "vector_store", publication.engines, self._generations.engines.version),
            ("schema", "data", str(publication.schema), str(SCHEMA)),
            ("model", "embedding_model", publication.model, embedder.fingerprint),
        ):
            if theirs != ours:
                raise IndexMismatch(
                    f"what is published at {self._store.address} was made with {what} {theirs}, "
                    f"here it is {ours}; install the same versions, "
                    f"or have the setting {setting!r} agree"
                )

    def _move(self, name: str, data: bytes, publication: Publication) -> None:
        """Fetch a publication, and then replace the catalog. Raises StoreError."""
        incoming = self._data / _INCOMING
        target = self._data / FOLDER / publication.folder
        try:
            shutil.rmtree(incoming, ignore_errors=True)
            incoming.mkdir(parents=True)
            assembly = _Assembly(self._store, _Held(self._data, self._held))
            # A generation never changes: one that readers have is left alone.
            has_it = bool(self._name) and target.is_dir()
            for path, file in publication.files.items():
                if path == FILE_NAME or not has_it:
                    assembly.put_together(file, incoming / path)
            target.parent.mkdir(exist_ok=True)
            if not has_it:
                shutil.rmtree(target, ignore_errors=True)
                (incoming / FOLDER / publication.folder).rename(target)
            self._replace_catalog(incoming / FILE_NAME)
            self._name, self._held = name, dict(publication.files)
            body = {"address": self._store.address, "name": name, "publication": data.decode()}
            replace_file(self._data / FOLLOWED, json.dumps(body))
            shutil.rmtree(incoming, ignore_errors=True)
        except OSError as error:
            raise StoreError(
                f"{self._data} cannot be written ({error.strerror or error}); "
                "see that there is room in it"
            ) from None
        self._is_pruned = False
        self._prune()

    def _prune(self) -> None:
        """Remove older generations, except those that readers still have open."""
        if not self._is_pruned:
            with closing(Catalog.read(self._data)) as catalog:
                folder = self._generations.current(catalog)
            self._is_pruned = folder is not None and self._generations.prune(keep=folder)

    def _replace_catalog(self, new: Path) -> None:
        with new.open("rb") as file:
            os.fsync(file.fileno())
        for suffix in ("-wal", "-shm", "-journal"):
            # They would belong to the catalog before.
            (self._data / f"{FILE_NAME}{suffix}").unlink(missing_ok=True)
        if not (self._data / FOLLOWED).exists():
            # From here on, nobody else may take this for an index of a folder.
            replace_file(self._data / FOLLOWED, "{}")
        new.replace(self._data / FILE_NAME)


class _Held:
    """The blocks of files that are here already, as far as they are still what they were."""

    def __init__(self, data: Path, files: Mapping[str, PublishedFile]) -> None:
        self._data = data
        self._places = {
            digest: (path, number * BLOCK_BYTES)
            for path, file in files.items()
            for number, digest in enumerate(file.blocks)
        }

    def get(self, digest: str) -> bytes | None:
        """A block by its digest, or None."""
        if digest in self._places:
            path, offset = self._places[digest]
            with suppress(OSError), (self._data / path).open("rb") as file:
                file.seek(offset)
                block = file.read(BLOCK_BYTES)
                # Chroma writes to the database that it reads.
                if digest_of_block(block) == digest:
                    return block
        return None


class _Assembly:
    """Puts files together from blocks that are here, or are fetched."""

    def __init__(self, store: ObjectStore, held: _Held) -> None:
        self._store, self._held = store, held

    def put_together(self, file: PublishedFile, path: Path) -> None:
        """Write a file. Raises StoreError if a block of it cannot be had, and OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out:
            for first in range(0, len(file.blocks), _BATCH):
                for block in self._blocks(file.blocks[first : first + _BATCH]):
                    out.write(block)
        os.utime(path, ns=(file.mtime, file.mtime))

    def _blocks(self, digests: Sequence[str]) -> Iterator[bytes]:
        found = {digest: self._held.get(digest) for digest in digests}
        missing = [digest for digest, block in found.items() if block is None]
        fetched = self._store.blocks(missing)
        for digest in missing:
            block = fetched.get(digest, b"")
            if digest_of_block(block) != digest:
                raise StoreError(
                    f"a block at {self._store.address} is damaged; run where the index is: "
                    f"footnote publish {self._store.address} --all"
                )
            found[digest] = block
        for digest in digests:
            yield found[digest] or b""
