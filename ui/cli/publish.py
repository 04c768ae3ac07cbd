"""`footnote publish`: puts the present state of the index where servers can follow it."""

from __future__ import annotations

from dataclasses import asdict

import click

from index.console import json_option, print_json
from ui.cli.common import report_errors, settings_of

_MEGABYTE = 1 << 20


@click.command("publish")
@click.argument("address")
@click.option("--all", "send_all", is_flag=True, help="Send also what is there already.")
@json_option
@click.pass_context
@report_errors
def command(context: click.Context, address: str, send_all: bool, as_json: bool) -> None:
    """Put the present state of the index at ADDRESS: a folder, or one like s3://BUCKET/PATH.

    Only what is not there yet is sent. Servers started with --follow ADDRESS move to it.
    """
    from index.replicas.publish import publish_index

    report = publish_index(settings_of(context), address, send_all)
    if as_json:
        print_json(asdict(report))
        return
    click.echo(
        f"Published generation {report.generation} at {address}: "
        f"{report.bytes_sent / _MEGABYTE:,.1f} MB sent of {report.bytes_total / _MEGABYTE:,.1f} MB."
    )
