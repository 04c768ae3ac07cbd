"""Latency of a quoted answer relative to embedding its question."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from eval.bench.index import FakeEmbedder
from eval.bench.timing import Figure, make_corpus, paired
from index.catalog.reader import Catalog
from index.embedding.embedder import Embedder
from index.settings import load_settings
from index.snapshots import Index
from index.sync.sync import sync
from rag.composition.extractive import QuotesComposer
from rag.engine import Engine
from rag.settings import Settings

_PARAGRAPHS = 10
_WORDS = 9
_WARM = 5


def bench(passages: int, questions: int, say: Callable[[str], None]) -> Iterator[list[Figure]]:
    """Quoted answers over synthetic passages, then ten times as many, against embedding alone.

    Vectors are fake but for the questions'; nothing is refused.
    """
    with TemporaryDirectory(prefix="footnote-bench-") as name:
        for count in (passages, 10 * passages):
            say(f"{questions} questions to {count} passages")
            yield _ask(Path(name) / str(count), count, questions)


def _ask(folder: Path, count: int, questions: int) -> list[Figure]:
    corpus, embedder = folder / "corpus", FakeEmbedder("minilm")
    make_corpus(corpus, max(1, count // _PARAGRAPHS), _PARAGRAPHS)
    settings = load_settings(Settings, data=folder / "index", refuse_below=0)
    sync(settings, corpus, embedder=embedder)
    return answer_figures(settings, embedder, corpus, questions, f"{count} passages")


def answer_figures(
    settings: Settings, embedder: Embedder, corpus: Path, questions: int, among: str
) -> list[Figure]:
    """Answers from an index of a corpus, as multiples of embedding the question."""
    engine = Engine(settings, Index(settings, embedder), QuotesComposer(settings.sentences))
    try:
        asked = questions_of(corpus, questions + _WARM)
        for question in asked[:_WARM]:
            engine.answer(question)
        pairs = [
            paired(lambda q=q: engine.answer(q), lambda q=q: embedder.embed_query(q), 1)  # type: ignore[misc]
            for q in asked[_WARM:]
        ]
    finally:
        engine.close()
    yardstick = median(pair.yardstick[0] for pair in pairs)
    answers = sorted(pair.thing[0] for pair in pairs)
    among = f"among {among}"
    return [
        Figure(
            f"an answer {among}, median",
            _quantile(answers, 0.5) / yardstick,
            "x",
            _detail(yardstick),
        ),
        Figure(f"an answer {among}, 95 % within", _quantile(answers, 0.95) / yardstick, "x"),
        Figure(f"vectors of sentences {among}", _megabytes(settings.data), "MB"),
    ]


def _detail(seconds: float) -> str:
    return f"embedding a question alone: {1000 * seconds:.1f} ms"


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[math.ceil(share * len(ordered)) - 1]


def questions_of(corpus: Path, count: int) -> list[str]:
    """Questions of words that stand near each other in the corpus, the same ones each time."""
    chance = random.Random(count)
    paths = sorted(corpus.rglob("*.txt"))
    asked = []
    for _ in range(count):
        words = chance.choice(paths).read_text(encoding="utf-8").split()
        first = chance.randrange(len(words) - _WORDS)
        asked.append(f"What is {' '.join(words[first : first + _WORDS])}?".lower())
    return asked


def _megabytes(data: Path) -> float:
    catalog = Catalog.read(data)
    try:
        return catalog.sentence_bytes() / 1e6
    finally:
        catalog.close()
