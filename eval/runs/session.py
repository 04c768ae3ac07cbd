"""`footnote eval run`: loads a gold set, indexes its corpus, asks and scores its questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter

import click

from eval.console import FAILED, PATH, corpus_option, settings_of
from eval.datasets.corpus import own_index, update
from eval.datasets.evidence import finder, resolve_evidence
from eval.datasets.gold import GoldSet
from eval.datasets.load import load_gold
from eval.measures.citations import backs_of, known_error
from eval.runs.evaluate import GradingContext, evaluate
from eval.runs.folder import RunFolder
from eval.runs.summary import Record, RunInfo, Summary, problem_lines, summarise, table
from index.console import json_option, print_json
from index.errors import EmptyIndex
from index.runtime import product_version
from rag.engine import Engine, build
from rag.settings import Settings


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A gold set, the folder to index for it, the run folder, and which questions to ask how often.

    `corpus` is None for the set's own documents, or else the default index. `limit` is the number
    of first questions, None for all.
    """

    gold: Path
    corpus: Path | None
    out: Path
    limit: int | None = None
    repeats: int = 1


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A finished run; `unread` are the files of its corpus that could not be indexed."""

    records: list[Record]
    summary: Summary
    unread: tuple[str, ...]


def run_gold(plan: RunPlan, settings: Settings) -> FinishedRun:
    """Run a plan; one of the same configuration that was interrupted is resumed.

    Progress goes to standard error. Raises ConfigError for an invalid gold set, before any
    question is asked, and EmptyIndex.
    """
    gold = load_gold(plan.gold)
    own = own_index(gold, plan.gold, plan.corpus, settings)
    unread: tuple[str, ...] = ()
    if own:
        settings = own.settings
        with progress_bars() as show:
            unread = update(own, show)
    folder = RunFolder(plan.out)
    engine = build(settings)
    try:
        if all(document.failure for document in engine.documents()):
            raise EmptyIndex("nothing is indexed yet; run: footnote index FOLDER, or add --corpus")
        engine.warm_up()
        records, made = _ask(plan, gold, engine, settings, folder)
    finally:
        engine.close()
    summary = summarise(plan.gold.name, records, made)
    folder.finish(records, summary)
    return FinishedRun(records, summary, unread)


def _ask(
    plan: RunPlan, gold: GoldSet, engine: Engine, settings: Settings, folder: RunFolder
) -> tuple[list[Record], RunInfo]:
    """The records of all questions in their order, each kept as it comes."""
    started = perf_counter()
    find = finder(engine.document)
    exam = GradingContext(resolve_evidence(gold, find), find, backs_of(settings), plan.repeats)
    items = gold.items[: plan.limit]
    done = folder.start(_config(plan, gold, settings, engine.generation))
    if done:
        click.echo(f"{len(done)} questions were answered before the run stopped", err=True)
    spent = 0.0
    with progress_bars() as show:
        new = [item for item in items if item.id not in done]
        for row, record in folder.keep(evaluate(engine, new, exam)):
            done[row.item.id] = record
            spent += row.engine_seconds
            show("asking", len(done), len(items))
    total = perf_counter() - started
    made = RunInfo(plan.repeats, total, spent, peak_memory_mb(), known_error(settings))
    return [done[item.id] for item in items], made


def _config(
    plan: RunPlan, gold: GoldSet, settings: Settings, generation: int
) -> Mapping[str, object]:
    """The configuration of a run, without keys to servers."""
    return {
        "gold": str(plan.gold),
        "gold_digest": gold.digest,
        "questions": len(gold.items[: plan.limit]),
        "corpus": str(plan.corpus) if plan.corpus else None,
        "settings": settings.model_dump(mode="json", exclude={"llm_key"}),
        "repeats": plan.repeats,
        "generation": generation,
        "footnote": product_version(),
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
    }


def peak_memory_mb() -> float | None:
    """Peak resident memory of this process in MB; None where there is no /proc."""
    # Not getrusage's, which starts at the parent's memory when it forked.
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak) / 1024


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
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


@click.command("run")
@click.argument("gold", type=PATH)
@corpus_option
@click.option("--out", type=PATH, help="Run folder; default: runs/<gold>-<time>.")
@json_option
@click.option("--limit", type=click.IntRange(min=1), help="Ask the first N questions only.")
@click.option(
    "--repeats",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Ask each question N times, and tell which got another answer.",
)
@click.pass_context
def run(
    context: click.Context,
    gold: Path,
    corpus: Path | None,
    out: Path | None,
    as_json: bool,
    limit: int | None,
    repeats: int,
) -> None:
    """Ask the questions of GOLD and score answers, citations and refusals.

    GOLD is Footnote's JSONL, a CSV file, a SQuAD-format or MTRAG file, or the folder of a BEIR,
    SciFact or chunking set; some bring their own documents, which are then the corpus. A run that
    stopped goes on when it is started again with the same --out. Exit code 3 if questions or
    files failed; they are listed.
    """
    settings = settings_of(context)
    out = out or Path("runs") / f"{gold.stem}-{datetime.now():%Y%m%d-%H%M%S}"
    finished = run_gold(RunPlan(gold, corpus, out, limit, repeats), settings)
    if as_json:
        print_json({**finished.summary, "out": str(out)})
    else:
        click.echo("\n".join([*table(finished.summary), f"run: {out}"]))
    for line in problem_lines(finished.records):
        click.echo(line, err=True)
    if finished.summary["failed"] or finished.unread:
        context.exit(FAILED)
