"""`footnote eval chunking`: splitters and searches beside the published ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from eval.console import PATH, json_option, print_json

if TYPE_CHECKING:
    from eval.chunking_rows import Line

_SIZES = (120, 180)


@click.command("chunking")
@click.argument("folder", metavar="SET", type=PATH)
@click.option(
    "--tokens",
    multiple=True,
    default=_SIZES,
    show_default=True,
    type=int,
    help="Measure Footnote's passages of at most so many tokens; may be repeated.",
)
@click.option(
    "--passages",
    default=5,
    show_default=True,
    type=click.IntRange(min=1),
    help="Score the first N that are found.",
)
@json_option
def chunking(folder: Path, tokens: tuple[int, ...], passages: int, as_json: bool) -> None:
    """Measure how much of the evidence the first passages hold, by splitter and search.

    SET is the folder of the data of "Evaluating Chunking Strategies for Retrieval" (Chroma 2024);
    its published figures for the same model stand beside. Shares are in percent.
    """
    from dataclasses import asdict

    from eval.chunking_rows import lines_of

    found: list[Line] = []
    if not as_json:
        click.echo(
            f"{'':<42} {'recall':>9} {'precision':>9} {'iou':>9} {'ceiling':>9} "
            f"{'characters':>10} {'chunks':>6}"
        )
    for line in lines_of(folder, tokens, passages, lambda text: click.echo(text, err=True)):
        found.append(line)
        if not as_json:
            click.echo(_shown(line))
    if as_json:
        print_json([asdict(line) for line in found])


def _shown(line: Line) -> str:
    shares = (100 * share for share in (line.recall, line.precision, line.iou, line.ceiling))
    columns = " ".join(f"{value:>9.1f}" for value in shares)
    rest = f" {line.characters:>10.0f} {line.chunks:>6}" if line.chunks else ""
    return f"{line.name:<42} {columns}{rest}"
