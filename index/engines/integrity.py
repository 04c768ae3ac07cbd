"""The manifest of a generation: what its files were when it was made, so that damage is noticed
before they are opened.

Search engines trust their files: random bytes in Chroma's graph end the process, and a shorter
`length.bin` goes unnoticed.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from hashlib import file_digest
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from index.engines.base import FileRecord, FileRecords, SearchEngines, Store
from index.errors import DamagedGeneration

MANIFEST = "manifest.json"


def write_manifest(generation: Path, engines: SearchEngines) -> None:
    """Record the files of each store, and the versions that made them."""
    files = {store.NAME: store.records(generation) for store in engines.stores()}
    manifest = json.dumps({"version": engines.version, "files": files}, indent=1)
    (generation / MANIFEST).write_text(manifest, encoding="utf-8")


def verify(generation: Path, engines: SearchEngines) -> None:
    """Read every file, at about a gigabyte a second. Raises DamagedGeneration."""
    for store, records in _read_manifest(generation, engines):
        if damaged := store.damaged_file(generation, records, quick=False):
            raise _damage(generation, damaged)


def verify_quick(generation: Path, engines: SearchEngines) -> None:
    """Compare sizes and times, and read the files only where these differ: a copied file is whole.

    Raises DamagedGeneration.
    """
    stores = _read_manifest(generation, engines)
    if any(store.damaged_file(generation, records, quick=True) for store, records in stores):
        verify(generation, engines)


def _read_manifest(
    generation: Path, engines: SearchEngines
) -> list[tuple[type[Store], FileRecords]]:
    try:
        manifest = json.loads((generation / MANIFEST).read_text(encoding="utf-8"))
        made_by, files = str(manifest["version"]), manifest["files"]
        found = [(store, _records(files.get(store.NAME))) for store in engines.stores()]
    except (OSError, ValueError, AttributeError, TypeError, KeyError):
        raise _damage(generation, MANIFEST) from None
    if made_by != engines.version:
        raise DamagedGeneration(
            f"the index was made with {made_by}, not {engines.version}; "
            "run: footnote doctor --repair"
        )
    return found


def _records(section: dict[str, list[int | str]] | None) -> FileRecords:
    """A store's part of a manifest. Raises AttributeError, TypeError or ValueError."""
    if section is None:
        return {}
    return {
        name: FileRecord(int(size), int(mtime), str(digest))
        for name, (size, mtime, digest) in section.items()
    }


def _damage(generation: Path, name: str) -> DamagedGeneration:
    return DamagedGeneration(
        f"the index is damaged ({generation.name}/{name}); run: footnote doctor --repair"
    )


# --- for stores that keep files


def versions_of(*libraries: str) -> str:
    """Names and installed versions of libraries."""
    return ", ".join(f"{name} {version(name)}" for name in libraries)


def record_files(generation: Path, paths: Iterable[Path]) -> dict[str, FileRecord]:
    """Records of files by their path relative to the generation's folder, in order of path."""
    return {
        path.relative_to(generation).as_posix(): FileRecord(*_stat(path), _digest(path))
        for path in sorted(paths)
    }


def is_as_recorded(path: Path, record: FileRecord, quick: bool) -> bool:
    """Whether a file has the recorded digest, or with `quick` the recorded size and mtime.

    Raises OSError.
    """
    if quick:
        return _stat(path) == (record.size, record.mtime)
    return _digest(path) == record.digest


def first_damaged(
    generation: Path,
    records: FileRecords,
    quick: bool,
    is_whole: Callable[[Path, FileRecord, bool], bool] = is_as_recorded,
) -> str | None:
    """The first file that is not as it was recorded; one that cannot be read counts as damaged."""
    for name, record in records.items():
        try:
            if not is_whole(generation / name, record, quick):
                return name
        except (OSError, ValueError):
            return name
    return None


def _stat(path: Path) -> tuple[int, int]:
    info = path.stat()
    return info.st_size, info.st_mtime_ns


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def clone_or_copy(source: str, target: str) -> None:
    """A copy of a file; where the file system can (Btrfs, XFS), both share what neither changes."""
    with Path(source).open("rb") as one, Path(target).open("wb") as other:
        try:
            while os.copy_file_range(one.fileno(), other.fileno(), 1 << 30):
                pass
        except (OSError, AttributeError):  # another system, or across two of them
            one.seek(0)
            other.seek(0)
            shutil.copyfileobj(one, other, 1 << 20)


def writable(folder: Path, opened: ExitStack) -> Path:
    """The folder, or where it cannot be written, a copy for as long as it is open: Chroma writes to
    a store that it reads, and Tantivy locks it.
    """
    if os.access(folder, os.W_OK):
        return folder
    copy = Path(opened.enter_context(TemporaryDirectory(prefix="footnote-"))) / folder.name
    # Not with its modes, which forbid writing.
    shutil.copytree(folder, copy, copy_function=shutil.copyfile)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o700)
    return copy
