"""`footnote eval ablate`: what each part of the ranking brings."""

from __future__ import annotations

from pathlib import Path

import click

from eval.console import PATH, corpus_option, json_option, print_json, settings_of


@click.command("ablate")
@click.argument("gold", type=PATH)
@corpus_option
@click.option("--limit", type=click.IntRange(min=1), help="Ask the first N questions only.")
@json_option
@click.pass_context
def ablate(
    context: click.Context, gold: Path, corpus: Path | None, limit: int | None, as_json: bool
) -> None:
    """Rank for the questions of GOLD as it is done and with each part left out.

    GOLD is any gold set that `eval run` reads. Even and odd places are those of articles where it
    has them: the weights were chosen on XQuAD's articles at even places.
    """
    from dataclasses import asdict

    from eval.ablate import lines, measure
    from eval.session import bars

    with bars() as show:
        settings = settings_of(context)
        report = measure(gold, corpus, settings, limit, show)
    if as_json:
        print_json(asdict(report))
    else:
        click.echo("\n".join(lines(report)))
