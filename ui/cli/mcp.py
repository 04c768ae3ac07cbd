"""`footnote mcp`: the tools for agents over standard input and output."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from index.errors import FootnoteError
from ui.cli.common import data_folder, report_errors, settings_of
from ui.cli.folders import collections_of

if TYPE_CHECKING:
    from ui.service.admission import AdmissionControl
    from ui.service.collections import CollectionAccess


@click.command("mcp")
@click.pass_context
@report_errors
def command(context: click.Context) -> None:
    """Serve the tools ask, search and list_documents to an MCP client that starts this command."""
    import anyio

    from index.settings import load_settings
    from rag.engine import build
    from ui.service.admission import AdmissionControl
    from ui.service.collections import CollectionAccess
    from ui.service.settings import ServiceSettings

    wanted = load_settings(ServiceSettings, data=data_folder(context))
    settings = settings_of(context)
    collections = collections_of(context, settings)
    answers = AdmissionControl(collections.engine if collections else build(settings))
    access = CollectionAccess(answers, {}, collections)
    stop = threading.Event()
    for work in (lambda: (collections or answers).keep_up(stop), lambda: _warm_up(answers)):
        threading.Thread(target=work, daemon=True).start()
    try:
        anyio.run(_serve, access, wanted.public_url)
    finally:
        stop.set()
        answers.close()
        if collections:
            collections.close()


async def _serve(access: CollectionAccess, public_url: str) -> None:
    """Serve until standard input ends; the SDK keeps other output off standard output."""
    from mcp.server.stdio import stdio_server

    from ui.http.mcp_server import mcp_server

    server = mcp_server(access, public_url)
    async with stdio_server() as (requests, replies):
        await server.run(requests, replies, server.create_initialization_options())


def _warm_up(answers: AdmissionControl) -> None:
    """Load the model before the first question; which reports an error if there is one."""
    with suppress(FootnoteError):
        answers.warm_up()
