"""What the commands share: their settings, and error handling with exit codes."""

from __future__ import annotations

import functools
import os
import re
import shlex
import sys
from collections.abc import Callable
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn, ParamSpec, TypeVar

import click

from index.errors import FAULT, FootnoteError, log_internal_error
from rag.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")
PARTIAL = 3  # done, but some files or questions failed
_COMMAND = re.compile(r"(?<=\brun: )footnote (?!--data)")


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


def pasteable(message: str) -> str:
    """A sentence whose commands can be pasted as they are: with the `--data` of this call, and its
    folder, or the one that its index was made of.
    """
    context = click.get_current_context(silent=True)
    data = data_folder(context.find_root()) if context else None
    if "index FOLDER" in message:
        given = context.params.get("given") if context else None
        folder = Path(given[0]) if given else indexed_folder(data)
        if folder and folder.is_dir():
            message = message.replace("index FOLDER", f"index {shlex.quote(str(folder))}")
    return _COMMAND.sub(f"{program(data)} ", message)


def program(data: Path | None) -> str:
    """How a further command begins: with the data folder, if this one names it."""
    return f"footnote --data {shlex.quote(str(data))}" if data else "footnote"


def indexed_folder(data: Path | None) -> Path | None:
    """The folder of documents that an index was made of, None if there is none that opens."""
    from index.catalog.reader import Catalog
    from index.settings import load_settings

    with suppress(FootnoteError):
        catalog = Catalog.read(load_settings(Settings, data=data).data)
        try:
            return Path(found) if (found := catalog.meta("corpus")) else None
        finally:
            catalog.close()
    return None


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
    click.echo(f"footnote: {pasteable(message)}", err=True)
    sys.exit(code)
