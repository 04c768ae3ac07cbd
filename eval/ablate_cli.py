"""`footnote eval ablate`: what each part of the ranking brings."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("ablate")
@click.argument("gold", type=click.Path(path_type=Path))
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    help="Index this folder apart and ask it, not the default index.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Ask the first N questions only.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON document.")
@click.pass_context
def ablate(
    context: click.Context, gold: Path, corpus: Path | None, limit: int | None, as_json: bool
) -> None:
    """Rank for the questions of GOLD as it is done and with each part left out.

    GOLD is any gold set that `eval run` reads. Even and odd places are those of articles where it
    has them: the weights were chosen on XQuAD's articles at even places.
    """
    import json
    from dataclasses import asdict

    from eval.ablate import lines, measure
    from eval.session import bars
    from index.settings import load_settings
    from rag.settings import Settings

    with bars() as show:
        settings = load_settings(Settings, **(context.obj or {}))
        report = measure(gold, corpus, settings, limit, show)
    if as_json:
        click.echo(json.dumps(asdict(report), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(lines(report)))
