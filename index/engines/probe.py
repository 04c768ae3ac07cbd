"""Are followers whole and searchable? Asked of a child process, since a torn one can kill its
reader; the child runs this module as `python -m index.engines.probe`.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Self

import numpy as np

from index.engines import chroma_store as dense
from index.engines import tantivy_store as lexical
from index.engines.chroma_store import ChromaStore
from index.engines.tantivy_store import TantivyStore
from index.errors import FootnoteError, StoreError
from index.runtime import limit_memory
from index.types import Vectors

# A torn graph may ask for memory without end.
_MEMORY_BYTES = 4 << 30
# Chroma's graph is searched approximately.
_FOUND_SHARE = 0.9
_SECONDS = 120


class Prober:
    """A child process that opens followers and searches them.

    It is started before they are made, since importing Chroma takes it most of a second.
    """

    def __init__(self) -> None:
        self._waiting: subprocess.Popen[bytes] | None = _start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._waiting:
            self._waiting.kill()
            self._waiting.communicate()

    def search(self, folder: Path, expected: int, sample: Vectors) -> None:
        """Open the followers in a folder and search them.

        Raises StoreError if that fails, if they do not hold `expected` keys each, or if vectors of
        the sample, shape (any, dimension), are not found.
        """
        process, self._waiting = self._waiting or _start(), None
        given = io.BytesIO()
        given.write(f"{json.dumps([str(folder), expected])}\n".encode())
        np.save(given, sample)
        try:
            _, told = process.communicate(given.getvalue(), timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise StoreError(
                f"the index in {folder} does not open; run: footnote index FOLDER --rebuild"
            ) from None
        if process.returncode:
            lines = told.decode(errors="replace").strip().splitlines() or ["it ended silently"]
            raise StoreError(
                f"the index in {folder} is damaged ({lines[-1]}); "
                "run: footnote index FOLDER --rebuild"
            )


def _start() -> subprocess.Popen[bytes]:
    # Without -P, a module of the current folder could stand in for one of ours.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "index.engines.probe"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=_environment(),
    )


def _environment() -> dict[str, str]:
    """The child finds these packages as its parent did, whatever the current folder is."""
    root = str(Path(__file__).parents[2])
    paths = [root, *(path for path in sys.path if path)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def check(folder: Path, expected: int, sample: Vectors) -> str | None:
    """What is wrong with the followers in a folder, or None."""
    vectors = ChromaStore(folder / dense.FOLDER)
    words = TantivyStore(folder / lexical.FOLDER)
    counts = vectors.count(), words.count()
    if counts != (expected, expected):
        return f"{counts[0]} vectors and {counts[1]} texts instead of {expected}"
    nearest = [cosine for vector in sample for _, cosine in vectors.nearest(vector, 1)]
    found = sum(cosine > 0.999 for cosine in nearest)
    if found < _FOUND_SHARE * len(sample):
        return f"{found} of {len(sample)} vectors are found"
    return None if words.is_searchable() else "no word is found"


def main() -> None:
    """Exit 0 if all is well; else 1, with the reason as the last line of standard error.

    Standard input tells the folder and how many keys it has, as a line of JSON, and then the
    sample, as numpy saves it.
    """
    dense.preload()
    line = sys.stdin.buffer.readline()
    if not line:
        return
    name, expected = json.loads(line)
    folder = Path(name)
    held = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    limit_memory(_MEMORY_BYTES + 4 * held)
    sample = np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False)
    try:
        reason = check(folder, expected, sample)
    except FootnoteError as error:
        reason = str(error)
    if reason:
        sys.exit(reason)


if __name__ == "__main__":
    main()
