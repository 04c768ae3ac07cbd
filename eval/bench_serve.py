"""What a server does while another process indexes, and under load: it answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

import click

from eval.bench import Figure, make_corpus, table
from eval.bench_load import Asker, growth, overload, slow_llm, throughput
from index.errors import StoreError

_PARAGRAPHS = 10
_PAUSE = 0.02
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
            asker = Asker(f"{connection.host}:{connection.port}", corpus)
            yield throughput(asker, _ASKED, say)
            yield growth(asker, questions, say)
        with slow_llm() as url, _serving(command, FOOTNOTE_LLM_URL=url) as connection:
            yield overload(Asker(f"{connection.host}:{connection.port}", corpus), say)


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
    sleep(_PAUSE)
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
