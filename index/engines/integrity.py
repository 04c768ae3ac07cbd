"""Seals: what the files of a generation were when it was made, so that damage is seen before they
are opened.

Chroma and Tantivy trust their files: random bytes in Chroma's graph end the process, and a shorter
`length.bin` goes unnoticed. Chroma also writes whenever it opens a store: a row that counts its
calls, and, until it has written its graph for the first time, all files of the graph anew.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from hashlib import file_digest, sha256
from importlib.metadata import version
from pathlib import Path

from index.engines import chroma_store as dense
from index.engines import tantivy_store as lexical
from index.errors import DamagedFollowers

FILE_NAME = "seal.json"
_DATABASE = f"{dense.FOLDER}/{dense.FILE_NAME}"
# Chroma's graph is on the disk only once this file is.
_GRAPH_MARK = "index_metadata.pickle"
_COUNTS_CALLS = "acquire_write"
_SQLITE = b"SQLite format 3\0"

_Files = dict[str, list[int | str]]


def seal(folder: Path) -> None:
    """Write down size, time and digest of every file that no reader changes, and who made them."""
    files: _Files = {}
    for name in _settled(folder):
        files[name] = [*_glance(folder / name), _digest(folder / name)]
    files[_DATABASE] = [0, 0, _rows_digest(folder / _DATABASE)]
    kept = json.dumps({"makers": _makers(), "files": files}, indent=1)
    (folder / FILE_NAME).write_text(kept, encoding="utf-8")


def _makers() -> str:
    """What the files depend on besides the catalog; they are made anew when it changes."""
    engines = (f"{name} {version(name)}" for name in ("chromadb", "tantivy", "PyStemmer"))
    return ", ".join([*engines, dense.FORMAT, lexical.FORMAT])


def glance(folder: Path) -> None:
    """Look at sizes and times, which costs no reading. Raises DamagedFollowers."""
    for name, (size, mtime, _) in _read(folder).items():
        path = folder / name
        try:
            whole = _is_database(path) if name == _DATABASE else _glance(path) == (size, mtime)
        except OSError:
            whole = False
        if not whole:
            # Also a file that was merely copied; then reading it tells.
            verify(folder)
            return


def verify(folder: Path) -> None:
    """Read every file, at about a gigabyte a second. Raises DamagedFollowers."""
    for name, (_, _, digest) in _read(folder).items():
        path = folder / name
        try:
            whole = (_rows_digest if name == _DATABASE else _digest)(path) == digest
        except (OSError, sqlite3.Error, ValueError):
            whole = False
        if not whole:
            raise _damaged(folder, name)


def _read(folder: Path) -> _Files:
    try:
        kept = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        makers, files = kept["makers"], kept["files"]
        if not all(len(value) == 3 for value in files.values()) or _DATABASE not in files:
            raise ValueError
    except (OSError, ValueError, AttributeError, TypeError, KeyError):
        raise _damaged(folder, FILE_NAME) from None
    if makers != _makers():
        raise DamagedFollowers(
            f"the index was made with {makers}, not {_makers()}; run: footnote doctor --repair"
        )
    return dict(files)


def _damaged(folder: Path, name: str) -> DamagedFollowers:
    return DamagedFollowers(
        f"the index is damaged ({folder.name}/{name}); run: footnote doctor --repair"
    )


def _settled(folder: Path) -> list[str]:
    """Paths of the files that stay as they are, relative to the folder."""
    paths = [path for path in (folder / lexical.FOLDER).iterdir() if path.suffix != ".lock"]
    for graph in (folder / dense.FOLDER).iterdir():
        if (graph / _GRAPH_MARK).exists():
            paths += graph.iterdir()
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def _glance(path: Path) -> tuple[int, int]:
    info = path.stat()
    return info.st_size, info.st_mtime_ns


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _is_database(path: Path) -> bool:
    """Whether a file begins as SQLite's do, and is as long as it says."""
    with path.open("rb") as file:
        head = file.read(100)
    size = int.from_bytes(head[16:18]) * int.from_bytes(head[28:32])
    return head.startswith(_SQLITE) and path.stat().st_size >= size


def _rows_digest(path: Path) -> str:
    """Digest of all rows of Chroma's database, but for those that count its calls."""
    # Opened for writing, SQLite rolls back what a killed reader left half done.
    mode = "rw" if os.access(path, os.W_OK) else "ro&immutable=1"
    digest = sha256()
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True)) as database:
        (state,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if state != "ok":
            raise ValueError(state)
        names = [row[0] for row in database.execute(_TABLES) if row[0] != _COUNTS_CALLS]
        for name in names:
            digest.update(name.encode())
            for row in database.execute(f'SELECT * FROM "{name}"'):
                digest.update(repr(row).encode())
    return digest.hexdigest()


_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
