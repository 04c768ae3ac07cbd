"""A server under load: throughput, overload, memory growth, and health while indexing."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

import click

from eval.bench.timing import Figure, make_corpus, table
from index.errors import StoreError

_CLIENTS = 16
_ASKS = 200
_PAUSE = 0.02
_LLM_SECONDS = 1.0
_SAMPLES = 20


class LoadClient:
    """Sends a server distinct questions in words of its corpus."""

    def __init__(self, address: str, corpus: Path) -> None:
        self.address = address
        self._chance = random.Random(7)
        file = min(corpus.rglob("*.txt"))
        self._words = sorted(set(file.read_text(encoding="utf-8").split()))

    def questions(self, count: int) -> list[str]:
        """So many questions."""
        return [f"What of {' '.join(self._chance.sample(self._words, 6))}?" for _ in range(count)]

    def ask(self, questions: Sequence[str], clients: int) -> Counter[int]:
        """Ask them all, so many clients at a time; how often each status came back."""

        def ask_some(first: int) -> Counter[int]:
            connection = HTTPConnection(self.address, timeout=300)
            counts = Counter[int]()
            for question in questions[first::clients]:
                counts[_status(connection, question)] += 1
            connection.close()
            return counts

        with ThreadPoolExecutor(clients) as pool:
            return sum(pool.map(ask_some, range(clients)), Counter[int]())

    def resident(self) -> float:
        """The server's resident memory in MB."""
        connection = HTTPConnection(self.address, timeout=60)
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        connection.close()
        size = next(line for line in lines if line.startswith("process_resident_memory_bytes "))
        return float(size.split()[1]) / (1 << 20)

    def health(self, stop: threading.Event) -> list[float]:
        """Seconds of each health request until `stop` is set."""
        connection = HTTPConnection(self.address, timeout=60)
        took = list[float]()
        while not stop.wait(_PAUSE):
            began = perf_counter()
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            took.append(perf_counter() - began)
        connection.close()
        return took


def throughput(asker: LoadClient, questions: int, say: Callable[[str], None]) -> list[Figure]:
    """Questions a second of one client and of sixteen, and the health of the server meanwhile."""
    asker.ask(asker.questions(_CLIENTS), _CLIENTS)  # every thread has answered once
    paces = dict[int, list[float]]({1: [], _CLIENTS: []})
    took = list[float]()
    # In turn, so that a slow hour of the machine is slow for both.
    for _ in range(2):
        for clients, found in paces.items():
            say(f"{questions} questions by {clients} at a time")
            stop = threading.Event()
            with ThreadPoolExecutor(1) as pool:
                watching = pool.submit(asker.health, stop)
                began = perf_counter()
                asker.ask(asker.questions(questions), clients)
                found.append(questions / (perf_counter() - began))
                stop.set()
                took += watching.result() if clients > 1 else []
    one, many = (max(found) for found in paces.values())
    return [
        Figure("questions a second, 1 client", one, "/s"),
        Figure(f"questions a second, {_CLIENTS} clients", many, "/s"),
        Figure("ratio of the two", many / one, "times"),
        Figure("health meanwhile: 99 % within", quantiles(took, n=100)[98] * 1000, "ms"),
    ]


def overload(asker: LoadClient, say: Callable[[str], None]) -> list[Figure]:
    """What two hundred clients at once are told by a server whose LLM takes a second."""
    asker.ask(asker.questions(_CLIENTS), _CLIENTS)
    before = asker.resident()
    say(f"{_ASKS} questions at once, with a slow LLM")
    counts = asker.ask(asker.questions(_ASKS), _ASKS)
    sleep(2)
    return [
        Figure("answered (200)", counts.pop(200, 0), ""),
        Figure("turned away (503)", counts.pop(503, 0), ""),
        Figure("anything else", counts.total(), "", str(dict(counts)) if counts else ""),
        Figure("memory afterwards, against before", asker.resident() - before, "MB"),
    ]


def growth(asker: LoadClient, questions: int, say: Callable[[str], None]) -> list[Figure]:
    """How the server's memory grows with questions, by a line fitted to the latter half."""
    import numpy as np

    step = max(1, questions // _SAMPLES)
    sizes = list[float]()
    for number in range(_SAMPLES):
        asker.ask(asker.questions(step), 8)
        sizes.append(asker.resident())
        say(f"{(number + 1) * step} questions: {sizes[-1]:.0f} MB")
    half = sizes[_SAMPLES // 2 :]
    slope = float(np.polyfit(np.arange(len(half)) * step / 1000, half, 1)[0])
    return [Figure("memory for 1,000 questions more", slope, "MB", f"{questions} questions")]


def _status(connection: HTTPConnection, question: str) -> int:
    body = json.dumps({"question": question})
    try:
        connection.request("POST", "/v1/ask", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
    except OSError:
        connection.close()
        return 0
    return response.status


@contextmanager
def slow_llm() -> Iterator[str]:
    """An OpenAI-compatible server that takes a second for each answer; yields its URL."""

    class _SlowHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"object": "list", "data": [{"id": "slow", "object": "model"}]})
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            sleep(_LLM_SECONDS)
            chunk = {"choices": [{"index": 0, "delta": {"content": "It is so [1]."}}]}
            end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for data in (json.dumps(chunk), json.dumps(end), "[DONE]"):
                self.wfile.write(f"data: {data}\n\n".encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), _SlowHandler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()


_PARAGRAPHS = 10
_BENCH_SERVE_PAUSE = 0.02
_IDLE_POLLS = 250
_POLLS_PER_QUESTION = 25
_QUESTION = json.dumps({"question": "Who wrote of the first matter?"})


_ASKED = 1000


def bench(passages: int, say: Callable[[str], None]) -> Iterator[list[Figure]]:
    """A server while its index is changed; then under load, over so many passages."""
    yield while_indexing(passages, say)
    yield from under_load(passages, _ASKED, say)


def under_load(passages: int, questions: int, say: Callable[[str], None]) -> Iterator[list[Figure]]:
    """Throughput, overload, and growth over so many questions."""
    with TemporaryDirectory(prefix="footnote-bench-") as name:
        corpus, data = Path(name) / "corpus", Path(name) / "data"
        make_corpus(corpus, max(1, passages // _PARAGRAPHS), _PARAGRAPHS)
        command = [sys.executable, "-m", "ui", "--data", str(data)]
        say(f"indexing {passages} passages")
        subprocess.run([*command, "index", str(corpus)], check=True, stdout=subprocess.DEVNULL)
        with _serving(command) as connection:
            asker = LoadClient(f"{connection.host}:{connection.port}", corpus)
            yield throughput(asker, _ASKED, say)
            yield growth(asker, questions, say)
        with slow_llm() as url, _serving(command, FOOTNOTE_LLM_URL=url) as connection:
            yield overload(LoadClient(f"{connection.host}:{connection.port}", corpus), say)


def while_indexing(passages: int, say: Callable[[str], None]) -> list[Figure]:
    """Health of an idle server and of one whose index is being changed, and failed requests."""
    with TemporaryDirectory(prefix="footnote-bench-") as name:
        corpus, data = Path(name) / "corpus", Path(name) / "data"
        make_corpus(corpus, 2, _PARAGRAPHS)
        command = [sys.executable, "-m", "ui", "--data", str(data)]
        subprocess.run([*command, "index", str(corpus)], check=True, stdout=subprocess.DEVNULL)
        with _serving(command) as connection:
            say("an idle server")
            idle = [_poll(connection) for _ in range(_IDLE_POLLS)]
            say(f"while {passages} passages are indexed")
            make_corpus(corpus / "more", max(1, passages // _PARAGRAPHS), _PARAGRAPHS)
            index = [*command, "index", str(corpus)]
            with subprocess.Popen(index, stdout=subprocess.DEVNULL) as indexing:
                busy, failed = _poll_until_done(connection, indexing)
            generation = _generation(connection)
    return [
        Figure("health, idle: 99 % within", _percentile(idle) * 1000, "ms"),
        Figure(
            "health, while indexing: 99 % within", _percentile(busy) * 1000, "ms", f"{len(busy)}"
        ),
        Figure("health, while indexing: at most", max(busy) * 1000, "ms"),
        Figure("requests that failed meanwhile", failed, ""),
        Figure("generation that it answers from", generation, "", "2 is the new one"),
    ]


@contextmanager
def _serving(command: list[str], **settings: str) -> Iterator[HTTPConnection]:
    serve = [*command, "serve", "--port", "0"]
    environment = {**os.environ, **settings}
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True, env=environment) as server:
        line = server.stdout.readline() if server.stdout else ""
        address = line.partition("http://")[2].partition(" ")[0].strip()
        try:
            if not address:
                raise StoreError("the server did not start; run: footnote serve")
            connection = HTTPConnection(address, timeout=300)
            _ask(connection)  # loads the model
            yield connection
        finally:
            server.terminate()


def _poll_until_done(
    connection: HTTPConnection, indexing: subprocess.Popen[bytes]
) -> tuple[list[float], int]:
    """Seconds of each look at the health, and how many looks and questions failed."""
    took, failed = list[float](), 0
    while indexing.poll() is None:
        try:
            took.append(_poll(connection))
            if len(took) % _POLLS_PER_QUESTION == 0:
                _ask(connection)
        except (OSError, HTTPException):
            failed += 1
    sleep(2)  # it looks for a new generation once a second
    return took, failed


def _poll(connection: HTTPConnection) -> float:
    sleep(_BENCH_SERVE_PAUSE)
    started = perf_counter()
    _request(connection, "GET", "/healthz")
    return perf_counter() - started


def _ask(connection: HTTPConnection) -> None:
    _request(connection, "POST", "/v1/ask", _QUESTION)


def _generation(connection: HTTPConnection) -> int:
    return int(json.loads(_request(connection, "GET", "/readyz"))["generation"])


def _request(connection: HTTPConnection, method: str, path: str, body: str | None = None) -> bytes:
    connection.request(method, path, body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    content = response.read()
    if response.status != 200:
        raise HTTPException(f"{path} answered {response.status}")
    return content


def _percentile(seconds: list[float]) -> float:
    return quantiles(seconds, n=100)[98]


if __name__ == "__main__":
    _passages, _questions = map(int, sys.argv[1:3])
    for _figures in under_load(_passages, _questions, partial(click.echo, err=True)):
        click.echo(table(_figures))
