"""`footnote eval calibrate`: choose the threshold below which questions are refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from eval.calibration.threshold import (
    SETTING,
    Calibration,
    Rates,
    calibrate,
    confidences,
    save_threshold,
)
from eval.console import PATH, corpus_option, say, settings_of
from index.settings import SETTINGS_FILE


@click.command("calibrate")
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
def command(context: click.Context, gold: Path, corpus: Path | None, most_refused: float) -> None:
    """Choose the line below which to refuse on GOLD, and write it to footnote.toml.

    If all of GOLD's questions are answerable, each is asked a second time without the documents
    that answer it. The rates held out are of questions that had no part in choosing the line.
    """
    settings = settings_of(context)
    asked = confidences(gold, corpus, settings, say)
    found = calibrate(asked.answerable, asked.unanswerable, most_refused)
    save_threshold(found.threshold, Path(SETTINGS_FILE))
    click.echo("\n".join(calibration_lines(found, asked.made, Path(SETTINGS_FILE))))
    if f"FOOTNOTE_{SETTING.upper()}" in os.environ:
        click.echo(f"FOOTNOTE_{SETTING.upper()} is set and goes before the file", err=True)


def calibration_lines(found: Calibration, made: bool, path: Path) -> Iterator[str]:
    """The threshold that was written, and its error rates, as lines of text."""
    source = "made by leaving out what answers" if made else "of the gold set"
    yield (
        f"{found.answerable} answerable questions, {found.unanswerable} unanswerable ones {source}"
    )
    yield rates_text(found.fitted, "on these questions")
    yield rates_text(found.held_out, "on questions held out")
    yield f"written to {path}: {SETTING} = {found.threshold}"


def rates_text(rates: Rates, where: str) -> str:
    """Both error rates in words."""
    return (
        f"{where}: {rates.refused:.3f} of the answerable refused, "
        f"{rates.answered:.3f} of the unanswerable answered"
    )
