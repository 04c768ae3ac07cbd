"""`footnote add`: a page of the web becomes a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from index.errors import ConfigError
from ui.cli.common import report_errors, settings_of
from ui.cli.folders import kept_in, settings_of_each

if TYPE_CHECKING:
    from rag.settings import Settings


@click.command("add")
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@click.option("--collection", metavar="NAME", help="The collection that the pages belong to.")
@click.pass_context
@report_errors
def command(context: click.Context, urls: tuple[str, ...], collection: str | None) -> None:
    """Fetch web pages into the folder that is indexed, and index them.

    A page that is there already is replaced. Answers cite its address.
    """
    from index.shared_files import replace_file
    from index.sync.sync import sync
    from ui.service.background_sync import corpus_of
    from ui.web.fetch import Fetcher
    from ui.web.keep import as_file, file_name

    settings = _place(context, collection)
    folder = corpus_of(settings)
    fetcher = Fetcher(settings.max_file_mb << 20)
    try:
        for url in urls:
            page = fetcher.page(url)
            path = folder / "web" / file_name(page.url)
            path.parent.mkdir(exist_ok=True)
            replace_file(path, as_file(page).decode("utf-8"))
            click.echo(f"{page.url} is kept as {path.relative_to(folder)}")
    finally:
        fetcher.close()
    report = sync(settings, folder)
    changed = len(report.added) + len(report.changed)
    click.echo(f"Indexed: {changed} added or changed, {report.unchanged} unchanged.")


def _place(context: click.Context, collection: str | None) -> Settings:
    """The settings of the index that pages are added to. Raises ConfigError."""
    settings = settings_of(context)
    each = settings_of_each(settings, kept_in(context, settings))
    if collection is None and not each:
        return settings
    if collection not in each:
        names = ", ".join(each) or "none"
        raise ConfigError(f"name one of the collections with --collection; there are: {names}")
    return each[collection]
