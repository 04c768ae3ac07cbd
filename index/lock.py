"""One writer per index: a lock that dies with its process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from index.errors import StoreError

FILE_NAME = "lock"


@contextmanager
def writer_lock(data: Path) -> Iterator[None]:
    """Hold the index for writing. Raises StoreError at once if another process holds it.

    The lock is on the real path, so a second spelling of the same folder finds it too.
    """
    folder = Path(os.path.realpath(data))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Not buffered: what a full disk refuses must not be tried again when the file is closed.
        file = os.fdopen(os.open(folder / FILE_NAME, os.O_RDWR | os.O_CREAT, 0o644), "r+b", 0)
    except OSError as error:
        raise StoreError(
            f"the index folder {data} cannot be written: {error.strerror}; "
            "choose another with --data"
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = file.read().decode("ascii", "replace").strip() or "unknown"
            raise StoreError(
                f"the index in {data} is being written by process {holder}; "
                "wait for it to end, or stop it"
            ) from None
        # Who holds it is good to know, but a full disk cannot be told.
        with suppress(OSError):
            file.truncate(0)
            file.write(str(os.getpid()).encode())
        yield
