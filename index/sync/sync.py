"""Bring the index into line with a folder: plan, read, embed, then commit all of it or nothing."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from index.catalog.database import remove_staging
from index.catalog.reader import Catalog, FileState
from index.catalog.writer import CatalogWriter, writer_lock
from index.embedding.embedder import Embedder
from index.engines.generations import Generations, publish
from index.errors import EmptyIndex, IndexMismatch
from index.runtime import Clock
from index.settings import IndexSettings
from index.sync.ingest import Intake, Progress, embed, read, state_of
from index.sync.plan import Plan, make_plan
from index.sync.preconditions import Request, build_facts, check_losses, must_read_all
from index.sync.walk import Entry, walk
from index.text.languages import hint
from index.types import Failure

# How long a sync that took text away waits for readers of what was before. A server moves on within
# a second.
_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did. `failed` lists every file of the folder that is not indexed.

    `notes` pairs files that were read with what is not in their text, `hidden` counts characters
    left out since no reader sees them. `seconds` has the stages and their total. `lingers` tells
    that a reader still holds what was before, so that deleted text goes with the next sync. `hint`
    is advice about the settings, or "".
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    removed: tuple[str, ...]
    unchanged: int
    failed: tuple[Failure, ...]
    notes: tuple[tuple[str, str], ...]
    hidden: int
    passages: int
    embedded: int
    seconds: dict[str, float]
    generation: int
    lingers: bool
    hint: str


@dataclass(frozen=True, slots=True)
class _Task:
    """A sync with what it found: the folder's files, and those that are not read."""

    settings: IndexSettings
    request: Request
    embedder: Embedder
    entries: tuple[Entry, ...]
    refused: tuple[Failure, ...]
    began_ns: int
    progress: Progress | None
    clock: Clock


@dataclass(frozen=True, slots=True)
class _Work:
    """What was done besides what was planned."""

    intake: Intake = field(default_factory=Intake)
    embedded: int = 0
    lingers: bool = False
    hint: str = ""


def sync(
    settings: IndexSettings,
    corpus: Path,
    *,
    force: bool = False,
    dry_run: bool = False,
    rebuild: bool = False,
    progress: Progress | None = None,
    embedder: Embedder | None = None,
) -> SyncReport:
    """Index a folder into `settings.data`; an unchanged folder costs a look at each file.

    `dry_run` plans only. `rebuild` reads every file again and makes the followers anew; vectors
    of texts that are as before are kept. `force` allows another folder, or the loss of more than
    half of the documents. `embedder` may be one that is loaded. Raises ConfigError, IndexMismatch
    or StoreError; then nothing changed.
    """
    clock, began_ns = Clock(), time.time_ns()
    entries, refused = walk(corpus, leave_out=settings.data)
    task = _Task(
        settings,
        Request(corpus, force, rebuild),
        embedder or Embedder(settings.embedding_model),
        tuple(entries),
        tuple(refused),
        began_ns,
        progress,
        clock,
    )
    clock.lap("look")
    if dry_run:
        return _preview(task)
    with (
        writer_lock(settings.data),
        closing(CatalogWriter.create(settings.data, anew=rebuild)) as catalog,
    ):
        remove_staging(settings.data)
        plan, read_all = _plan(task, catalog)
        work = _do(task, catalog, plan, read_all)
        return _report(task, catalog, plan, work)


def _preview(task: _Task) -> SyncReport:
    """What a sync would do; nothing is written, and no other sync is waited for."""
    try:
        catalog = Catalog.read(task.settings.data)
    except (EmptyIndex, IndexMismatch) as error:
        if isinstance(error, IndexMismatch) and not task.request.rebuild:
            raise
        return _report(task, None, _plan(task, None)[0], _Work())
    with closing(catalog):
        return _report(task, catalog, _plan(task, catalog)[0], _Work())


def _plan(task: _Task, catalog: Catalog | None) -> tuple[Plan, bool]:
    """The plan, and whether every file is read again. Raises ConfigError or IndexMismatch."""
    corpus = task.request.corpus
    if catalog:
        task.embedder.recall(catalog.meta("stamp"), catalog.meta("model"))
    wanted = build_facts(task.settings, task.embedder, corpus)
    built = {name: catalog.meta(name) if catalog else None for name in wanted}
    read_all = must_read_all(built, wanted, task.request)
    known = catalog.files() if catalog else {}
    plan = make_plan(corpus, task.entries, task.refused, known, task.settings, read_all)
    check_losses(plan, known, task.request)
    task.clock.lap("plan")
    return plan, read_all


def _do(task: _Task, catalog: CatalogWriter, plan: Plan, read_all: bool) -> _Work:
    generations = Generations.of(task.settings)
    current = None if read_all else generations.intact(catalog)
    intake, embedded, advice = Intake(), 0, ""
    if current and plan.is_empty:
        _touch(task, catalog, plan)
    else:
        with catalog.staging():
            for failure in plan.refused:
                catalog.stage(FileState(failure.path, "", 0, 0, failure.reason), None)
            corpus, embedder = task.request.corpus, task.embedder
            intake = read(
                catalog, corpus, plan.parse, task.settings, embedder, task.began_ns, task.progress
            )
            task.clock.lap("read")
            embedded = embed(catalog, embedder, task.progress)
            task.clock.lap("embed")
            current = _commit(task, catalog, generations, plan, current)
        with closing(generations.engines.texts.open(current)) as texts:
            advice = hint(texts.languages, task.settings.embedding_model)
    task.clock.lap("commit")
    loses = plan.removed or plan.changed or plan.renamed
    clean = _clean(catalog, generations, current, _PATIENCE_SECONDS if loses else 0.0)
    return _Work(intake, embedded, bool(loses) and not clean, advice)


def _touch(task: _Task, catalog: CatalogWriter, plan: Plan) -> None:
    """Record new times of files that are as they were, and that the model's files are."""
    new_stamp = catalog.meta("stamp") != task.embedder.stamp
    if plan.touched or new_stamp:
        with catalog.transaction():
            for entry in plan.touched:
                catalog.touch(state_of(entry, task.began_ns))
            catalog.set_meta("stamp", task.embedder.stamp)


def _commit(
    task: _Task,
    catalog: CatalogWriter,
    generations: Generations,
    plan: Plan,
    source: Path | None,
) -> Path:
    """Change the catalog and make its next generation, from `source` or anew."""
    model = task.embedder.fingerprint
    with catalog.transaction():
        renamed = [(old, state_of(entry, task.began_ns)) for old, entry in plan.renamed]
        change = catalog.replace(plan.removed, renamed)
        for entry in plan.touched:
            catalog.touch(state_of(entry, task.began_ns))
        catalog.drop_orphan_vectors(model)
        task.clock.lap("catalog")
        generation = generations.prepare(catalog, model, source, change, task.clock)
        facts = build_facts(task.settings, task.embedder, task.request.corpus)
        for name, value in {**facts, "stamp": task.embedder.stamp}.items():
            catalog.set_meta(name, value)
        publish(catalog, generation)
    return generation


def _clean(catalog: CatalogWriter, generations: Generations, keep: Path, patience: float) -> bool:
    """Remove what was before from the disk; False if readers held on to it for too long."""
    until = time.monotonic() + patience
    while True:
        pruned, emptied = generations.prune(keep), catalog.empty_log()
        if (pruned and emptied) or time.monotonic() > until:
            return pruned and emptied
        time.sleep(0.1)


def _report(task: _Task, catalog: Catalog | None, plan: Plan, work: _Work) -> SyncReport:
    task.clock.lap("clean")
    failures = {failure.path: failure for failure in task.refused}
    gone = set(plan.removed) | {old for old, _ in plan.renamed}
    for failure in catalog.failures() if catalog else ():
        if failure.path not in gone:
            failures.setdefault(failure.path, failure)
    return SyncReport(
        added=plan.added,
        changed=plan.changed,
        renamed=tuple((old, entry.path) for old, entry in plan.renamed),
        removed=plan.removed,
        unchanged=len(plan.unchanged) + len(plan.touched),
        failed=tuple(failures[path] for path in sorted(failures)),
        notes=work.intake.notes,
        hidden=work.intake.hidden,
        passages=catalog.passage_count() if catalog else 0,
        embedded=work.embedded,
        seconds=task.clock.seconds(),
        generation=catalog.generation if catalog else 0,
        lingers=work.lingers,
        hint=work.hint,
    )
