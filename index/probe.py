"""Are followers whole and searchable? Asked of a child process, since a torn one can kill its
reader; the child runs this module as `python -m index.probe FOLDER COUNT`.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from index import dense, lexical
from index.dense import DenseFollower
from index.errors import FootnoteError, StoreError
from index.lexical import LexicalFollower
from index.limits import limit_memory
from index.passages import Vectors

# A torn graph may ask for memory without end.
_MEMORY_BYTES = 4 << 30
# Chroma's graph is searched approximately.
_FOUND_SHARE = 0.9
_SECONDS = 120


def probe(folder: Path, expected: int, sample: Vectors) -> None:
    """Open followers and search them in a child process.

    Raises StoreError if that fails, if they do not hold `expected` keys each, or if vectors of the
    sample, shape (any, dimension), are not found.
    """
    # Without -P, a module of the current folder could stand in for one of ours.
    command = [sys.executable, "-P", "-m", "index.probe", str(folder), str(expected)]
    given = io.BytesIO()
    np.save(given, sample)
    try:
        done = subprocess.run(
            command,
            input=given.getvalue(),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env=_environment(),
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


def check(folder: Path, expected: int, sample: Vectors) -> str | None:
    """What is wrong with the followers in a folder, or None."""
    vectors = DenseFollower(folder / dense.FOLDER)
    words = LexicalFollower(folder / lexical.FOLDER)
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

    The sample is read from standard input, as numpy saves it.
    """
    folder = Path(sys.argv[1])
    held = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    limit_memory(_MEMORY_BYTES + 4 * held)
    sample = np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False)
    try:
        reason = check(folder, int(sys.argv[2]), sample)
    except FootnoteError as error:
        reason = str(error)
    if reason:
        sys.exit(reason)


if __name__ == "__main__":
    main()
