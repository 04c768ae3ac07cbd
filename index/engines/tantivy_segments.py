"""Segments of a Tantivy index: files that never change, each with the words of some texts.

Tantivy only marks what is deleted, goes on counting it, and offers no way to ask for a merge. So
an index is put together of segments that are made in indexes of their own: each is bounded, what
leaves is left out of new segments in place of those that held it, and all others stay as they are.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import tantivy

from index.engines.base import TextsOf
from index.engines.integrity import clone_or_copy

META, _MANAGED = "meta.json", ".managed.json"
# Files that Tantivy replaces; those of segments are only made and removed.
_REPLACED = frozenset({META, _MANAGED})
# More in one cost more when one of them leaves, 75 us each; fewer cost time in each search.
SEGMENT_TEXTS = 20_000
# So many that fit into one are put together.
_FEW = 8
_HEAP_BYTES = 128_000_000
_ATTEMPTS, _PAUSE_SECONDS = 50, 0.1


class Segments:
    """The segments of an index that nobody has open; `document` makes Tantivy's of a text."""

    def __init__(
        self, folder: Path, document: Callable[[str, str], tantivy.Document], most: int
    ) -> None:
        self._folder = folder
        self._document = document
        self._most = most
        self._meta: dict[str, Any] = json.loads((folder / META).read_text(encoding="utf-8"))

    def add(self, texts: Iterable[tuple[str, str]]) -> None:
        """Add texts, whose keys are not there, in segments of their own."""
        left = iter(texts)
        while chunk := list(islice(left, self._most)):
            with self._scratch([]) as scratch:
                writer = tantivy.Index.open(str(scratch)).writer(_HEAP_BYTES, num_threads=1)
                for key, text in chunk:
                    writer.add_document(self._document(key, text))
                writer.commit()
                writer.wait_merging_threads()
                self._take(scratch)

    def remove(self, keys: Sequence[str], texts_of: TextsOf) -> None:
        """Make the segments that hold one of these keys anew, without them."""
        gone, kept = set(keys), list[str]()
        for segment in list(self._segments):
            with self._scratch([segment]) as scratch:
                searcher = tantivy.Index.open(str(scratch)).searcher()
                if any(searcher.doc_freq("key", key) for key in keys):
                    kept += (key for key in keys_of(searcher) if key not in gone)
                    self._drop(segment)
        self.add(texts_of(kept))
        self._write()

    def put_together(self, texts_of: TextsOf) -> None:
        """Make one of the smallest segments, where several fit into one."""
        room, few = self._most, list[dict[str, Any]]()
        for segment in sorted(self._segments, key=lambda segment: int(segment["max_doc"])):
            room -= int(segment["max_doc"])
            if room < 0:
                break
            few.append(segment)
        if len(few) < _FEW:
            return
        with self._scratch(few) as scratch:
            keys = list(keys_of(tantivy.Index.open(str(scratch)).searcher()))
        for segment in few:
            self._drop(segment)
        self.add(texts_of(keys))
        self._write()

    @property
    def _segments(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._meta["segments"]
        return found

    @contextmanager
    def _scratch(self, segments: Sequence[dict[str, Any]]) -> Iterator[Path]:
        """An index of some of the segments, for a moment."""
        scratch = Path(mkdtemp(prefix=".segments-", dir=self._folder.parent))
        try:
            for segment in segments:
                for path in self._files(segment):
                    link_or_copy(str(path), str(scratch / path.name))
            meta = json.dumps({**self._meta, "segments": list(segments)})
            (scratch / META).write_text(meta, encoding="utf-8")
            yield scratch
        finally:
            _remove(scratch)

    def _take(self, scratch: Path) -> None:
        """Move the segments of another index here."""
        made = json.loads((scratch / META).read_text(encoding="utf-8"))
        for path in _segment_files(scratch):
            path.rename(self._folder / path.name)
        self._meta["segments"] += made["segments"]
        self._meta["opstamp"] = max(self._meta["opstamp"], made["opstamp"])
        self._write()

    def _drop(self, segment: dict[str, Any]) -> None:
        for path in self._files(segment):
            path.unlink()
        self._segments.remove(segment)

    def _files(self, segment: dict[str, Any]) -> list[Path]:
        return list(self._folder.glob(f"{str(segment['segment_id']).replace('-', '')}.*"))

    def _write(self) -> None:
        managed = sorted([META, *(path.name for path in _segment_files(self._folder))])
        for name, content in ((META, self._meta), (_MANAGED, managed)):
            new = self._folder / f"{name}.new"
            new.write_text(json.dumps(content), encoding="utf-8")
            new.replace(self._folder / name)


def _remove(folder: Path) -> None:
    """Remove a folder in which a thread of Tantivy's may still be writing its list of files."""
    for _ in range(_ATTEMPTS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(_PAUSE_SECONDS)


def link_or_copy(source: str, target: str) -> None:
    """A copy of a file of an index; those that never change are the same file."""
    path = Path(source)
    if path.name in _REPLACED or path.suffix == ".lock":
        clone_or_copy(source, target)
    else:
        try:
            os.link(source, target)
        except OSError:  # a file system without links
            clone_or_copy(source, target)


def _segment_files(folder: Path) -> list[Path]:
    files = (path for path in folder.iterdir() if path.name not in _REPLACED)
    return [path for path in files if path.suffix not in {".lock", ".new"}]


def key_at(searcher: tantivy.Searcher, address: tantivy.DocAddress) -> str:
    """The key of a text."""
    return str(searcher.doc(address)["key"][0])


def keys_of(searcher: tantivy.Searcher) -> Iterator[str]:
    """All keys of an index."""
    found = searcher.search(tantivy.Query.all_query(), limit=max(1, searcher.num_docs)).hits
    return (key_at(searcher, address) for _, address in found)
