"""`footnote llm`: which LLM servers run on this machine, and the choice of one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from index.settings import SETTINGS_FILE
from ui.cli.ask import printable
from ui.cli.common import report_errors, settings_of

if TYPE_CHECKING:
    from rag.settings import Settings

_VARIABLES = ("FOOTNOTE_LLM_URL", "FOOTNOTE_LLM_MODEL", "FOOTNOTE_COMPOSER")


@click.command("llm")
@click.option("--use", "url", metavar="URL", help="Have answers written by the server at URL.")
@click.option("--model", default="", help="Of its models this one; by default the first.")
@click.option("--off", is_flag=True, help="Quote again, without an LLM.")
@click.pass_context
@report_errors
def command(context: click.Context, url: str | None, model: str, off: bool) -> None:
    """Show the LLM that writes answers and those that run on this machine; choose one.

    Looked for are Ollama, LM Studio, llama.cpp's server and vLLM on their usual ports. None is used
    unless it is chosen; the choice is written into footnote.toml here.
    """
    from index.shared_files import change_settings
    from rag.llm.client import OpenAICompatibleLLM

    path = Path(SETTINGS_FILE)
    if url is not None and off:
        raise click.UsageError("give --use or --off, not both")
    if url is not None:
        host = OpenAICompatibleLLM(url, model).host  # the address is checked before it is kept
        change_settings(path, {"llm_url": url, "llm_model": model or None})
        named = f"{printable(model)} at {host}" if model else f"the first model of {host}"
        click.echo(f"Answers are written by {named}: it stands in {path} now.")
        click.echo("Undo it with: footnote llm --off")
    elif off:
        change_settings(path, {"llm_url": None, "llm_model": None})
        click.echo(f"Answers are quoted: {path} names no LLM now.")
    else:
        _show(settings_of(context))
        return
    for name in _VARIABLES:
        if name in os.environ:
            click.echo(f"{name} is set and goes before {path}.", err=True)


def _show(settings: Settings) -> None:
    from rag.llm.client import OpenAICompatibleLLM
    from rag.llm.running import running_servers

    if settings.has_llm:
        # The host alone: an address may hold a password.
        where = printable(settings.llm_class) or OpenAICompatibleLLM(settings.llm_url).host
        named = f"{printable(settings.llm_model)} at {where}" if settings.llm_model else where
        click.echo(f"Answers are written by {named}.")
    else:
        click.echo("Answers are quoted; no LLM is set.")
    servers = running_servers()
    for server in servers:
        click.echo(f"{server.sentence}. To have it write: {server.command}")
    if not servers:
        click.echo("No LLM server was found on the usual ports of this machine.")
        click.echo("Ollama is one: https://ollama.com; or run: footnote serve --local-llm")
