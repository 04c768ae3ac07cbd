"""Whether a new generation can be opened and searched; tested in a child process, since a damaged
store can kill its reader. The child runs `python -m index.engines.probe VECTOR_STORE TEXT_STORE`.
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

from index.engines.base import SearchEngines, class_name, import_class
from index.errors import FootnoteError, StoreError
from index.runtime import limit_memory
from index.types import Vectors

# A damaged graph may ask for memory without end.
_MEMORY_BYTES = 4 << 30
# Chroma's graph is searched approximately.
_FOUND_SHARE = 0.9
_SECONDS = 120


class Prober:
    """A child process that opens a generation's stores and searches them.

    Start it before they are made, since importing Chroma takes it most of a second.
    """

    def __init__(self, engines: SearchEngines) -> None:
        self._engines = engines
        self._waiting: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._waiting:
            self._waiting.kill()
            self._waiting.communicate()

    def start(self) -> None:
        """Start the process, if it does not wait already."""
        self._waiting = self._waiting or _start(self._engines)

    def search(self, folder: Path, expected: int, sample: Vectors) -> None:
        """Open the stores of the generation in a folder and search them.

        Raises StoreError if that fails, if they do not hold `expected` keys each, or if vectors of
        the sample, shape (any, dimension), are not found.
        """
        process, self._waiting = self._waiting or _start(self._engines), None
        request = io.BytesIO()
        request.write(f"{json.dumps([str(folder), expected])}\n".encode())
        np.save(request, sample)
        try:
            _, errors = process.communicate(request.getvalue(), timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise StoreError(
                f"the index in {folder} does not open; run: footnote index FOLDER --rebuild"
            ) from None
        if process.returncode:
            lines = errors.decode(errors="replace").strip().splitlines() or ["it ended silently"]
            raise StoreError(
                f"the index in {folder} is damaged ({lines[-1]}); "
                "run: footnote index FOLDER --rebuild"
            )


def _start(engines: SearchEngines) -> subprocess.Popen[bytes]:
    stores = [class_name(store) for store in engines.stores()]
    # Without -P, a module of the current folder could stand in for one of ours.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "index.engines.probe", *stores],
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


def check(engines: SearchEngines, folder: Path, expected: int, sample: Vectors) -> str | None:
    """What is wrong with the stores of a generation, or None."""
    vectors, texts = engines.vectors.open(folder), engines.texts.open(folder)
    counts = vectors.count(), texts.count()
    if counts != (expected, expected):
        return f"{counts[0]} vectors and {counts[1]} texts instead of {expected}"
    nearest = [cosine for vector in sample for _, cosine in vectors.nearest(vector, 1)]
    found = sum(cosine > 0.999 for cosine in nearest)
    if found < _FOUND_SHARE * len(sample):
        return f"{found} of {len(sample)} vectors are found"
    return None if texts.is_searchable() else "no word is found"


def main() -> None:
    """Exit 0 if all is well; else 1, with the reason as the last line of standard error.

    Standard input has the folder and its number of keys as a line of JSON, and then the sample as
    numpy saves it.
    """
    engines = SearchEngines(*map(import_class, sys.argv[1:]))
    for store in engines.stores():
        store.preload()
    line = sys.stdin.buffer.readline()
    if not line:
        return
    name, expected = json.loads(line)
    folder = Path(name)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    limit_memory(_MEMORY_BYTES + 4 * size)
    sample = np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False)
    try:
        reason = check(engines, folder, expected, sample)
    except FootnoteError as error:
        reason = str(error)
    if reason:
        sys.exit(reason)


if __name__ == "__main__":
    main()
