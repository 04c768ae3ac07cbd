"""Latency of a quoted answer relative to embedding its question."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from types import MappingProxyType

from eval.bench.index import FakeEmbedder
from eval.bench.timing import Figure, PairedTimes, make_corpus, paired
from index.catalog.reader import Catalog
from index.embedding.embedder import Embedder
from index.errors import ConfigError
from index.settings import load_settings
from index.snapshots import Index
from index.sync.sync import sync
from rag.composition.extractive import QuotesComposer
from rag.engine import Engine
from rag.settings import Settings

_PARAGRAPHS = 10
_WORDS = 9
_WARM = 5
# A table besides the made-up text, and what is asked of it, or of a document as a whole.
_ORDERS = "orders.csv"
_ROWS = 200
_BUYERS = ("Alder", "Birch", "Cedar", "Elm", "Hazel")
_TIMES = 5
_BY_KIND: Mapping[str, Sequence[str]] = {
    "a computed figure": [
        "What is the sum of Total EUR in orders?",
        "How many orders did Cedar place?",
        "Which order has the highest Total EUR?",
        "What is the average number of pieces of orders by Elm?",
        "How many pieces are in order 1042?",
    ],
    "a summary": [f"Summarise the document 0000{number}.txt" for number in range(5)],
}


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
    _make_orders(corpus / _ORDERS)
    sync(settings, corpus, embedder=embedder)
    return answer_figures(settings, embedder, corpus, questions, f"{count} passages", _BY_KIND)


def _make_orders(path: Path) -> None:
    """Write a table of made-up orders, the same ones each time."""
    chance = random.Random(1)
    rows = [
        f"{number},{chance.choice(_BUYERS)},{chance.randint(1, 90)},{chance.randint(10, 9000)}"
        for number in range(1000, 1000 + _ROWS)
    ]
    path.write_text("\n".join(["Order,Buyer,Pieces,Total EUR", *rows, ""]), encoding="utf-8")


def answer_figures(
    settings: Settings,
    embedder: Embedder,
    corpus: Path,
    questions: int,
    among: str,
    by_kind: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> list[Figure]:
    """Answers from an index of a corpus, as multiples of embedding the question; also those to
    further questions, by the name of their kind.
    """
    engine = Engine(settings, Index(settings, embedder), QuotesComposer(settings.sentences))
    among = f"among {among}"
    try:
        quoted = _timed(engine, embedder, questions_of(corpus, questions + _WARM))
        further = {
            kind: _timed(engine, embedder, [each for each in asked for _ in range(_TIMES)])
            for kind, asked in by_kind.items()
        }
    finally:
        engine.close()
    yardstick = median(pair.yardstick[0] for pair in quoted)
    answers = sorted(pair.thing[0] for pair in quoted)
    return [
        Figure(
            f"an answer {among}, median",
            _quantile(answers, 0.5) / yardstick,
            "x",
            _detail(yardstick),
        ),
        Figure(f"an answer {among}, 95 % within", _quantile(answers, 0.95) / yardstick, "x"),
        *(
            Figure(
                f"{kind} {among}, median",
                median(pair.thing[0] for pair in pairs)
                / median(pair.yardstick[0] for pair in pairs),
                "x",
            )
            for kind, pairs in further.items()
        ),
        Figure(f"vectors of sentences {among}", _megabytes(settings.data), "MB"),
    ]


def _timed(engine: Engine, embedder: Embedder, asked: Sequence[str]) -> list[PairedTimes]:
    """The times of answers and of embedding their questions alone; the first ones only warm up."""
    for question in asked[:_WARM]:
        engine.answer(question)
    return [
        paired(lambda q=q: engine.answer(q), lambda q=q: embedder.embed_query(q), 1)  # type: ignore[misc]
        for q in asked[_WARM:]
    ]


def _detail(seconds: float) -> str:
    return f"embedding a question alone: {1000 * seconds:.1f} ms"


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[math.ceil(share * len(ordered)) - 1]


def questions_of(corpus: Path, count: int) -> list[str]:
    """Questions of words that stand near each other in the corpus, the same ones each time.

    Raises ConfigError if it has no text file of as many words.
    """
    chance = random.Random(count)
    paths = sorted(corpus.rglob("*.txt"))
    if not any(len(_words(path)) > _WORDS for path in paths):
        raise ConfigError(
            f"{corpus} holds no .txt file of more than {_WORDS} words, which questions are made "
            "of; name a folder that does"
        )
    asked = list[str]()
    while len(asked) < count:
        words = _words(chance.choice(paths))
        if len(words) > _WORDS:
            first = chance.randrange(len(words) - _WORDS)
            asked.append(f"What is {' '.join(words[first : first + _WORDS])}?".lower())
    return asked


def _words(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").split()


def _megabytes(data: Path) -> float:
    catalog = Catalog.read(data)
    try:
        return catalog.sentence_bytes() / 1e6
    finally:
        catalog.close()
