"""Sync an index with a folder: plan, parse, embed, then commit all of it or nothing."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from index.catalog.database import remove_staging
from index.catalog.reader import Catalog, FileState
from index.catalog.writer import CatalogWriter, writer_lock
from index.embedding.embedder import Embedder
from index.embedding.model_files import multilingual_advice
from index.engines.generations import Generations, publish
from index.engines.probe import Prober
from index.errors import EmptyIndex, IndexMismatch
from index.formats.readings import READINGS, drop_readings
from index.runtime import Clock
from index.settings import IndexSettings
from index.sync.ingest import (
    ParseSummary,
    Progress,
    ReadFiles,
    embed_staged,
    file_state,
    parse_and_stage,
)
from index.sync.plan import SyncPlan, plan_sync
from index.sync.preconditions import SyncRequest, build_config, check_losses, needs_full_reread
from index.sync.walk import Entry, walk
from index.types import Failure

# How long a sync that deleted text waits for readers of older generations. A server moves on within
# a second.
_READER_GRACE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did. `failed` lists every file of the folder that is not indexed.

    `notes` pairs files that were read with what is not in their text, `hidden` counts characters
    left out as invisible. `seconds` has the stages and their total. `lingers` says that a reader
    still has an older generation open, so that deleted text is removed by the next sync. `advice`
    is about the settings, or "".
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
    advice: str


@dataclass(frozen=True, slots=True)
class _SyncJob:
    """A sync and the files that it found: `entries`, and `refused` ones that are never opened."""

    settings: IndexSettings
    request: SyncRequest
    embedder: Embedder
    entries: tuple[Entry, ...]
    refused: tuple[Failure, ...]
    began_ns: int
    progress: Progress | None
    clock: Clock
    read_files: ReadFiles | None


@dataclass(frozen=True, slots=True)
class _SyncOutcome:
    """What a sync did besides its plan."""

    parsed: ParseSummary = field(default_factory=ParseSummary)
    embedded: int = 0
    lingers: bool = False
    advice: str = ""


def sync(
    settings: IndexSettings,
    corpus: Path,
    *,
    force: bool = False,
    dry_run: bool = False,
    rebuild: bool = False,
    progress: Progress | None = None,
    embedder: Embedder | None = None,
    read_files: ReadFiles | None = None,
) -> SyncReport:
    """Index a folder into `settings.data`; an unchanged folder costs a `stat` of each file.

    `dry_run` plans only. `rebuild` parses every file again and builds a new generation; vectors of
    unchanged texts are kept. `force` allows another folder, or the loss of more than
    half of the documents. `embedder` may be one that is loaded, and `read_files` other machines.
    Raises ConfigError, IndexMismatch
    or StoreError; then nothing changed.
    """
    clock, began_ns = Clock(), time.time_ns()
    entries, refused = walk(corpus, exclude=settings.data)
    job = _SyncJob(
        settings,
        SyncRequest(corpus, force, rebuild),
        embedder or Embedder(settings.embedding_model),
        tuple(entries),
        tuple(refused),
        began_ns,
        progress,
        clock,
        read_files,
    )
    clock.lap("look")
    if dry_run:
        return _dry_run(job)
    with (
        writer_lock(settings.data),
        closing(CatalogWriter.create(settings.data, anew=rebuild)) as catalog,
    ):
        remove_staging(settings.data)
        plan, read_all = _plan(job, catalog)
        outcome = _execute(job, catalog, plan, read_all)
        return _report(job, catalog, plan, outcome)


def _dry_run(job: _SyncJob) -> SyncReport:
    """What a sync would do; nothing is written, and no other sync is waited for."""
    try:
        catalog = Catalog.read(job.settings.data)
    except (EmptyIndex, IndexMismatch) as error:
        if isinstance(error, IndexMismatch) and not job.request.rebuild:
            raise
        return _report(job, None, _plan(job, None)[0], _SyncOutcome())
    with closing(catalog):
        return _report(job, catalog, _plan(job, catalog)[0], _SyncOutcome())


def _plan(job: _SyncJob, catalog: Catalog | None) -> tuple[SyncPlan, bool]:
    """The plan, and whether every file is read again. Raises ConfigError or IndexMismatch."""
    corpus = job.request.corpus
    if catalog:
        job.embedder.restore_fingerprint(catalog.meta("stamp"), catalog.meta("model"))
    wanted = build_config(job.settings, job.embedder, corpus)
    built = {name: catalog.meta(name) if catalog else None for name in wanted}
    read_all = needs_full_reread(built, wanted, job.request)
    known = catalog.files() if catalog else {}
    plan = plan_sync(corpus, job.entries, job.refused, known, job.settings, read_all)
    check_losses(plan, known, job.request)
    job.clock.lap("plan")
    return plan, read_all


def _execute(job: _SyncJob, catalog: CatalogWriter, plan: SyncPlan, read_all: bool) -> _SyncOutcome:
    generations = Generations.of(job.settings)
    current = None if read_all else generations.intact(catalog)
    parsed, embedded, advice = ParseSummary(), 0, ""
    if current and plan.is_empty:
        _touch(job, catalog, plan)
    else:
        with catalog.staging(), Prober(generations.engines) as prober:
            for failure in plan.refused:
                catalog.stage(FileState(failure.path, "", 0, 0, failure.reason), None)
            corpus, embedder = job.request.corpus, job.embedder
            parsed = parse_and_stage(
                catalog,
                corpus,
                plan.parse,
                job.settings,
                embedder,
                job.began_ns,
                job.progress,
                job.read_files,
            )
            job.clock.lap("read")
            embedded = embed_staged(catalog, embedder, job.progress, prober.start)
            job.clock.lap("embed")
            current = _commit(job, catalog, generations, plan, current, prober)
        with closing(generations.engines.texts.open(current)) as texts:
            advice = multilingual_advice(texts.languages, job.settings.embedding_model)
    if (readings := job.settings.data / READINGS).is_dir():
        states = catalog.files().values()
        drop_readings(readings, {state.digest for state in states if state.is_unfinished})
    job.clock.lap("commit")
    loses = plan.removed or plan.changed or plan.renamed
    removed = _remove_old(catalog, generations, current, _READER_GRACE_SECONDS if loses else 0.0)
    return _SyncOutcome(parsed, embedded, bool(loses) and not removed, advice)


def _touch(job: _SyncJob, catalog: CatalogWriter, plan: SyncPlan) -> None:
    """Record new mtimes of unchanged files, and a new stamp of unchanged model files."""
    new_stamp = catalog.meta("stamp") != job.embedder.files_stamp
    if plan.touched or new_stamp:
        with catalog.transaction():
            for entry in plan.touched:
                catalog.touch(file_state(entry, job.began_ns))
            catalog.set_meta("stamp", job.embedder.files_stamp)


def _commit(
    job: _SyncJob,
    catalog: CatalogWriter,
    generations: Generations,
    plan: SyncPlan,
    source: Path | None,
    prober: Prober,
) -> Path:
    """Change the catalog and make its next generation, from `source` or anew."""
    model = job.embedder.fingerprint
    with catalog.transaction():
        renamed = [(old, file_state(entry, job.began_ns)) for old, entry in plan.renamed]
        change = catalog.apply_staged(plan.removed, renamed)
        for entry in plan.touched:
            catalog.touch(file_state(entry, job.began_ns))
        catalog.drop_orphan_vectors(model)
        job.clock.lap("catalog")
        generation = generations.prepare(catalog, model, source, change, job.clock, prober)
        facts = build_config(job.settings, job.embedder, job.request.corpus)
        for name, value in {**facts, "stamp": job.embedder.files_stamp}.items():
            catalog.set_meta(name, value)
        publish(catalog, generation)
    return generation


def _remove_old(
    catalog: CatalogWriter, generations: Generations, keep: Path, grace_seconds: float
) -> bool:
    """Remove older generations from the disk; False if readers kept them open for too long."""
    until = time.monotonic() + grace_seconds
    while True:
        pruned, emptied = generations.prune(keep), catalog.truncate_wal()
        if (pruned and emptied) or time.monotonic() > until:
            return pruned and emptied
        time.sleep(0.1)


def _report(
    job: _SyncJob, catalog: Catalog | None, plan: SyncPlan, outcome: _SyncOutcome
) -> SyncReport:
    job.clock.lap("clean")
    failures = {failure.path: failure for failure in job.refused}
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
        notes=outcome.parsed.notes,
        hidden=outcome.parsed.hidden,
        passages=catalog.passage_count() if catalog else 0,
        embedded=outcome.embedded,
        seconds=job.clock.seconds(),
        generation=catalog.generation if catalog else 0,
        lingers=outcome.lingers,
        advice=outcome.advice,
    )
