"""`footnote eval gate`: stop a change that made the answers worse."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eval.console import PATH, corpus_option, json_option, print_json, settings_of
from index.errors import ConfigError

if TYPE_CHECKING:
    from eval.recorded import Recorded

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("gate")
@click.argument("gold", type=PATH)
@click.option(
    "--baseline",
    "file",
    required=True,
    type=_FILE,
    help="Scores to compare with; --update writes the file.",
)
@corpus_option
@click.option("--update", is_flag=True, help="Accept what the questions score now as the baseline.")
@click.option("--junit", type=_FILE, help="Also write JUnit XML to this file.")
@click.option("--markdown", type=_FILE, help="Also write Markdown to this file.")
@click.option("--out", type=PATH, help="Run folder; default: runs/gate-<gold>.")
@json_option
@click.pass_context
def gate(
    context: click.Context,
    gold: Path,
    file: Path,
    corpus: Path | None,
    update: bool,
    junit: Path | None,
    markdown: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Ask the questions of GOLD and compare the scores with a baseline.

    A metric regressed if its mean fell by more than the baseline's tolerance for it and by more
    than chance. Questions that the baseline lists in `must_pass` must be right.

    Exit code 0: passed. 1: regression; the questions that fell are named. 2: the baseline can't be
    used, or is of other questions. 3: questions or files failed.
    """
    from dataclasses import asdict

    from eval import gate_forms
    from eval.adapters import load_gold
    from eval.baseline import baseline_of, check_same_gold, read_baseline, write_baseline
    from eval.gate import REGRESSION, judge

    old = None if update and not file.exists() else read_baseline(file)
    if old and not update:
        # Before any question is asked, which may take minutes.
        check_same_gold(old, gold.name, load_gold(gold).digest)
    run, model, unread = _measured(context, gold, corpus, out or Path("runs", f"gate-{gold.stem}"))
    new = baseline_of(run, model, old) if update or not old else old
    found = judge(new, run, model, unread)
    # An update shows what it accepts, unless the questions are others now.
    shown = judge(old, run, model, unread) if old and old.gold.digest == run.digest else found
    for path, form in ((junit, gate_forms.junit), (markdown, gate_forms.markdown)):
        if path:
            _write(path, form(shown))
    if as_json:
        print_json({"exit_code": found.exit_code, **asdict(shown)})
    else:
        click.echo("\n".join(gate_forms.lines(shown)))
    if update and not found.exit_code:
        write_baseline(file, new)
        click.echo(f"written: {file}", err=True)
    elif found.exit_code == REGRESSION:
        click.echo(_next(context, gold, file, corpus, run), err=True)
    context.exit(found.exit_code)


def _measured(
    context: click.Context, gold: Path, corpus: Path | None, out: Path
) -> tuple[Recorded, str, tuple[str, ...]]:
    """A run of the gold set, the embedding model's fingerprint, and the files not indexed."""
    from eval.folder import CONFIG
    from eval.recorded import read_run
    from eval.session import Plan, run_gold
    from index.embedding.embedder import Embedder

    settings = settings_of(context)
    # What a run left that stopped was answered by other code, so it is not gone on with.
    (out / CONFIG).unlink(missing_ok=True)
    finished = run_gold(Plan(gold, corpus, out), settings)
    return read_run(out), Embedder(settings.embedding_model).fingerprint, finished.unread


def _next(
    context: click.Context, gold: Path, file: Path, corpus: Path | None, run: Recorded
) -> str:
    """What to do about a regression."""
    data = (context.obj or {}).get("data")
    update = [
        *("footnote", *(("--data", str(data)) if data else ()), "eval", "gate", str(gold)),
        *("--baseline", str(file), *(("--corpus", str(corpus)) if corpus else ()), "--update"),
    ]
    return (
        f"\nthe answers and passages: footnote eval report {shlex.quote(str(run.path))}\n"
        f"to accept what the questions score now: {shlex.join(update)}"
    )


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error}") from None
