"""`footnote eval support`: fit the support check and measure it."""

from __future__ import annotations

from pathlib import Path

import click

from eval.console import PATH, json_option, print_json, say


@click.command("support")
@click.argument("wice", type=PATH)
@click.argument("xquad", type=PATH)
@json_option
def support(wice: Path, xquad: Path, as_json: bool) -> None:
    """Fit the support check to one half of the data and measure it on the other.

    WICE is a JSONL file of WiCE's claims, XQUAD a SQuAD-format file, of whose sentences false ones
    are made. What is fitted is printed; `rag/verification/support.py` holds what is in use.
    """
    from dataclasses import asdict

    from eval.support_fit import lines, measure

    report = measure(wice, xquad, say)
    if as_json:
        print_json(asdict(report))
    else:
        click.echo("\n".join(lines(report)))
