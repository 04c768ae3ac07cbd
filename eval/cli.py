"""`footnote eval`: gold questions in, scores out."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from eval.ablate_cli import ablate
from eval.bench_cli import bench
from eval.calibrate_cli import calibrate, disagree, refusal
from eval.chunking_cli import chunking
from eval.compare_cli import compare
from eval.draft_cli import draft
from eval.followups_cli import followups
from eval.gate_cli import gate
from eval.judge_cli import judge
from eval.page_cli import report
from eval.power_cli import power
from eval.strict_cli import strict
from eval.support_cli import support
from index.errors import FootnoteError

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
@click.option(
    "--repeats",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Ask each question so often, and tell which got another answer.",
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
    import json

    from eval.session import Plan, run_gold
    from eval.table import table, to_look_at
    from index.settings import load_settings
    from rag.settings import Settings

    settings = load_settings(Settings, **(context.obj or {}))
    out = out or Path("runs") / f"{gold.stem}-{datetime.now():%Y%m%d-%H%M%S}"
    finished = run_gold(Plan(gold, corpus, out, limit, repeats), settings)
    if as_json:
        document = {**finished.summary, "out": str(out)}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join([*table(finished.summary), f"run: {out}"]))
    for line in to_look_at(finished.records):
        click.echo(line, err=True)
    if finished.summary["failed"] or finished.unread:
        context.exit(FAILED)


group.add_command(ablate)
group.add_command(bench)
group.add_command(chunking)
group.add_command(compare)
group.add_command(draft)
group.add_command(followups)
group.add_command(gate)
group.add_command(judge)
group.add_command(power)
group.add_command(report)
group.add_command(strict)
group.add_command(support)
group.add_command(calibrate)
group.add_command(disagree)
group.add_command(refusal)
