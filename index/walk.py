"""The files of a corpus folder: ordinary files inside it, and why others were left out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from index.errors import ConfigError
from index.passages import Failure

_KINDS = {stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}


@dataclass(frozen=True, slots=True)
class Entry:
    """An ordinary file: path relative to the corpus with `/`, size in bytes, mtime in ns."""

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
    pending = [corpus]
    while pending:
        folder = pending.pop()
        try:
            items = list(os.scandir(folder))
        except OSError as error:
            if folder == corpus:
                reason = error.strerror
                raise ConfigError(f"{corpus} cannot be read: {reason}; allow it") from None
            yield Failure(_name(corpus, folder), f"cannot be read: {error.strerror}")
            continue
        for item in items:
            if item.name.startswith("."):
                continue
            path = folder / item.name
            if not item.is_dir(follow_symlinks=False):
                yield _look(corpus, path)
            elif hidden is None or os.path.realpath(path) != hidden:
                pending.append(path)


def _look(corpus: Path, path: Path) -> Entry | Failure:
    name = _name(corpus, path)
    try:
        info = path.lstat()
    except OSError as error:
        return Failure(name, f"cannot be read: {error.strerror}")
    if stat.S_ISLNK(info.st_mode):
        return Failure(name, "symbolic link; links are not followed")
    if not stat.S_ISREG(info.st_mode):
        return Failure(name, f"{_KINDS.get(stat.S_IFMT(info.st_mode), 'device')}, not a file")
    if name != path.relative_to(corpus).as_posix():
        return Failure(name, "file name is not valid UTF-8")
    return Entry(name, info.st_size, info.st_mtime_ns)


def _name(corpus: Path, path: Path) -> str:
    """A path as text; bytes of it that are not UTF-8 are shown as `\\xff`."""
    name = path.relative_to(corpus).as_posix()
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
