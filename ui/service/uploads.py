"""Files on their way into the corpus folder: whole or not at all, within limits, swept if left."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from index.errors import FootnoteError, StoreError

# Hidden, so that a sync ignores a file that is still being written.
PARTIAL = ".footnote-upload-"
_MODE = 0o644
_MB = 1 << 20


class BadUpload(FootnoteError):
    """A file that is refused, for its name or because it is empty."""


class TooLarge(BadUpload):
    """A file beyond the size limit of the settings, or beyond the folder's quota."""


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """The largest file, and what the files of the folder may take in all, in MB."""

    file_mb: int
    folder_mb: int


class Incoming:
    """A file that arrives block by block; finish or discard it. Blocks the thread that calls it.

    Its lock tells others that it is being written.
    """

    def __init__(self, target: Path, limits: UploadLimits) -> None:
        """Raises StoreError if no file can be written, TooLarge if the folder is full."""
        self.target = target
        self._limits = limits
        self.size = 0
        self._room = limits.folder_mb * _MB - _size_of(target.parent)
        self._check()
        try:
            descriptor, name = tempfile.mkstemp(prefix=PARTIAL, dir=target.parent)
        except OSError as error:
            raise self._unwritable(error) from None
        self._file, self._path = os.fdopen(descriptor, "wb"), Path(name)
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def write(self, block: bytes) -> None:
        """Add a block. Raises TooLarge beyond a limit, and StoreError."""
        self.size += len(block)
        self._check()
        try:
            self._file.write(block)
        except OSError as error:
            raise self._unwritable(error) from None

    def finish(self, place: Callable[[Path, Path], object] = Path.replace) -> None:
        """Put the file in its place. Raises BadUpload if it is empty, and OSError."""
        if not self.size:
            raise BadUpload(f"{self.target.name!r} is empty; send one with words in it")
        self._file.flush()
        os.fsync(self._file.fileno())
        os.fchmod(self._file.fileno(), _MODE)
        # Replaces a link itself, never the file that it leads to.
        place(self._path, self.target)
        self._file.close()

    def discard(self) -> None:
        """Remove what was written, unless it is finished."""
        if not self._file.closed:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            with suppress(OSError):
                self._file.close()

    def _check(self) -> None:
        name, limits = self.target.name, self._limits
        if self.size > limits.file_mb * _MB:
            raise TooLarge(
                f"{name!r} is larger than {limits.file_mb} MB; "
                "send a smaller one, or set FOOTNOTE_MAX_FILE_MB"
            )
        if self.size > self._room or self._room <= 0:
            raise TooLarge(
                f"{name!r} has no room: documents may take {limits.folder_mb:,} MB here; "
                "delete some, or set FOOTNOTE_UPLOADS_MB"
            )

    def _unwritable(self, error: OSError) -> StoreError:
        return StoreError(
            f"{self.target.name!r} cannot be kept: {error.strerror}; mend that and send it again"
        )


def _size_of(folder: Path) -> int:
    """The bytes of the files directly in a folder, those being written included."""
    size = 0
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                info = entry.stat(follow_symlinks=False)
                size += info.st_size if stat.S_ISREG(info.st_mode) else 0
    return size


def sweep(folder: Path) -> int:
    """Remove files that a server that is gone left half written; how many they were."""
    removed = 0
    for path in folder.glob(f"{PARTIAL}*"):
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                removed += 1
            finally:
                os.close(descriptor)
    return removed
