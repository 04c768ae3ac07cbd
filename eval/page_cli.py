"""`footnote eval report`: runs as one page to read and to send on."""

from __future__ import annotations

from pathlib import Path

import click

from eval.console import PATH
from index.errors import ConfigError


@click.command("report")
@click.argument("runs", nargs=-1, required=True, type=PATH)
@click.option(
    "--out",
    type=PATH,
    help="Page to write; default: report.html in the folder of the run that started last.",
)
def report(runs: tuple[Path, ...], out: Path | None) -> None:
    """Write the run folders RUNS as one HTML page that needs nothing but itself.

    The page shows the run that started last; of several runs also how scores moved, and of two the
    questions that were fixed and broken.
    """
    from eval.page import render
    from eval.page_data import read_run

    read = sorted((read_run(path) for path in runs), key=lambda run: run.started)
    target = out or read[-1].path / "report.html"
    try:
        target.write_text(render(read), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{target} cannot be written: {error}") from None
    click.echo(f"report: {target}")
