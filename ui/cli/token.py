"""`footnote token`: makes, lists and revokes bearer tokens."""

from __future__ import annotations

from dataclasses import asdict

import click

from index.console import json_option, print_json
from ui.cli.common import report_errors, settings_of
from ui.service.tokens import Tokens


@click.group("token")
def group() -> None:
    """Make, list and revoke the tokens that callers of a server show."""


@group.command("new")
@click.option("--write", is_flag=True, help="It may also add and delete documents.")
@click.option("--name", default="", help="What it is for, to tell it from others.")
@click.pass_context
@report_errors
def new(context: click.Context, write: bool, name: str) -> None:
    """Make a token and print it, this once."""
    token, secret = Tokens(settings_of(context).data).make(name, write)
    click.echo(secret)
    click.echo(
        f"Token {token.id} ({' and '.join(token.scopes)}) is not shown again; a server that runs "
        "takes it at once.",
        err=True,
    )


@group.command("list")
@json_option
@click.pass_context
@report_errors
def listing(context: click.Context, as_json: bool) -> None:
    """List tokens by their ids."""
    tokens = Tokens(settings_of(context).data).all()
    if as_json:
        facts = [asdict(token) for token in tokens]
        print_json([{key: fact[key] for key in fact if key != "digest"} for fact in facts])
        return
    for token in tokens:
        click.echo(f"{token.id}  {token.made}  {'+'.join(token.scopes):<10}  {token.name}".rstrip())


@group.command("revoke")
@click.argument("token_id", metavar="ID")
@click.pass_context
@report_errors
def revoke(context: click.Context, token_id: str) -> None:
    """Forget a token; a server that runs refuses it at once."""
    Tokens(settings_of(context).data).revoke(token_id)
    click.echo(f"Token {token_id} is revoked.", err=True)
