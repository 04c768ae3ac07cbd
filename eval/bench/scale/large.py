"""An index from small to large: what indexing, one changed file, a start and a question cost."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import numpy as np

from eval.bench.ask import answer_figures
from eval.bench.index import FakeEmbedder
from eval.bench.processes import ROOT, Checkout
from eval.bench.timing import Figure, make_corpus
from eval.runs.session import peak_memory_mb
from index.embedding.embedder import Embedder
from index.engines.generations import FOLDER
from index.settings import load_settings
from index.sync.sync import sync
from index.types import Content, Embedded, Vectors
from rag.settings import Settings

_PARAGRAPHS = 10
_QUESTIONS = 100
# Each is a tenth of the next.
_SIZES = 3
_FEWEST = 1_000
_INSIDE, _OUTSIDE = 32, 1.0
_PLANE = np.random.default_rng(1).standard_normal((_INSIDE, 384), dtype=np.float32)


class MadeVectors(FakeEmbedder):
    """Random unit vectors under the model's name, so that its servers open the index.

    They fill 32 dimensions and a little of the others, as those of a model do: in 384 at random
    nothing would be near anything, and a graph of a million could not be searched.
    """

    def __init__(self, model: str) -> None:
        super().__init__(model)
        self.__dict__["fingerprint"] = Embedder(model).fingerprint

    def embed_contents(
        self, contents: Sequence[Content], done: Callable[[int], None] | None = None
    ) -> Embedded:
        """One vector per passage and per sentence, the same each time."""
        made = [self._draw_all(content) for content in contents]
        if done:
            done(len(contents))
        return Embedded(np.stack([each[0] for each in made]), [each[1:] for each in made])

    def _draw_all(self, content: Content) -> Vectors:
        text = content.embedding_text
        chance = np.random.default_rng(np.frombuffer(text[-64:].encode(), dtype=np.uint8))
        rows = 1 + len(content.sentence_spans)
        inside = chance.standard_normal((rows, _INSIDE), dtype=np.float32) @ _PLANE
        vectors = inside + _OUTSIDE * chance.standard_normal(inside.shape, dtype=np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def bench(passages: int, say: Callable[[str], None]) -> Iterator[list[Figure]]:
    """Figures of a hundredth of the passages, a tenth, and all; text and vectors are made up."""
    for step in reversed(range(_SIZES)):
        count = max(_FEWEST, passages // 10**step)
        with TemporaryDirectory(prefix="footnote-bench-") as name:
            yield from _one_size(Path(name), count, say)


def _one_size(folder: Path, count: int, say: Callable[[str], None]) -> Iterator[list[Figure]]:
    corpus, data = folder / "corpus", folder / "data"
    among = f"{count:,} passages"
    say(f"{among}: making files")
    make_corpus(corpus, max(1, count // _PARAGRAPHS), _PARAGRAPHS)
    say(f"{among}: indexing")
    yield [*_sync_figures("indexing", among, _sync(corpus, data)), *_sizes(data, among)]
    say(f"{among}: one changed file")
    changed = min(corpus.rglob("*.txt"))
    changed.write_text("Another text.\n\n" + changed.read_text(encoding="utf-8"), encoding="utf-8")
    yield _sync_figures("one changed file", among, _sync(corpus, data))
    say(f"{among}: a server")
    with Checkout(ROOT, data, {}).serving() as server:
        ready = server.ready_seconds()
        yield [
            Figure(f"a server is ready, {among}", ready, "s", f"{server.cpu():.1f} s of CPU"),
            Figure(f"its memory then, {among}", server.resident(), "MB"),
        ]
    say(f"{among}: {_QUESTIONS} questions")
    settings = load_settings(Settings, data=data, refuse_below=0)
    yield answer_figures(settings, MadeVectors("minilm"), corpus, _QUESTIONS, among)


def _sync_figures(what: str, among: str, cost: Mapping[str, object]) -> list[Figure]:
    stages: dict[str, float] = dict(cost["stages"])  # type: ignore[call-overload]
    longest = sorted(stages.items(), key=lambda item: -item[1])
    goes = ", ".join(f"{name} {seconds:.1f}" for name, seconds in longest if name != "total")
    own, child = float(str(cost["own"])), float(str(cost["child"]))
    return [
        Figure(f"{what}, {among}", stages["total"], "s", goes),
        Figure(f"its CPU, {among}", float(str(cost["cpu"])), "s", "with its children"),
        Figure(f"its peak memory, {among}", own, "MB", f"its largest child {child:,.0f} MB"),
    ]


def _sizes(data: Path, among: str) -> list[Figure]:
    """Megabytes on the disk, of the catalog and of each store."""
    (generation,) = (data / FOLDER).iterdir()
    parts = {path.name: path for path in generation.iterdir() if path.is_dir()}
    sizes = {"catalog": _bytes(data.glob("catalog.sqlite3*"))}
    sizes |= {name: _bytes(path.rglob("*")) for name, path in sorted(parts.items())}
    goes = ", ".join(f"{name} {size / 1e6:,.0f}" for name, size in sizes.items())
    return [Figure(f"on the disk, {among}", sum(sizes.values()) / 1e6, "MB", goes)]


def _bytes(paths: Iterator[Path]) -> int:
    return sum(path.stat().st_size for path in paths if path.is_file())


def _sync(corpus: Path, data: Path) -> dict[str, object]:
    """Sync in another process; what it cost."""
    command = [sys.executable, "-m", "eval.bench.scale.large", str(corpus), str(data)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    cost: dict[str, object] = json.loads(done.stdout)
    return cost


def main() -> None:
    """Sync the folders named in the arguments with made-up vectors; print what it cost."""
    corpus, data = map(Path, sys.argv[1:])
    began = perf_counter()
    report = sync(load_settings(Settings, data=data), corpus, embedder=MadeVectors("minilm"))
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost = {
        "stages": {**report.seconds, "total": perf_counter() - began},
        "cpu": process_time() + children.ru_utime + children.ru_stime,
        "own": peak_memory_mb() or 0.0,
        "child": children.ru_maxrss / 1024,
    }
    sys.stdout.write(json.dumps(cost))


if __name__ == "__main__":
    main()
