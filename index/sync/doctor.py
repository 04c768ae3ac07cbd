"""Is an index sound, and if not, what can be mended from its catalog?"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from index.catalog.database import STAGING, remove_staging
from index.catalog.reader import Catalog, Counts
from index.catalog.writer import NO_CHANGE, CatalogWriter, writer_lock
from index.embedding.embedder import Embedder
from index.engines import chroma_store as dense
from index.engines import generations
from index.engines import tantivy_store as lexical
from index.engines.chroma_store import ChromaStore
from index.engines.integrity import verify
from index.engines.tantivy_store import TantivyStore
from index.errors import DamagedFollowers, IndexMismatch, StoreError
from index.runtime import Clock
from index.settings import IndexSettings
from index.sync.ingest import store_vectors
from index.types import Failure

_CHUNK = 512


@dataclass(frozen=True, slots=True)
class Health:
    """What an index holds and what is wrong with it: each problem is a sentence.

    `bytes_used` and `bytes_free` are those of the data folder and of its disk; `hidden` counts
    characters that were left out of documents since no reader sees them.
    """

    data: Path
    corpus: str
    generation: int
    schema: str
    model: str
    splitter: str
    dimension: int
    counts: Counts
    hidden: int
    failures: tuple[Failure, ...]
    notes: tuple[tuple[str, str], ...]
    bytes_used: int
    bytes_free: int
    problems: tuple[str, ...]


def examine(settings: IndexSettings) -> Health:
    """Look at all of an index; nothing is changed. Raises EmptyIndex, IndexMismatch or StoreError
    where the catalog itself cannot be used.
    """
    with closing(Catalog.read(settings.data)) as catalog:
        catalog.check()
        documents = catalog.documents()
        model = catalog.meta("model") or ""
        return Health(
            data=settings.data,
            corpus=catalog.meta("corpus") or "",
            generation=catalog.generation,
            schema=catalog.meta("schema") or "",
            model=model,
            splitter=catalog.meta("splitter") or "",
            dimension=catalog.dimension(model),
            counts=catalog.counts(),
            hidden=sum(info.hidden for info in documents),
            failures=tuple(catalog.failures()),
            notes=tuple((info.path, note) for info in documents for note in info.notes),
            bytes_used=_bytes_in(settings.data),
            bytes_free=shutil.disk_usage(settings.data).free,
            problems=tuple(_problems(settings.data, catalog, model)),
        )


def _bytes_in(folder: Path) -> int:
    sizes = 0
    for path in folder.rglob("*"):
        try:
            sizes += path.lstat().st_size
        except OSError:  # another process removed it meanwhile
            continue
    return sizes


def _problems(data: Path, catalog: Catalog, model: str) -> Iterator[str]:
    if missing := catalog.missing_vectors(model):
        yield f"{len(missing)} texts have no vector, or one of another length"
    if orphans := catalog.counts().orphan_vectors:
        yield f"{orphans} vectors belong to no passage"
    if problem := _damage(data, catalog) or _difference(data, catalog):
        yield problem
    if leftovers := _leftovers(data, catalog):
        yield f"{len(leftovers)} leftovers of stopped syncs, or files that readers still hold"


def _damage(data: Path, catalog: Catalog) -> str | None:
    """Whether the followers' files are not what they were when they were made."""
    folder = generations.folder_of(data, catalog)
    if folder is None:
        return f"the files of generation {catalog.generation} are missing"
    try:
        with generations.hold(folder), generations.opening(folder):
            verify(folder)
    except DamagedFollowers as error:
        return str(error).partition(";")[0]
    except StoreError:  # swept meanwhile, so there is a newer one
        return None
    return None


def _difference(data: Path, catalog: Catalog) -> str | None:
    """Whether whole followers cannot be opened, or hold other keys than the catalog."""
    folder = generations.folder_of(data, catalog)
    if folder is None:
        return None
    keys = set(catalog.keys())
    try:
        with generations.hold(folder), generations.opening(folder):
            with closing(ChromaStore(folder / dense.FOLDER)) as vectors:
                found = vectors.keys()
            words = TantivyStore(folder / lexical.FOLDER).count()
    except Exception as error:
        # Chroma and Tantivy raise errors of many kinds.
        return f"generation {catalog.generation} cannot be opened ({type(error).__name__})"
    if found != keys:
        return f"Chroma lacks {len(keys - found)} keys and has {len(found - keys)} unknown ones"
    return None if words == len(keys) else f"Tantivy has {words} texts instead of {len(keys)}"


def _leftovers(data: Path, catalog: Catalog) -> list[Path]:
    name = catalog.meta(generations.META)
    found = [path for path in (data / generations.FOLDER).glob("*") if path.name != name]
    return [*found, *data.glob(f"{STAGING}*")]


def heal(settings: IndexSettings) -> str | None:
    """Make damaged followers anew from the catalog, without embedding; what was wrong, or None.

    What a server does before it starts: damage is found by reading each file, at about a gigabyte
    a second. Raises StoreError if it cannot be mended, or if a sync is running.
    """
    with closing(Catalog.read(settings.data)) as catalog:
        problem = _damage(settings.data, catalog)
    if problem:
        with _mending(settings) as writer:
            # A sync may have made others meanwhile.
            if _damage(settings.data, writer):
                _make_followers(settings.data, writer)
    return problem


def repair(settings: IndexSettings, embedder: Embedder) -> tuple[str, ...]:
    """Mend what the catalog can tell; what was wrong, each a sentence, none if nothing was.

    Texts without a vector are embedded. Raises IndexMismatch for another model; StoreError if a
    sync is running, the catalog is damaged, or something is still wrong.
    """
    before = examine(settings)
    if not before.problems:
        return ()
    with _mending(settings) as catalog:
        _embed_missing(catalog, before.model, embedder)
        with catalog.transaction():
            catalog.drop_orphan_vectors(before.model)
        if _damage(settings.data, catalog) or _difference(settings.data, catalog):
            _make_followers(settings.data, catalog)
    left = examine(settings).problems
    if left:
        raise StoreError(f"the index still has this: {left[0]}; stop its readers and run it again")
    return before.problems


@contextmanager
def _mending(settings: IndexSettings) -> Iterator[CatalogWriter]:
    """The catalog, to be changed; leftovers are removed at the end."""
    with writer_lock(settings.data), closing(CatalogWriter.create(settings.data)) as catalog:
        yield catalog
        remove_staging(settings.data)
        folder = generations.folder_of(settings.data, catalog)
        if folder:
            generations.sweep(settings.data, keep=folder)
        catalog.empty_log()


def _make_followers(data: Path, catalog: CatalogWriter) -> None:
    with catalog.transaction():
        made = generations.prepare(
            data, catalog, catalog.meta("model") or "", None, NO_CHANGE, Clock()
        )
        generations.adopt(catalog, made)


def _embed_missing(catalog: CatalogWriter, model: str, embedder: Embedder) -> None:
    missing = catalog.missing_vectors(model)
    if missing and embedder.fingerprint != model:
        raise IndexMismatch(
            f"the index was built with {model}, the settings ask for {embedder.fingerprint}; "
            f"run: footnote index {catalog.meta('corpus')} --rebuild"
        )
    for first in range(0, len(missing), _CHUNK):
        contents = catalog.contents(missing[first : first + _CHUNK])
        store_vectors(catalog, embedder, contents)
