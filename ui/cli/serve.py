"""`footnote serve`: the chat page and the HTTP interface on one address."""

from __future__ import annotations

import gc
import json
import logging
import os
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from importlib import import_module
from itertools import chain, repeat
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from index.engines.base import load_engines
from index.errors import ConfigError, DamagedGeneration, EmptyIndex, FootnoteError
from index.settings import IndexSettings
from ui.cli.common import PARTIAL, data_folder, report_errors, settings_of
from ui.cli.folders import folders_of, kept_in, settings_of_each
from ui.service.background_sync import FirstIndex, corpus_of
from ui.service.settings import LOOPBACK, ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from fastapi import FastAPI

    from rag.settings import Settings
    from rag.types import Answers
    from ui.http.edge.server import HTTPServer
    from ui.service.admission import AdmissionControl

log = logging.getLogger(__name__)

EVERYWHERE = ("0.0.0.0", "::")
_CLEAR_LINE = "\r\x1b[2K"
# Until a model that could not be loaded is tried again.
_RETRY_SECONDS = (1, 2, 5, 10, 30)
# For the indexing of a folder to end with the server.
_INDEXING_SECONDS = 2.0


@click.command("serve")
@click.argument("given", nargs=-1, metavar="[FOLDER | NAME=FOLDER...]")
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
@click.option(
    "--follow", metavar="ADDRESS", help="Serve a copy of the index that is published there."
)
@click.option("--log-json", is_flag=True, help="Log every request, as lines of JSON.")
@click.pass_context
@report_errors
def command(
    context: click.Context,
    given: Sequence[str],
    host: str,
    port: int,
    local_llm: str | None,
    follow: str | None,
    log_json: bool,
) -> None:
    """Serve the chat page and the HTTP interface.

    Of FOLDER, if given, which is indexed or brought up to date meanwhile. Folders with names, here
    or in footnote.toml, are collections, each with an index of its own.
    """
    from index.settings import load_settings

    settings = settings_of(context)
    service = load_settings(ServiceSettings, data=data_folder(context), follow=follow)
    wanted = service.for_host(_url_host(host))
    with ExitStack() as stack:
        listener = stack.enter_context(listen(host, port, _again(given, host, wanted.follow)))
        if wanted.follow:
            _follow(stack, settings, wanted.follow, given)
            serve(settings, listener, host, wanted, log_json)
            return
        folders = folders_of(context, given) or ([] if given else kept_in(context, settings))
        each = settings_of_each(settings, folders)
        places = {one.name: (one.folder, each[one.name]) for one in folders if one.folder}
        named = [f"{one.name}={one.folder}" for one in folders if one.folder]
        if given and not folders:
            places, named = {"": (Path(given[0]), settings)}, list(given)
        first = FirstIndex(())
        if places:
            first = stack.enter_context(indexing(named, places, settings.data))
        if local_llm is not None:
            from ui.cli.local_llm import local_llm as running
            from ui.cli.local_llm import local_settings

            gguf = Path(local_llm) if local_llm else None
            url = stack.enter_context(running(gguf, settings.data))
            settings = local_settings(settings, url, is_small=gguf is None)
            each = settings_of_each(settings, folders)
        serve(settings, listener, host, wanted, log_json, each, first)


def _follow(stack: ExitStack, settings: Settings, address: str, given: Sequence[str]) -> None:
    """Have what is published at an address, and the newest of it until the stack is left."""
    from index.replicas.follow import following

    if given:
        raise ConfigError(
            f"a server that follows {address} serves no folder of this machine; give one of both"
        )
    click.echo(f"Fetching what is published at {address}.", err=True)
    stack.enter_context(following(settings, address))


def _again(given: Sequence[str], host: str, follow: str) -> str:
    """The same command, but for its port."""
    words = [*given, *(["--host", host] if host != "127.0.0.1" else [])]
    return shlex.join(["footnote", "serve", *words, *(["--follow", follow] if follow else [])])


def listen(host: str, port: int, again: str = "footnote serve") -> socket.socket:
    """A socket bound to an address; port 0 is any free one.

    Raises ConfigError if the address is not available, with the command to run `again`.
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
        other = _free_port(family, address)
        raise ConfigError(
            f"cannot listen on {host}, port {port}: {reason}; run: {again} --port {other}"
        ) from error
    return listener


def _free_port(family: socket.AddressFamily, address: tuple[Any, ...]) -> int:
    """A port that is free at an address: the next after its own, else any."""
    for port in (*range(address[1] + 1, min(address[1] + 20, 65536)), 0):
        with socket.socket(family, socket.SOCK_STREAM) as found, suppress(OSError):
            found.bind((address[0], port, *address[2:]))
            return int(found.getsockname()[1])
    return 0


def serve(
    settings: Settings,
    listener: socket.socket,
    host: str,
    wanted: ServiceSettings,
    log_json: bool = False,
    each: Mapping[str, Settings] = MappingProxyType({}),
    first: FirstIndex | None = None,
) -> None:
    """Serve until stopped, with the settings of each collection, if there are some.

    What is still to be indexed `first` is waited for meanwhile. Raises EmptyIndex if nothing is
    indexed in the end.
    """
    from rag.engine import build
    from ui.app import make_app
    from ui.observability.logs import configure_logging, secrets_of
    from ui.observability.tracing import tracing_of
    from ui.service.collections import Collections

    tracing = tracing_of(os.environ)
    first = first or FirstIndex(())
    pending = first.pending
    collections = Collections(settings, each, first.sentence) if each else None
    engine = collections.engine if collections else build(settings, first.sentence)
    stop = threading.Event()
    threading.Thread(target=(collections or engine).keep_up, args=(stop,), daemon=True).start()
    try:
        # One that follows an address has just been compared with it.
        there = each or ({} if wanted.follow else {"": settings})
        _mend_damage(engine, [own for name, own in there.items() if name not in pending])
        address = f"http://{_url_host(host)}:{listener.getsockname()[1]}"
        ready = partial(_ready_line, engine, address, len(each))
        lines: Iterable[str] = () if pending else [ready()]
        hosts = allowed_hosts(host, wanted.hosts)
        app = make_app(engine, settings, hosts, wanted, tracing, collections, first)
        configure_logging(secrets_of(settings), log_json)
        _print_access(host, app)
        late = [late.make for late in app.state.late.values()]
        if pending:
            lines = _told(first, address, late, ready)
        _run(app, listener, lines, wanted, [partial(_offer, settings), *late])
    finally:
        stop.set()
        (collections or engine).close()
        if tracing:
            tracing.close()


def _mend_damage(engine: Answers, each: Sequence[Settings]) -> None:
    """Open the index, which reads all of it; what is damaged is first made anew."""
    from index.sync.doctor import rebuild_if_damaged

    try:
        _ = engine.generation
    except DamagedGeneration:
        for settings in each:
            if damage := rebuild_if_damaged(settings):
                click.echo(f"The index was made anew from its catalog, since {damage}.", err=True)
    except EmptyIndex:
        return


def allowed_hosts(host: str, more: str = "") -> Sequence[str]:
    """The allowed values of the Host header for a server that listens on a host."""
    if host in EVERYWHERE:
        return ("*",)
    named = (name.strip() for name in more.split(","))
    return (*LOOPBACK, _url_host(host), *filter(None, named))


def _print_access(host: str, app: FastAPI) -> None:
    """Print who can read the documents; where no token exists yet, make one and show it."""
    tokens = app.state.service.tokens
    if tokens is None:
        if _url_host(host) not in LOOPBACK:
            click.echo(f"Anyone who can reach {host} can read these documents.", err=True)
    elif not tokens.all():
        _, secret = tokens.make("made at the first start")
        click.echo(f"Callers need a token. This one reads, and is not shown again: {secret}")
        click.echo("Make others with: footnote token new [--write]")


def _offer(settings: Settings) -> None:
    """Print which LLMs run on this machine."""
    from rag.llm.running import offered_servers

    for server in offered_servers(settings):
        click.echo(f"{server.sentence}. To have it write answers: {server.command}")


def _url_host(host: str) -> str:
    """A host as written in a URL."""
    return f"[{host}]" if ":" in host else host


def _ready_line(engine: Answers, address: str, collections: int = 0) -> str:
    """The line that says what can be asked. Raises EmptyIndex for nothing."""
    from ui.templating import quantity

    documents = [info for info in engine.documents() if not info.failure]
    if not documents:
        raise EmptyIndex("nothing is indexed yet; run: footnote index FOLDER")
    passages = sum(info.passages for info in documents)
    counts = f"{quantity(len(documents), 'document')}, {quantity(passages, 'passage')}"
    if collections:
        counts = f"{quantity(collections, 'collection')}, {counts}"
    return f"Footnote is ready on {address} ({counts})"


def _told(
    first: FirstIndex,
    address: str,
    meanwhile: Iterable[Callable[[], object]],
    ready: Callable[[], str],
) -> Iterator[str]:
    """What is said of a server that begins before there is something to answer from.

    Raises EmptyIndex if there is nothing in the end, SystemExit if that could not be indexed.
    """
    yield f"Footnote is on {address}; it answers once the documents are read."
    for work in meanwhile:
        with suppress(Exception):  # it is tried again after the model, which logs it
            work()
    if code := first.wait():
        raise SystemExit(code)
    yield ready()


def _run(
    app: FastAPI,
    listener: socket.socket,
    lines: Iterable[str],
    wanted: ServiceSettings,
    afterwards: Sequence[Callable[[], object]],
) -> None:
    """Run the server; the lines are printed once it accepts requests, and `afterwards` is done once
    questions can be answered.
    """
    from ui.http.edge.server import HTTPServer

    errors: list[FootnoteError | SystemExit] = []
    answers: AdmissionControl = app.state.service.answers

    def begin() -> None:
        if _announced(lines, server, errors):
            _warm_up(answers, server, errors, afterwards)

    def on_ready() -> None:
        # Requests are taken at once, while the model loads and then the page is imported; what
        # comes sooner waits for these.
        threading.Thread(target=begin, daemon=True).start()

    server = HTTPServer(app, on_ready, answers.stop, wanted.proxy, user_header=wanted.user_header)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
    if errors:
        raise errors[0]


def _announced(
    lines: Iterable[str], server: HTTPServer, errors: list[FootnoteError | SystemExit]
) -> bool:
    """Print the lines, to the one that says that questions are answered.

    What is raised before that stops the server, which ends with it.
    """
    try:
        for line in lines:
            # In place of the progress that an index draws on the same terminal.
            click.echo(f"{_CLEAR_LINE if sys.stdout.isatty() else ''}{line}")
    except (FootnoteError, SystemExit) as error:
        if not server.should_exit:  # or it ends as it was told to, and the index with it
            errors.append(error)
        server.should_exit = True
        return False
    return True


def _warm_up(
    answers: AdmissionControl,
    server: HTTPServer,
    errors: list[FootnoteError | SystemExit],
    afterwards: Sequence[Callable[[], object]],
) -> None:
    """Load the model, and again after a failure that may pass; `/readyz` tells of it meanwhile.
    Then do what can wait, such as the import of the page.

    A setting that cannot work stops the server, which reports the error.
    """
    for delay in chain(_RETRY_SECONDS, repeat(_RETRY_SECONDS[-1])):
        try:
            answers.warm_up()
            break
        except ConfigError as error:
            errors.append(error)
            server.should_exit = True
            return
        except Exception:
            if server.should_exit:  # loading may fail in any way while the program ends
                return
            log.exception("the model could not be loaded; it is tried again in %s s", delay)
        time.sleep(delay)
    for work in afterwards:
        try:
            work()
        except Exception:
            log.exception("a part of the server could not be loaded; a request tries it again")
    # A collection over all that is loaded takes 0.1 s each time, and finds nothing.
    gc.collect()
    gc.freeze()


@contextmanager
def indexing(
    given: Sequence[str], places: Mapping[str, tuple[Path, IndexSettings]], data: Path
) -> Iterator[FirstIndex]:
    """Run `footnote index` with these arguments as a child process meanwhile.

    Waits until the first index of a folder reads its first file; what is indexed is updated in the
    background. If it does not come so far, exits with the child's exit code: it has printed the
    error.
    """
    told, tells = os.pipe()
    # It ends with this process, also when that is killed.
    start = "from index.runtime import end_with_parent; end_with_parent(); import ui.__main__"
    command = [sys.executable, "-c", start, "--data", str(data), "index"]
    command += ["--progress-to", str(tells), *given]
    pending = [name for name, (folder, own) in places.items() if not _is_indexed(folder, own)]
    first = FirstIndex(pending)
    with subprocess.Popen(command, pass_fds=[tells]) as process:
        os.close(tells)
        threading.Thread(target=_listen, args=(told, process, first), daemon=True).start()
        try:
            if pending:
                # The imports of a server take as long as those of an index.
                import_module("ui.app")
                load_engines(next(iter(places.values()))[1]).vectors.preload()
                if code := first.wait_until_begun():
                    sys.exit(code)
            yield first
        finally:
            process.terminate()
            try:
                process.wait(_INDEXING_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _listen(told: int, process: subprocess.Popen[bytes], first: FirstIndex) -> None:
    """Pass on what an index tells of its progress, and how it ends."""
    with os.fdopen(told, encoding="utf-8") as lines:
        for line in lines:
            first.told(*json.loads(line))
    code = process.wait()
    first.ended(0 if code == PARTIAL else code)


def _is_indexed(folder: Path, settings: IndexSettings) -> bool:
    with suppress(FootnoteError, OSError):
        return corpus_of(settings).samefile(folder)
    return False
