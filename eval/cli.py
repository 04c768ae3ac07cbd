"""`footnote eval`: gold questions in, scores out."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from eval.bench.cli import bench
from eval.calibration.cli import calibrate, disagree, refusal
from eval.console import FAILED, PATH, corpus_option, settings_of
from eval.drafting.cli import draft
from eval.gate.compare import compare
from eval.gate.output import gate
from eval.gate.power import power
from eval.judging.cli import judge
from eval.lab.ablate import ablate
from eval.lab.chunking import chunking
from eval.lab.followups import followups
from eval.lab.strict import strict
from eval.lab.support_fit import support
from eval.report.html import report
from index.console import json_option, print_json
from index.errors import FAULT, FootnoteError, log_internal_error

# Exit codes; Python's and click's own for these is 1, which here means a regression.
STOPPED = 130
CLOSED = 141  # nobody reads what is printed; as a shell tells it


class _Speaking(click.Group):
    """Turns errors that a user can act on into a sentence and their exit code."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except FootnoteError as error:
            click.echo(f"footnote: {error}", err=True)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("footnote: stopped", err=True)
            sys.exit(STOPPED)
        except BrokenPipeError:
            sys.exit(CLOSED)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            click.echo(f"footnote: {log_internal_error(error)}; nothing was decided", err=True)
            sys.exit(FAULT)


@click.group("eval", cls=_Speaking)
def group() -> None:
    """Measure answers against gold questions."""


@group.command("run")
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
    from eval.runs.session import RunPlan, run_gold
    from eval.runs.summary import table, to_look_at

    settings = settings_of(context)
    out = out or Path("runs") / f"{gold.stem}-{datetime.now():%Y%m%d-%H%M%S}"
    finished = run_gold(RunPlan(gold, corpus, out, limit, repeats), settings)
    if as_json:
        print_json({**finished.summary, "out": str(out)})
    else:
        click.echo("\n".join([*table(finished.summary), f"run: {out}"]))
    for line in to_look_at(finished.records):
        click.echo(line, err=True)
    if finished.summary["failed"] or finished.unread:
        context.exit(FAILED)


group.add_command(ablate)
group.add_command(bench)
group.add_command(calibrate)
group.add_command(chunking)
group.add_command(compare)
group.add_command(disagree)
group.add_command(draft)
group.add_command(followups)
group.add_command(gate)
group.add_command(judge)
group.add_command(power)
group.add_command(refusal)
group.add_command(report)
group.add_command(strict)
group.add_command(support)
