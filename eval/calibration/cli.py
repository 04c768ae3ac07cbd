"""`footnote eval refusal`, `calibrate` and `disagree`: when to refuse, and what is contradicted."""

from __future__ import annotations

from pathlib import Path

import click

from eval.console import PATH, corpus_option, say, settings_of


@click.command()
@click.argument("xquad", type=PATH)
@click.argument("mtrag", required=False, type=PATH)
@click.option("--squad2", type=PATH, help="SQuAD 2.0's JSON, for its unanswerable ones.")
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=1500,
    show_default=True,
    help="Ask N questions of SQuAD 2.0, drawn the same each time.",
)
@click.pass_context
def refusal(
    context: click.Context, xquad: Path, mtrag: Path | None, squad2: Path | None, sample: int
) -> None:
    """Fit refusal to one half of XQUAD and measure it on the other.

    XQUAD is a SQuAD-format file: its articles at even places are fitted. MTRAG is the folder of
    MTRAG's human subset; it and SQuAD 2.0 are measured alone, the latter without the articles
    that were fitted. What is fitted is printed; `rag/retrieval/answerability.py` is what is used.
    """
    from eval.lab.refusal_fit import (
        fit_lines,
        measure_mtrag,
        measure_squad2,
        measure_xquad,
        row_lines,
        squad2_lines,
    )

    settings = settings_of(context)
    report = measure_xquad(xquad, settings, say)
    click.echo("\n".join(fit_lines(report.fitted, settings.refuse_below)))
    click.echo("\n".join(row_lines("XQuAD, articles at odd places", report.rows)))
    if mtrag:
        rows = measure_mtrag(mtrag, settings, say)
        click.echo("\n".join(row_lines("MTRAG, rewritten questions, none fitted", rows)))
    if squad2:
        found = measure_squad2(squad2, report.fitted_titles, settings, say, sample)
        click.echo("\n".join(squad2_lines(found, settings.refuse_below)))


@click.command()
@click.argument("gold", type=PATH)
@corpus_option
@click.option(
    "--most-refused",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="Share of the answerable questions that may be refused.",
)
@click.pass_context
def calibrate(context: click.Context, gold: Path, corpus: Path | None, most_refused: float) -> None:
    """Choose the line below which to refuse on GOLD, and write it to footnote.toml.

    If all of GOLD's questions are answerable, each is asked a second time without the documents
    that answer it. The rates held out are of questions that had no part in choosing the line.
    """
    import os

    from eval.calibration.threshold import SETTING, calibrate, confidences, write_line
    from eval.lab.refusal_fit import calibration_lines
    from index.settings import SETTINGS_FILE

    settings = settings_of(context)
    asked = confidences(gold, corpus, settings, say)
    found = calibrate(asked.answerable, asked.unanswerable, most_refused)
    write_line(found.line, Path(SETTINGS_FILE))
    click.echo("\n".join(calibration_lines(found, asked.made, Path(SETTINGS_FILE))))
    if f"FOOTNOTE_{SETTING.upper()}" in os.environ:
        click.echo(f"FOOTNOTE_{SETTING.upper()} is set and goes before the file", err=True)


@click.command()
@click.argument("xquad", type=PATH)
@click.pass_context
def disagree(context: click.Context, xquad: Path) -> None:
    """Count contradictions that are told, and false alarms, on XQUAD.

    Copies of its paragraphs get another number or name; those of articles at odd places are
    counted, on which nothing was tuned.
    """
    from eval.lab.conflicts import lines, measure

    settings = settings_of(context)
    click.echo("\n".join(lines(measure(xquad, settings, say))))
