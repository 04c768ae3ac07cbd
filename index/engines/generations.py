"""Generations: the followers of one state of the catalog, each in a folder of its own.

The catalog names the folder that is valid, so the commit that changes the catalog also switches the
followers. What a killed sync prepared is garbage that is swept. No name is used twice, since Chroma
remembers the paths that it has open, or failed to open.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import numpy as np

from index.catalog.reader import Catalog
from index.catalog.writer import CatalogWriter, Change
from index.engines import chroma_store as dense
from index.engines import tantivy_store as lexical
from index.engines.chroma_store import ChromaStore
from index.engines.integrity import FILE_NAME as SEAL
from index.engines.integrity import glance, seal, verify
from index.engines.probe import Prober
from index.engines.tantivy_store import TantivyStore
from index.errors import DamagedFollowers, FootnoteError, StoreError
from index.runtime import Clock
from index.types import Batch, Vectors

FOLDER = "generations"
# The fact of the catalog that names the folder.
META = "followers"
# Files that are locked: while someone reads the generation, and while it is opened or copied.
_IN_USE, _OPENING = "in-use", "opening"
# How many keys were taken away from Chroma's graph, which only marks them: they go on costing
# time and recall until it is built anew, here when they are a quarter of it.
_DROPPED = "dropped"
_DROPPED_SHARE = 0.25
_BATCH = 2000
_SAMPLE = 50


def folder_of(data: Path, catalog: Catalog) -> Path | None:
    """The folder of the catalog's generation, if it has both followers; they may be torn."""
    name = catalog.meta(META)
    if name is None:
        return None
    folder = data / FOLDER / name
    files = (
        f"{dense.FOLDER}/{dense.FILE_NAME}",
        f"{lexical.FOLDER}/{lexical.FILE_NAME}",
        SEAL,
        _IN_USE,
        _OPENING,
    )
    return folder if all((folder / file).is_file() for file in files) else None


def sound_folder_of(data: Path, catalog: Catalog) -> Path | None:
    """The folder of the catalog's generation, unless a glance at it shows damage."""
    folder = folder_of(data, catalog)
    try:
        if folder:
            glance(folder)
    except DamagedFollowers:
        return None
    return folder


def hold(folder: Path) -> BinaryIO:
    """Keep a generation from being swept until the file that is returned is closed.

    Chroma opens its files anew now and then, so they must not go while it is open. Raises
    StoreError if the generation is gone.
    """
    try:
        file = (folder / _IN_USE).open("rb")
    except OSError:
        raise StoreError(f"the index in {folder} is gone; ask again") from None
    if _lock(file, fcntl.LOCK_SH | fcntl.LOCK_NB) and (folder / _IN_USE).exists():
        return file
    file.close()
    raise StoreError(f"the index in {folder} is being removed; ask again")


@contextmanager
def opening(folder: Path) -> Iterator[None]:
    """Wait until nobody else opens or copies a generation: Chroma writes while it is opened."""
    with (folder / _OPENING).open("rb") as file:
        _lock(file, fcntl.LOCK_EX)
        yield


def _lock(file: BinaryIO, how: int) -> bool:
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        return False
    return True


def prepare(
    data: Path,
    catalog: Catalog,
    model: str,
    source: Path | None,
    change: Change,
    clock: Clock,
) -> Path:
    """Make the followers of the next generation in a new folder, whose name the catalog must keep.

    They are copied from the folder `source` and changed; if that fails, or if it is None, they are
    built anew. Raises StoreError when they cannot be written or fail the probe.
    """
    name = f"{catalog.generation + 1:06d}-{uuid4().hex[:8]}"
    with Prober() as prober:
        work = _Work(catalog, model, prober, clock)
        if source is not None and not _is_worn(source, catalog, change):
            # A damaged source does not matter: the catalog has all there is to know.
            with suppress(StoreError):
                return _derive(data / FOLDER / f"{name}-copy", source, work, change)
        return _build(data / FOLDER / name, work)


def adopt(catalog: CatalogWriter, folder: Path) -> None:
    """Name the followers in a folder as those of the catalog's next generation."""
    catalog.set_meta(META, folder.name)
    catalog.set_meta("generation", str(catalog.generation + 1))


def _is_worn(source: Path, catalog: Catalog, change: Change) -> bool:
    return _dropped(source) + len(change.removed) > _DROPPED_SHARE * catalog.key_count()


def _dropped(folder: Path) -> int:
    try:
        return int((folder / _DROPPED).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


@dataclass(frozen=True, slots=True)
class _Work:
    """What followers are made from, who searches them then, and what is timed."""

    catalog: Catalog
    model: str
    prober: Prober
    clock: Clock


def _build(folder: Path, work: _Work) -> Path:
    catalog, clock = work.catalog, work.clock
    with _new_folder(folder):
        ChromaStore.build(folder / dense.FOLDER)
        ChromaStore.apply(folder / dense.FOLDER, [], _all_batches(catalog, work.model))
        clock.lap("vectors")
        _build_lexical(folder, catalog)
        clock.lap("words")
        _finish(folder, work, 0)
    return folder


def _derive(folder: Path, source: Path, work: _Work, change: Change) -> Path:
    catalog, clock = work.catalog, work.clock
    with _new_folder(folder):
        with opening(source):
            verify(source)
            clock.lap("verify")
            shutil.copytree(source / dense.FOLDER, folder / dense.FOLDER)
            clock.lap("copy")
        added = _batches(catalog, work.model, change.added)
        ChromaStore.apply(folder / dense.FOLDER, change.removed, added)
        clock.lap("vectors")
        if change.removed:
            _build_lexical(folder, catalog)
        else:
            shutil.copytree(source / lexical.FOLDER, folder / lexical.FOLDER)
            TantivyStore.apply(folder / lexical.FOLDER, _texts(catalog, change.added))
        clock.lap("words")
        _finish(folder, work, _dropped(source) + len(change.removed))
    return folder


def _finish(folder: Path, work: _Work, dropped: int) -> None:
    """Search what was made in another process, and write down what it was."""
    (folder / _DROPPED).write_text(str(dropped), encoding="ascii")
    work.prober.search(folder, work.catalog.key_count(), _sample(work.catalog, work.model))
    work.clock.lap("probe")
    seal(folder)
    work.clock.lap("seal")


def _build_lexical(folder: Path, catalog: Catalog) -> None:
    TantivyStore.build(folder / lexical.FOLDER)
    TantivyStore.apply(folder / lexical.FOLDER, catalog.all_texts())


@contextmanager
def _new_folder(folder: Path) -> Iterator[None]:
    """Make a folder, and leave none behind when writing fails."""
    try:
        folder.mkdir(parents=True)
        for name in (_IN_USE, _OPENING):
            (folder / name).touch()
        yield
    except Exception as error:
        # Chroma and Tantivy raise errors of many kinds, and tell a full disk in as many ways.
        shutil.rmtree(folder, ignore_errors=True)
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
    """Some of the vectors, from all over: keys are digests, so evenly spaced ones are at random."""
    steps = (f"{step * 256 // _SAMPLE:02x}" for step in range(_SAMPLE))
    some = sorted({key for step in steps for key in catalog.keys(after=step, limit=1)})
    vectors = catalog.vectors(model, some)
    return np.stack([vectors[key] for key in some]) if some else np.zeros((0, 0), np.float32)


def sweep(data: Path, keep: Path) -> bool:
    """Remove the folders of all generations but one.

    False if readers still hold one of them; it waits for another time.
    """
    for folder in (data / FOLDER).glob("*"):
        if folder.name == keep.name:
            continue
        try:
            with (folder / _IN_USE).open("rb") as file:
                if _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # a killed sync got no further than the folder
            shutil.rmtree(folder, ignore_errors=True)
    return all(folder.name == keep.name for folder in (data / FOLDER).glob("*"))
