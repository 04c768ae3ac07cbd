"""`footnote eval followups`: what to search for when the last question is not all."""

from __future__ import annotations

from pathlib import Path

import click

from eval.console import PATH, json_option, print_json, say, settings_of


@click.command("followups")
@click.argument("mtrag", type=PATH)
@json_option
@click.pass_context
def followups(context: click.Context, mtrag: Path, as_json: bool) -> None:
    """Compare ways to search after earlier turns, without an LLM.

    MTRAG is the folder of MTRAG's human subset and its rewritten questions.
    """
    from dataclasses import asdict

    from eval.followups import lines, measure

    report = measure(mtrag, settings_of(context), say)
    if as_json:
        print_json(asdict(report))
    else:
        click.echo("\n".join(lines(report)))
