"""What was read in the pictures of a file, kept on disk until the last of them is read.

A file has only so many pictures read at a time. Those that are read are not read again: the next
sync takes what is kept, and reads on.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from index.formats.pdf.page_items import TextLine

# The name of their folder in the data folder, and the file of those of one file.
READINGS = "readings"
_ENDING = ".jsonl"
_kept = ContextVar["_KeptFile | None"]("_kept", default=None)


@dataclass(frozen=True, slots=True)
class Read:
    """What was read in a picture: lines, placed in pixels, and the picture's height in pixels."""

    lines: Sequence[TextLine]
    height: int


class KeptReadings:
    """The readings of the pictures in some bytes, which may be a file or a part of one."""

    def __init__(self, data: bytes) -> None:
        self._file = _kept.get()
        self._digest = sha256(data).hexdigest() if self._file else ""

    def get(self, number: int) -> Read | None:
        """What was read in a picture, by its number; None if it was not read."""
        return self._file.found.get(f"{self._digest} {number}") if self._file else None

    def put(self, number: int, read: Read) -> None:
        """Keep what was read in a picture."""
        if self._file:
            self._file.add(f"{self._digest} {number}", read)

    @property
    def reads_on(self) -> bool:
        """Whether the next sync will find them."""
        return self._file is not None and self._file.is_written


class _KeptFile:
    """A line of JSON for each reading; what breaks off is left out."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.is_written = True
        self.found = dict(_readings(path))

    def add(self, key: str, read: Read) -> None:
        """Write a reading at the end; a disk that is full only makes the next sync read again."""
        lines = [(line.text, line.top, line.bottom, line.height) for line in read.lines]
        self.found[key] = read
        try:
            self._path.parent.mkdir(exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                # A line that broke off before ends here.
                file.write(f"\n{json.dumps([key, read.height, lines])}\n")
        except OSError:
            self.is_written = False


def _readings(path: Path) -> Iterator[tuple[str, Read]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in filter(None, lines):
        try:
            key, height, texts = json.loads(line)
            yield str(key), Read([TextLine(*text) for text in texts], int(height))
        except (ValueError, TypeError):
            continue


@contextmanager
def keeping(folder: Path | None, digest: str) -> Iterator[None]:
    """Keep what is read in the pictures of the file of a digest, in a folder if one is given."""
    token = _kept.set(_KeptFile(folder / f"{digest}{_ENDING}") if folder else None)
    try:
        yield
    finally:
        _kept.reset(token)


def drop_readings(folder: Path, unfinished: Collection[str]) -> None:
    """Remove what is kept of files but those of these digests, and the folder if none is left."""
    wanted = {f"{digest}{_ENDING}" for digest in unfinished}
    for path in folder.glob("*"):
        if path.name not in wanted:
            path.unlink(missing_ok=True)
    if not wanted:
        folder.rmdir()
