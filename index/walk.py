"""The files of a corpus folder: ordinary files inside it, and why others were left out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from index.errors import ConfigError
from index.passages import Failure


@dataclass(frozen=True, slots=True)
class Entry:
    """An ordinary file: path relative to the corpus with `/`, size in bytes, mtime in ns."""

    path: str
    size: int
    mtime: int


def walk(corpus: Path) -> tuple[list[Entry], list[Failure]]:
    """The files below a folder in order of path, and those that are not read, with reasons.

    Hidden files and folders are passed over silently. Nothing outside the folder is ever read:
    a symbolic link is listed, not followed, and so are pipes, sockets and devices.
    Raises ConfigError if the folder is not there.
    """
    if not corpus.is_dir():
        raise ConfigError(f"{corpus} is not a folder; run: footnote index FOLDER")
    entries: list[Entry] = []
    failures: list[Failure] = []
    for item in _scan(corpus, failures):
        path = Path(item.path).relative_to(corpus).as_posix()
        reason = _refusal(item, path)
        if reason:
            failures.append(Failure(_printable(path), reason))
            continue
        try:
            info = item.stat(follow_symlinks=False)
        except OSError as error:
            failures.append(Failure(path, f"cannot be read: {error.strerror}"))
            continue
        entries.append(Entry(path, info.st_size, info.st_mtime_ns))
    return sorted(entries, key=lambda entry: entry.path), failures


def _scan(folder: Path, failures: list[Failure]) -> Iterator[os.DirEntry[str]]:
    pending = [folder]
    while pending:
        current = pending.pop()
        try:
            items = sorted(os.scandir(current), key=lambda item: item.name)
        except OSError as error:
            name = current.relative_to(folder).as_posix()
            failures.append(Failure(name, f"cannot be read: {error.strerror}"))
            continue
        for item in items:
            if item.name.startswith("."):
                continue
            if item.is_dir(follow_symlinks=False):
                pending.append(Path(item.path))
            else:
                yield item


def _refusal(item: os.DirEntry[str], path: str) -> str | None:
    if item.is_symlink():
        return "symbolic link; links are not followed"
    if not item.is_file(follow_symlinks=False):
        mode = item.stat(follow_symlinks=False).st_mode
        kind = "pipe" if stat.S_ISFIFO(mode) else "socket" if stat.S_ISSOCK(mode) else "device"
        return f"{kind}, not a file"
    if _printable(path) != path:
        return "file name is not valid UTF-8"
    return None


def _printable(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
