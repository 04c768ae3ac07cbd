"""The files of a corpus folder: ordinary files inside it, and why others were left out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import NamedTuple

from index.errors import ConfigError
from index.types import Failure

_KINDS = {stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}


class Entry(NamedTuple):
    """An ordinary file: path relative to the corpus with `/`, size in bytes, mtime in ns.

    A tuple, since there is one for each file of the corpus at each sync, and it is made three
    times as fast as a frozen dataclass.
    """

    path: str
    size: int
    mtime: int


def walk(corpus: Path, leave_out: Path | None = None) -> tuple[list[Entry], list[Failure]]:
    """The files below a folder and those that are not read, with reasons, in order of path.

    Hidden files and folders and the folder `leave_out` are passed over silently. Nothing outside
    the folder is ever read: a symbolic link is listed, not followed, and so are pipes, sockets
    and devices. Raises ConfigError if the folder is not there or cannot be read.
    """
    if not corpus.is_dir():
        raise ConfigError(f"{corpus} is not a folder; run: footnote index FOLDER")
    entries: list[Entry] = []
    failures: dict[str, Failure] = {}
    for found in _scan(corpus, leave_out):
        if isinstance(found, Entry):
            entries.append(found)
        else:
            failures[found.path] = found
    # A path stands for one file: bytes that are no UTF-8 may be shown as another file's name.
    for entry in entries:
        failures.pop(entry.path, None)
    by_path = sorted(failures.values(), key=lambda failure: failure.path)
    return sorted(entries, key=lambda entry: entry.path), by_path


def _scan(corpus: Path, leave_out: Path | None) -> Iterator[Entry | Failure]:
    hidden = leave_out and os.path.realpath(leave_out)
    pending = [("", os.fspath(corpus))]
    while pending:
        prefix, folder = pending.pop()
        try:
            items = list(os.scandir(folder))
        except OSError as error:
            if not prefix:
                reason = error.strerror
                raise ConfigError(f"{corpus} cannot be read: {reason}; allow it") from None
            yield Failure(_shown(prefix[:-1]), f"cannot be read: {error.strerror}")
            continue
        for item in items:
            if item.name.startswith("."):
                continue
            if not item.is_dir(follow_symlinks=False):
                yield _look(prefix + item.name, item)
            elif hidden is None or os.path.realpath(item.path) != hidden:
                pending.append((f"{prefix}{item.name}/", item.path))


def _look(path: str, item: os.DirEntry[str]) -> Entry | Failure:
    try:
        info = item.stat(follow_symlinks=False)
    except OSError as error:
        return Failure(_shown(path), f"cannot be read: {error.strerror}")
    if stat.S_ISLNK(info.st_mode):
        return Failure(_shown(path), "symbolic link; links are not followed")
    if not stat.S_ISREG(info.st_mode):
        kind = _KINDS.get(stat.S_IFMT(info.st_mode), "device")
        return Failure(_shown(path), f"{kind}, not a file")
    if not path.isascii() and path != _shown(path):
        return Failure(_shown(path), "file name is not valid UTF-8")
    return Entry(path, info.st_size, info.st_mtime_ns)


def _shown(path: str) -> str:
    """A path as text; bytes of it that are not UTF-8 are shown as `\\xff`."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


# Changes are told as they come; this often it is seen whether to look without one.
_TICK_MS = 1000
# A look this many ticks after the last, whatever was told: network drives tell nothing.
_LOOK_ANYWAY = 300
# Editors write a file in several steps.
_SETTLED_MS = 800


def changes(corpus: Path, leave_out: Path, stop: Event) -> Iterator[None]:
    """Yield once for each batch of changes below a folder, and now and then without one: first when
    watching has begun, since what changed before that is not told.

    Changes of hidden files and inside the folder `leave_out` are passed over.
    """
    from watchfiles import Change, watch

    # Told as they are, with links resolved.
    root, left_out = os.path.realpath(corpus), os.path.realpath(leave_out)

    def counts(_: Change, path: str) -> bool:
        inside = os.path.relpath(path, root)
        hidden = any(part.startswith(".") and part != ".." for part in Path(inside).parts)
        return not hidden and not path.startswith(left_out + os.sep)

    ticks = _LOOK_ANYWAY
    for found in watch(
        root,
        watch_filter=counts,
        debounce=_SETTLED_MS,
        step=_SETTLED_MS // 2,
        stop_event=stop,
        rust_timeout=_TICK_MS,
        yield_on_timeout=True,
        raise_interrupt=True,
    ):
        ticks += 1
        if found or ticks > _LOOK_ANYWAY:
            ticks = 0
            yield
