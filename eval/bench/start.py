"""Start-up time to a page and to an answer, relative to loading the embedding model."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from urllib.request import urlopen

from eval.bench.timing import Figure, PairedTimes, make_corpus
from index.embedding.embedder import Embedder
from index.errors import StoreError

_FILES, _PARAGRAPHS = 6, 4
_LOAD = "import sys, sentence_transformers as s; s.SentenceTransformer(sys.argv[1])"
_QUESTION = "Who hosted the talks?"


def bench(corpus: Path | None, times: int, say: Callable[[str], None]) -> Iterator[list[Figure]]:
    """Times new processes: a page over `corpus`, or six synthetic files, with and without an index,
    and a first answer; each in turn with loading the model.
    """
    with TemporaryDirectory(prefix="footnote-bench-") as name:
        folder = Path(name)
        if corpus is None:
            make_corpus(corpus := folder / "corpus", _FILES, _PARAGRAPHS)
        fresh = iter(range(times))
        say("a page of a folder that is not indexed yet")
        yield [
            _timed_against("a first page", lambda: _page(folder / str(next(fresh)), corpus), times)
        ]
        data = folder / "0"
        say("a page of a folder that is indexed")
        yield [_timed_against("a page", lambda: _page(data, corpus), times)]
        say("an answer")
        ask = [*_footnote(data), "ask", _QUESTION]
        yield [_timed_against("an answer", lambda: _run(ask), times)]


def _timed_against(name: str, thing: Callable[[], float], times: int) -> Figure:
    load = [sys.executable, "-c", _LOAD, str(Embedder("minilm").folder)]
    taken = [(thing(), _run(load)) for _ in range(times)]
    pair = PairedTimes(tuple(own for own, _ in taken), tuple(other for _, other in taken))
    seconds = f"{median(pair.thing):.1f} s beside {median(pair.yardstick):.1f} s"
    return Figure(f"{name}, against loading the model", pair.ratio, "x", seconds)


def _page(data: Path, corpus: Path) -> float:
    """Seconds until the page came."""
    began = perf_counter()
    serve = [*_footnote(data), "serve", str(corpus), "--port", "0"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as server:
        lines = server.stdout or ()
        address = next((line.split()[4] for line in lines if " is ready on " in line), "")
        try:
            if not address:
                raise StoreError("the server did not start; run: footnote serve")
            urlopen(address).read()
            return perf_counter() - began
        finally:
            server.terminate()


def _footnote(data: Path) -> list[str]:
    return [sys.executable, "-m", "ui", "--data", str(data)]


def _run(command: list[str]) -> float:
    """Seconds that a command takes."""
    began = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - began
