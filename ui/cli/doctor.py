"""`footnote doctor`: checks the index, and repairs it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from index.console import json_option, print_json
from index.errors import StoreError
from ui.cli.common import report_errors, settings_of

if TYPE_CHECKING:
    from index.sync.doctor import IndexHealth

_MEGABYTE = 1 << 20


@click.command()
@click.option("--repair", "should_repair", is_flag=True, help="Mend what the catalog can tell.")
@json_option
@click.pass_context
@report_errors
def command(context: click.Context, should_repair: bool, as_json: bool) -> None:
    """Look at all of the index; exit code 4 if something is wrong with it."""
    from index.embedding.embedder import Embedder
    from index.sync.doctor import examine, repair

    settings = settings_of(context)
    repaired = repair(settings, Embedder(settings.embedding_model)) if should_repair else ()
    health = examine(settings)
    if as_json:
        print_json({**_as_json(health), "mended": repaired})
    else:
        _print(health, repaired)
    if health.problems:
        sys.exit(StoreError.exit_code)


def _as_json(health: IndexHealth) -> dict[str, object]:
    body = asdict(health)
    body["data"] = str(health.data)
    body["failed"] = body.pop("failures")
    body["notes"] = [{"path": path, "note": note} for path, note in health.notes]
    return body


def _print(health: IndexHealth, repaired: tuple[str, ...]) -> None:
    counts = health.counts
    for name, value in (
        ("index", health.data),
        ("corpus", health.corpus),
        ("generation", f"{health.generation} (schema {health.schema})"),
        ("documents", f"{counts.documents}, and {counts.failed} files that are not indexed"),
        ("passages", f"{counts.passages}, of which {counts.keys} read differently"),
        ("vectors", f"{counts.vectors} of {health.dimension} numbers, by {health.model}"),
        ("splitter", health.splitter),
        ("hidden text", f"{health.hidden} characters left out"),
        ("disk", f"{_megabytes(health.bytes_used)} used, {_megabytes(health.bytes_free)} free"),
    ):
        click.echo(f"{name:>11}  {value}")
    for failure in health.failures:
        click.echo(f" not indexed  {failure.path!r}: {failure.reason}")
    for path, note in health.notes:
        click.echo(f"        note  {path!r}: {note}")
    for problem in repaired:
        click.echo(f"Mended: {problem}.")
    for problem in health.problems:
        click.echo(f"Wrong: {problem}; run: footnote doctor --repair", err=True)
    if not health.problems:
        click.echo("The index is sound.")


def _megabytes(count: int) -> str:
    return f"{count / _MEGABYTE:,.1f} MB"
