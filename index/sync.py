"""Bring the index into line with a folder: plan, read, embed, then commit all of it or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from index import generations
from index.catalog import Catalog, FileState
from index.catalog_writer import CatalogWriter
from index.checks import Request, build_facts, check_losses, must_read_all, passage_limit
from index.embed import Embedder
from index.errors import EmptyIndex
from index.generations import Change
from index.load import Loaded, load
from index.lock import writer_lock
from index.passages import Document, Failure, Passage
from index.plan import Plan, make_plan
from index.settings import IndexSettings
from index.split import split
from index.walk import Entry, walk

# Told the stage ("reading", "embedding"), how much is done and how much there is.
Progress = Callable[[str, int, int], None]
# Vectors are stored after each this many, so that a killed sync has lost at most these.
_EMBED_CHUNK = 512


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did. `failed` lists every file of the folder that is not indexed."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    removed: tuple[str, ...]
    unchanged: int
    failed: tuple[Failure, ...]
    passages: int
    embedded: int
    seconds: float
    generation: int


@dataclass(frozen=True, slots=True)
class _Task:
    """A sync with what it found: the folder's files, and those that are not read."""

    settings: IndexSettings
    request: Request
    embedder: Embedder
    entries: tuple[Entry, ...]
    refused: tuple[Failure, ...]
    progress: Progress | None


@dataclass(frozen=True, slots=True)
class _Work:
    """What reading the planned files gave."""

    loaded: tuple[Loaded, ...] = ()
    passages: dict[str, list[Passage]] = field(default_factory=dict)
    embedded: int = 0


def sync(
    settings: IndexSettings,
    corpus: Path,
    *,
    force: bool = False,
    dry_run: bool = False,
    rebuild: bool = False,
    progress: Progress | None = None,
) -> SyncReport:
    """Index a folder into `settings.data`; an unchanged folder costs a look at each file.

    `dry_run` plans only. `rebuild` reads every file again and makes the followers anew; vectors
    of texts that are as before are kept. `force` allows another folder, or the loss of more than
    half of the documents. Raises ConfigError, IndexMismatch or StoreError; then nothing changed.
    """
    started = time.perf_counter()
    entries, refused = walk(corpus, leave_out=settings.data)
    task = _Task(
        settings,
        Request(corpus, force, rebuild),
        Embedder(settings.embedding_model),
        tuple(entries),
        tuple(refused),
        progress,
    )
    if dry_run:
        return _preview(task, started)
    with writer_lock(settings.data), closing(CatalogWriter.create(settings.data)) as catalog:
        plan, read_all = _plan(task, catalog)
        work = _do(task, catalog, plan, read_all)
        return _report(task, catalog, plan, work, started)


def _preview(task: _Task, started: float) -> SyncReport:
    """What a sync would do; nothing is written, and no other sync is waited for."""
    try:
        catalog = Catalog.read(task.settings.data)
    except EmptyIndex:
        return _report(task, None, _plan(task, None)[0], _Work(), started)
    with closing(catalog):
        return _report(task, catalog, _plan(task, catalog)[0], _Work(), started)


def _plan(task: _Task, catalog: Catalog | None) -> tuple[Plan, bool]:
    """The plan, and whether every file is read again. Raises ConfigError or IndexMismatch."""
    corpus = task.request.corpus
    wanted = build_facts(task.settings, task.embedder, corpus)
    built = {name: catalog.meta(name) if catalog else None for name in wanted}
    read_all = must_read_all(built, wanted, task.request)
    known = catalog.files() if catalog else {}
    plan = make_plan(corpus, task.entries, task.refused, known, task.settings, read_all)
    check_losses(plan, known, task.request)
    return plan, read_all


def _do(task: _Task, catalog: CatalogWriter, plan: Plan, read_all: bool) -> _Work:
    current = None if read_all else generations.folder_of(task.settings.data, catalog)
    work = _Work()
    if current and plan.is_empty:
        with catalog.transaction():
            _touch(catalog, plan)
    else:
        work = _read(task, plan)
        work = replace(work, embedded=_embed(task, catalog, work))
        current = _commit(task, catalog, plan, work, current)
    catalog.empty_log()
    generations.sweep(task.settings.data, keep=current)
    return work


def _commit(
    task: _Task, catalog: CatalogWriter, plan: Plan, work: _Work, source: Path | None
) -> Path:
    """Change the catalog and make its followers, from those in a folder or anew; their folder."""
    model = task.embedder.fingerprint
    with catalog.transaction():
        before = catalog.keys()
        _apply(catalog, plan, work)
        after = catalog.keys()
        catalog.drop_orphan_vectors(model)
        change = Change(sorted(before - after), sorted(after - before))
        made = generations.prepare(task.settings.data, catalog, model, source, change)
        facts = build_facts(task.settings, task.embedder, task.request.corpus)
        for name, value in facts.items():
            catalog.set_meta(name, value)
        catalog.set_meta(generations.META, made.name)
        catalog.set_meta("generation", str(catalog.generation + 1))
    return made


def _read(task: _Task, plan: Plan) -> _Work:
    if not plan.parse:
        return _Work()  # the model need not be loaded
    limit = passage_limit(task.settings, task.embedder)
    loaded, passages = list[Loaded](), dict[str, list[Passage]]()
    with closing(load(task.request.corpus, plan.parse, task.settings)) as items:
        for item in items:
            loaded.append(item)
            if isinstance(item.result, Document):
                found = split(item.result, task.embedder.count_tokens, limit)
                passages[item.entry.path] = found
            if task.progress:
                task.progress("reading", len(loaded), len(plan.parse))
    return _Work(tuple(loaded), passages)


def _embed(task: _Task, catalog: CatalogWriter, work: _Work) -> int:
    """Embed the texts that have no vector yet; how many there were."""
    model = task.embedder.fingerprint
    texts = {p.key: p.embedding_text for group in work.passages.values() for p in group}
    missing = catalog.missing_vectors(model, texts)
    # Across all documents by length, since a batch costs what its longest text costs.
    missing.sort(key=lambda key: (len(texts[key]), key))
    for first, chunk in _chunks(missing):
        vectors = task.embedder.embed_passages(
            [texts[key] for key in chunk], _counter(task.progress, first, len(missing))
        )
        with catalog.transaction():
            catalog.put_vectors(model, chunk, vectors)
    return len(missing)


def _chunks(keys: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    for first in range(0, len(keys), _EMBED_CHUNK):
        yield first, keys[first : first + _EMBED_CHUNK]


def _counter(progress: Progress | None, first: int, total: int) -> Callable[[int], None] | None:
    if progress is None:
        return None
    done = first

    def count(more: int) -> None:
        nonlocal done
        done += more
        progress("embedding", done, total)

    return count


def _touch(catalog: CatalogWriter, plan: Plan) -> None:
    for entry in plan.touched:
        catalog.touch(FileState(entry.path, "", entry.size, entry.mtime, None))


def _apply(catalog: CatalogWriter, plan: Plan, work: _Work) -> None:
    """Write documents and passages as planned; inside the transaction."""
    for path in plan.removed:
        catalog.remove_document(path)
    for old, entry in plan.renamed:
        document = catalog.document(old)
        if document:
            state = FileState(entry.path, document.digest, entry.size, entry.mtime, None)
            passages = catalog.passages_in(old)
            catalog.remove_document(old)
            catalog.put_document(state, _renamed(document, entry.path))
            catalog.put_passages(entry.path, [_moved(p, old, entry.path) for p in passages])
    _touch(catalog, plan)
    for failure in plan.refused:
        catalog.remove_document(failure.path)
        catalog.put_document(FileState(failure.path, "", 0, 0, failure.reason), None)
    for item in work.loaded:
        entry, result = item.entry, item.result
        reason = result.reason if isinstance(result, Failure) else None
        state = FileState(entry.path, item.digest, entry.size, entry.mtime, reason)
        catalog.put_document(state, result if isinstance(result, Document) else None)
        catalog.put_passages(entry.path, work.passages.get(entry.path, []))


def _renamed(document: Document, path: str) -> Document:
    by_name = document.title == PurePosixPath(document.path).stem
    title = PurePosixPath(path).stem if by_name else document.title
    return replace(document, path=path, title=title)


def _moved(passage: Passage, old: str, new: str) -> Passage:
    return replace(passage, id=new + passage.id.removeprefix(old), document=new)


def _report(
    task: _Task, catalog: Catalog | None, plan: Plan, work: _Work, started: float
) -> SyncReport:
    failures = {failure.path: failure for failure in task.refused}
    gone = set(plan.removed) | {old for old, _ in plan.renamed}
    for state in catalog.files().values() if catalog else ():
        if state.failure and state.path not in gone:
            failures.setdefault(state.path, Failure(state.path, state.failure))
    return SyncReport(
        added=plan.added,
        changed=plan.changed,
        renamed=tuple((old, entry.path) for old, entry in plan.renamed),
        removed=plan.removed,
        unchanged=len(plan.unchanged) + len(plan.touched),
        failed=tuple(failures[path] for path in sorted(failures)),
        passages=catalog.passage_count() if catalog else 0,
        embedded=work.embedded,
        seconds=round(time.perf_counter() - started, 3),
        generation=catalog.generation if catalog else 0,
    )
