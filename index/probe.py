"""Run as `python -m index.probe FOLDER COUNT`: are these followers whole and searchable?"""

import sys
from pathlib import Path

import numpy as np

from index import dense, lexical
from index.dense import DenseFollower
from index.errors import FootnoteError
from index.lexical import LexicalFollower
from index.limits import limit_memory

# A torn graph may ask for memory without end.
_MEMORY_BYTES = 4 << 30


def check(folder: Path, expected: int) -> str | None:
    """What is wrong with the followers in a folder, or None."""
    vectors = DenseFollower(folder / dense.FOLDER)
    words = LexicalFollower(folder / lexical.FOLDER)
    counts = vectors.count(), words.count()
    if counts != (expected, expected):
        return f"{counts[0]} vectors and {counts[1]} texts instead of {expected}"
    if expected:
        size = vectors.dimension
        found = vectors.nearest(np.full(size, size**-0.5, dtype=np.float32), min(10, expected))
        if not found:
            return "no vector is found"
        if not words.is_searchable():
            return "no word is found"
    return None


def main() -> None:
    """Exit 0 if all is well; else 1, with the reason as the last line of standard error."""
    folder = Path(sys.argv[1])
    held = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    limit_memory(_MEMORY_BYTES + 4 * held)
    try:
        reason = check(folder, int(sys.argv[2]))
    except FootnoteError as error:
        reason = str(error)
    if reason:
        sys.exit(reason)


if __name__ == "__main__":
    main()
