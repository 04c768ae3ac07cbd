"""Bring the index into line with a folder: plan, read, embed, then commit all of it or nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from index import generations
from index.catalog import Catalog, FileState
from index.embed import Embedder
from index.errors import ConfigError, IndexMismatch
from index.generations import Change
from index.load import Loaded, load
from index.lock import writer_lock
from index.passages import Document, Failure, Passage
from index.plan import Plan, make_plan
from index.settings import IndexSettings
from index.split import SPLITTER, split
from index.walk import walk

# Told the stage ("reading", "embedding"), how much is done and how much there is.
Progress = Callable[[str, int, int], None]
# Vectors are stored after each this many, so that a killed sync has lost at most these.
_EMBED_CHUNK = 512
# Room in the model's window for special tokens and the heading path above a passage.
_HEADING_TOKENS = 48


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
class _Work:
    """What reading the planned files gave."""

    loaded: tuple[Loaded, ...]
    passages: dict[str, list[Passage]]
    embedded: int


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
    entries, refused = walk(corpus)
    with writer_lock(settings.data):
        catalog = Catalog.create(settings.data)
        try:
            embedder = Embedder(settings.embedding_model)
            _check(catalog, corpus, embedder, settings, force or rebuild, force)
            known = catalog.files()
            plan = make_plan(corpus, entries, refused, known, read_all=rebuild)
            _check_losses(plan, known, corpus, force)
            work = _Work((), {}, 0)
            if not dry_run:
                work = _do(catalog, embedder, settings, corpus, plan, rebuild, progress)
            return _report(catalog, plan, refused, work, time.perf_counter() - started)
        finally:
            catalog.close()


def _build_facts(settings: IndexSettings, embedder: Embedder, corpus: Path) -> dict[str, str]:
    return {
        "corpus": os.path.realpath(corpus),
        "model": embedder.fingerprint,
        "splitter": f"{SPLITTER}-{settings.passage_tokens}",
    }


def _check(
    catalog: Catalog,
    corpus: Path,
    embedder: Embedder,
    settings: IndexSettings,
    rebuild: bool,
    force: bool,
) -> None:
    for name, wanted in _build_facts(settings, embedder, corpus).items():
        built = catalog.meta(name)
        if built in {None, wanted}:
            continue
        if name == "corpus" and not force:
            raise ConfigError(
                f"this index holds {built}; to replace it run: footnote index {corpus} --force; "
                f"to keep both run: footnote --data ANOTHER_FOLDER index {corpus}"
            )
        if name != "corpus" and not rebuild:
            raise IndexMismatch(
                f"the index was built with {name} {built}, the settings ask for {wanted}; "
                f"run: footnote index {corpus} --rebuild"
            )


def _check_losses(plan: Plan, known: dict[str, FileState], corpus: Path, force: bool) -> None:
    documents = sum(state.failure is None for state in known.values())
    lost = sum(known[path].failure is None for path in plan.removed)
    if lost * 2 > documents and not force:
        raise ConfigError(
            f"{lost} of {documents} documents are gone from {corpus}; if that is meant, "
            f"run: footnote index {corpus} --force"
        )


def _do(
    catalog: Catalog,
    embedder: Embedder,
    settings: IndexSettings,
    corpus: Path,
    plan: Plan,
    rebuild: bool,
    progress: Progress | None,
) -> _Work:
    facts = _build_facts(settings, embedder, corpus)
    current = catalog.generation
    usable = current > 0 and generations.generation_folder(settings.data, current).is_dir()
    same_build = all(catalog.meta(name) == value for name, value in facts.items())
    if usable and plan.is_empty and same_build and not rebuild:
        generations.sweep(settings.data, keep=current)
        return _Work((), {}, 0)
    work = _read(embedder, settings, corpus, plan, progress)
    work = replace(work, embedded=_embed(catalog, embedder, work, progress))
    with catalog.transaction():
        before = set() if rebuild or not usable else catalog.keys()
        _apply(catalog, plan, work)
        after = catalog.keys()
        catalog.drop_orphan_vectors(embedder.fingerprint)
        change = Change(sorted(before - after), sorted(after - before))
        source = current if usable and not rebuild else None
        generations.prepare(settings.data, catalog, embedder.fingerprint, source, change)
        for name, value in facts.items():
            catalog.set_meta(name, value)
        catalog.set_meta("generation", str(current + 1))
    catalog.empty_log()
    generations.sweep(settings.data, keep=current + 1)
    return work


def _read(
    embedder: Embedder,
    settings: IndexSettings,
    corpus: Path,
    plan: Plan,
    progress: Progress | None,
) -> _Work:
    limit = settings.passage_tokens
    if plan.parse:
        limit = min(limit, embedder.max_tokens - _HEADING_TOKENS)
    loaded, passages = list[Loaded](), dict[str, list[Passage]]()
    for item in load(corpus, plan.parse, settings):
        loaded.append(item)
        if isinstance(item.result, Document):
            passages[item.entry.path] = split(item.result, embedder.count_tokens, limit)
        if progress:
            progress("reading", len(loaded), len(plan.parse))
    return _Work(tuple(loaded), passages, 0)


def _embed(catalog: Catalog, embedder: Embedder, work: _Work, progress: Progress | None) -> int:
    """Embed the texts that have no vector yet; how many there were."""
    model = embedder.fingerprint
    texts = {p.key: p.embedding_text for group in work.passages.values() for p in group}
    missing = catalog.missing_vectors(model, texts)
    # Across all documents by length, since a batch costs what its longest text costs.
    missing.sort(key=lambda key: (len(texts[key]), key))
    for first, chunk in _chunks(missing):
        vectors = embedder.embed_passages(
            [texts[key] for key in chunk], _counter(progress, first, len(missing))
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


def _apply(catalog: Catalog, plan: Plan, work: _Work) -> None:
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
    for entry in plan.touched:
        catalog.touch(FileState(entry.path, "", entry.size, entry.mtime, None))
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
    catalog: Catalog, plan: Plan, refused: Sequence[Failure], work: _Work, seconds: float
) -> SyncReport:
    failures = {failure.path: failure for failure in refused}
    gone = set(plan.removed) | {old for old, _ in plan.renamed}
    for state in catalog.files().values():
        if state.failure and state.path not in gone:
            failures.setdefault(state.path, Failure(state.path, state.failure))
    return SyncReport(
        added=plan.added,
        changed=plan.changed,
        renamed=tuple((old, entry.path) for old, entry in plan.renamed),
        removed=plan.removed,
        unchanged=len(plan.unchanged) + len(plan.touched),
        failed=tuple(failures[path] for path in sorted(failures)),
        passages=catalog.passage_count(),
        embedded=work.embedded,
        seconds=round(seconds, 3),
        generation=catalog.generation,
    )
