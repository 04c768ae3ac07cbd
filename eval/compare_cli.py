"""`footnote eval compare`: what changed between two runs, and whether it is more than chance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from eval.console import PATH, json_option, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from eval.compare import Comparison

# A pipe has no width; wide enough for every column, so that nothing is cut.
_WIDTH = 130
_COLOURS = {"better": "green", "worse": "bold red"}
_LISTED = 20


@click.command("compare")
@click.argument("before", metavar="A", type=PATH)
@click.argument("after", metavar="B", type=PATH)
@click.option("--metric", "metrics", multiple=True, help="Compare this metric; may be repeated.")
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 1),
    default=0.02,
    show_default=True,
    help="A smaller change doesn't matter.",
)
@json_option
def compare(
    before: Path, after: Path, metrics: tuple[str, ...], tolerance: float, as_json: bool
) -> None:
    """Compare the run folders A and B, of one gold set, question by question.

    A metric is better or worse if a paired randomisation test says so after Holm's correction for
    the number of metrics. Else no change was detected, or the questions are too few to detect one
    of the tolerance's size. Name the metrics that matter to you: the fewer, the sharper the test.
    """
    from eval.compare import compare_runs as compared
    from eval.recorded import read_run

    found = compared(read_run(before), read_run(after), metrics, tolerance)
    if as_json:
        print_json(_document(found))
        return
    console = _console()
    console.print(f"{found.gold}: {found.questions} questions, A {before}, B {after}")
    for line in found.settings:
        console.print(f"setting {line}")
    console.print()
    _print_table(console, found)
    for line in _listing(found):
        console.print(line, markup=False)


def _console() -> Console:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console = Console(highlight=False, soft_wrap=True, width=_WIDTH)
    return console


def _document(found: Comparison) -> dict[str, object]:
    import math
    from dataclasses import asdict

    document = asdict(found)
    for line in document["lines"]:
        if math.isinf(line["detectable"]):
            line["detectable"] = None
    return document


def _print_table(console: Console, found: Comparison) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    table.add_column("metric")
    for name in ("n", "A", "B", "change", "95 % interval", "fell", "rose", "p", "detectable"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict")
    for line in found.lines:
        table.add_row(
            line.metric,
            str(line.questions),
            f"{line.before:.3f}",
            f"{line.after:.3f}",
            f"{line.after - line.before:+.3f}",
            f"{line.low:+.3f} to {line.high:+.3f}",
            str(line.fell),
            str(line.rose),
            f"{line.p:.3f}",
            f"{line.detectable:.3f}",
            Text(line.verdict, style=_COLOURS.get(line.verdict, "")),
        )
    console.print(table, soft_wrap=False)


def _listing(found: Comparison) -> Iterator[str]:
    """Lines of the questions fixed and broken, and of the tags that they have."""
    from eval.compare import described

    for name, changes in (("broken", found.broken), ("fixed", found.fixed)):
        yield f"\n{name}: {len(changes)}"
        for change in changes[:_LISTED]:
            yield from described(change)
        if len(changes) > _LISTED:
            yield f"  and {len(changes) - _LISTED} more; --json has all of them"
    moved = [part for part in found.tags if part.fixed or part.broken]
    if moved:
        width = max(3, *(len(part.tag) for part in moved))
        yield f"\n{'tag':<{width}}  questions  right in A  in B  fixed  broken"
    for part in moved:
        yield (
            f"{part.tag:<{width}}  {part.questions:>9}  {part.before:>10}  {part.after:>4}  "
            f"{part.fixed:>5}  {part.broken:>6}"
        )
