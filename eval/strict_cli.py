"""`footnote eval strict`: what strict mode keeps of what an LLM writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eval.console import PATH, print_json, settings_of

if TYPE_CHECKING:
    from eval.strict import Report, Shown


@click.command()
@click.argument("gold", type=PATH)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Ask N of the questions.",
)
@click.option("--json", "as_json", is_flag=True, help="Print every statement as one JSON document.")
@click.pass_context
def strict(context: click.Context, gold: Path, limit: int, as_json: bool) -> None:
    """Count what strict mode keeps of an LLM's answers, and how much of it is true.

    GOLD is a set that brings its documents, such as SQuAD's or XQuAD's JSON; of its questions some
    are drawn, the same each time, and put to the LLM of the settings. Its replies are kept in the
    data folder, so a run that stopped goes on where it was.
    """
    from dataclasses import asdict

    from eval.session import bars
    from eval.strict import measure

    settings = settings_of(context)
    with bars() as show:
        report = measure(gold, settings, limit, show)
    if as_json:
        print_json(asdict(report))
    else:
        click.echo("\n".join(lines(report)))


def lines(report: Report) -> Iterator[str]:
    """The report in columns, a column for each mode; shares are of the statements shown."""
    yield (
        f"{report.questions} questions; the LLM wrote {report.written} statements in "
        f"{report.replies} answers"
    )
    yield ""
    yield f"{'':<42}" + "".join(f"{mode:>14}" for mode in report.shown)
    yield f"{'answers shown':<42}" + _row(str(shown.answers) for shown in report.shown.values())
    yield f"{'statements shown':<42}" + _row(
        str(len(shown.statements)) for shown in report.shown.values()
    )
    columns = [_shares(shown) for shown in report.shown.values()]
    for name in columns[0]:
        yield f"{name:<42}" + _row(
            f"{count / total:.3f}" if (total := len(shown.statements)) else "-"
            for count, shown in zip(
                (column[name] for column in columns), report.shown.values(), strict=True
            )
        )


def _row(cells: Iterator[str]) -> str:
    return "".join(f"{cell:>14}" for cell in cells)


def _shares(shown: Shown) -> dict[str, int]:
    """How many statements each thing is true of."""
    found = shown.statements
    return {
        "supported by the check": sum(one.support == "supported" for one in found),
        "each word in one passage it cites": sum(one.in_passage for one in found),
        "true: both of these": sum(one.true for one in found),
        "a quote it cites holds a gold answer": sum(one.cites_answer for one in found),
        "it holds a gold answer itself": sum(one.says_answer for one in found),
        "true, and a quote holds a gold answer": sum(
            one.true and one.cites_answer for one in found
        ),
    }
