"""The plan of a sync: the files of a folder compared with those of the catalog."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from index.catalog.reader import FileState
from index.errors import ConfigError
from index.formats.registry import reader_label
from index.settings import IndexSettings
from index.sync.parse_pool import is_too_large, timeout_reason, too_large_reason
from index.sync.parse_worker import CRASHED, OUT_OF_MEMORY, file_digest
from index.sync.walk import Entry
from index.types import Failure


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What a sync will do. `parse` holds the files that must be parsed: added and changed.

    `renamed` pairs the old path with the new file. `touched` has files with a new mtime and the
    same bytes. `refused` has new reasons of files that are never opened.
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
        """Whether there is nothing to do but to record times."""
        return not (self.parse or self.renamed or self.removed or self.refused)


def plan_sync(
    corpus: Path,
    entries: Sequence[Entry],
    refused: Sequence[Failure],
    known: Mapping[str, FileState],
    settings: IndexSettings,
    read_all: bool,
) -> SyncPlan:
    """Compare files with the catalog. Only files of a new size or time, or of a new name, are read,
    those whose reader is new or newer, and those that failed for a reason which is gone.

    With `read_all` every file is read again.
    """
    here = {entry.path for entry in entries} | {failure.path for failure in refused}
    gone = {path: state for path, state in known.items() if path not in here}
    same, touched, changed, fresh = list[str](), list[Entry](), list[Entry](), list[Entry]()
    for entry in entries:
        state = known.get(entry.path)
        if state is None:
            fresh.append(entry)
        elif read_all or has_new_reader(state) or _should_retry(corpus, entry, state, settings):
            changed.append(entry)
        elif (entry.size, entry.mtime) == (state.size, state.mtime):
            same.append(entry.path)
        elif entry.size == state.size and _digest(corpus, entry) == state.digest:
            touched.append(entry)
        else:
            changed.append(entry)
    renamed = [] if read_all else _renames(corpus, fresh, gone)
    moved = {entry.path for _, entry in renamed}
    added = [entry for entry in fresh if entry.path not in moved]
    return SyncPlan(
        parse=tuple(sorted([*added, *changed], key=lambda entry: entry.path)),
        added=tuple(entry.path for entry in added),
        changed=tuple(entry.path for entry in changed),
        renamed=tuple(renamed),
        removed=tuple(sorted(gone.keys() - {old for old, _ in renamed})),
        touched=tuple(touched),
        unchanged=tuple(same),
        refused=tuple(failure for failure in refused if _is_new_failure(failure, known)),
    )


def has_new_reader(state: FileState) -> bool:
    """Whether a file would be parsed by another reader, or another version of it, than it was; also
    one of which there is more to read.
    """
    return state.reader != reader_label(state.path)


def _is_new_failure(failure: Failure, known: Mapping[str, FileState]) -> bool:
    state = known.get(failure.path)
    return state is None or state.failure != failure.reason


def _should_retry(corpus: Path, entry: Entry, state: FileState, settings: IndexSettings) -> bool:
    """Whether a file that could not be parsed failed for a reason that is gone."""
    if state.failure is None or state.digest:
        return False
    if is_too_large(entry, settings):
        return state.failure != too_large_reason(entry, settings)
    if state.failure in {timeout_reason(settings), CRASHED, OUT_OF_MEMORY}:
        return False
    return _is_readable(corpus, entry)


def _is_readable(corpus: Path, entry: Entry) -> bool:
    return os.access(corpus / entry.path, os.R_OK)


def _renames(
    corpus: Path, fresh: Sequence[Entry], gone: Mapping[str, FileState]
) -> list[tuple[str, Entry]]:
    """New files with the bytes, the ending and the reader of a vanished one; the first in order of
    path.
    """
    left: dict[tuple[int, str, str], list[FileState]] = {}
    for path, state in sorted(gone.items()):
        if state.failure is None:
            left.setdefault((state.size, _suffix(path), state.reader), []).append(state)
    renames = []
    for entry in fresh:
        identity = (entry.size, _suffix(entry.path), reader_label(entry.path))
        candidates = left.get(identity, [])
        digest = _digest(corpus, entry) if candidates else ""
        match = next((state for state in candidates if state.digest == digest), None)
        if match:
            candidates.remove(match)
            renames.append((match.path, entry))
    return renames


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def _digest(corpus: Path, entry: Entry) -> str:
    try:
        return file_digest(corpus / entry.path)
    except ConfigError:
        # It cannot be read now; the parser will say why.
        return ""
