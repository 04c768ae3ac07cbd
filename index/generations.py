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

from index import dense, lexical
from index.catalog import Catalog
from index.dense import DenseFollower
from index.errors import FootnoteError, StoreError
from index.lexical import LexicalFollower
from index.passages import Batch, Vectors
from index.probe import probe

FOLDER = "generations"
# The fact of the catalog that names the folder.
META = "followers"
# Files that are locked: while someone reads the generation, and while it is opened or copied.
_IN_USE, _OPENING = "in-use", "opening"
_BATCH = 2000
_SAMPLE = 50


@dataclass(frozen=True, slots=True)
class Change:
    """Keys that leave and join the followers, in order."""

    removed: Sequence[str]
    added: Sequence[str]


def folder_of(data: Path, catalog: Catalog) -> Path | None:
    """The folder of the catalog's generation, if it has both followers; they may be torn."""
    name = catalog.meta(META)
    if name is None:
        return None
    folder = data / FOLDER / name
    files = (
        f"{dense.FOLDER}/{dense.FILE_NAME}",
        f"{lexical.FOLDER}/{lexical.FILE_NAME}",
        _IN_USE,
        _OPENING,
    )
    return folder if all((folder / file).is_file() for file in files) else None


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


def prepare(data: Path, catalog: Catalog, model: str, source: Path | None, change: Change) -> Path:
    """Make the followers of the next generation in a new folder, whose name the catalog must keep.

    They are copied from the folder `source` and changed; if that fails, or if it is None, they are
    built anew. Raises StoreError when they cannot be written or fail the probe.
    """
    name = f"{catalog.generation + 1:06d}-{uuid4().hex[:8]}"
    if source is not None:
        # A damaged source does not matter: the catalog has all there is to know.
        with suppress(StoreError):
            return _derive(data / FOLDER / f"{name}-copy", source, catalog, model, change)
    return _build(data / FOLDER / name, catalog, model)


def _build(folder: Path, catalog: Catalog, model: str) -> Path:
    keys = sorted(catalog.keys())
    with _new_folder(folder):
        DenseFollower.build(folder / dense.FOLDER)
        DenseFollower.apply(folder / dense.FOLDER, [], _batches(catalog, model, keys))
        _build_lexical(folder, catalog, model, keys)
        probe(folder, len(keys), _sample(catalog, model, keys))
    return folder


def _derive(folder: Path, source: Path, catalog: Catalog, model: str, change: Change) -> Path:
    keys = sorted(catalog.keys())
    with _new_folder(folder):
        with opening(source):
            shutil.copytree(source / dense.FOLDER, folder / dense.FOLDER)
        added = _batches(catalog, model, change.added)
        DenseFollower.apply(folder / dense.FOLDER, change.removed, added)
        if change.removed:
            _build_lexical(folder, catalog, model, keys)
        else:
            shutil.copytree(source / lexical.FOLDER, folder / lexical.FOLDER)
            LexicalFollower.apply(folder / lexical.FOLDER, _batches(catalog, model, change.added))
        probe(folder, len(keys), _sample(catalog, model, keys))
    return folder


def _build_lexical(folder: Path, catalog: Catalog, model: str, keys: Sequence[str]) -> None:
    LexicalFollower.build(folder / lexical.FOLDER)
    LexicalFollower.apply(folder / lexical.FOLDER, _batches(catalog, model, keys))


@contextmanager
def _new_folder(folder: Path) -> Iterator[None]:
    """Make a folder, and leave none behind when writing fails."""
    try:
        folder.mkdir(parents=True)
        for name in (_IN_USE, _OPENING):
            (folder / name).touch()
        yield
    except FootnoteError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except Exception as error:
        # Chroma and Tantivy raise errors of many kinds, which a full disk may cause as well.
        shutil.rmtree(folder, ignore_errors=True)
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        raise StoreError(f"the index cannot be written ({reason}); nothing was changed") from error


def _batches(catalog: Catalog, model: str, keys: Sequence[str]) -> Iterator[Batch]:
    for first in range(0, len(keys), _BATCH):
        chunk = list(keys[first : first + _BATCH])
        vectors, texts = catalog.vectors(model, chunk), catalog.embedding_texts(chunk)
        yield Batch(chunk, np.stack([vectors[k] for k in chunk]), [texts[k] for k in chunk])


def _sample(catalog: Catalog, model: str, keys: Sequence[str]) -> Vectors:
    """Some of the vectors, from all over."""
    some = keys[:: len(keys) // _SAMPLE + 1]
    vectors = catalog.vectors(model, some)
    return np.stack([vectors[key] for key in some]) if some else np.zeros((0, 0), np.float32)


def sweep(data: Path, keep: Path) -> None:
    """Remove the folders of all generations but one; what readers hold waits for another time."""
    for folder in (data / FOLDER).glob("*"):
        if folder.name == keep.name:
            continue
        try:
            with (folder / _IN_USE).open("rb") as file:
                if _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # a killed sync got no further than the folder
            shutil.rmtree(folder, ignore_errors=True)
