"""What the command lines of `footnote` and `footnote eval` share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any, NamedTuple

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def print_json(value: object) -> None:
    """Print one JSON document on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


class LazyCommand(NamedTuple):
    """A command that is imported when it runs: "module:attribute", and its line of help."""

    target: str
    help: str


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called.

    Its own help is printed from the table `lazy` alone, in the order of the table: it must not
    import torch, chromadb or gradio, which take seconds. Commands that are added to the group
    itself come after those of the table.
    """

    def __init__(
        self,
        *args: Any,
        lazy: Mapping[str, LazyCommand] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = dict(lazy or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return [*self._lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by its name, imported if it is a lazy one; None if there is none."""
        if cmd_name not in self._lazy:
            return super().get_command(ctx, cmd_name)
        module, _, name = self._lazy[cmd_name].target.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called; one that there is not is met with those most like it."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = get_close_matches(args[0], self.list_commands(ctx))
            if not near:
                raise
            message = f"{error.message} Did you mean {' or '.join(map(repr, near))}?"
            raise click.UsageError(message, ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands of `--help`."""
        rows = [(name, command.help) for name, command in self._lazy.items()]
        rows += [
            (name, self.commands[name].get_short_help_str(formatter.width))
            for name in super().list_commands(ctx)
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
