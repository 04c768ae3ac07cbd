"""Servers that follow a published index: how soon, how many questions fail, what is sent."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path
from random import Random
from socket import create_connection, create_server
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

from eval.bench.load import LoadClient
from eval.bench.processes import ROOT, Checkout, Server
from eval.bench.timing import Figure, make_corpus
from index.errors import StoreError

_PARAGRAPHS = 10
_REPLICAS, _CLIENTS, _ASKED = 3, 16, 480
_POLL_SECONDS, _SECONDS = 0.1, 120.0
_BUCKET = "bench"


def bench(passages: int, times: int, say: Callable[[str], None]) -> Iterator[list[Figure]]:
    """Three servers follow an index of so many passages at an S3 server of this machine (moto's),
    or in a folder where that is not installed, while one file is changed so many times.
    """
    with TemporaryDirectory(prefix="footnote-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        settings, address = {}, str(folder / "address")
        if find_spec("moto"):
            settings = stack.enter_context(_s3())
            address = f"s3://{_BUCKET}/index"
        make_corpus(folder / "corpus", max(1, passages // _PARAGRAPHS), _PARAGRAPHS)
        source = Checkout(ROOT, folder / "data", settings)
        say(f"indexing {passages} passages")
        source.run("index", str(folder / "corpus"))
        began = perf_counter()
        first = json.loads(source.run("publish", address, "--json"))
        took = perf_counter() - began
        say(f"{_REPLICAS} servers start from {address}")
        servers = [
            stack.enter_context(
                Checkout(ROOT, folder / f"replica{number}", settings).serving("--follow", address)
            )
            for number in range(_REPLICAS)
        ]
        for server in servers:
            server.ready_seconds()
        yield [Figure("publishing anew: sent", first["bytes_sent"] / 1e6, "MB", f"in {took:.1f} s")]
        say(f"{times} changes of a file, while questions are asked")
        yield _changes(source, folder / "corpus", address, servers, times)
        say(f"{_CLIENTS} clients")
        yield _throughput(servers, folder / "corpus")


def _changes(
    source: Checkout, corpus: Path, address: str, servers: Sequence[Server], times: int
) -> list[Figure]:
    """Seconds until the last server has moved on, once a publication is there."""
    stop, seconds, sent = threading.Event(), list[float](), list[int]()
    total = 0
    with ThreadPoolExecutor(len(servers)) as pool:
        clients = [LoadClient(server.address, corpus) for server in servers]
        asking = [
            pool.submit(_keep_asking, *each, stop) for each in zip(servers, clients, strict=True)
        ]
        try:
            for number in range(times):
                changed = min(corpus.rglob("*.txt"))
                text = f"Change {number}.\n\n{changed.read_text(encoding='utf-8')}"
                changed.write_text(text, encoding="utf-8")
                source.run("index", str(corpus))
                report = json.loads(source.run("publish", address, "--json"))
                sent.append(report["bytes_sent"])
                total = report["bytes_total"]
                began = perf_counter()
                for server in servers:
                    _wait_for(server, report["generation"], began)
                seconds.append(perf_counter() - began)
        finally:
            stop.set()
        counts = sum((found.result() for found in asking), Counter[int]())
    answered = counts.pop(200, 0)
    return [
        Figure("all servers have moved on after", max(seconds), "s", f"at most, of {times} times"),
        Figure("questions answered meanwhile", answered, ""),
        Figure("questions that failed", counts.total(), "", str(dict(counts)) if counts else ""),
        Figure("sent for one changed file", max(sent) / 1e6, "MB", f"of {total / 1e6:.1f} MB"),
    ]


def _keep_asking(server: Server, client: LoadClient, stop: threading.Event) -> Counter[int]:
    counts = Counter[int]()
    while not stop.is_set():
        counts[server.ask(client.questions(1)[0])] += 1
    return counts


def _wait_for(server: Server, generation: int, began: float) -> None:
    while server.generation() != generation:
        if perf_counter() - began > _SECONDS:
            raise StoreError(f"{server.address} did not move to generation {generation}")
        sleep(_POLL_SECONDS)


def _throughput(servers: Sequence[Server], corpus: Path) -> list[Figure]:
    """Questions a second of sixteen clients, spread over one server, two, and all."""
    figures = []
    for count in range(1, len(servers) + 1):
        clients = [LoadClient(server.address, corpus) for server in servers[:count]]
        # Not the same ones again, whose vectors a server remembers.
        Random(count).shuffle(clients[0]._words)
        share, each = _CLIENTS // count, _ASKED // count
        asked = [client.questions(each) for client in clients]
        began = perf_counter()
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(LoadClient.ask, clients, asked, [share] * count))
        rate = each * count / (perf_counter() - began)
        figures.append(Figure(f"questions a second, {count} servers", rate, "/s"))
    return figures


@contextmanager
def _s3() -> Iterator[dict[str, str]]:
    """An S3 server with a bucket; yields the setting that has Footnote use it."""
    with create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _wait_for_port(port, server)
            connection = HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("PUT", f"/{_BUCKET}")
            connection.getresponse().read()
            connection.close()
            options = {"endpoint_url": f"http://127.0.0.1:{port}", "key": "k", "secret": "s"}
            yield {"FOOTNOTE_STORAGE_OPTIONS": json.dumps(options)}
        finally:
            server.kill()


def _wait_for_port(port: int, server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        with suppress(OSError), create_connection(("127.0.0.1", port), 1):
            return
        sleep(_POLL_SECONDS)
    raise StoreError("the S3 server did not start; run: pip install 'moto[server]'")
