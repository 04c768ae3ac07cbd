"""`footnote token`: makes, lists and revokes bearer tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import click

from index.console import json_option, print_json
from index.settings import load_settings
from ui.cli.common import data_folder, report_errors
from ui.service.collections import check_name
from ui.service.settings import ServiceSettings
from ui.service.shared.database import database_of
from ui.service.tokens import AccessToken, Tokens, tokens_of

_PLAIN = {"digest", "collections"}


@click.group("token")
def group() -> None:
    """Make, list and revoke the tokens that callers of a server show."""


@group.command("new")
@click.option("--write", is_flag=True, help="It may also add and delete documents.")
@click.option("--name", default="", help="What it is for, to tell it from others.")
@click.option(
    "--collection",
    "collections",
    multiple=True,
    metavar="NAME[:write]",
    help="It reads this collection and no others; may be given again. :write to change it too.",
)
@click.pass_context
@report_errors
def new(context: click.Context, write: bool, name: str, collections: Sequence[str]) -> None:
    """Make a token and print it, this once."""
    for each in collections:
        check_name(each.removesuffix(":write"))
    token, secret = _tokens(context).make(name, write, collections)
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
    tokens = _tokens(context).all()
    if as_json:
        facts = [asdict(token) for token in tokens]
        hidden = {"digest"} if any(each.collections for each in tokens) else _PLAIN
        print_json([{key: fact[key] for key in fact if key not in hidden} for fact in facts])
        return
    for token in tokens:
        click.echo(
            f"{token.id}  {token.made}  {'+'.join(token.scopes):<10}  {_named(token)}".rstrip()
        )


@group.command("revoke")
@click.argument("token_id", metavar="ID")
@click.pass_context
@report_errors
def revoke(context: click.Context, token_id: str) -> None:
    """Forget a token; a server that runs refuses it at once."""
    _tokens(context).revoke(token_id)
    click.echo(f"Token {token_id} is revoked.", err=True)


def _tokens(context: click.Context) -> Tokens:
    settings = load_settings(ServiceSettings, data=data_folder(context))
    return tokens_of(settings.data, database_of(settings))


def _named(token: AccessToken) -> str:
    """Its name, and the collections that it is for."""
    return f"{token.name}  {' '.join(token.collections or ())}".strip()
