"""What the commands share: their settings, and error handling with exit codes."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn, ParamSpec, TypeVar

import click

from index.errors import FAULT, FootnoteError, log_internal_error
from rag.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")
PARTIAL = 3  # done, but some files or questions failed


def data_folder(context: click.Context) -> Path | None:
    """The folder given with `footnote --data`, or None."""
    given = (context.obj or {}).get("data")
    return Path(given) if given else None


def settings_of(context: click.Context) -> Settings:
    """The settings of this command. Raises ConfigError."""
    from index.settings import load_settings

    _name_unknown_variables()
    return load_settings(Settings, data=data_folder(context))


def _name_unknown_variables() -> None:
    """Tell of variables that look like settings and are none, as one that is misspelt."""
    from ui.service.settings import ServiceSettings

    known = [
        f"FOOTNOTE_{name.upper()}"
        for name in {**Settings.model_fields, **ServiceSettings.model_fields}
    ]
    for name in sorted(os.environ):
        if name.upper().startswith("FOOTNOTE_") and name.upper() not in known:
            near = get_close_matches(name.upper(), known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            click.echo(f"footnote: there is no setting {name}{hint}", err=True)


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
