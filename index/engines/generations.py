"""Generations: the vector and text stores of one state of the catalog, each in its own folder.

The catalog names the folder that is valid, so the commit that changes the catalog also switches the
stores. What a killed sync prepared is garbage, which the next one removes. No name is used twice,
since Chroma remembers the paths that it has open, or failed to open.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Self
from uuid import uuid4

import numpy as np

from index.catalog.reader import Catalog
from index.catalog.writer import CatalogWriter, IndexChange
from index.engines.base import SearchEngines, load_engines
from index.engines.integrity import MANIFEST, verify, verify_quick, write_manifest
from index.engines.probe import Prober
from index.errors import DamagedGeneration, FootnoteError, StoreError
from index.runtime import Clock
from index.settings import IndexSettings
from index.types import Batch, Vectors

FOLDER = "generations"
# The fact in the catalog that names the current generation's folder.
CURRENT = "generation_folder"
# Lock files: shared while a reader has the generation open; exclusive while it is opened or copied.
_IN_USE, _OPENING = "in-use", "opening"
# How many keys were deleted from the vector store since it was built. A graph (HNSW) only marks
# them, and they go on costing time and recall; it is built anew when they are a quarter of it.
_DELETED = "deleted"
_MOST_DELETED_SHARE = 0.25
_BATCH = 2000
_SAMPLE = 50


def pin(generation: Path) -> BinaryIO:
    """Keep a generation from being removed until the file that is returned is closed.

    Stores may open their files anew now and then, so they must stay while one is open. Raises
    StoreError if the generation is gone.
    """
    try:
        file = (generation / _IN_USE).open("rb")
    except OSError:
        raise StoreError(f"the index in {generation} is gone; ask again") from None
    if _lock(file, fcntl.LOCK_SH | fcntl.LOCK_NB) and (generation / _IN_USE).exists():
        return file
    file.close()
    raise StoreError(f"the index in {generation} is being removed; ask again")


@contextmanager
def opening_lock(generation: Path) -> Iterator[None]:
    """Wait until nobody else opens or copies a generation: Chroma writes while it is opened."""
    with (generation / _OPENING).open("rb") as file:
        _lock(file, fcntl.LOCK_EX)
        yield


def _lock(file: BinaryIO, operation: int) -> bool:
    try:
        fcntl.flock(file, operation)
    except BlockingIOError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Generations:
    """The generations in a data folder and the stores that they are made with."""

    data: Path
    engines: SearchEngines

    @classmethod
    def of(cls, settings: IndexSettings) -> Self:
        """Those of an index. Raises ConfigError if a store cannot be imported."""
        return cls(settings.data, load_engines(settings))

    def current(self, catalog: Catalog) -> Path | None:
        """The catalog's generation, None if a store or a file of it is missing; what is there may
        be damaged.
        """
        name = catalog.meta(CURRENT)
        if name is None:
            return None
        folder = self.data / FOLDER / name
        files = all((folder / file).is_file() for file in (MANIFEST, _IN_USE, _OPENING))
        stores = all(store.exists(folder) for store in self.engines.stores())
        return folder if files and stores else None

    def intact(self, catalog: Catalog) -> Path | None:
        """The catalog's generation, unless sizes and times of its files show damage."""
        folder = self.current(catalog)
        try:
            if folder:
                verify_quick(folder, self.engines)
        except DamagedGeneration:
            return None
        return folder

    def prepare(
        self,
        catalog: Catalog,
        model: str,
        source: Path | None,
        change: IndexChange,
        clock: Clock,
        prober: Prober,
    ) -> Path:
        """Make the next generation in a new folder, which `publish` then makes the current one.

        It is a changed copy of the generation `source`; if that fails, or if it is None, it is
        built from the catalog. Raises StoreError when it cannot be written or fails the probe.
        """
        name = f"{catalog.generation + 1:06d}-{uuid4().hex[:8]}"
        prober.start()
        build = _Build(catalog, self.engines, model, prober, clock)
        if source is not None and not _needs_rebuild(source, catalog, change):
            # A damaged source does not matter: the catalog has all there is to know.
            with suppress(StoreError):
                return build.derive(self.data / FOLDER / f"{name}-copy", source, change)
        return build.from_catalog(self.data / FOLDER / name)

    def prune(self, keep: Path) -> bool:
        """Remove all generations but one.

        False if readers still have one of them open; it is removed another time.
        """
        for folder in (self.data / FOLDER).glob("*"):
            if folder.name != keep.name:
                with suppress(StoreError):  # a server does not answer; it is told another time
                    self._prune_one(folder)
        return all(folder.name == keep.name for folder in (self.data / FOLDER).glob("*"))

    def _prune_one(self, folder: Path) -> None:
        try:
            with (folder / _IN_USE).open("rb") as file:
                if _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    _remove(folder, self.engines)
        except OSError:  # a killed sync got no further than the folder
            _remove(folder, self.engines)


def publish(catalog: CatalogWriter, generation: Path) -> None:
    """Make a generation the catalog's current one; the commit of the transaction switches to it."""
    catalog.set_meta(CURRENT, generation.name)
    catalog.set_meta("generation", str(catalog.generation + 1))


def _remove(generation: Path, engines: SearchEngines) -> None:
    for store in engines.stores():
        store.drop(generation)
    shutil.rmtree(generation, ignore_errors=True)


def _needs_rebuild(source: Path, catalog: Catalog, change: IndexChange) -> bool:
    deleted = _deleted_count(source) + len(change.removed)
    return deleted > _MOST_DELETED_SHARE * catalog.key_count()


def _deleted_count(generation: Path) -> int:
    try:
        return int((generation / _DELETED).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


@dataclass(frozen=True, slots=True)
class _Build:
    """The making of one generation."""

    catalog: Catalog
    engines: SearchEngines
    model: str
    prober: Prober
    clock: Clock

    def from_catalog(self, generation: Path) -> Path:
        """Build both stores from the catalog."""
        vectors = self.engines.vectors
        with self._new_folder(generation):
            vectors.build(generation)
            every = _all_batches(self.catalog, self.model)
            vectors.apply(generation, [], every, self.catalog.key_count())
            self.clock.lap("vectors")
            self._build_texts(generation)
            self.clock.lap("words")
            self._finish(generation, 0)
        return generation

    def derive(self, generation: Path, source: Path, change: IndexChange) -> Path:
        """Copy the stores of another generation and change them."""
        vectors, texts = self.engines.vectors, self.engines.texts
        with self._new_folder(generation):
            with opening_lock(source):
                verify(source, self.engines)
                self.clock.lap("verify")
                vectors.copy(source, generation)
                self.clock.lap("copy")
            added = _batches(self.catalog, self.model, change.added)
            vectors.apply(generation, change.removed, added, len(change.added))
            self.clock.lap("vectors")
            texts_of = partial(_texts, self.catalog)
            if texts.copy_without(source, generation, change.removed, texts_of):
                texts.add(generation, texts_of(change.added))
                texts.tidy(generation, texts_of)
            else:
                self._build_texts(generation)
            self.clock.lap("words")
            self._finish(generation, _deleted_count(source) + len(change.removed))
        return generation

    def _build_texts(self, generation: Path) -> None:
        self.engines.texts.build(generation)
        self.engines.texts.add(generation, self.catalog.all_texts())

    def _finish(self, generation: Path, deleted: int) -> None:
        """Search the new stores in another process, and record their files."""
        (generation / _DELETED).write_text(str(deleted), encoding="ascii")
        sample = _sample(self.catalog, self.model)
        self.prober.search(generation, self.catalog.key_count(), sample)
        self.clock.lap("probe")
        write_manifest(generation, self.engines)
        self.clock.lap("seal")  # what `footnote index --json` calls it

    @contextmanager
    def _new_folder(self, folder: Path) -> Iterator[None]:
        """Make a folder, and remove it again when writing fails."""
        try:
            folder.mkdir(parents=True)
            for name in (_IN_USE, _OPENING):
                (folder / name).touch()
            yield
        except Exception as error:
            # Stores raise errors of many kinds, and report a full disk in as many ways.
            with suppress(StoreError):  # what a server that is gone has of it is swept later
                _remove(folder, self.engines)
            raise StoreError(
                f"the index cannot be written ({_reason(error)}; {_free(folder.parent)}); "
                "nothing was changed; mend that and try again"
            ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, FootnoteError):
        return str(error).partition(";")[0]
    return getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"


def _free(folder: Path) -> str:
    free = shutil.disk_usage(folder if folder.exists() else folder.parent).free
    return f"{free >> 20:,} MB are free on its disk"


def _batches(catalog: Catalog, model: str, keys: Sequence[str]) -> Iterator[Batch]:
    for first in range(0, len(keys), _BATCH):
        yield _batch(catalog, model, keys[first : first + _BATCH])


def _all_batches(catalog: Catalog, model: str) -> Iterator[Batch]:
    keys = catalog.keys(limit=_BATCH)
    while keys:
        yield _batch(catalog, model, keys)
        keys = catalog.keys(after=keys[-1], limit=_BATCH)


def _batch(catalog: Catalog, model: str, keys: Sequence[str]) -> Batch:
    vectors = catalog.vectors(model, keys)
    missing = [key for key in keys if key not in vectors]
    if missing:
        raise StoreError(
            f"{len(missing)} vectors are missing in the catalog; run: footnote doctor --repair"
        )
    return Batch(keys, np.stack([vectors[key] for key in keys]))


def _texts(catalog: Catalog, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    for first in range(0, len(keys), _BATCH):
        contents = catalog.contents(keys[first : first + _BATCH])
        yield from sorted((key, content.embedding_text) for key, content in contents.items())


def _sample(catalog: Catalog, model: str) -> Vectors:
    """Some of the vectors, from all over: keys are digests, so evenly spaced ones are random."""
    steps = (f"{step * 256 // _SAMPLE:02x}" for step in range(_SAMPLE))
    some = sorted({key for step in steps for key in catalog.keys(after=step, limit=1)})
    vectors = catalog.vectors(model, some)
    return np.stack([vectors[key] for key in some]) if some else np.zeros((0, 0), np.float32)
