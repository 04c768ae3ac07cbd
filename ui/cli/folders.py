"""Collections on the command line: `NAME=FOLDER` arguments, and `--collection NAME`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from index.errors import ConfigError
from ui.cli.common import data_folder, settings_of

if TYPE_CHECKING:
    from rag.engine import Engine
    from rag.settings import Settings
    from ui.service.collections import Collections, Folder

_NAMED = re.compile(r"([^/\\=]+)=(.+)", re.DOTALL)
_CATALOG = "catalog.sqlite3"


def collection_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: the option `--collection`, passed on as `collections`."""
    return click.option(
        "--collection",
        "collections",
        multiple=True,
        metavar="NAME",
        help="Look in this collection; may be given again. All of them if left out.",
    )(command)


def folders_of(context: click.Context, given: Sequence[str]) -> list[Folder]:
    """The collections that are given as NAME=FOLDER, else those of the settings; [] for neither.

    Raises ConfigError for several folders without names.
    """
    from ui.service.collections import Folder, check_name

    configured = _configured(context)
    if not given:
        return [each for each in configured.values() if each.folder]
    named = [_NAMED.fullmatch(each) for each in given if not Path(each).is_dir()]
    pairs = [(found[1], found[2]) for found in named if found]
    if len(pairs) < len(given):
        if len(given) > 1:
            raise ConfigError(
                "several folders are collections, and each needs a name; "
                f"write: NAME={given[0].rpartition('=')[2]}"
            )
        return []
    if len(dict(pairs)) < len(pairs):
        raise ConfigError("two collections have one name; give each its own")
    return [
        replace(configured.get(name, Folder(name, None, {})), folder=Path(folder))
        for name, folder in ((check_name(name), folder) for name, folder in pairs)
    ]


def settings_of_each(settings: Settings, folders: Sequence[Folder]) -> dict[str, Settings]:
    """The settings of collections by name. Raises ConfigError."""
    from ui.service.collections import settings_for

    return {each.name: settings_for(settings, each.name, each.own) for each in folders}


def kept_in(context: click.Context, settings: Settings) -> list[Folder]:
    """The collections that the data folder holds; [] if it is an index itself."""
    from ui.service.collections import Folder, indexed_names

    if (settings.data / _CATALOG).exists():
        return []
    configured = _configured(context)
    return [configured.get(name, Folder(name, None, {})) for name in indexed_names(settings.data)]


def collections_of(
    context: click.Context, settings: Settings, wanted: Sequence[str] = ()
) -> Collections | None:
    """The collections of the data folder, None if there are none.

    Raises ConfigError for a name that there is not.
    """
    from ui.service.collections import Collections

    kept = kept_in(context, settings)
    known = [each.name for each in kept]
    for name in wanted:
        if name not in known:
            there = f"there are: {', '.join(known)}" if known else "run: footnote index NAME=FOLDER"
            raise ConfigError(f"there is no collection {name!r} in {settings.data}; {there}")
    return Collections(settings, settings_of_each(settings, kept)) if kept else None


def engine_of(context: click.Context, wanted: Sequence[str]) -> Engine:
    """An engine over the data folder's index, or over these of its collections."""
    from rag.engine import build

    settings = settings_of(context)
    collections = collections_of(context, settings, wanted)
    if collections is None:
        return build(settings)
    return collections.over(tuple(wanted) or collections.names)


def _configured(context: click.Context) -> dict[str, Folder]:
    from index.settings import load_settings
    from ui.service.collections import named_in
    from ui.service.settings import ServiceSettings

    return named_in(load_settings(ServiceSettings, data=data_folder(context)).collections)
