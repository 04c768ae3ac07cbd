"""`footnote index`: syncs the index with a folder."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from index.console import json_option, print_json
from index.errors import ConfigError, FootnoteError
from ui.cli.common import PARTIAL, data_folder, indexed_folder, report_errors, settings_of
from ui.cli.folders import folders_of, settings_of_each
from ui.service.background_sync import DONE

if TYPE_CHECKING:
    from index.settings import IndexSettings
    from index.sync.ingest import Progress
    from index.sync.sync import SyncReport
    from rag.settings import Settings
    from ui.service.collections import Folder

# In a narrower terminal the counts alone are shown: beside a bar they would be cut.
_BAR_COLUMNS = 60


@click.command("index")
@click.argument("given", nargs=-1, metavar="[FOLDER | NAME=FOLDER...]")
@click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")
@click.option("--rebuild", is_flag=True, help="Read every file again and rebuild the index.")
@click.option("--force", is_flag=True, help="Allow another folder, or most documents gone.")
@click.option("--ray", metavar="ADDRESS", help="Read and embed on a Ray cluster, or auto.")
@click.option("--watch", is_flag=True, help="Go on until stopped: index what changes.")
@click.option("--progress-to", type=int, hidden=True)  # lines of JSON to this file descriptor
@json_option
@click.pass_context
@report_errors
def command(
    context: click.Context,
    given: Sequence[str],
    dry_run: bool,
    rebuild: bool,
    force: bool,
    ray: str | None,
    watch: bool,
    progress_to: int | None,
    as_json: bool,
) -> None:
    """Index FOLDER (default: the one that is indexed, or seeds); what is unchanged is not read
    again.

    Folders with names are collections, each with an index of its own.
    """
    from index.sync.sync import sync

    if watch and (dry_run or as_json):
        raise ConfigError("--watch goes on and on; run it without --dry-run and --json")
    settings = settings_of(context)
    syncing = _on_cluster(context, ray) if ray and not dry_run else sync
    once = partial(syncing, force=force, dry_run=dry_run, rebuild=rebuild)
    if folders := folders_of(context, given):
        if watch:
            raise ConfigError(
                f"--watch takes one folder; run: footnote --data "
                f"{settings_of_each(settings, folders)[folders[0].name].data} "
                f"index {folders[0].folder} --watch, and so for each"
            )
        _index_each(settings, folders, once, dry_run, as_json, progress_to)
        return
    folder = Path(given[0]) if given else indexed_folder(data_folder(context)) or Path("seeds")
    with _progress("", progress_to) as progress:
        report = once(settings, folder, progress=progress)
    if as_json:
        print_json(_as_json(report, dry_run))
    else:
        _print(report, dry_run)
        _print_emptiness(report, folder)
    if watch:
        _watch(folder, settings)
    if report.failed:
        sys.exit(PARTIAL)


def _on_cluster(context: click.Context, address: str) -> Callable[..., SyncReport]:
    """A sync whose files are read and texts embedded on a Ray cluster."""
    from index.sync.ray_workers import ray_workers
    from index.sync.sync import sync

    workers = context.with_resource(ray_workers(address))

    def on_cluster(settings: IndexSettings, folder: Path, **options: Any) -> SyncReport:
        embedder = workers.embedder(settings.embedding_model)
        return sync(settings, folder, embedder=embedder, read_files=workers.read_files, **options)

    return on_cluster


def _index_each(
    settings: Settings,
    folders: Sequence[Folder],
    once: Callable[..., SyncReport],
    dry_run: bool,
    as_json: bool,
    progress_to: int | None,
) -> None:
    """Sync collections, one after the other; the failure of one is told, and the others go on."""
    code, bodies = 0, dict[str, object]()
    for each in folders:
        if not as_json:
            click.echo(f"{each.name}: {each.folder}")
        try:
            with _progress(each.name, progress_to) as progress:
                own = settings_of_each(settings, [each])[each.name]
                report = once(own, each.folder, progress=progress)
        except FootnoteError as error:
            click.echo(f"footnote: collection {each.name!r}: {error}", err=True)
            code = error.exit_code
            continue
        bodies[each.name] = _as_json(report, dry_run)
        if not as_json:
            _print(report, dry_run)
            _print_emptiness(report, each.folder)
        if report.failed:
            code = code or PARTIAL
    if as_json:
        print_json(bodies)
    if code:
        sys.exit(code)


def _watch(folder: Path, settings: IndexSettings) -> None:
    """Sync after each change until interrupted; errors are printed, and the next change retries."""
    from index.sync.sync import sync
    from index.sync.walk import watch_changes

    click.echo(f"Watching {folder}; stop with Ctrl-C.", err=True)
    for _ in watch_changes(folder, settings.data, threading.Event()):
        try:
            with _progress() as progress:
                report = sync(settings, folder, progress=progress)
        except FootnoteError as error:
            click.echo(f"footnote: {error}", err=True)
            continue
        if report.added or report.changed or report.renamed or report.removed:
            _print(report, dry_run=False)


@contextmanager
def _progress(name: str = "", descriptor: int | None = None) -> Iterator[Progress | None]:
    """What shows progress; a server that waits for this index is told it as well, and its end."""
    with _bars() as shown:
        if descriptor is None:
            yield shown
            return

        def tell(stage: str, done: int, total: int) -> None:
            os.write(descriptor, f"{json.dumps([name, stage, done, total])}\n".encode())
            if shown and stage != DONE:
                shown(stage, done, total)

        yield tell
        tell(DONE, 0, 0)


@contextmanager
def _bars() -> Iterator[Progress | None]:
    """A progress bar per stage on standard error; None unless that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Speed(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:,.0f}/s" if task.speed else "")

    console = Console(stderr=True)
    # In a terminal of sixteen colours, Rich's own of a full bar is that of an empty one.
    bar = BarColumn(complete_style="cyan", finished_style="green")
    known = (MofNCompleteColumn(), TextColumn("{task.fields[unit]}"))
    wide = console.width >= _BAR_COLUMNS
    columns = (bar, *known, Speed(), TimeRemainingColumn()) if wide else known
    tasks: dict[str, TaskID] = {}
    stages = TextColumn("{task.description}")
    with Progress(stages, *columns, console=console, transient=True) as bars:

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                unit = "files" if stage == "reading" else "passages"
                tasks[stage] = bars.add_task(stage.capitalize(), total=total, unit=unit)
            bars.update(tasks[stage], completed=done, total=total)

        yield show


def _as_json(report: SyncReport, dry_run: bool) -> dict[str, object]:
    body: dict[str, object] = {
        "added": len(report.added),
        "changed": len(report.changed),
        "renamed": len(report.renamed),
        "removed": len(report.removed),
        "unchanged": report.unchanged,
        "failed": [{"path": f.path, "reason": f.reason} for f in report.failed],
        "notes": [{"path": path, "note": note} for path, note in report.notes],
        "hidden": report.hidden,
        "passages": report.passages,
        "embedded": report.embedded,
        "seconds": report.seconds["total"],
        "stages": report.seconds,
        "generation": report.generation,
        "lingers": report.lingers,
        "hint": report.advice,
    }
    if dry_run:
        body["plan"] = {
            "added": report.added,
            "changed": report.changed,
            "renamed": report.renamed,
            "removed": report.removed,
        }
    return body


def _print(report: SyncReport, dry_run: bool) -> None:
    if dry_run:
        for verb, paths in (
            ("add", report.added),
            ("change", report.changed),
            ("rename", [f"{old} -> {new}" for old, new in report.renamed]),
            ("remove", report.removed),
        ):
            for path in paths:
                click.echo(f"{verb:>7}  {path}")
    counts = (
        f"{len(report.added)} added, {len(report.changed)} changed, "
        f"{len(report.renamed)} renamed, {len(report.removed)} removed, "
        f"{report.unchanged} unchanged"
    )
    click.echo(f"Would be: {counts}." if dry_run else f"Indexed: {counts}.")
    if not dry_run:
        click.echo(
            f"{report.passages} passages, {report.embedded} embedded, "
            f"{report.seconds['total']:.1f} s, generation {report.generation}."
        )
    _print_omissions(report)


def _print_emptiness(report: SyncReport, folder: Path | None) -> None:
    """Say that a folder holds no document, since nothing can be asked then."""
    if report.added or report.changed or report.renamed or report.unchanged or report.failed:
        return
    click.echo(
        f"There is no document in {folder}, so nothing can be asked: put files there, as PDF, "
        "Word, Excel, HTML, Markdown or text, and index it again.",
        err=True,
    )


def _print_omissions(report: SyncReport) -> None:
    """Print what is not in the index, on standard error."""
    if report.hidden:
        click.echo(f"{report.hidden} characters of hidden text were left out.", err=True)
    for path, note in report.notes:
        click.echo(f"  {path!r}: {note}", err=True)
    if report.advice:
        click.echo(report.advice, err=True)
    if report.lingers:
        click.echo(
            "What was before is still being read; it goes from the disk with the next index.",
            err=True,
        )
    if report.failed:
        click.echo(f"{len(report.failed)} not indexed:", err=True)
        for failure in report.failed:
            click.echo(f"  {failure.path!r}: {failure.reason}", err=True)
