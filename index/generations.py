"""Generations: the followers of one state of the catalog, each in a folder of its own.

The catalog's generation number says which folder is valid, so the commit that changes the
catalog also switches the followers. What a killed sync prepared is garbage that is swept.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index import dense, lexical
from index.catalog import Catalog
from index.dense import DenseFollower
from index.errors import StoreError
from index.lexical import LexicalFollower
from index.passages import Batch

FOLDER = "generations"
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


def prepare(data: Path, catalog: Catalog, model: str, source: int | None, change: Change) -> Path:
    """Make the followers of the next generation; nothing that is in use is touched.

    They are copied from generation `source` and changed, or built anew if it is None.
    Raises StoreError when they cannot be written or fail the probe.
    """
    target = generation_folder(data, catalog.generation + 1)
    shutil.rmtree(target, ignore_errors=True)
    try:
        if source is None:
            target.mkdir(parents=True)
            DenseFollower.build(target / dense.FOLDER)
            LexicalFollower.build(target / lexical.FOLDER)
        else:
            shutil.copytree(generation_folder(data, source), target)
        batches = list(_batches(catalog, model, change.added))
        DenseFollower.apply(target / dense.FOLDER, change.removed, batches)
        LexicalFollower.apply(target / lexical.FOLDER, change.removed, batches)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise StoreError(
            f"the index cannot be written: {error.strerror}; nothing was changed"
        ) from None
    probe(target, len(catalog.keys()))
    return target


def _batches(catalog: Catalog, model: str, keys: Sequence[str]) -> Iterator[Batch]:
    for first in range(0, len(keys), _BATCH):
        chunk = list(keys[first : first + _BATCH])
        vectors, texts = catalog.vectors(model, chunk), catalog.embedding_texts(chunk)
        yield Batch(chunk, np.stack([vectors[k] for k in chunk]), [texts[k] for k in chunk])


def probe(folder: Path, expected: int) -> None:
    """Open followers and search them in a child process, since a torn one can kill its reader.

    Raises StoreError if that fails, or if they do not hold `expected` keys each.
    """
    command = [sys.executable, "-m", "index.probe", str(folder), str(expected)]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_PROBE_SECONDS, check=False, env=_environment()
        )
    except subprocess.TimeoutExpired:
        raise StoreError(
            f"the index in {folder} does not open; run: footnote index --rebuild"
        ) from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["it ended silently"]
        raise StoreError(
            f"the index in {folder} is damaged ({lines[-1]}); run: footnote index --rebuild"
        )


def _environment() -> dict[str, str]:
    """The child finds these packages as its parent did, whatever the current folder is."""
    root = str(Path(__file__).parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([root, *sys.path])}


def sweep(data: Path, keep: int) -> None:
    """Remove the folders of all generations but one. A reader that still has one open keeps
    reading from the files it holds."""
    for folder in (data / FOLDER).glob("*"):
        if folder != generation_folder(data, keep):
            shutil.rmtree(folder, ignore_errors=True)
