"""Options and helpers that the commands of `footnote eval` share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rag.settings import Settings

FAILED = 3  # exit code: done, but some files or questions failed and are listed

PATH = click.Path(path_type=Path)

corpus_option = click.option(
    "--corpus", type=PATH, help="Index this folder apart and ask it, not the default index."
)


def settings_of(context: click.Context) -> Settings:
    """The settings; those of the command line take precedence over environment and file."""
    from index.settings import load_settings
    from rag.settings import Settings

    return load_settings(Settings, **(context.obj or {}))


def say(stage: str) -> None:
    """Print a progress message on standard error."""
    click.echo(f"{stage} ...", err=True)
