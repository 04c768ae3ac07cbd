"""`footnote eval support`: fit the support check and measure it."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("support")
@click.argument("wice", type=click.Path(path_type=Path))
@click.argument("xquad", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON document.")
def support(wice: Path, xquad: Path, as_json: bool) -> None:
    """Fit the support check to one half of the data and measure it on the other.

    WICE is a JSONL file of WiCE's claims, XQUAD a SQuAD-format file, of whose sentences false ones
    are made. What is fitted is printed; `rag/support.py` holds what is in use.
    """
    import json
    from dataclasses import asdict

    from eval.support_fit import lines, measure

    report = measure(wice, xquad, lambda stage: click.echo(f"{stage} ...", err=True))
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2))
    else:
        click.echo("\n".join(lines(report)))
