"""What the commands share: their settings, and error handling with exit codes."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, ParamSpec, TypeVar

import click

from index.errors import FAULT, FootnoteError, log_internal_error
from rag.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")


def data_folder(context: click.Context) -> Path | None:
    """The folder given with `footnote --data`, or None."""
    given = (context.obj or {}).get("data")
    return Path(given) if given else None


def settings_of(context: click.Context) -> Settings:
    """The settings of this command. Raises ConfigError."""
    from index.settings import load_settings

    return load_settings(Settings, data=data_folder(context))


def report_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Decorator: print an error as one sentence on standard error, and exit with its code."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except FootnoteError as error:
            fail(str(error), error.exit_code)
        except KeyboardInterrupt:
            fail("stopped", 130)
        except BrokenPipeError:
            sys.exit(0)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            fail(log_internal_error(error), FAULT)

    return wrapped


def fail(message: str, code: int) -> NoReturn:
    """Print an error and exit."""
    click.echo(f"footnote: {message}", err=True)
    sys.exit(code)
