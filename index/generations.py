"""Generations: the followers of one state of the catalog, each in a folder of its own.

The catalog's generation number says which folder is valid, so the commit that changes the
catalog also switches the followers. What a killed sync prepared is garbage that is swept.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from index import dense, lexical
from index.catalog import Catalog
from index.dense import DenseFollower
from index.errors import FootnoteError, StoreError
from index.lexical import LexicalFollower
from index.passages import Batch

FOLDER = "generations"
# Files that are locked: while someone reads the generation, and while it is opened or copied.
_IN_USE, _OPENING = "in-use", "opening"
_BATCH = 2000
_PROBE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Change:
    """Keys that leave and join the followers, in order."""

    removed: Sequence[str]
    added: Sequence[str]


def generation_folder(data: Path, generation: int) -> Path:
    """Where the followers of a generation are."""
    return data / FOLDER / f"{generation:06d}"


def is_there(data: Path, generation: int) -> bool:
    """Whether a generation has both followers; not whether they are whole."""
    folder = generation_folder(data, generation)
    names = (
        f"{dense.FOLDER}/{dense.FILE_NAME}",
        f"{lexical.FOLDER}/{lexical.FILE_NAME}",
        _IN_USE,
        _OPENING,
    )
    return generation > 0 and all((folder / name).is_file() for name in names)


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


def prepare(data: Path, catalog: Catalog, model: str, source: int | None, change: Change) -> Path:
    """Make the followers of the next generation; nothing that is in use is touched.

    They are copied from generation `source` and changed; if that fails, or if it is None, they are
    built anew. Raises StoreError when they cannot be written or fail the probe.
    """
    target = generation_folder(data, catalog.generation + 1)
    keys = sorted(catalog.keys())
    if source is not None:
        try:
            _derive(target, generation_folder(data, source), catalog, model, change, keys)
            probe(target, len(keys))
        except StoreError:
            # The source is damaged, which does not matter: the catalog has all there is to know.
            source = None
    if source is None:
        _build(target, catalog, model, keys)
        probe(target, len(keys))
    return target


def _build(target: Path, catalog: Catalog, model: str, keys: Sequence[str]) -> None:
    with _writing(target):
        DenseFollower.build(target / dense.FOLDER)
        DenseFollower.apply(target / dense.FOLDER, [], _batches(catalog, model, keys))
        _build_lexical(target, catalog, model, keys)


def _derive(
    target: Path, source: Path, catalog: Catalog, model: str, change: Change, keys: Sequence[str]
) -> None:
    with _writing(target):
        with opening(source):
            shutil.copytree(source / dense.FOLDER, target / dense.FOLDER)
        added = _batches(catalog, model, change.added)
        DenseFollower.apply(target / dense.FOLDER, change.removed, added)
        if change.removed:
            _build_lexical(target, catalog, model, keys)
        else:
            shutil.copytree(source / lexical.FOLDER, target / lexical.FOLDER)
            LexicalFollower.apply(target / lexical.FOLDER, _batches(catalog, model, change.added))


def _build_lexical(target: Path, catalog: Catalog, model: str, keys: Sequence[str]) -> None:
    LexicalFollower.build(target / lexical.FOLDER)
    LexicalFollower.apply(target / lexical.FOLDER, _batches(catalog, model, keys))


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    """Begin with an empty folder, and leave none behind when writing fails."""
    shutil.rmtree(target, ignore_errors=True)
    try:
        target.mkdir(parents=True)
        for name in (_IN_USE, _OPENING):
            (target / name).touch()
        yield
    except FootnoteError:
        shutil.rmtree(target, ignore_errors=True)
        raise
    except Exception as error:
        # Chroma and Tantivy raise errors of many kinds, which a full disk may cause as well.
        shutil.rmtree(target, ignore_errors=True)
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        raise StoreError(f"the index cannot be written ({reason}); nothing was changed") from error


def _batches(catalog: Catalog, model: str, keys: Sequence[str]) -> Iterator[Batch]:
    for first in range(0, len(keys), _BATCH):
        chunk = list(keys[first : first + _BATCH])
        vectors, texts = catalog.vectors(model, chunk), catalog.embedding_texts(chunk)
        yield Batch(chunk, np.stack([vectors[k] for k in chunk]), [texts[k] for k in chunk])


def probe(folder: Path, expected: int) -> None:
    """Open followers and search them in a child process, since a torn one can kill its reader.

    Raises StoreError if that fails, or if they do not hold `expected` keys each.
    """
    # Without -P, a module of the current folder could stand in for one of ours.
    command = [sys.executable, "-P", "-m", "index.probe", str(folder), str(expected)]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_PROBE_SECONDS, check=False, env=_environment()
        )
    except subprocess.TimeoutExpired:
        raise StoreError(
            f"the index in {folder} does not open; run: footnote index FOLDER --rebuild"
        ) from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["it ended silently"]
        raise StoreError(
            f"the index in {folder} is damaged ({lines[-1]}); run: footnote index FOLDER --rebuild"
        )


def _environment() -> dict[str, str]:
    """The child finds these packages as its parent did, whatever the current folder is."""
    root = str(Path(__file__).parent.parent)
    paths = [root, *(path for path in sys.path if path)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def sweep(data: Path, keep: int) -> None:
    """Remove the folders of all generations but one; what readers hold waits for another time."""
    for folder in (data / FOLDER).glob("*"):
        if folder == generation_folder(data, keep):
            continue
        try:
            with (folder / _IN_USE).open("rb") as file:
                if _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # a killed sync got no further than the folder
            shutil.rmtree(folder, ignore_errors=True)
