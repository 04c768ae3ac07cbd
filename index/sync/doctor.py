"""Health checks of an index, and its repair from the catalog."""

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
from index.engines.generations import (
    CURRENT,
    FOLDER,
    Generations,
    opening_lock,
    pin,
    publish,
)
from index.engines.integrity import verify
from index.engines.probe import Prober
from index.errors import DamagedGeneration, IndexMismatch, StoreError
from index.runtime import Clock
from index.settings import IndexSettings
from index.sync.ingest import store_vectors
from index.types import Failure

_CHUNK = 512


@dataclass(frozen=True, slots=True)
class IndexHealth:
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


def examine(settings: IndexSettings) -> IndexHealth:
    """Look at all of an index; nothing is changed. Raises EmptyIndex, IndexMismatch or StoreError
    where the catalog itself cannot be used.
    """
    with closing(Catalog.read(settings.data)) as catalog:
        catalog.check()
        documents = catalog.documents()
        model = catalog.meta("model") or ""
        return IndexHealth(
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
            problems=tuple(_problems(settings, catalog, model)),
        )


def _bytes_in(folder: Path) -> int:
    sizes = 0
    for path in folder.rglob("*"):
        try:
            sizes += path.lstat().st_size
        except OSError:  # another process removed it meanwhile
            continue
    return sizes


def _problems(settings: IndexSettings, catalog: Catalog, model: str) -> Iterator[str]:
    generations = Generations.of(settings)
    if missing := catalog.keys_without_vector(model):
        yield f"{len(missing)} texts have no vector, or one of another length"
    if orphans := catalog.counts().orphan_vectors:
        yield f"{orphans} vectors belong to no passage"
    if problem := _damage(generations, catalog) or _difference(generations, catalog):
        yield problem
    if leftovers := _leftovers(settings.data, catalog):
        yield f"{len(leftovers)} leftovers of stopped syncs, or files that readers still hold"


def _damage(generations: Generations, catalog: Catalog) -> str | None:
    """Whether files of the current generation are missing or not what was written."""
    folder = generations.current(catalog)
    if folder is None:
        return f"the files of generation {catalog.generation} are missing"
    try:
        with pin(folder), opening_lock(folder):
            verify(folder, generations.engines)
    except DamagedGeneration as error:
        return str(error).partition(";")[0]
    except StoreError:  # removed meanwhile, so there is a newer one
        return None
    return None


def _difference(generations: Generations, catalog: Catalog) -> str | None:
    """Whether stores with whole files cannot be opened, or hold other keys than the catalog."""
    folder, engines = generations.current(catalog), generations.engines
    if folder is None:
        return None
    keys = set(catalog.keys())
    try:
        with pin(folder), opening_lock(folder):
            with closing(engines.vectors.open(folder)) as vectors:
                found = vectors.keys()
            with closing(engines.texts.open(folder)) as texts:
                count = texts.count()
    except Exception as error:
        # Stores raise errors of many kinds.
        return f"generation {catalog.generation} cannot be opened ({type(error).__name__})"
    if found != keys:
        lacking, unknown = len(keys - found), len(found - keys)
        return f"{engines.vectors.NAME} lacks {lacking} keys and has {unknown} unknown ones"
    if count != len(keys):
        return f"{engines.texts.NAME} has {count} texts instead of {len(keys)}"
    return None


def _leftovers(data: Path, catalog: Catalog) -> list[Path]:
    name = catalog.meta(CURRENT)
    found = [path for path in (data / FOLDER).glob("*") if path.name != name]
    return [*found, *data.glob(f"{STAGING}*")]


def rebuild_if_damaged(settings: IndexSettings) -> str | None:
    """Build a damaged generation anew from the catalog, without embedding; what was wrong, or None.

    A server does this before it starts: damage is found by reading each file, at about a gigabyte
    a second. Raises StoreError if it cannot be repaired, or if a sync is running.
    """
    generations = Generations.of(settings)
    with closing(Catalog.read(settings.data)) as catalog:
        problem = _damage(generations, catalog)
    if problem:
        with _repairing(settings) as writer:
            # A sync may have made another one meanwhile.
            if _damage(generations, writer):
                _rebuild_generation(generations, writer)
    return problem


def repair(settings: IndexSettings, embedder: Embedder) -> tuple[str, ...]:
    """Repair what the catalog has the data for; what was wrong, each a sentence, none if nothing.

    Texts without a vector are embedded. Raises IndexMismatch for another model; StoreError if a
    sync is running, the catalog is damaged, or something is still wrong.
    """
    before = examine(settings)
    if not before.problems:
        return ()
    generations = Generations.of(settings)
    with _repairing(settings) as catalog:
        _embed_missing(catalog, before.model, embedder)
        with catalog.transaction():
            catalog.drop_orphan_vectors(before.model)
        if _damage(generations, catalog) or _difference(generations, catalog):
            _rebuild_generation(generations, catalog)
    left = examine(settings).problems
    if left:
        raise StoreError(f"the index still has this: {left[0]}; stop its readers and run it again")
    return before.problems


@contextmanager
def _repairing(settings: IndexSettings) -> Iterator[CatalogWriter]:
    """The catalog, to be changed; leftovers are removed at the end."""
    with writer_lock(settings.data), closing(CatalogWriter.create(settings.data)) as catalog:
        yield catalog
        remove_staging(settings.data)
        generations = Generations.of(settings)
        folder = generations.current(catalog)
        if folder:
            generations.prune(keep=folder)
        catalog.truncate_wal()


def _rebuild_generation(generations: Generations, catalog: CatalogWriter) -> None:
    model = catalog.meta("model") or ""
    with catalog.transaction(), Prober(generations.engines) as prober:
        publish(catalog, generations.prepare(catalog, model, None, NO_CHANGE, Clock(), prober))


def _embed_missing(catalog: CatalogWriter, model: str, embedder: Embedder) -> None:
    missing = catalog.keys_without_vector(model)
    if missing and embedder.fingerprint != model:
        raise IndexMismatch(
            f"the index was built with {model}, the settings ask for {embedder.fingerprint}; "
            f"run: footnote index {catalog.meta('corpus')} --rebuild"
        )
    for first in range(0, len(missing), _CHUNK):
        contents = catalog.contents(missing[first : first + _CHUNK])
        store_vectors(catalog, embedder, contents)
