"""`footnote serve`: the chat page and the HTTP interface on one address."""

from __future__ import annotations

import logging
import socket
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from index.errors import ConfigError, EmptyIndex, FootnoteError
from ui.console import settings_of, speaks
from ui.limits import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence

    import uvicorn

    from rag.engine import Engine
    from rag.settings import Settings

EVERYWHERE = ("0.0.0.0", "::")
STOP_SECONDS = 5  # for answers under way when the server is told to stop


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=7860, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--local-llm",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[GGUF]",
    help="Answer with an embedded LLM: the built-in one, or a GGUF file.",
)
@click.pass_context
@speaks
def command(context: click.Context, host: str, port: int, local_llm: str | None) -> None:
    """Serve the chat page and the HTTP interface."""
    settings = settings_of(context)
    with ExitStack() as stack:
        listener = stack.enter_context(listen(host, port))
        if local_llm is not None:
            from ui.local import local_llm as running
            from ui.local import local_settings

            gguf = Path(local_llm) if local_llm else None
            url = stack.enter_context(running(gguf, settings.data))
            settings = local_settings(settings, url, is_small=gguf is None)
        serve(settings, listener, host)


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to an address, port 0 taking any that is free.

    Raises ConfigError if the address cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise ConfigError(f"there is no address {host!r} here; run: footnote serve") from error
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        reason = (error.strerror or "it cannot be used").lower()
        other = port + 1 if port < 65535 else 7860
        raise ConfigError(
            f"cannot listen on {host}, port {port}: {reason}; run: footnote serve --port {other}"
        ) from error
    return listener


def serve(settings: Settings, listener: socket.socket, host: str) -> None:
    """Serve until told to stop. Raises EmptyIndex if nothing is indexed."""
    from index.doctor import heal
    from rag.build import build

    if damage := heal(settings):
        click.echo(f"The index was made anew from its catalog, since {damage}.", err=True)
    engine = build(settings)
    stop = threading.Event()
    threading.Thread(target=engine.keep_up, args=(stop,), daemon=True).start()
    try:
        ready = _ready_line(engine, host, listener.getsockname()[1])
        if _as_written(host) not in LOOPBACK:
            click.echo(f"Anyone who can reach {host} can read these documents.", err=True)
        _run(engine, settings, listener, allowed_hosts(host), ready)
    finally:
        stop.set()
        engine.close()


def allowed_hosts(host: str) -> Sequence[str]:
    """The names by which requests may call a server that listens on a host."""
    return ("*",) if host in EVERYWHERE else (*LOOPBACK, _as_written(host))


def _as_written(host: str) -> str:
    """A host as it stands in an address."""
    return f"[{host}]" if ":" in host else host


def _ready_line(engine: Engine, host: str, port: int) -> str:
    from ui.conversation import count

    documents = [info for info in engine.documents() if not info.failure]
    if not documents:
        raise EmptyIndex("nothing is indexed yet; run: footnote index FOLDER")
    passages = sum(info.passages for info in documents)
    counts = f"{count(len(documents), 'document')}, {count(passages, 'passage')}"
    return f"Footnote is ready on http://{_as_written(host)}:{port} ({counts})"


def _run(
    engine: Engine, settings: Settings, listener: socket.socket, hosts: Sequence[str], ready: str
) -> None:
    """Run the server; `ready` is printed once it takes requests."""
    import uvicorn

    from ui.app import make_app

    faults: list[FootnoteError] = []

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                click.echo(ready)
                # The page is there at once; the model takes seconds to load, and is then there
                # for the first question, which waits for it if it comes sooner.
                arguments = (engine, self, faults)
                threading.Thread(target=_warm_up, args=arguments, daemon=True).start()

    config = uvicorn.Config(
        make_app(engine, settings, hosts),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    server = Server(config)
    # What is cut off when the time to stop is up is no error.
    logging.getLogger("uvicorn.error").addFilter(lambda record: not server.should_exit)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
    if faults:
        raise faults[0]


def _warm_up(engine: Engine, server: uvicorn.Server, faults: list[FootnoteError]) -> None:
    """Load the model; a server that cannot is stopped, and says why."""
    try:
        engine.warm_up()
    except FootnoteError as error:
        faults.append(error)
        server.should_exit = True
    except Exception:
        # Loading fails in odd ways when the program ends meanwhile.
        if not server.should_exit:
            raise
