"""`footnote`: one group whose commands are imported when they are called."""

from __future__ import annotations

from importlib import import_module

import click

# Help is printed from this table alone: `footnote --help` must not import torch, chromadb or
# gradio, which take seconds.
_COMMANDS = {
    "index": (
        "ui.cli.index:command",
        "Index a folder of documents, or bring its index up to date.",
    ),
    "ask": ("ui.cli.ask:ask", "Ask a question and get a cited answer."),
    "search": ("ui.cli.ask:search", "List the passages that match a query best."),
    "serve": ("ui.cli.serve:command", "Serve the chat page and the HTTP interface."),
    "mcp": ("ui.cli.mcp:command", "Serve an agent's MCP client that starts this command."),
    "token": ("ui.cli.token:group", "Make, list and revoke the tokens of a server's callers."),
    "doctor": ("ui.cli.doctor:command", "Look whether the index is sound, and mend it."),
    "eval": ("eval.cli:group", "Score answers against a gold set."),
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="footnote")
@click.option("--data", metavar="DIR", help="Folder that holds the index (default: .footnote).")
@click.pass_context
def main(context: click.Context, data: str | None) -> None:
    """Answers questions from a folder of documents, and shows the words each answer rests on.

    Exit codes: 0 done; 1 an evaluation found a regression; 2 wrong usage or settings; 3 done, but
    some files or questions failed and are listed; 4 the index is busy, read-only or unusable.
    """
    context.obj = {"data": data}
