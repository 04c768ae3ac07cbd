"""Small files that several processes change: one at a time, and never half written."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp

from index.errors import ConfigError, StoreError

_WAIT_SECONDS = 10.0
_POLL_SECONDS = 0.02


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """Be the one process that changes the files in a file's folder, which is made if needed.

    Read the file inside, and then replace it: what another process wrote before is kept. Raises
    StoreError if another one does so for ten seconds, or if the folder cannot be written.
    """
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The folder itself: a lock file would have to stay, or two processes could each hold one.
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        _lock(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    until = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise StoreError(
                    f"{path} is being changed by another process; try again when it is done"
                ) from None
            time.sleep(_POLL_SECONDS)
        except OSError:  # a file system without locks
            return
        else:
            return


def replace_file(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file anew, whole or not at all; the mode is that of a new one. Raises StoreError."""
    temporary = None
    try:
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else mode
        descriptor, name = mkstemp(prefix=f".{path.name}-", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        temporary.replace(path.resolve())
    except OSError as error:
        if temporary:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        raise _unwritable(path, error) from None


def change_settings(path: Path, changes: Mapping[str, object]) -> None:
    """Write settings into a TOML file, or remove those that are None; its other content and its
    comments are kept. Raises ConfigError if the file cannot be read or written.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        with changing(path):
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            document = tomlkit.parse(text)
            for name, value in changes.items():
                if value is None:
                    document.pop(name, None)
                else:
                    document[name] = value
            replace_file(path, tomlkit.dumps(document), 0o644)
    except (OSError, UnicodeDecodeError, StoreError, TOMLKitError) as error:
        raise ConfigError(f"{path} cannot be changed: {error}") from None


def append_line(path: Path, line: str) -> None:
    """Add a line to the end of a file, also after one that a crash cut off. Raises StoreError."""
    data = f"{line}\n".encode("utf-8", "replace")
    with changing(path):
        try:
            file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                size = os.fstat(file).st_size
                if size and os.pread(file, 1, size - 1) != b"\n":
                    data = b"\n" + data
                if os.write(file, data) < len(data):  # the disk is full: none rather than half
                    os.ftruncate(file, size)
                    raise OSError(0, "there is no room for it")
            finally:
                os.close(file)
        except OSError as error:
            raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path} cannot be written: {error.strerror}; see that it can be")
