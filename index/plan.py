"""What a sync would do: the files of a folder compared with those of the catalog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from index.catalog import FileState
from index.errors import ConfigError
from index.load import file_digest
from index.passages import Failure
from index.walk import Entry


@dataclass(frozen=True, slots=True)
class Plan:
    """A sync before it happens. `parse` holds the files that must be read: added and changed.

    `renamed` pairs the old path with the new file; `touched` has files whose bytes are as before.
    """

    parse: tuple[Entry, ...]
    added: tuple[str, ...]
    changed: tuple[str, ...]
    renamed: tuple[tuple[str, Entry], ...]
    removed: tuple[str, ...]
    touched: tuple[Entry, ...]
    unchanged: tuple[str, ...]
    refused: tuple[Failure, ...]

    @property
    def is_empty(self) -> bool:
        """Nothing to do, not even a time to record."""
        return not (self.parse or self.renamed or self.removed or self.touched or self.refused)


def make_plan(
    corpus: Path,
    entries: Sequence[Entry],
    refused: Sequence[Failure],
    known: Mapping[str, FileState],
    read_all: bool,
) -> Plan:
    """Compare files with the catalog. Only files of a new size or time, or of a new name, are read.

    With `read_all` every file is read again.
    """
    here = {entry.path for entry in entries} | {failure.path for failure in refused}
    gone = {path: state for path, state in known.items() if path not in here}
    same, suspects, fresh = [], [], []
    for entry in entries:
        state = known.get(entry.path)
        if state is None:
            fresh.append(entry)
        elif (entry.size, entry.mtime) == (state.size, state.mtime) and not read_all:
            same.append(entry.path)
        else:
            suspects.append(entry)
    touched = [entry for entry in suspects if not read_all and _same_bytes(corpus, entry, known)]
    changed = [entry for entry in suspects if entry not in touched]
    renamed = [] if read_all else _renames(corpus, fresh, gone)
    moved = {entry.path for _, entry in renamed}
    added = [entry for entry in fresh if entry.path not in moved]
    return Plan(
        parse=tuple(sorted([*added, *changed], key=lambda entry: entry.path)),
        added=tuple(entry.path for entry in added),
        changed=tuple(entry.path for entry in changed),
        renamed=tuple(renamed),
        removed=tuple(sorted(gone.keys() - {old for old, _ in renamed})),
        touched=tuple(touched),
        unchanged=tuple(same),
        refused=tuple(failure for failure in refused if _is_news(failure, known)),
    )


def _is_news(failure: Failure, known: Mapping[str, FileState]) -> bool:
    state = known.get(failure.path)
    return state is None or state.failure != failure.reason


def _same_bytes(corpus: Path, entry: Entry, known: Mapping[str, FileState]) -> bool:
    state = known[entry.path]
    return entry.size == state.size and _digest(corpus, entry) == state.digest


def _renames(
    corpus: Path, fresh: Sequence[Entry], gone: Mapping[str, FileState]
) -> list[tuple[str, Entry]]:
    """New files with the bytes and the ending of a vanished one; the first in order of path."""
    left = {path: state for path, state in sorted(gone.items()) if state.failure is None}
    renames = []
    for entry in fresh:
        candidates = [
            path
            for path, state in left.items()
            if state.size == entry.size
            and PurePosixPath(path).suffix.lower() == PurePosixPath(entry.path).suffix.lower()
        ]
        digest = _digest(corpus, entry) if candidates else ""
        for path in candidates:
            if left[path].digest == digest:
                renames.append((path, entry))
                del left[path]
                break
    return renames


def _digest(corpus: Path, entry: Entry) -> str:
    try:
        return file_digest(corpus / entry.path)
    except ConfigError:
        # It cannot be read now; the parser will say why.
        return ""
