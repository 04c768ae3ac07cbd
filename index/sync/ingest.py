"""Ingestion: files are parsed into documents and passages, and their texts embedded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from index.catalog.reader import FileState
from index.catalog.writer import CatalogWriter
from index.embedding.embedder import Embedder
from index.formats.readings import READINGS
from index.formats.registry import reader_label
from index.settings import IndexSettings
from index.sync.parse_pool import parse_files
from index.sync.parse_worker import LoadedFile
from index.sync.preconditions import passage_limit
from index.sync.walk import Entry
from index.text.splitter import Splitting, passages_of
from index.types import Content, Document, omissions

# Called with the stage ("reading", "embedding"), how much is done and how much there is.
Progress = Callable[[str, int, int], None]
# How files are read: as `parse_files` does.
ReadFiles = Callable[
    [Path, Sequence[Entry], IndexSettings, Splitting, Path], Generator[LoadedFile, None, None]
]
# A file written so shortly before it was listed may change again without a new mtime: FAT resolves
# two seconds. Its mtime is not recorded, so the next sync compares its bytes.
_MTIME_RESOLUTION_NS = 2_000_000_000
_UNKNOWN_MTIME = -1


@dataclass(frozen=True, slots=True)
class ParseSummary:
    """What parsing left out: notes with their paths, and the number of hidden characters."""

    notes: tuple[tuple[str, str], ...] = ()
    hidden: int = 0


def file_state(entry: Entry, began_ns: int, digest: str = "") -> FileState:
    """The state of a file to be recorded by a sync that began at `began_ns`."""
    mtime = entry.mtime if entry.mtime < began_ns - _MTIME_RESOLUTION_NS else _UNKNOWN_MTIME
    return FileState(entry.path, digest, entry.size, mtime, None, reader_label(entry.path))


def parse_and_stage(
    catalog: CatalogWriter,
    corpus: Path,
    entries: Sequence[Entry],
    settings: IndexSettings,
    embedder: Embedder,
    began_ns: int,
    progress: Progress | None,
    read_files: ReadFiles | None = None,
) -> ParseSummary:
    """Parse and split files, and stage them as documents with their passages, or as failures.

    `began_ns` is when the sync listed them. `read_files` is by default what this machine does.
    """
    if not entries:
        return ParseSummary()  # the model need not be loaded
    notes, hidden = list[tuple[str, str]](), 0
    # Loading the model takes seconds, in which the first files are read.
    loading = _in_background(embedder.load)
    splitting = Splitting(embedder.counter, passage_limit(settings, embedder))
    read = (read_files or parse_files)(
        corpus, entries, settings, splitting, settings.data / READINGS
    )
    if progress:
        progress("reading", 0, len(entries))  # the first file may take long
    with catalog.transaction(), closing(read) as items:
        for done, item in enumerate(items, start=1):
            entry, result = item.entry, item.result
            state = file_state(entry, began_ns, item.digest)
            if isinstance(result, Document):
                state = state.unfinished() if item.goes_on else state
                catalog.stage(state, result, passages_of(result, item.spans))
                left_out = omissions(result.hidden, result.notes)
                notes += ((entry.path, note) for note in left_out)
                hidden += result.hidden
            else:
                catalog.stage(state.failed(result.reason), None)
            if progress:
                progress("reading", done, len(entries))
            if loading.done():
                loading.result()
        loading.result()  # a model that cannot be used is an error even if no file can be read
    return ParseSummary(tuple(sorted(notes)), hidden)


def _in_background(work: Callable[[], None]) -> Future[None]:
    """The end of `work` in a daemon thread, which does not delay the end of the program."""
    future = Future[None]()

    def run() -> None:
        try:
            work()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(None)

    threading.Thread(target=run, daemon=True).start()
    return future


def embed_staged(
    catalog: CatalogWriter,
    embedder: Embedder,
    progress: Progress | None,
    nearly_done: Callable[[], None],
) -> int:
    """Embed the staged texts that have no vector yet; how many there were.

    Across all documents by length, since a batch costs what its longest text costs. `nearly_done`
    is called before the last few are embedded.
    """
    total = catalog.list_unembedded(embedder.fingerprint)
    for first in range(0, total, embedder.contents_at_once):
        if first + embedder.contents_at_once >= total:
            nearly_done()
        contents = catalog.unembedded(first, embedder.contents_at_once)
        store_vectors(
            catalog, embedder, contents, _counter(progress, first, total) if progress else None
        )
    return total


def store_vectors(
    catalog: CatalogWriter,
    embedder: Embedder,
    contents: Mapping[str, Content],
    done: Callable[[int], None] | None = None,
) -> None:
    """Embed contents, by key, and commit their vectors."""
    embedded = embedder.embed_contents(list(contents.values()), done)
    with catalog.transaction():
        catalog.put_vectors(embedder.fingerprint, list(contents), embedded)


def _counter(progress: Progress, done: int, total: int) -> Callable[[int], None]:
    def count(more: int) -> None:
        nonlocal done
        done += more
        progress("embedding", done, total)

    return count
