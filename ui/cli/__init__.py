"""`footnote`: one group whose commands are imported when they are called."""

from __future__ import annotations

from typing import Any

import click

from index.console import LazyCommand, LazyGroup
from index.runtime import run_program

_COMMANDS = {
    "index": LazyCommand(
        "ui.cli.index:command", "Index a folder of documents, or bring its index up to date."
    ),
    "add": LazyCommand("ui.cli.add:command", "Fetch web pages into the folder, and index them."),
    "ask": LazyCommand("ui.cli.ask:ask", "Ask a question and get a cited answer."),
    "search": LazyCommand("ui.cli.ask:search", "List the passages that match a query best."),
    "serve": LazyCommand("ui.cli.serve:command", "Serve the chat page and the HTTP interface."),
    "llm": LazyCommand("ui.cli.llm:command", "Show which LLM writes answers, or choose one."),
    "publish": LazyCommand(
        "ui.cli.publish:command", "Put the index at an address that servers can follow."
    ),
    "mcp": LazyCommand(
        "ui.cli.mcp:command", "Serve an agent's MCP client that starts this command."
    ),
    "token": LazyCommand(
        "ui.cli.token:group", "Make, list and revoke the tokens of a server's callers."
    ),
    "doctor": LazyCommand("ui.cli.doctor:command", "Look whether the index is sound, and mend it."),
    "eval": LazyCommand("eval.cli:group", "Score answers against a gold set."),
}


class _Program(LazyGroup):
    """The group as a program: called, and not just its `main`, the process ends with it."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        return run_program(lambda: super(_Program, self).__call__(*args, **kwargs))


@click.group(cls=_Program, lazy=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="footnote-qa")
@click.option("--data", metavar="DIR", help="Folder that holds the index (default: .footnote).")
@click.pass_context
def main(context: click.Context, data: str | None) -> None:
    """Answers questions from a folder of documents, and shows the words each answer rests on.

    Exit codes: 0 done; 1 an evaluation found a regression; 2 wrong usage or settings; 3 done, but
    some files or questions failed and are listed; 4 the index is busy, read-only or unusable.
    """
    context.obj = {"data": data}
