"""`footnote eval followups`: what to search for when the last question is not all."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("followups")
@click.argument("mtrag", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON document.")
@click.pass_context
def followups(context: click.Context, mtrag: Path, as_json: bool) -> None:
    """Compare ways to search after earlier turns, without an LLM.

    MTRAG is the folder of MTRAG's human subset and its rewritten questions.
    """
    import json
    from dataclasses import asdict

    from eval.followups import lines, measure
    from index.settings import load_settings
    from rag.settings import Settings

    report = measure(mtrag, load_settings(Settings, **(context.obj or {})), _say)
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2))
    else:
        click.echo("\n".join(lines(report)))


def _say(line: str) -> None:
    click.echo(line, err=True)
