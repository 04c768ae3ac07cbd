"""What a sync takes in: files read into documents and passages, and vectors for their texts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from index.catalog.reader import FileState
from index.catalog.writer import CatalogWriter
from index.embedding.embedder import Embedder
from index.formats.registry import reader_label
from index.settings import IndexSettings
from index.sync.parse_pool import load
from index.sync.preconditions import passage_limit
from index.sync.walk import Entry
from index.text.splitter import split
from index.types import Content, Document

# Told the stage ("reading", "embedding"), how much is done and how much there is.
Progress = Callable[[str, int, int], None]
# Vectors are stored after each this many, so that a killed sync has lost at most these.
_CHUNK = 512
# A file written so shortly before it was looked at may change again without a new time: FAT tells
# times to two seconds. Its time is not recorded, so the next sync compares its bytes.
_TELLING_NS = 2_000_000_000
_UNTOLD = -1


@dataclass(frozen=True, slots=True)
class Intake:
    """What was left out of the files that were read: notes with their paths, hidden characters."""

    notes: tuple[tuple[str, str], ...] = ()
    hidden: int = 0


def state_of(entry: Entry, began_ns: int, digest: str = "") -> FileState:
    """What the catalog is to remember of a file that a sync begun then has looked at."""
    mtime = entry.mtime if entry.mtime < began_ns - _TELLING_NS else _UNTOLD
    return FileState(entry.path, digest, entry.size, mtime, None, reader_label(entry.path))


def read(
    catalog: CatalogWriter,
    corpus: Path,
    entries: Sequence[Entry],
    settings: IndexSettings,
    embedder: Embedder,
    began_ns: int,
    progress: Progress | None,
) -> Intake:
    """Read files onto the catalog's scratch pad as documents with their passages, or failures.

    `began_ns` is when the sync looked at them.
    """
    if not entries:
        return Intake()  # the model need not be loaded
    notes, hidden = list[tuple[str, str]](), 0
    # Loading the model takes seconds, in which the first files are read.
    limit = _meanwhile(partial(passage_limit, settings, embedder))
    with catalog.transaction(), closing(load(corpus, entries, settings)) as items:
        for done, item in enumerate(items, start=1):
            entry, result = item.entry, item.result
            state = state_of(entry, began_ns, item.digest)
            if isinstance(result, Document):
                catalog.stage(state, result, split(result, embedder.count_tokens, limit.result()))
                notes += ((entry.path, note) for note in result.notes)
                hidden += result.hidden
            else:
                catalog.stage(state.failed(result.reason), None)
            if progress:
                progress("reading", done, len(entries))
        limit.result()  # a model that cannot be used is told even if no file can be read
    return Intake(tuple(sorted(notes)), hidden)


def _meanwhile(work: Callable[[], int]) -> Future[int]:
    """What work gives, in a thread that a program which is stopped does not wait for."""
    future = Future[int]()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def embed(catalog: CatalogWriter, embedder: Embedder, progress: Progress | None) -> int:
    """Embed the texts on the scratch pad that have no vector yet; how many there were.

    Across all documents by length, since a batch costs what its longest text costs.
    """
    total = catalog.list_missing(embedder.fingerprint)
    for first in range(0, total, _CHUNK):
        contents = catalog.missing(first, _CHUNK)
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
    """Embed contents, by key, and store their vectors at once."""
    embedded = embedder.embed_contents(list(contents.values()), done)
    with catalog.transaction():
        catalog.put_vectors(embedder.fingerprint, list(contents), embedded)


def _counter(progress: Progress, done: int, total: int) -> Callable[[int], None]:
    def count(more: int) -> None:
        nonlocal done
        done += more
        progress("embedding", done, total)

    return count
