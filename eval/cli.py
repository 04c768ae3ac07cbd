"""`footnote eval`: gold questions in, scores out."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eval.bench_cli import bench
from eval.support_cli import support
from index.errors import FootnoteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from eval.corpus import OwnIndex
    from eval.folder import RunFolder
    from eval.gold import GoldItem, GoldSet
    from eval.run import Row
    from rag.settings import Settings

FAILED = 3  # exit code: done, but some files or questions failed and are listed
STOPPED = 130


class _Speaking(click.Group):
    """Turns errors that a user can act on into a sentence and their exit code."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except FootnoteError as error:
            click.echo(f"footnote: {error}", err=True)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            # click would leave with 1, which here means a regression.
            click.echo("footnote: stopped", err=True)
            sys.exit(STOPPED)


@click.group("eval", cls=_Speaking)
def group() -> None:
    """Measure answers against gold questions."""


@group.command("run")
@click.argument("gold", type=click.Path(path_type=Path))
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    help="Index this folder apart and ask it, not the default index.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Run folder; default: runs/<gold>-<time>."
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON document.")
@click.option("--limit", type=click.IntRange(min=1), help="Ask the first N questions only.")
@click.pass_context
def run(
    context: click.Context,
    gold: Path,
    corpus: Path | None,
    out: Path | None,
    as_json: bool,
    limit: int | None,
) -> None:
    """Ask the questions of GOLD and score answers, citations and refusals.

    GOLD is Footnote's JSONL, or SQuAD-format JSON, whose paragraphs are then the corpus.
    Exit code 3 if questions or files failed; they are listed.
    """
    import json

    from eval.adapters import load_gold
    from eval.corpus import own_index
    from eval.folder import RunFolder
    from eval.summary import summarise, table, to_look_at
    from index.settings import load_settings
    from rag.settings import Settings

    settings = load_settings(Settings, **(context.obj or {}))
    gold_set = load_gold(gold)
    own = own_index(gold_set, corpus, settings)
    settings, unread = _indexed(own, settings) if own else (settings, 0)
    folder = RunFolder(out or Path("runs") / f"{gold.stem}-{datetime.now():%Y%m%d-%H%M%S}")
    items = gold_set.items[:limit]
    config = _config(gold, gold_set, len(items), corpus, settings)
    rows = _asked(items, settings, folder, config)
    summary = summarise(gold.name, rows)
    folder.finish(summary)
    if as_json:
        document = {**summary, "out": str(folder.path)}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join([*table(summary), f"run: {folder.path}"]))
    for line in to_look_at(rows):
        click.echo(line, err=True)
    if summary["failed"] or unread:
        context.exit(FAILED)


def _indexed(own: OwnIndex, settings: Settings) -> tuple[Settings, int]:
    """Index a run's own corpus; settings that point at it, and how many files failed."""
    from index.errors import ConfigError
    from index.sync import sync

    settings = settings.model_copy(update={"data": own.data})
    with _bars() as show:
        try:
            report = sync(settings, own.corpus, progress=show)
        except ConfigError:
            # The cache is ours: whatever it holds otherwise, it may be made anew.
            report = sync(settings, own.corpus, force=True, rebuild=True, progress=show)
    for failure in report.failed:
        click.echo(f"not indexed: {failure.path}: {failure.reason}", err=True)
    return settings, len(report.failed)


def _asked(
    items: Sequence[GoldItem], settings: Settings, folder: RunFolder, config: Mapping[str, object]
) -> list[Row]:
    """Put the questions to an engine of these settings; rows are kept as they come."""
    from eval.run import evaluate
    from index.errors import EmptyIndex
    from rag.build import build

    engine = build(settings)
    try:
        if all(document.failure for document in engine.documents()):
            raise EmptyIndex("nothing is indexed yet; run: footnote index FOLDER, or add --corpus")
        folder.start(config)
        engine.warm_up()
        rows = []
        with _bars() as show:
            for row in folder.keep(evaluate(engine, items)):
                rows.append(row)
                show("asking", len(rows), len(items))
        return rows
    finally:
        engine.close()


@contextmanager
def _bars() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar per stage on standard error, if that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress, TaskID

    console = Console(stderr=True)
    tasks: dict[str, TaskID] = {}
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total)
            progress.update(tasks[stage], completed=done, total=total)

        yield show


def _config(
    gold: Path, gold_set: GoldSet, questions: int, corpus: Path | None, settings: Settings
) -> dict[str, object]:
    """What a run was made of; keys to servers are left out."""
    from importlib.metadata import version

    return {
        "gold": str(gold),
        "gold_digest": gold_set.digest,
        "questions": questions,
        "corpus": str(corpus) if corpus else None,
        "settings": settings.model_dump(mode="json", exclude={"llm_key"}),
        "footnote": version("footnote"),
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
    }


group.add_command(bench)
group.add_command(support)
