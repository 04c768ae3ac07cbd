"""Listing and watching a corpus folder: regular files inside it, and why others are not read."""

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
    """A regular file: path relative to the corpus with `/`, size in bytes, mtime in ns.

    A tuple, since there is one for each file of the corpus at each sync, and it is made three
    times as fast as a frozen dataclass.
    """

    path: str
    size: int
    mtime: int


def walk(corpus: Path, exclude: Path | None = None) -> tuple[list[Entry], list[Failure]]:
    """The files below a folder and those that are not read, with reasons, in order of path.

    Hidden files and folders and the folder `exclude` are passed over silently. Nothing outside
    the folder is ever read: a symbolic link is listed, not followed, and so are pipes, sockets
    and devices. Raises ConfigError if the folder is not there or cannot be read.
    """
    if not corpus.is_dir():
        raise ConfigError(f"{corpus} is not a folder; run: footnote index FOLDER")
    entries: list[Entry] = []
    failures: dict[str, Failure] = {}
    for found in _scan(corpus, exclude):
        if isinstance(found, Entry):
            entries.append(found)
        else:
            failures[found.path] = found
    # A path stands for one file: bytes that are no UTF-8 may be shown as another file's name.
    for entry in entries:
        failures.pop(entry.path, None)
    by_path = sorted(failures.values(), key=lambda failure: failure.path)
    return sorted(entries, key=lambda entry: entry.path), by_path


def _scan(corpus: Path, exclude: Path | None) -> Iterator[Entry | Failure]:
    hidden = exclude and os.path.realpath(exclude)
    pending = [("", os.fspath(corpus))]
    while pending:
        prefix, folder = pending.pop()
        try:
            items = list(os.scandir(folder))
        except OSError as error:
            if not prefix:
                reason = error.strerror
                raise ConfigError(f"{corpus} cannot be read: {reason}; allow it") from None
            yield Failure(_printable(prefix[:-1]), f"cannot be read: {error.strerror}")
            continue
        for item in items:
            if item.name.startswith("."):
                continue
            if not item.is_dir(follow_symlinks=False):
                yield _inspect(prefix + item.name, item)
            elif hidden is None or os.path.realpath(item.path) != hidden:
                pending.append((f"{prefix}{item.name}/", item.path))


def _inspect(path: str, item: os.DirEntry[str]) -> Entry | Failure:
    try:
        info = item.stat(follow_symlinks=False)
    except OSError as error:
        return Failure(_printable(path), f"cannot be read: {error.strerror}")
    if stat.S_ISLNK(info.st_mode):
        return Failure(_printable(path), "symbolic link; links are not followed")
    if not stat.S_ISREG(info.st_mode):
        kind = _KINDS.get(stat.S_IFMT(info.st_mode), "device")
        return Failure(_printable(path), f"{kind}, not a file")
    if not path.isascii() and path != _printable(path):
        return Failure(_printable(path), "file name is not valid UTF-8")
    return Entry(path, info.st_size, info.st_mtime_ns)


def _printable(path: str) -> str:
    """A path as text; bytes that are not UTF-8 are shown as `\\xff`."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


# How often the watcher checks whether to rescan without a change.
_TICK_MS = 1000
# Rescan this many ticks after the last one: network drives report no changes.
_RESCAN_TICKS = 300
# Editors write a file in several steps.
_DEBOUNCE_MS = 800


def watch_changes(corpus: Path, exclude: Path, stop: Event) -> Iterator[None]:
    """Yield once for each batch of changes below a folder, and now and then without one: first when
    watching has begun, since earlier changes are not reported.

    Changes of hidden files and inside the folder `exclude` are passed over.
    """
    from watchfiles import Change, watch

    # Changes are reported with links resolved.
    root, left_out = os.path.realpath(corpus), os.path.realpath(exclude)

    def is_relevant(_: Change, path: str) -> bool:
        inside = os.path.relpath(path, root)
        hidden = any(part.startswith(".") and part != ".." for part in Path(inside).parts)
        return not hidden and not path.startswith(left_out + os.sep)

    ticks = _RESCAN_TICKS
    for found in watch(
        root,
        watch_filter=is_relevant,
        debounce=_DEBOUNCE_MS,
        step=_DEBOUNCE_MS // 2,
        stop_event=stop,
        rust_timeout=_TICK_MS,
        yield_on_timeout=True,
        raise_interrupt=True,
    ):
        ticks += 1
        if found or ticks > _RESCAN_TICKS:
            ticks = 0
            yield
